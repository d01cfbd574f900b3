import { waysOf } from '../../../platform/access/allowance.ts';
import type { Allowance } from '../../../platform/access/allowance.ts';
import type { Catalogue } from '../../../platform/access/catalogue.ts';
import { decide } from '../../../platform/access/decision.ts';
import { forbidden } from '../../../platform/module.ts';
import type { Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import { visibleAmong } from '../reach.ts';
import { grantsOf } from './authority.ts';
import { holdingsOf, rolesOf } from './roles.repository.ts';

interface ByLines {
  readonly permission: string;
  readonly allowance: Allowance;
}

/** Permissions about people that go as far as lines do, one for each way in which they are held. */
const byLines = async (tx: Tx, profileId: string, catalogue: Catalogue): Promise<ByLines[]> => {
  const grants = grantsOf(await holdingsOf(tx, profileId, tx.now), await rolesOf(tx));
  const held = Object.keys(catalogue).flatMap((permission): ByLines[] => {
    const decision = catalogue[permission] === 'rows' ? decide({ grants }, permission, 'rows') : undefined;
    if (decision?.allowed !== true) return [];
    const { allowed: _allowed, ...allowance } = decision;
    const isByLines = waysOf(allowance).some(({ reach }) => reach === 'reports' || reach === 'hierarchy');
    return isByLines ? [{ permission, allowance }] : [];
  });
  const alike = Map.groupBy(held, ({ allowance }) => JSON.stringify(allowance)).values();
  return [...alike].map(([first]) => first!);
};

/** Those who are reached by each permission, as things stand and as they will once everybody left whose time ends. */
interface Reached {
  readonly permission: string;
  readonly now: ReadonlySet<string>;
  readonly later: ReadonlySet<string>;
}

/** Answers what `look` finds once those of these lines left whose time ends, and `leaving`; undefined where nobody leaves. */
export type Later = <T>(
  tx: Tx,
  lines: { readonly ids: readonly string[]; readonly leaving: readonly string[]; readonly but: string },
  look: () => Promise<T>,
) => Promise<T | undefined>;

/**
 * Runs a change of who reports to whom, or of who leaves in time (`leaving`). Throws 403 where the caller reaches one of these
 * people by it, now or once somebody left, whom a permission of theirs did not reach: nobody lets people report to themselves,
 * or to those below, to be allowed more.
 */
export const createMustReachNoFurther =
  (catalogue: () => Catalogue, later: Later) =>
  async (
    tx: Tx,
    { principal }: Pick<Caller, 'principal'>,
    ids: readonly string[],
    change: () => Promise<void>,
    leaving: readonly string[] = [],
  ): Promise<void> => {
    const { profileId } = principal;
    const held = profileId === null ? [] : await byLines(tx, profileId, catalogue());
    if (profileId === null || held.length === 0) return change();
    const reachedByEach = async (): Promise<ReadonlySet<string>[]> => {
      const each: ReadonlySet<string>[] = [];
      for (const { allowance } of held) each.push(await visibleAmong(tx, { principal, allowance }, ids));
      return each;
    };
    const look = async (leave: readonly string[]): Promise<Reached[]> => {
      const now = await reachedByEach();
      const then = (await later(tx, { ids, leaving: leave, but: profileId }, reachedByEach)) ?? now;
      return held.map(({ permission }, index) => ({ permission, now: now[index]!, later: then[index]! }));
    };
    const before = await look([]);
    await change();
    for (const [index, after] of (await look(leaving)).entries()) {
      const { now, later: then } = before[index]!;
      if (!after.now.isSubsetOf(now) || !after.later.isSubsetOf(then))
        throw forbidden('GRANT_ABOVE_OWN', { params: { permission: after.permission } });
    }
  };

export type MustReachNoFurther = ReturnType<typeof createMustReachNoFurther>;
