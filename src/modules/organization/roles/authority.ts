import { placesOf, reachesAsFar, sameScope, takesIn } from '../../../platform/access/allowance.ts';
import type { Allowance } from '../../../platform/access/allowance.ts';
import type { Catalogue } from '../../../platform/access/catalogue.ts';
import { decide, matches } from '../../../platform/access/decision.ts';
import { grantsOfRoles } from '../../../platform/access/grants.ts';
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

/** Whether the first scope takes the second in: it is the same, or a department that the second stands below. */
export type Covers = (outer: GrantScope, inner: GrantScope) => boolean;

const RANKS = new Map(SYSTEM_ROLES.map(({ code, rank }) => [code, rank]));
const OWNER_RANK = RANKS.get('owner')!;
/** What a role counts for when somebody else holds it: one that only owners give stands just below them. */
const WORTHS = new Map(SYSTEM_ROLES.map(({ code, rank, byOwner }) => [code, byOwner ? OWNER_RANK - 1 : rank]));

const SYSTEM = new Map(SYSTEM_ROLES.map((role) => [role.code, role]));

/** What holdings grant and deny, by the company's own roles `all`. */
export const grantsOf = (held: readonly Holding[], all: ReadonlyMap<string, RoleParts>): Grant[] =>
  grantsOfRoles(held, all, SYSTEM);

/** A role and those it inherits from, nearest first; a circle ends where it closes. */
export const lineageOf = (start: RoleParts | undefined, all: ReadonlyMap<string, RoleParts>): RoleParts[] => {
  const found: RoleParts[] = [];
  for (let role = start; role !== undefined && !found.includes(role); role = all.get(role.parentId ?? ''))
    found.push(role);
  return found;
};

type Scale = ReadonlyMap<string, number>;
const highest = (lineage: readonly RoleParts[], scale: Scale): number =>
  Math.max(0, ...lineage.map(({ systemParent }) => scale.get(systemParent ?? '') ?? 0));
const measure = ({ systemRole, roleId }: Holding, all: ReadonlyMap<string, RoleParts>, scale: Scale): number =>
  systemRole === null ? highest(lineageOf(all.get(roleId ?? ''), all), scale) : (scale.get(systemRole) ?? 0);

/** The only system roles that a holding lets one give: those of a role that names them, itself or inherited from. Undefined: by rank. */
export const givesOf = (
  { systemRole, roleId }: Holding,
  all: ReadonlyMap<string, RoleParts>,
): readonly string[] | undefined => {
  const codes = [systemRole, ...lineageOf(all.get(roleId ?? ''), all).map(({ systemParent }) => systemParent)];
  return codes.map((code) => SYSTEM.get(code ?? '')?.gives).find((gives) => gives !== undefined);
};

const isHeldWithin = (own: Holding, scope: GrantScope | null, covers: Covers): boolean =>
  own.scope === null || (scope !== null && covers(own.scope, scope));

/** Whether something of `held`, for the company or for a scope that takes its own in, names `holding` among what it gives. */
export const namesWithin = (
  held: readonly Holding[],
  all: ReadonlyMap<string, RoleParts>,
  { systemRole, scope }: Holding,
  covers: Covers,
): boolean =>
  systemRole !== null &&
  held.some((own) => givesOf(own, all)?.includes(systemRole) === true && isHeldWithin(own, scope, covers));

/** Whether a role, changed so, gives nothing that it did not give, by what is written of it. */
export const givesNoMore = (before: RoleParts, after: RoleParts): boolean =>
  before.parentId === after.parentId &&
  before.systemParent === after.systemParent &&
  reachesAsFar(before.reach, after.reach) &&
  after.grants.every((pattern) => before.grants.includes(pattern)) &&
  before.denies.every((pattern) => after.denies.includes(pattern));

/** The rank that one needs to be above to make an own role: the highest of the system roles it inherits from, else 0. */
export const worthOfLineage = (lineage: readonly RoleParts[]): number => highest(lineage, WORTHS);

/** The rank that one needs to be above to give or take something, or to manage who holds it. */
export const worthOf = (holding: Holding, all: ReadonlyMap<string, RoleParts>): number => measure(holding, all, WORTHS);

/** The highest rank that somebody has within `scope`: roles for the whole company, or for a scope that takes it in. */
export const rankWithin = (
  held: readonly Holding[],
  all: ReadonlyMap<string, RoleParts>,
  scope: GrantScope | null,
  covers: Covers,
): number => {
  const counted = held.filter((holding) => isHeldWithin(holding, scope, covers));
  return Math.max(0, ...counted.map((holding) => measure(holding, all, RANKS)));
};

/** Nobody gives what is of their own rank or higher; owners make owners. */
export const outranks = (own: number, other: number): boolean => own > other || own >= OWNER_RANK;

/** Whether somebody can be in both: of departments only where one takes the other in. */
const meet = (a: GrantScope, b: GrantScope, covers: Covers): boolean =>
  a.kind !== 'department' || b.kind !== 'department' || covers(a, b) || covers(b, a);

/**
 * Whether a permission is held for all of `scope`, at least as far as `reach`: in one way, and nothing of it is denied
 * but by a department above the one that grants it. Null is the whole company.
 */
export const holdsWithin = (allowance: Allowance, reach: Reach, scope: GrantScope | null, covers: Covers): boolean => {
  const isTakenFrom = (place: GrantScope | undefined): boolean =>
    (allowance.except ?? []).some(
      (denied) =>
        (scope === null || meet(denied, scope, covers)) &&
        (place === undefined || sameScope(denied, place) || !covers(denied, place)),
    );
  const isWithin = (place: GrantScope | undefined): boolean =>
    place === undefined || (scope !== null && covers(place, scope));
  return placesOf(allowance).some(
    (place) => reachesAsFar(place.reach, reach) && isWithin(place.scope) && !isTakenFrom(place.scope),
  );
};

/**
 * The permission or pattern of a role that its giver does not hold as far as the role reaches; undefined when they hold
 * all. What comes from system roles is a matter of rank; what the role denies it does not give, nor, within a scope, what is
 * about the company as a whole.
 */
export const beyondOwn = (
  lineage: readonly RoleParts[],
  own: readonly Grant[],
  catalogue: Catalogue,
  scope: GrantScope | null,
  covers: Covers,
): string | undefined => {
  const denies = lineage.flatMap((role) => role.denies);
  const holds = (permission: string, reach: Reach): boolean => {
    const decision = decide({ grants: own }, permission, catalogue[permission]);
    return decision.allowed && holdsWithin(decision, reach, scope, covers);
  };
  /** A pattern also gives what is not in the catalogue yet: the giver needs one as wide. */
  const holdsPattern = (pattern: string, reach: Reach): boolean =>
    own.some(
      (grant) =>
        grant.effect === 'grant' &&
        matches(grant.permission, pattern) &&
        reachesAsFar(grant.reach, reach) &&
        (grant.scope === undefined || (scope !== null && covers(grant.scope, scope))),
    );
  const given = Object.keys(catalogue).filter(
    (permission) =>
      !denies.some((deny) => matches(deny, permission)) && (scope === null || catalogue[permission] !== 'company'),
  );
  for (const { grants, reach } of lineage)
    for (const pattern of grants) {
      if (pattern.includes('*') && !holdsPattern(pattern, reach)) return pattern;
      const missing = given.find((permission) => matches(pattern, permission) && !holds(permission, reach));
      if (missing !== undefined) return missing;
    }
  return undefined;
};

/** The first permission that `after` gives less far than `before`, or within fewer scopes; undefined when nothing is lost. */
export const lostOf = (before: readonly Grant[], after: readonly Grant[], catalogue: Catalogue): string | undefined => {
  const texts = (grants: readonly Grant[]) => new Set(grants.map((grant) => JSON.stringify(grant)));
  const [had, has] = [texts(before), texts(after)];
  const moved = [...had.symmetricDifference(has)].map((text) => (JSON.parse(text) as Grant).permission);
  return Object.keys(catalogue).find((permission) => {
    if (!moved.some((pattern) => matches(pattern, permission))) return false;
    const about = catalogue[permission];
    const [then, now] = [decide({ grants: before }, permission, about), decide({ grants: after }, permission, about)];
    return then.allowed && !(now.allowed && takesIn(now, then));
  });
};
