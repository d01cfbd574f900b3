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

/**
 * Runs a change of who reports to whom. Throws 403 where the caller reaches one of these people by it, whom a permission of
 * theirs did not reach: nobody lets people report to themselves, or to those below, to be allowed more.
 */
export const createMustReachNoFurther =
  (catalogue: () => Catalogue) =>
  async (tx: Tx, { principal }: Pick<Caller, 'principal'>, ids: readonly string[], change: () => Promise<void>) => {
    const { profileId } = principal;
    const held = profileId === null ? [] : await byLines(tx, profileId, catalogue());
    const reached = async ({ allowance }: ByLines): Promise<ReadonlySet<string>> =>
      visibleAmong(tx, { principal, allowance }, ids);
    const before: ReadonlySet<string>[] = [];
    for (const each of held) before.push(await reached(each));
    await change();
    for (const [index, each] of held.entries()) {
      const after = await reached(each);
      if (!after.isSubsetOf(before[index]!))
        throw forbidden('GRANT_ABOVE_OWN', { params: { permission: each.permission } });
    }
  };

export type MustReachNoFurther = ReturnType<typeof createMustReachNoFurther>;
