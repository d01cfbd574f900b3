import type { Static, TObject, TSchema } from 'typebox';
import type { Client } from '../access/principal.ts';
import type { Context, PublicContext } from './context.ts';

/** Which rate class a route counts against; see docs/architecture.md. */
export type RateClass =
  | 'default'
  | 'unlimited'
  | 'sign-in'
  /** As many as sign-ins, counted apart from them: it tries nobody's password. */
  | 'sign-in-start'
  | 'refresh'
  | 'otp'
  | 'export'
  | 'invitation'
  | 'stream';

/** Which class one request counts against. It never throws. */
export type RateOf = (request: import('express').Request) => Promise<RateClass>;

/** `public`: nobody needs to sign in. `signed-in`: whoever did. Else a permission `area:resource:action`. */
export type Permission = 'public' | 'signed-in' | `${string}:${string}:${string}`;

/** JSON that PostgreSQL built: sent on as it is. */
export class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A body that is no JSON: a file, a page, a stream of events. The route's `produces` says what. */
export interface StreamBody {
  readonly stream: (response: import('express').Response) => void | Promise<void>;
}

type Headers = Readonly<Record<string, string>>;
type BodyOf<S> = S extends TSchema ? Static<S> | RawJson : S extends 'stream' ? StreamBody : null;
export type Responses = Readonly<Record<number, TSchema | null | 'stream'>>;
export type Reply<R extends Responses> = {
  [S in keyof R]: {
    readonly status: S;
    readonly body: BodyOf<R[S]>;
    readonly headers?: Headers;
    readonly etag?: string;
    /** Members that are asked for once the work is committed: they join the body, and nothing keeps them. */
    readonly reveal?: () => Promise<Readonly<Record<string, unknown>>>;
  };
}[keyof R];

export interface Contract {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below the plugin's base, in Express's form: `/:id/activate`. */
  readonly path: string;
  /** operationId: unique, camelCase. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly permission: Permission;
  /** Which clients may call it. Default: those of its module. */
  readonly clients?: readonly Client[];
  /** Machine clients may call it as well: it needs no profile of its caller. */
  readonly machines?: boolean;
  /** A function where only the request's form says what it is. */
  readonly rate?: RateClass | RateOf;
  readonly params?: TObject;
  readonly query?: TObject;
  readonly headers?: TObject;
  readonly body?: TSchema;
  /** Media type of the body where it is not JSON; the handler reads the request's stream itself. */
  readonly consumes?: string;
  /** That body is read into memory, at most so many bytes, not compressed: the handler finds a Buffer in `request.body`. */
  readonly maxBytes?: number;
  readonly produces?: string;
  readonly responses: Responses;
  /** Whether an Idempotency-Key is accepted (every POST that creates or moves) or required. Default none. */
  readonly idempotency?: 'accepted' | 'required';
  /** Members of the answer that are shown once: a repeated request gets the answer without them. */
  readonly secrets?: readonly string[];
  /** The change needs If-Match with the version that the caller saw: 428 without, 412 when it moved on. */
  readonly ifMatch?: boolean;
  /** For a PUT, PATCH or DELETE of something that has no version: says why. */
  readonly withoutVersion?: string;
  /**
   * What it writes is the company's, so not while that may only be read. Default: of every route with a permission. One that
   * is signed-in says so; one that only takes away what somebody else may do says `false`.
   */
  readonly ofCompany?: boolean;
  /** A single-use `?ticket=…` opens it as well as a bearer token: for clients that cannot send a header. */
  readonly ticket?: boolean;
  /** Sessions of the caller are over afterwards (logout, switch, ending the others). */
  readonly endsSession?: boolean;
}

type In<T> = T extends TSchema ? Static<T> : undefined;
export interface Input<C extends Contract> {
  readonly params: In<C['params']>;
  readonly query: In<C['query']>;
  readonly headers: In<C['headers']>;
  readonly body: In<C['body']>;
  /** Version from If-Match, where the route asks for it. */
  readonly version: C['ifMatch'] extends true ? number : undefined;
  readonly request: import('express').Request;
}

type ContextFor<C extends Contract> = C['permission'] extends 'public' ? PublicContext : Context;

export interface Route {
  readonly contract: Contract;
  readonly handle: (input: Input<Contract>, context: Context & PublicContext) => Promise<Reply<Responses>>;
}

/** Declares a route: everything about it stands in `contract`; the handler receives checked input and its caller. */
export const route = <const C extends Contract>(
  contract: C,
  handle: (input: Input<C>, context: ContextFor<C>) => Promise<Reply<C['responses']>>,
): Route => ({ contract, handle: handle as unknown as Route['handle'] });

export const ok = <B>(body: B, etag?: string) => ({
  status: 200 as const,
  body,
  ...(etag === undefined ? {} : { etag }),
});
/** An answer with a row: its version is its ETag. */
export const okRow = <B extends { version: number }>(body: B) => ok(body, `"${body.version}"`);
export const created = <B extends { version: number }>(location: string, body: B) => ({
  status: 201 as const,
  body,
  etag: `"${body.version}"`,
  headers: { Location: location },
});
/** Long work was begun: follow it at `location`. */
export const accepted = <B>(location: string, body: B) => ({
  status: 202 as const,
  body,
  headers: { Location: location },
});
export const noContent = { status: 204 as const, body: null };
