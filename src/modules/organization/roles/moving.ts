import type { Catalogue } from '../../../platform/access/catalogue.ts';
import type { Grant, GrantScope } from '../../../platform/access/principal.ts';
import { forbidden } from '../../../platform/module.ts';
import type { Problem, Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import { grantsOf, rankWithin } from './authority.ts';
import type { Covers, Holding, RoleParts } from './authority.ts';
import { gainedOver } from './gains.ts';
import type { Stand } from './gains.ts';
import { departmentOf, holdersWithin, holdingsOf, rolesOf, scopesAround } from './roles.repository.ts';
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
const idsAbove = ({ id, path }: Placed): Set<string> =>
  new Set(path.split('/').filter((each) => each !== '' && each !== id));
/** What takes what in, by what stands around each scope. */
export const coversBy =
  (around: Around): Covers =>
  (outer, inner) =>
    outer.kind === inner.kind && around.get(inner.id)?.has(outer.id) === true;
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
const refusalOf = (
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
 * What people hold in a department they hold over whoever is in it or below: who moves a department, or puts people into one,
 * gives and takes by it. Nobody gives themselves anything so, or others what they could not give them.
 */
export const createMoving = (
  catalogue: () => Catalogue,
  standing: Pick<Standing, 'mustNotBeOwn' | 'mustStandAbove'>,
) => {
  /** Throws 403 where what one of the holders holds becomes more, or less, and the caller may not do that. */
  const mustMayChange = async (
    tx: Tx,
    context: Caller,
    { profileId, held }: Holder,
    {
      moved,
      all,
      trees,
    }: { readonly moved: Placed; readonly all: ReadonlyMap<string, RoleParts>; readonly trees: Trees },
  ): Promise<void> => {
    const { before, after } = trees;
    const [at, grants] = [department(moved.id), grantsOf(held, all)];
    const parts = partsOf(moved.id, held, trees);
    const gained = gainedIn(parts, grants, catalogue(), trees);
    if (profileId === context.principal.profileId) {
      const refusal = refusalOf(held, all, gained, { at, covers: before }, { at, covers: after });
      if (refusal !== undefined) throw refusal;
      return;
    }
    if (gained === undefined && gainedIn(parts, grants, catalogue(), { before: after, after: before }) === undefined)
      return;
    // What they hold above its new place they hold in it then: to give it is to give it there.
    const given = held
      .filter(({ scope }) => scope !== null && after(scope, at))
      .map((each) => ({ ...each, scope: at }));
    await standing.mustStandAbove(tx, context, [...held, ...given]);
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
      for (const holder of holders) await mustMayChange(tx, context, holder, { moved: from, all, trees });
    },
    /** Throws 403 for whoever would hold more over somebody in the department `to` than where they are now. Null: in none. */
    mayPlace: async (
      tx: Tx,
      context: Caller,
      { id, departmentId }: { readonly id: string; readonly departmentId: string | null },
      to: string | null,
    ): Promise<void> => {
      const { profileId } = context.principal;
      if (profileId === null) return;
      if (profileId === id) return standing.mustNotBeOwn(tx, context, id);
      const held = await holdingsOf(tx, profileId, tx.now);
      const places = [departmentId, to].filter((each) => each !== null);
      const covers = coversBy(await scopesAround(tx, [...departmentsOf(held), ...places].map(department)));
      const standAt = (place: string | null): Stand => ({ at: place === null ? null : department(place), covers });
      const all = await rolesOf(tx);
      const [from, into] = [standAt(departmentId), standAt(to)];
      const gained = gainedOver(grantsOf(held, all), catalogue(), from, into);
      const refusal = refusalOf(held, all, gained, from, into);
      if (refusal !== undefined) throw refusal;
    },
  };
};

export type Moving = ReturnType<typeof createMoving>;
