import type { Decide } from '../../../platform/access/decision.ts';
import { forbidden } from '../../../platform/module.ts';
import { reachesDepartment } from '../reach.ts';
import { idsAbove } from '../roles/moving.ts';
import type { Standing } from '../roles/standing.ts';
import type { MayMove } from '../tree.ts';
import type { DepartmentGrant, departmentGrants, hasPeople } from './features.reads.ts';
import { WRITE } from './grants.service.ts';

interface MovedDependencies {
  readonly decide: Decide;
  readonly standing: Pick<Standing, 'holdsByNameOnly' | 'levelOf' | 'mustStandAboveAll'>;
  readonly grantsOf: typeof departmentGrants;
  readonly hasPeople: typeof hasPeople;
}

/** What a grant makes of a feature, wherever it is said; all whose time has begun are alike. */
const textOf = ({ id: _id, departmentId: _departmentId, startsAt, ...said }: DepartmentGrant, now: Date): string =>
  JSON.stringify([said, new Date(startsAt) > now ? startsAt : null]);

const bounds = ({ effect, quota }: DepartmentGrant): boolean => effect === 'deny' || quota !== null;

/**
 * What a department is given or denied of features holds for all below it: who moves one gives and withholds by that. Throws 403 for
 * whoever may not do so for the people in it, or frees them of what somebody set who ranks above.
 */
export const createMayCarry =
  ({ decide, standing, grantsOf, hasPeople: hasAny }: MovedDependencies): MayMove =>
  async (tx, context, from, to) => {
    const [left, entered] = [idsAbove(from), idsAbove(to)];
    const found = await grantsOf(tx, [...left.symmetricDifference(entered)], tx.now);
    if (found.length === 0 || !(await hasAny(tx, from.id))) return;
    const those = (departments: ReadonlySet<string>) => found.filter((each) => departments.has(each.departmentId));
    const without = (some: readonly DepartmentGrant[], others: readonly DepartmentGrant[]) => {
      const texts = new Set(others.map((each) => textOf(each, tx.now)));
      return some.filter((each) => !texts.has(textOf(each, tx.now)));
    };
    const [lost, gained] = [without(those(left), those(entered)), without(those(entered), those(left))];
    if (lost.length + gained.length === 0) return;
    const allowance = decide(context.principal, WRITE);
    if (!allowance.allowed) throw forbidden('FORBIDDEN', { params: { permission: WRITE } });
    if (!(await reachesDepartment(tx, allowance, from.id))) throw forbidden('OUT_OF_REACH');
    const takes = gained.some(bounds) || lost.some(({ effect }) => effect === 'allow');
    const whom = { departmentId: from.id, roleId: null, systemRole: null };
    if (takes || (await standing.holdsByNameOnly(tx, context, WRITE, { kind: 'department', id: from.id })))
      await standing.mustStandAboveAll(tx, context, whom);
    const level = Math.max(0, ...lost.filter(bounds).map((each) => each.level));
    if ((await standing.levelOf(tx, context)) < level) throw forbidden('FEATURE_GRANT_ABOVE_OWN');
  };
