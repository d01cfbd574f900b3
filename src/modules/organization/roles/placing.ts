import type { Catalogue } from '../../../platform/access/catalogue.ts';
import type { Grant } from '../../../platform/access/principal.ts';
import type { Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import { grantsOf } from './authority.ts';
import type { Holding, RoleParts } from './authority.ts';
import { gainedOver } from './gains.ts';
import type { Stand } from './gains.ts';
import { coversBy, department, departmentsOf, each, refusalOf } from './moving.ts';
import { holdersWithin, rolesOf, scopesAround } from './roles.repository.ts';
import type { Standing } from './standing.ts';

/** Somebody, and the department that they belong to; null: none. */
interface Placed {
  readonly id: string;
  readonly departmentId: string | null;
}

/** From where to where people are put. */
interface Way {
  readonly from: Stand;
  readonly to: Stand;
}

const isAt = ({ scope }: Holding, { at, covers }: Stand): boolean =>
  scope?.kind === 'department' && at !== null && covers(scope, at);

/**
 * Runs before people are put into a department, null: into none. Throws 403 for whoever puts themselves there, who would hold more
 * over one of them than where they are now, or who could not give, or take, what others come to hold over them, or hold no more.
 */
export const createMayPlace = (
  catalogue: () => Catalogue,
  standing: Pick<Standing, 'mustNotBeOwn' | 'mustStandAbove'>,
) => {
  const changes = (grants: readonly Grant[], { from, to }: Way): boolean =>
    gainedOver(grants, catalogue(), from, to) !== undefined || gainedOver(grants, catalogue(), to, from) !== undefined;

  /**
   * What one has to stand above, of somebody who holds `held`: the roles that they come to hold there, or hold no more; all that
   * they hold where one of these opens or shuts what another gives.
   */
  const changedOf = (held: readonly Holding[], all: ReadonlyMap<string, RoleParts>, way: Way): readonly Holding[] => {
    if (!changes(grantsOf(held, all), way)) return [];
    const { from, to } = way;
    const those = held.filter((one) => isAt(one, from) !== isAt(one, to));
    const there = those.map((one) => ({ ...one, scope: isAt(one, to) ? to.at : from.at }));
    const others = held.filter((one) => !those.includes(one) && (one.scope?.kind !== 'department' || isAt(one, to)));
    const denied = grantsOf(those, all).filter(({ effect }) => effect === 'deny');
    return changes([...grantsOf(others, all), ...denied], way) ? [...there, ...others] : there;
  };

  return async (tx: Tx, context: Caller, people: readonly Placed[], to: string | null): Promise<void> => {
    const { profileId } = context.principal;
    if (profileId !== null && people.some(({ id }) => id === profileId))
      await standing.mustNotBeOwn(tx, context, profileId);
    const moved = people.filter(({ id, departmentId }) => id !== profileId && departmentId !== to);
    const origins = [...new Set(moved.map(({ departmentId }) => departmentId))];
    if (origins.length === 0) return;
    const places = [...origins, to].filter((place) => place !== null);
    const paths = await scopesAround(tx, places.map(department));
    const above = (place: string | null): Set<string> =>
      new Set([...(paths.get(place ?? '') ?? [])].filter((id) => id !== ''));
    const changed = new Set(origins.flatMap((from) => [...above(from).symmetricDifference(above(to))]));
    const holders = await holdersWithin(tx, [...changed], tx.now);
    if (holders.length === 0) return;
    const all = await rolesOf(tx);
    const within = holders.flatMap(({ held }) => departmentsOf(held));
    const covers = coversBy(await scopesAround(tx, [...places, ...within].map(department)));
    // Of what holders have for themselves alone nothing changes: who is put somewhere is managed by whoever puts them there.
    const standAt = (place: string | null): Stand => ({
      at: place === null ? null : department(place),
      covers,
      nearest: 'reports',
    });
    const ways = origins.map((from): Way => ({ from: standAt(from), to: standAt(to) }));

    const own = holders.find((holder) => holder.profileId === profileId)?.held ?? [];
    for (const way of ways) {
      const gained = gainedOver(grantsOf(own, all), catalogue(), way.from, way.to);
      const refusal = refusalOf(own, all, gained, way.from, way.to);
      if (refusal !== undefined) throw refusal;
    }
    const others = holders.filter((holder) => holder.profileId !== profileId).map(({ held }) => held);
    const alike = [...Map.groupBy(others, (held) => JSON.stringify(held)).values()].map(([first]) => first!);
    const changing = ways.flatMap((way) => alike.flatMap((held) => changedOf(held, all, way)));
    await standing.mustStandAbove(tx, context, each(changing));
  };
};

export type MayPlace = ReturnType<typeof createMayPlace>;
