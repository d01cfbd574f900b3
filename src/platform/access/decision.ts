import { REACHES } from './principal.ts';
import type { Grant, GrantScope, Principal, Reach } from './principal.ts';

/** What a permission allows here: how far, and within which scopes (none: the whole company). */
export interface Allowance {
  readonly reach: Reach;
  readonly scopes: readonly GrantScope[];
}

export type Decision = ({ readonly allowed: true } & Allowance) | { readonly allowed: false; readonly because: string };

/** `area:resource:action`, each part also `*`. */
const matches = (pattern: string, permission: string): boolean => {
  if (pattern === permission) return true;
  const wanted = permission.split(':');
  return pattern.split(':').every((part, index) => part === '*' || part === wanted[index]);
};

const wider = (a: Reach, b: Reach): Reach => (REACHES.indexOf(a) >= REACHES.indexOf(b) ? a : b);

const sameScope = (a: GrantScope | undefined, b: GrantScope | undefined): boolean =>
  a?.kind === b?.kind && a?.id === b?.id;

/**
 * Decides one permission: deny beats grant within the same scope and a company-wide deny beats everything; the widest
 * reach of what remains counts. Token scopes narrow first. Pure, so it can be explained and tested.
 */
export const decide = (principal: Pick<Principal, 'grants' | 'tokenScopes'>, permission: string): Decision => {
  const { grants, tokenScopes } = principal;
  if (tokenScopes !== undefined && !tokenScopes.some((scope) => matches(scope, permission)))
    return { allowed: false, because: 'TOKEN_SCOPE' };
  const relevant = grants.filter((grant) => matches(grant.permission, permission));
  const denied = relevant.filter((grant) => grant.effect === 'deny');
  if (denied.some((grant) => grant.scope === undefined)) return { allowed: false, because: 'DENIED' };
  const held = relevant.filter(
    (grant) => grant.effect === 'grant' && !denied.some((deny) => sameScope(deny.scope, grant.scope)),
  );
  const [first, ...others] = held;
  if (first === undefined) return { allowed: false, because: denied.length > 0 ? 'DENIED' : 'NOT_GRANTED' };
  const wide = held.filter((grant) => grant.scope === undefined);
  const scopes = wide.length > 0 ? [] : held.flatMap((grant) => grant.scope ?? []);
  return { allowed: true, reach: [first, ...others].map(({ reach }) => reach).reduce(wider), scopes };
};

/** A decision function that remembers its answers for one principal: the request path asks the same few again and again. */
export const createDecider = (): ((principal: Principal, permission: string) => Decision) => {
  const known = new WeakMap<Principal, Map<string, Decision>>();
  return (principal, permission) => {
    const answers = known.get(principal) ?? new Map<string, Decision>();
    known.set(principal, answers);
    const answer = answers.get(permission) ?? decide(principal, permission);
    answers.set(permission, answer);
    return answer;
  };
};

/** Why a permission is held or not, for `me/permissions` and the effective permissions of a person. */
export const explain = (
  principal: Pick<Principal, 'grants' | 'tokenScopes'>,
  permission: string,
): { permission: string; decision: Decision; grants: readonly Grant[] } => ({
  permission,
  decision: decide(principal, permission),
  grants: principal.grants.filter((grant) => matches(grant.permission, permission)),
});
