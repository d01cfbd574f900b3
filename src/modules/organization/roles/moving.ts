import type { Catalogue } from '../../../platform/access/catalogue.ts';
import type { Grant, GrantScope } from '../../../platform/access/principal.ts';
import { forbidden } from '../../../platform/module.ts';
import type { Problem, Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import { grantsOf, rankWithin } from './authority.ts';
import type { Covers, Holding, RoleParts } from './authority.ts';
import { gainedOver } from './gains.ts';
import type { Stand } from './gains.ts';
import { departmentOf, holdersWithin, rolesOf, scopesAround } from './roles.repository.ts';
import type { Holder } from './roles.repository.ts';
import { serializeRoles } from './standing.ts';
import type { Standing } from './standing.ts';

/** A department's place: the ids from the root to itself, between slashes. */
interface Placed {
  readonly id: string;
  readonly path: string;
}

type Around = ReadonlyMap<string, ReadonlySet<string>>;

/** A department as a scope. */
export const department = (id: string): GrantScope => ({ kind: 'department', id });
/** The departments above a place. */
export const idsAbove = ({ id, path }: Placed): Set<string> =>
  new Set(path.split('/').filter((each) => each !== '' && each !== id));
/** What takes what in, by what stands around each scope. */
export const coversBy =
  (around: Around): Covers =>
  (outer, inner) =>
    outer.kind === inner.kind && around.get(inner.id)?.has(outer.id) === true;
/** Holdings, each of them once, whoever holds it. */
export const each = (holdings: readonly Holding[]): Holding[] => [
  ...new Map(holdings.map((one) => [JSON.stringify(one), one])).values(),
];
/** The departments within which something is held. */
export const departmentsOf = (held: readonly Holding[]): string[] =>
  held.flatMap(({ scope }) => (scope?.kind === 'department' ? [scope.id] : []));

/** What stands around each department once one is moved with all below it. */
const movedAround = (around: Around, from: Placed, to: Placed): Around => {
  const [above, over] = [idsAbove(from), idsAbove(to)];
  const entries = [...around].map(
    ([id, ids]) => [id, ids.has(from.id) ? ids.difference(above).union(over) : ids] as const,
  );
  return new Map(entries);
};

/** The tree as it stands, and as it would. */
interface Trees {
  readonly before: Covers;
  readonly after: Covers;
}

/** A department that is moved, and those below it within which something of `held` holds: parts of which each is alike throughout. */
const partsOf = (moved: string, held: readonly Holding[], { before }: Trees): GrantScope[] =>
  [...new Set([moved, ...departmentsOf(held)])].map(department).filter((part) => before(department(moved), part));

/** The first permission that holdings give farther after than before, in one of these parts. */
const gainedIn = (
  parts: readonly GrantScope[],
  grants: readonly Grant[],
  catalogue: Catalogue,
  { before, after }: Trees,
): string | undefined =>
  parts
    .map((at) => gainedOver(grants, catalogue, { at, covers: before }, { at, covers: after }))
    .find((permission) => permission !== undefined);

/** Why somebody may not let people stand in `to` whom they come to be above by it; undefined when they may. */
export const refusalOf = (
  held: readonly Holding[],
  all: ReadonlyMap<string, RoleParts>,
  gained: string | undefined,
  from: Stand,
  to: Stand,
): Problem | undefined => {
  if (gained !== undefined) return forbidden('GRANT_ABOVE_OWN', { params: { permission: gained } });
  const isHigher = rankWithin(held, all, to.at, to.covers) > rankWithin(held, all, from.at, from.covers);
  return isHigher ? forbidden('ROLE_ABOVE_OWN') : undefined;
};

/**
 * What people hold in a department they hold over whoever is in it or below: who moves a department gives and takes by it.
 * Nobody gives themselves anything so, or others what they could not give them.
 */
export const createMoving = (
  catalogue: () => Catalogue,
  standing: Pick<Standing, 'mustNotBeOwn' | 'mustStandAbove'>,
) => {
  /** What the caller has to stand above of a holder whose roles come to hold more, or less. Throws 403 where it is they who hold more. */
  const changedOf = (
    { principal }: Caller,
    { profileId, held }: Holder,
    {
      moved,
      all,
      trees,
    }: { readonly moved: Placed; readonly all: ReadonlyMap<string, RoleParts>; readonly trees: Trees },
  ): readonly Holding[] => {
    const { before, after } = trees;
    const [at, grants] = [department(moved.id), grantsOf(held, all)];
    const parts = partsOf(moved.id, held, trees);
    const gained = gainedIn(parts, grants, catalogue(), trees);
    if (profileId === principal.profileId) {
      const refusal = refusalOf(held, all, gained, { at, covers: before }, { at, covers: after });
      if (refusal !== undefined) throw refusal;
      return [];
    }
    if (gained === undefined && gainedIn(parts, grants, catalogue(), { before: after, after: before }) === undefined)
      return [];
    // What they hold above its new place they hold in it then: to give it is to give it there.
    const given = held.filter(({ scope }) => scope !== null && after(scope, at)).map((one) => ({ ...one, scope: at }));
    return [...held, ...given];
  };

  return {
    /**
     * Throws 403 for a move that gives the caller more in the department or below than they hold there; that gives or takes
     * something of somebody above whom the caller does not stand; or of the caller's own department, whose features count for
     * them, unless they own the company.
     */
    mayMove: async (tx: Tx, context: Caller, from: Placed, to: Placed): Promise<void> => {
      const changed = idsAbove(from).symmetricDifference(idsAbove(to));
      if (changed.size === 0) return;
      const { profileId } = context.principal;
      const home = profileId === null ? null : await departmentOf(tx, profileId);
      await serializeRoles(tx);
      const all = await rolesOf(tx);
      const holders = await holdersWithin(tx, [...changed], tx.now);
      const named = [from.id, ...(home === null ? [] : [home]), ...holders.flatMap(({ held }) => departmentsOf(held))];
      const around = await scopesAround(tx, named.map(department));
      const trees = { before: coversBy(around), after: coversBy(movedAround(around, from, to)) };
      if (profileId !== null && home !== null && trees.before(department(from.id), department(home)))
        await standing.mustNotBeOwn(tx, context, profileId);
      const changing = holders.flatMap((holder) => changedOf(context, holder, { moved: from, all, trees }));
      await standing.mustStandAbove(tx, context, each(changing));
    },
  };
};

export type Moving = ReturnType<typeof createMoving>;
