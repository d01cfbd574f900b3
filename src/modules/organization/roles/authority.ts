import { decide, matches, waysOf } from '../../../platform/access/decision.ts';
import { REACHES } from '../../../platform/access/principal.ts';
import type { Grant, GrantScope, Reach } from '../../../platform/access/principal.ts';
import { SYSTEM_ROLES } from './system-roles.ts';

/** What a role is made of; own roles inherit from one own role and one system role. */
export interface RoleParts {
  readonly id: string;
  readonly code: string;
  readonly parentId: string | null;
  readonly systemParent: string | null;
  readonly reach: Reach;
  readonly grants: readonly string[];
  readonly denies: readonly string[];
}

/** One role that somebody holds. */
export interface Holding {
  readonly systemRole: string | null;
  readonly roleId: string | null;
  readonly scope: GrantScope | null;
}

/** Whether the first scope takes the second in; null is the whole company. Department ids come with all above them. */
export type Covers = (outer: GrantScope, inner: GrantScope) => boolean;

const RANKS = new Map(SYSTEM_ROLES.map(({ code, rank }) => [code, rank]));
const OWNER_RANK = RANKS.get('owner')!;

/** A role and those it inherits from, nearest first; a circle ends where it closes. */
export const lineageOf = (start: RoleParts | undefined, all: ReadonlyMap<string, RoleParts>): RoleParts[] => {
  const found: RoleParts[] = [];
  for (let role = start; role !== undefined && !found.includes(role); role = all.get(role.parentId ?? ''))
    found.push(role);
  return found;
};

/** Rank of an own role: the highest of the system roles it inherits from, else 0. */
export const rankOfLineage = (lineage: readonly RoleParts[]): number =>
  Math.max(0, ...lineage.map(({ systemParent }) => RANKS.get(systemParent ?? '') ?? 0));

/** Rank of something held. */
export const rankOf = ({ systemRole, roleId }: Holding, all: ReadonlyMap<string, RoleParts>): number =>
  systemRole === null ? rankOfLineage(lineageOf(all.get(roleId ?? ''), all)) : (RANKS.get(systemRole) ?? 0);

/** The highest rank that somebody has within `scope`: roles for the whole company, or for a scope that takes it in. */
export const rankWithin = (
  held: readonly Holding[],
  all: ReadonlyMap<string, RoleParts>,
  scope: GrantScope | null,
  covers: Covers,
): number => {
  const counted = held.filter((holding) => holding.scope === null || (scope !== null && covers(holding.scope, scope)));
  return Math.max(0, ...counted.map((holding) => rankOf(holding, all)));
};

/** Nobody gives what is of their own rank or higher; owners make owners. */
export const outranks = (own: number, other: number): boolean => own > other || own >= OWNER_RANK;

/**
 * The permission or pattern of a role that its giver does not hold as far as the role reaches; undefined when they hold
 * all. What comes from system roles is a matter of rank, and what the role denies it does not give.
 */
export const beyondOwn = (
  lineage: readonly RoleParts[],
  own: readonly Grant[],
  catalogue: readonly string[],
  scope: GrantScope | null,
  covers: Covers,
): string | undefined => {
  const denies = lineage.flatMap((role) => role.denies);
  const reaches = (have: Reach, need: Reach): boolean => REACHES.indexOf(have) >= REACHES.indexOf(need);
  const inScope = (scopes: readonly GrantScope[]): boolean =>
    scopes.length === 0 || (scope !== null && scopes.some((outer) => covers(outer, scope)));
  const holds = (permission: string, reach: Reach): boolean => {
    const decision = decide({ grants: own }, permission);
    return decision.allowed && waysOf(decision).some((way) => reaches(way.reach, reach) && inScope(way.scopes));
  };
  /** A pattern also gives what is not in the catalogue yet: the giver needs one as wide. */
  const holdsPattern = (pattern: string, reach: Reach): boolean =>
    own.some(
      (grant) =>
        grant.effect === 'grant' &&
        matches(grant.permission, pattern) &&
        reaches(grant.reach, reach) &&
        inScope(grant.scope === undefined ? [] : [grant.scope]),
    );
  for (const { grants, reach } of lineage)
    for (const pattern of grants) {
      if (pattern.includes('*') && !holdsPattern(pattern, reach)) return pattern;
      const missing = catalogue.find(
        (permission) =>
          matches(pattern, permission) &&
          !denies.some((deny) => matches(deny, permission)) &&
          !holds(permission, reach),
      );
      if (missing !== undefined) return missing;
    }
  return undefined;
};
