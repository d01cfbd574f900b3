import { sameScope } from './allowance.ts';
import type { Allowance, Way } from './allowance.ts';
import { REACHES } from './principal.ts';
import type { Grant, GrantScope, Principal } from './principal.ts';

/** Why a permission is not held. */
export type Lack = 'NOT_GRANTED' | 'DENIED' | 'TOKEN_SCOPE';

export type Decision<Because extends string = string> =
  | ({ readonly allowed: true } & Allowance)
  | { readonly allowed: false; readonly because: Because };

/** Whether a pattern (`area:resource:action`, each part also `*`) covers a permission or a narrower pattern. */
export const matches = (pattern: string, permission: string): boolean => {
  if (pattern === permission) return true;
  const wanted = permission.split(':');
  return pattern.split(':').every((part, index) => part === '*' || part === wanted[index]);
};

/**
 * The company-wide way first, then those within scopes, the furthest first: only those that go further, unless something
 * is denied in a scope, where what is granted nearer still holds.
 */
const distinctWays = (held: readonly Grant[], hasExceptions: boolean): Way[] => {
  const wide = REACHES.findLastIndex((reach) =>
    held.some((grant) => grant.scope === undefined && grant.reach === reach),
  );
  const scoped = REACHES.slice(hasExceptions ? 0 : wide + 1).flatMap((reach) => {
    const scopes = held.flatMap((grant) => (grant.reach === reach ? (grant.scope ?? []) : []));
    return scopes.length > 0 ? [{ reach, scopes }] : [];
  });
  return [...(wide < 0 ? [] : [{ reach: REACHES[wide]!, scopes: [] }]), ...scoped.toReversed()];
};

const distinctScopes = (grants: readonly Grant[]): GrantScope[] =>
  grants
    .flatMap(({ scope }) => scope ?? [])
    .filter((scope, index, all) => all.findIndex((other) => sameScope(other, scope)) === index);

/**
 * Decides one permission: a deny for the company is final; of scopes the nearest decides, and at the same one deny beats
 * grant. Which of two departments is nearer is for whoever reads rows to ask (organization/reach.ts). What remains is held
 * in every way in which it was granted. Token scopes narrow first. Pure, so it can be explained and tested.
 */
export const decide = (principal: Pick<Principal, 'grants' | 'tokenScopes'>, permission: string): Decision<Lack> => {
  const { grants, tokenScopes } = principal;
  if (tokenScopes !== undefined && !tokenScopes.some((scope) => matches(scope, permission)))
    return { allowed: false, because: 'TOKEN_SCOPE' };
  const relevant = grants.filter((grant) => matches(grant.permission, permission));
  const denied = relevant.filter((grant) => grant.effect === 'deny');
  if (denied.some((grant) => grant.scope === undefined)) return { allowed: false, because: 'DENIED' };
  const held = relevant.filter(
    (grant) => grant.effect === 'grant' && !denied.some((deny) => sameScope(deny.scope, grant.scope)),
  );
  const except = distinctScopes(denied);
  const [first, ...others] = distinctWays(held, except.length > 0);
  if (first === undefined) return { allowed: false, because: denied.length > 0 ? 'DENIED' : 'NOT_GRANTED' };
  return {
    allowed: true,
    ...first,
    ...(others.length > 0 && { further: others }),
    ...(except.length > 0 && { except }),
  };
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
): { permission: string; decision: Decision<Lack>; grants: readonly Grant[] } => ({
  permission,
  decision: decide(principal, permission),
  grants: principal.grants.filter((grant) => matches(grant.permission, permission)),
});
