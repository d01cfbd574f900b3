import type { Request } from 'express';
import type { Authentication, Claims } from '../http/authentication.ts';
import { areNamed, checkCompanyHints } from '../http/company-hints.ts';
import type { PublicContext } from '../http/context.ts';
import type { PrincipalSource } from '../http/serve.ts';
import { Problem } from '../problem.ts';
import type { Principal } from './principal.ts';

/** Finds who a verified token speaks for; opens the session when its sid is seen for the first time. */
export interface PrincipalStore {
  /** Throws 401 when the session ended or may not act, 403 when the person has no place in the company that is named. */
  load(claims: Claims, context: PublicContext): Promise<Principal>;
}

export interface Principals extends PrincipalSource {
  /** Forgets what this process knows of a Keycloak session; the database decides anyway. */
  forget(sid: string): void;
}

const LIFETIME = 60_000;
const MOST = 20_000;

/** The key under which a token's principal is kept: its session, or the machine client itself with what its token is narrowed to. */
const keyOf = ({ sid, azp, sub, scope = '' }: Claims): string => sid ?? `${azp}:${sub}:${scope}`;

/** What of a token its principal hangs on beside the session: a role may be gone from the next one. */
const rolesOf = ({ realm_access: realm }: Claims): string => realm?.roles.toSorted().join(' ') ?? '';

interface Entry {
  readonly principal: Principal;
  readonly roles: string;
  readonly until: number;
}

/** Until when the principal is true at the latest, in milliseconds since 1970: a role that is over moves no epoch. */
const endOf = ({ grants }: Principal, now: number): number =>
  grants.reduce((first, { assignment }) => {
    const end = assignment?.expiresAt ?? null;
    return end === null ? first : Math.min(first, Date.parse(end));
  }, now + LIFETIME);

/**
 * Principals by session, kept for a minute at most, and no longer than the first of their roles. Nothing here has to be
 * fresh: every transaction compares the epoch with the database's, and a refusal is checked against a fresh principal.
 */
export const createPrincipals = (
  authentication: Pick<Authentication, 'claimsOf'>,
  store: PrincipalStore,
  now: () => Date,
): Principals => {
  const known = new Map<string, Entry>();
  const remember = (claims: Claims, principal: Principal): void => {
    const key = keyOf(claims);
    known.delete(key);
    const oldest = known.size >= MOST ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    known.set(key, { principal, roles: rolesOf(claims), until: endOf(principal, now().getTime()) });
  };
  const claimsOf = (request: Request): Claims => {
    const claims = authentication.claimsOf(request);
    if (claims === undefined) throw new Problem(401, 'UNAUTHENTICATED');
    return claims;
  };
  const reload = async (request: Request, context: PublicContext): Promise<Principal> => {
    const claims = claimsOf(request);
    const principal = await store.load(claims, context);
    context.speak(principal.locale);
    checkCompanyHints(context.hints, principal);
    remember(claims, principal);
    return principal;
  };
  return {
    forget: (sid) => void known.delete(sid),
    reload,
    load: (request, context) => {
      const claims = claimsOf(request);
      const entry = known.get(keyOf(claims));
      const isKnown = entry !== undefined && now().getTime() < entry.until && entry.roles === rolesOf(claims);
      // Whether it is another company's than the hints name is asked of a fresh one: it may have switched, or ended.
      return isKnown && areNamed(context.hints, entry.principal)
        ? Promise.resolve(entry.principal)
        : reload(request, context);
    },
  };
};
