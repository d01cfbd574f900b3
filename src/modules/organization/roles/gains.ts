import { placesOf, reachesAsFar, sameScope } from '../../../platform/access/allowance.ts';
import type { Catalogue } from '../../../platform/access/catalogue.ts';
import { decide } from '../../../platform/access/decision.ts';
import type { Grant, GrantScope, Reach } from '../../../platform/access/principal.ts';
import type { Covers } from './authority.ts';

/** Where people stand: in which department, null for none, and what takes what in. */
export interface Stand {
  readonly at: GrantScope | null;
  readonly covers: Covers;
}

interface Place {
  readonly reach: Reach;
  readonly scope: GrantScope | undefined;
}

/** The ways in which a permission about people is held over those who stand there; within projects, over those at work in them. */
const heldAt = (grants: readonly Grant[], permission: string, { at, covers }: Stand): Place[] => {
  const decision = decide({ grants }, permission, 'rows');
  if (!decision.allowed) return [];
  const isAbove = (scope: GrantScope): boolean => at !== null && covers(scope, at);
  const denied = (decision.except ?? []).filter(isAbove);
  return placesOf(decision).filter(({ scope }) =>
    scope?.kind === 'department'
      ? isAbove(scope) && !denied.some((nearer) => covers(scope, nearer))
      : denied.length === 0,
  );
};

/** The first permission that these grants give over people, once they stand in `to`, farther than while they stand in `from`. */
export const gainedOver = (
  grants: readonly Grant[],
  catalogue: Catalogue,
  from: Stand,
  to: Stand,
): string | undefined =>
  Object.keys(catalogue).find((permission) => {
    if (catalogue[permission] !== 'rows') return false;
    const before = heldAt(grants, permission, from);
    const takesIn = (had: Place, has: Place): boolean =>
      reachesAsFar(had.reach, has.reach) && (had.scope?.kind !== 'project' || sameScope(had.scope, has.scope));
    return heldAt(grants, permission, to).some((has) => !before.some((had) => takesIn(had, has)));
  });
