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

/** The key under which a token's principal is kept: its session, or the machine client itself. */
const keyOf = ({ sid, azp, sub }: Claims): string => sid ?? `${azp}:${sub}`;

/**
 * Principals by session, kept for a minute at most. Nothing here has to be fresh: every transaction compares the epoch
 * with the database's, and a refusal is checked against a fresh principal.
 */
export const createPrincipals = (
  authentication: Pick<Authentication, 'claimsOf'>,
  store: PrincipalStore,
  now: () => Date,
): Principals => {
  const known = new Map<string, { readonly principal: Principal; readonly until: number }>();
  const remember = (key: string, principal: Principal): void => {
    known.delete(key);
    const oldest = known.size >= MOST ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    known.set(key, { principal, until: now().getTime() + LIFETIME });
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
    remember(keyOf(claims), principal);
    return principal;
  };
  return {
    forget: (sid) => void known.delete(sid),
    reload,
    load: (request, context) => {
      const entry = known.get(keyOf(claimsOf(request)));
      const isKnown = entry !== undefined && entry.until >= now().getTime();
      // Whether it is another company's than the hints name is asked of a fresh one: it may have switched, or ended.
      return isKnown && areNamed(context.hints, entry.principal)
        ? Promise.resolve(entry.principal)
        : reload(request, context);
    },
  };
};
