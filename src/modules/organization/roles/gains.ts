import { placesOf, reachesAsFar, sameScope } from '../../../platform/access/allowance.ts';
import type { Catalogue } from '../../../platform/access/catalogue.ts';
import { decide } from '../../../platform/access/decision.ts';
import type { Grant, GrantScope, Reach } from '../../../platform/access/principal.ts';
import type { Covers } from './authority.ts';

/** Where people stand: in which department, null for none, and what takes what in. */
export interface Stand {
  readonly at: GrantScope | null;
  readonly covers: Covers;
  /** The projects that they work in. Absent: any, the same wherever they stand. */
  readonly projects?: ReadonlySet<string>;
  /** The least reach that takes them in, of whoever holds the grants: `self` is that one. Absent: any. */
  readonly nearest?: Reach;
}

interface Place {
  readonly reach: Reach;
  readonly scope: GrantScope | undefined;
}

/** The ways in which a permission about people is held over those who stand there. */
const heldAt = (grants: readonly Grant[], permission: string, { at, covers, projects, nearest }: Stand): Place[] => {
  const decision = decide({ grants }, permission, 'rows');
  if (!decision.allowed) return [];
  const isAbove = (scope: GrantScope): boolean => at !== null && covers(scope, at);
  const worksIn = ({ id }: GrantScope): boolean => projects?.has(id) === true;
  const denied = (decision.except ?? []).filter((scope) =>
    scope.kind === 'project' ? worksIn(scope) : isAbove(scope),
  );
  const isOpen = denied.length === 0;
  const takesIn = (scope: GrantScope | undefined): boolean => {
    if (scope?.kind === 'department' && isAbove(scope))
      return denied.every((nearer) => nearer.kind === 'department' && !covers(scope, nearer));
    // Their own row is within every scope.
    if (scope === undefined || nearest === 'self') return isOpen;
    return isOpen && scope.kind === 'project' && (projects === undefined || worksIn(scope));
  };
  return placesOf(decision).filter(({ reach, scope }) => reachesAsFar(reach, nearest ?? 'self') && takesIn(scope));
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
    const isSure = (had: Place, has: Place): boolean =>
      had.scope?.kind !== 'project' || from.projects !== undefined || sameScope(had.scope, has.scope);
    return heldAt(grants, permission, to).some(
      (has) => !before.some((had) => reachesAsFar(had.reach, has.reach) && isSure(had, has)),
    );
  });
