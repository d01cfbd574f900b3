import { conflict, createCrud, invalid } from '../../../platform/module.ts';
import type { Context, MovingParts, Tx } from '../../../platform/module.ts';
import type { MayWork, People, Zones } from '../ports.ts';
import type { Rosters } from '../rosters/rosters.service.ts';
import { isLive } from './assignments.lifecycle.ts';
import { equipmentKindsAmong, standingOf, taskKindsOf } from './assignments.repository.ts';
import type { AssignmentRow } from './assignments.repository.ts';

interface AssignmentsDependencies extends MovingParts<AssignmentRow> {
  readonly people: People;
  readonly zones: Zones;
  readonly rosters: Rosters;
  readonly mayWork: MayWork;
}

/** What an assignment that is no draft may still change: guards, seats and shifts hang on the rest. */
const LATER: readonly string[] = ['endsOn'];

const latest = (a: Date, b: Date): Date => (a > b ? a : b);

type Derived = Pick<AssignmentRow, 'projectId' | 'startsOn' | 'endsOn' | 'taskKindIds' | 'equipmentKindIds'>;

/** Work assignments of the people whom the caller reaches. */
export const createAssignmentsService = (dependencies: AssignmentsDependencies) => {
  const { people, zones, rosters, mayWork } = dependencies;
  const derive = async (tx: Tx, row: Derived) => {
    if (row.endsOn !== null && row.endsOn < row.startsOn) throw invalid('/endsOn', 'BEFORE_START');
    const { found } = await taskKindsOf(tx, row.taskKindIds);
    if (found !== row.taskKindIds.length) throw invalid('/taskKindIds', 'UNKNOWN_REFERENCE');
    const equipment = row.equipmentKindIds ?? [];
    if ((await equipmentKindsAmong(tx, equipment)) !== equipment.length)
      throw invalid('/equipmentKindIds', 'UNKNOWN_REFERENCE');
    return { endsAt: await zones.endOfDay(tx, row.endsOn, row) };
  };
  /** An active assignment that ends on another day needs its contract until then, and loses the shifts that come after. */
  const follow = async (tx: Tx, row: AssignmentRow, endsAt: string | null, context: Context): Promise<void> => {
    if (row.status !== 'active') return;
    await mayWork(tx, context, [{ ...row, endsAt, isActive: true }]);
    const { contract } = await standingOf(tx, row);
    if (row.contractId !== null && !isLive(contract, row)) throw conflict('CONTRACT_NOT_LIVE');
    if (endsAt !== null)
      await rosters.clear(tx, context, row.id, 'ended', latest(tx.now, new Date(Date.parse(endsAt) - 1)));
  };
  return createCrud({
    ...dependencies,
    restrict: (context) => people.restrict(context),
    audience: ({ profileId }) => [profileId],
    onCreate: async (tx, row, context) => {
      await people.mustReach(tx, context, row.profileId);
      return derive(tx, row);
    },
    onEdit: async (tx, row, patch, context) => {
      if (row.status === 'ended' || row.status === 'cancelled') throw conflict('ASSIGNMENT_CLOSED');
      const early = Object.keys(patch).find((field) => row.status !== 'draft' && !LATER.includes(field));
      if (early !== undefined) throw conflict('ASSIGNMENT_BEGUN');
      const after = { ...row, ...patch };
      const derived = await derive(tx, after);
      await follow(tx, after, derived.endsAt, context);
      return derived;
    },
    onRemove: (_tx, row) => {
      if (row.status !== 'draft' && row.status !== 'cancelled') throw conflict('ASSIGNMENT_BEGUN');
    },
    onRestore: derive,
  });
};
