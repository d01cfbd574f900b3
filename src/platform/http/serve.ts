import { hash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Decide, Decision } from '../access/decision.ts';
import type { Directory } from '../access/directory.ts';
import type { Principal } from '../access/principal.ts';
import { ofBody } from '../db/constraints.ts';
import type { Database } from '../db/database.ts';
import { SessionEnded, StaleSession } from '../db/errors.ts';
import { forbidden, Problem } from '../problem.ts';
import type { Validator } from '../schema/validator.ts';
import type { createBodyReader } from './body.ts';
import type { Context, PublicContext } from './context.ts';
import { runIdempotent } from './idempotency.ts';
import { createInputReader } from './inputs.ts';
import { rateHeaders } from './rate-limits.ts';
import type { RateLimits } from './rate-limits.ts';
import { RawJson } from './route.ts';
import type { Contract, RateClass, Reply, Responses, Route, StreamBody } from './route.ts';
import { isBadToken } from './token-checks.ts';

/** Who calls, from the request's verified token. `load` may answer from memory; `reload` asks the database. */
export interface PrincipalSource {
  load(request: Request, context: PublicContext): Promise<Principal>;
  reload(request: Request, context: PublicContext): Promise<Principal>;
}

/** What a company's machine clients may ask in a day. */
export interface MachineRequests {
  /** Counts one; throws 429 with Retry-After when the day's are used up. */
  count(principal: Pick<Principal, 'companyId' | 'timezone'>, context: Pick<PublicContext, 'traceId'>): Promise<void>;
}

export interface ServeDependencies {
  readonly db: Database;
  readonly validator: Validator;
  readonly principals: PrincipalSource;
  readonly decide: Decide;
  readonly readBody: ReturnType<typeof createBodyReader>;
  readonly rates: RateLimits;
  readonly machineRequests: MachineRequests;
  readonly directory: Pick<Directory, 'isOne'>;
  readonly publicContext: (request: Request, response: Response) => PublicContext;
  /** Told which permission a signed-in request used; the access test and the metrics listen. */
  readonly checkResponses: boolean;
}

/** Refusals that say more than which permission was missing. */
const REFUSALS: Readonly<Record<string, string>> = {
  CLIENT: 'WRONG_CLIENT',
  COMPANY_PENDING: 'COMPANY_PENDING',
  COMPANY_SUSPENDED: 'COMPANY_SUSPENDED',
};
const WHOLE = { allowed: true, reach: 'self', scopes: [] } as const;
type Handler = () => Promise<Reply<Responses>>;

const decideFor = (
  deps: ServeDependencies,
  { permission, clients = [], method, ofCompany = permission !== 'signed-in' }: Contract,
  principal: Principal,
): Decision => {
  if (!clients.includes(principal.client)) return { allowed: false, because: 'CLIENT' };
  // A company that may only be read shows nothing to who is not its owner.
  if (principal.readOnly !== undefined && ofCompany && (method !== 'get' || principal.grants.length === 0))
    return { allowed: false, because: principal.readOnly };
  if (permission === 'signed-in') return WHOLE;
  return deps.decide(principal, permission);
};

const contextFor = (base: PublicContext, principal: Principal, decision: Decision & { allowed: true }): Context => ({
  ...base,
  principal,
  allowance: decision,
  scope: {
    companyId: principal.companyId,
    session: { id: principal.sessionId, epoch: principal.epoch },
    actor:
      principal.profileId === null
        ? {
            kind: principal.kind === 'machine' ? 'machine' : 'operator',
            id: principal.personId,
            ...(principal.support && { via: `support:${principal.sessionId}` }),
          }
        : { kind: 'profile', id: principal.profileId },
    traceId: base.traceId,
    address: base.address,
    agent: base.agent,
  },
});

const weakTag = (bytes: Buffer): string => `W/"${hash('sha1', bytes, 'base64url')}"`;

const send = async (
  request: Request,
  response: Response,
  contract: Contract,
  reply: Reply<Responses>,
): Promise<void> => {
  response.status(reply.status);
  if (reply.headers !== undefined) response.set(reply.headers);
  if (reply.body === null) {
    response.end();
    return;
  }
  const isStream = contract.responses[reply.status] === 'stream';
  const bytes = isStream
    ? undefined
    : Buffer.from(reply.body instanceof RawJson ? reply.body.text : JSON.stringify(reply.body));
  const tag = reply.etag ?? (request.method === 'GET' && bytes !== undefined ? weakTag(bytes) : undefined);
  if (tag !== undefined) response.setHeader('ETag', tag);
  if (request.method === 'GET' && tag !== undefined && request.headers['if-none-match'] === tag) {
    response.status(304).end();
    return;
  }
  if (bytes === undefined) {
    await (reply.body as StreamBody).stream(response);
    // A live stream keeps its request, and that the way by which it came through the router.
    Object.assign(request, { next: undefined });
    return;
  }
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
};

/** The handler of one declared route. Order: authentication → company → permission → shape → existence → state. */
export const createHandler = (deps: ServeDependencies, { contract, handle }: Route): RequestHandler => {
  const readInput = createInputReader(contract, deps.validator);
  const checks = new Map(
    Object.entries(contract.responses).flatMap(([status, schema]) =>
      schema === null || schema === 'stream' || !deps.checkResponses
        ? []
        : [[Number(status), deps.validator.compile(schema)]],
    ),
  );

  /** Counts a request once, for whoever asks as soon as it is known who that is: what is refused counts as well. */
  type Count = (principal: Principal | undefined) => Promise<void>;
  const counting = (base: PublicContext, request: Request, response: Response) => {
    const { rate = 'default' } = contract;
    let isCounted = false;
    let asked: RateClass = 'unlimited';
    const count: Count = async (principal) => {
      if (isCounted) return;
      isCounted = true;
      asked = typeof rate === 'function' ? await rate(request) : rate;
      response.set(rateHeaders(await deps.rates.consume(asked, base, principal)));
      if (principal?.kind === 'machine') await deps.machineRequests.count(principal, base);
    };
    /** A token sent to a route that anybody may call, and no good, is counted as such where it is answered, and not here. */
    const uncount = async (error: unknown): Promise<void> => {
      if (contract.permission === 'public' && isBadToken(error)) await deps.rates.giveBack(asked, base);
    };
    return { count, uncount };
  };

  const authorize = async (request: Request, base: PublicContext, fresh: boolean, count: Count): Promise<Context> => {
    const principal = await deps.principals[fresh ? 'reload' : 'load'](request, base);
    await count(principal);
    base.speak(principal.locale);
    const decision = decideFor(deps, contract, principal);
    if (decision.allowed) return contextFor(base, principal, decision);
    if (!fresh) return authorize(request, base, true, count);
    throw forbidden(REFUSALS[decision.because] ?? 'FORBIDDEN', {
      params: { permission: contract.permission },
    });
  };

  const mustAgree = async ({ hints }: PublicContext): Promise<void> => {
    if (!(await deps.directory.isOne(hints))) throw new Problem(400, 'COMPANY_HINTS_DIFFER');
  };

  const mustBeTheirs = async (
    request: Request,
    base: PublicContext,
    fresh: boolean,
    count: Count,
  ): Promise<Context> => {
    try {
      return await authorize(request, base, fresh, count);
    } catch (error) {
      // Who is refused before it is known who asks is counted by the address; a bad token is counted where it was seen.
      if (error instanceof Problem && error.status !== 401) await count(undefined);
      if (error instanceof Problem && error.code === 'OTHER_COMPANY') await mustAgree(base);
      throw error;
    }
  };

  type RouteInput = Parameters<typeof handle>[0];
  /** A refusal of the input never hides that the session ended: whoever reads it asks the database first. */
  const read = async (request: Request, response: Response): Promise<RouteInput> => {
    await deps.readBody(contract, request, response);
    return { ...(await readInput(request)), request } as RouteInput;
  };

  const checked = async (run: Handler): Promise<Reply<Responses>> => {
    const reply = await run();
    const faults = checks.get(reply.status)?.(
      reply.body instanceof RawJson ? JSON.parse(reply.body.text) : toJson(reply.body),
    );
    if (faults !== undefined && faults.length > 0)
      throw new Error(`${contract.id} broke its own contract: ${JSON.stringify(faults)}`);
    return reply;
  };

  const attempt = async (
    request: Request,
    response: Response,
    base: PublicContext,
    fresh: boolean,
    count: Count,
  ): Promise<Reply<Responses>> => {
    const isPublic = contract.permission === 'public';
    if (isPublic) await count(undefined);
    const context = isPublic ? (base as Context) : await mustBeTheirs(request, base, fresh, count);
    // What is not counted asks the database nothing.
    if (isPublic && contract.rate !== 'unlimited') await mustAgree(base);
    const mustHold = async (): Promise<void> => {
      await authorize(request, base, true, count);
    };
    const input = await read(request, response).catch(async (error: unknown) => {
      if (!isPublic && !fresh) await mustHold();
      throw error;
    });
    const run = () => checked(() => handle(input, context));
    if (isPublic) return run();
    try {
      const reply = await runIdempotent(deps.db, contract, context, input, request.get('idempotency-key'), run);
      // An answer that asked no database must not outlive the session either.
      if (!fresh && !context.entered) await mustHold();
      return reply;
    } catch (error) {
      if (!(error instanceof StaleSession) && !(error instanceof SessionEnded)) {
        // A refusal that asked no database must not hide that the session ended.
        if (!fresh && !context.entered) await mustHold();
        throw error;
      }
      // A session that ended here may go on in another company: the token decides, loaded afresh.
      if (fresh || context.committed)
        throw error instanceof SessionEnded
          ? new Problem(401, 'INVALID_TOKEN')
          : new Problem(503, 'SESSION_CHANGED', { retryAfter: 1 });
      return attempt(request, response, base, true, count);
    }
  };

  return async (request: Request, response: Response) => {
    const base = deps.publicContext(request, response);
    const { count, uncount } = counting(base, request, response);
    const reply = await attempt(request, response, base, false, count).catch(async (error: unknown) => {
      await uncount(error);
      throw ofBody(error, request.body);
    });
    await send(request, response, contract, reply);
  };
};

const toJson = (body: unknown): unknown => (body === null ? null : JSON.parse(JSON.stringify(body)));
