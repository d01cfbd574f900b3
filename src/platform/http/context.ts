import type { Allowance } from '../access/allowance.ts';
import type { Principal } from '../access/principal.ts';
import type { Tx } from '../db/database.ts';
import type { Locale } from '../i18n/locales.ts';
import type { CompanyHint } from './company-hints.ts';
import type { Scope } from '../db/scope.ts';

/** What every request knows, signed in or not. */
export interface PublicContext {
  readonly locale: Locale;
  readonly traceId: string;
  /** The client's address, from trusted proxies only. */
  readonly address: string;
  readonly agent: string;
  /** After this instant nobody waits for the answer. */
  readonly deadline: Date;
  /** The company that the request names by header, host or path, if any. */
  readonly hints: readonly CompanyHint[];
  /** Text of a message in the caller's language. */
  readonly t: (key: string, params?: Readonly<Record<string, string | number>>) => string;
  /** Goes on in a person's own language where the request asked for none; without it, in the default one. */
  readonly speak: (own?: string) => void;
}

/** What a handler knows of its caller. */
export interface Context extends PublicContext {
  readonly principal: Principal;
  readonly scope: Scope;
  /** How far the route's permission reaches for this caller. */
  readonly allowance: Allowance;
  /** The unit of work that an idempotent request runs in; services join it through `createUnitOfWork`. */
  tx?: Tx;
  /** True once something was committed for this request: it may not be repeated any more. */
  committed?: boolean;
  /** True once a transaction has compared the session with the database. */
  entered?: boolean;
}
