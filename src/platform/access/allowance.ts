import { REACHES } from './principal.ts';
import type { GrantScope, Reach } from './principal.ts';

/** How far a permission goes, and within which scopes (none: the whole company). */
export interface Way {
  readonly reach: Reach;
  readonly scopes: readonly GrantScope[];
}

/**
 * What a permission allows here: company-wide where anything grants it so, else within the scopes where it goes furthest.
 * What is beyond that in some scopes is in `further`: a wide reach in one department never becomes one in the company.
 * In the scopes of `except` it is denied: a way holds there only by a scope that lies within the denied one.
 */
export interface Allowance extends Way {
  readonly further?: readonly Way[];
  readonly except?: readonly GrantScope[];
}

/** All ways in which a permission is held; whatever one of them takes in is allowed. */
export const waysOf = ({ reach, scopes, further = [] }: Allowance): readonly [Way, ...Way[]] => [
  { reach, scopes },
  ...further,
];

/** Whether a permission is held for all of the company, with no exception. */
export const isUnbounded = (allowance: Allowance): boolean =>
  (allowance.except ?? []).length === 0 &&
  waysOf(allowance).some(({ reach, scopes }) => reach === 'company' && scopes.length === 0);

/** Whether two scopes are one; undefined is the whole company. */
export const sameScope = (a: GrantScope | undefined, b: GrantScope | undefined): boolean =>
  a?.kind === b?.kind && a?.id === b?.id;

export const reachesAsFar = (have: Reach, need: Reach): boolean => REACHES.indexOf(have) >= REACHES.indexOf(need);

/** All ways of an allowance as what they are in each of their scopes; undefined is the whole company. */
export const placesOf = (allowance: Allowance): { reach: Reach; scope: GrantScope | undefined }[] =>
  waysOf(allowance).flatMap(({ reach, scopes }) =>
    (scopes.length === 0 ? [undefined] : scopes).map((scope) => ({ reach, scope })),
  );

/**
 * Whether `outer` takes in all that `inner` does, wherever departments stand: each scope is named, or the whole company is
 * with no department denied, and nothing is denied that is not denied in both.
 */
export const takesIn = (outer: Allowance, inner: Allowance): boolean => {
  const denied = outer.except ?? [];
  const places = placesOf(outer);
  const covers = (wide: GrantScope | undefined, scope: GrantScope | undefined): boolean =>
    sameScope(wide, scope) ||
    (wide === undefined && (scope?.kind === 'project' || denied.every(({ kind }) => kind === 'project')));
  return (
    denied.every((scope) => inner.except?.some((other) => sameScope(other, scope)) ?? false) &&
    placesOf(inner).every((place) =>
      places.some((wide) => reachesAsFar(wide.reach, place.reach) && covers(wide.scope, place.scope)),
    )
  );
};
