import { REACHES } from './principal.ts';
import type { Grant, GrantScope, Principal, Reach } from './principal.ts';

/** How far a permission goes, and within which scopes (none: the whole company). */
export interface Way {
  readonly reach: Reach;
  readonly scopes: readonly GrantScope[];
}

/**
 * What a permission allows here: company-wide where anything grants it so, else within the scopes where it goes furthest.
 * What is beyond that in some scopes is in `further`: a wide reach in one department never becomes one in the company.
 */
export interface Allowance extends Way {
  readonly further?: readonly Way[];
}

/** All ways in which a permission is held; whatever one of them takes in is allowed. */
export const waysOf = ({ reach, scopes, further = [] }: Allowance): readonly Way[] => [{ reach, scopes }, ...further];

export type Decision = ({ readonly allowed: true } & Allowance) | { readonly allowed: false; readonly because: string };

/** Whether a pattern (`area:resource:action`, each part also `*`) covers a permission or a narrower pattern. */
export const matches = (pattern: string, permission: string): boolean => {
  if (pattern === permission) return true;
  const wanted = permission.split(':');
  return pattern.split(':').every((part, index) => part === '*' || part === wanted[index]);
};

/** The company-wide way first, then those that go further within scopes, the furthest first. */
const distinctWays = (held: readonly Grant[]): Way[] => {
  const wide = REACHES.findLastIndex((reach) =>
    held.some((grant) => grant.scope === undefined && grant.reach === reach),
  );
  const scoped = REACHES.slice(wide + 1).flatMap((reach) => {
    const scopes = held.flatMap((grant) => (grant.reach === reach ? (grant.scope ?? []) : []));
    return scopes.length > 0 ? [{ reach, scopes }] : [];
  });
  return [...(wide < 0 ? [] : [{ reach: REACHES[wide]!, scopes: [] }]), ...scoped.toReversed()];
};

const sameScope = (a: GrantScope | undefined, b: GrantScope | undefined): boolean =>
  a?.kind === b?.kind && a?.id === b?.id;

/**
 * Decides one permission: deny beats grant within the same scope and a company-wide deny beats everything; what
 * remains is held in every way in which it was granted. Token scopes narrow first. Pure, so it can be explained and tested.
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
  const [first, ...others] = distinctWays(held);
  if (first === undefined) return { allowed: false, because: denied.length > 0 ? 'DENIED' : 'NOT_GRANTED' };
  return { allowed: true, ...first, ...(others.length > 0 && { further: others }) };
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
