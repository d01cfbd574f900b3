import { createCrud } from '../../../platform/crud/service.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import { conflict, invalid } from '../../../platform/problem.ts';
import { addDays, startOfDay } from '../../../platform/time/zone.ts';
import type { People, Zones } from '../ports.ts';
import type { Rosters } from '../rosters/rosters.service.ts';
import { isLive } from './assignments.lifecycle.ts';
import { standingOf, taskKindsOf } from './assignments.repository.ts';
import type { AssignmentRow } from './assignments.repository.ts';

interface AssignmentsDependencies {
  readonly repository: Repository<AssignmentRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly mover: Mover<AssignmentRow>;
  readonly people: People;
  readonly zones: Zones;
  readonly rosters: Rosters;
  readonly now: () => Date;
}

/** What an assignment that is no draft may still change: guards, seats and shifts hang on the rest. */
const LATER: readonly string[] = ['endsOn'];

const latest = (a: Date, b: Date): Date => (a > b ? a : b);

/** Work assignments of the people whom the caller reaches. */
export const createAssignmentsService = (dependencies: AssignmentsDependencies) => {
  const { people, zones, rosters } = dependencies;
  const derive = async (tx: Tx, row: Pick<AssignmentRow, 'projectId' | 'startsOn' | 'endsOn' | 'taskKindIds'>) => {
    if (row.endsOn !== null && row.endsOn < row.startsOn) throw invalid('/endsOn', 'BEFORE_START');
    const { found } = await taskKindsOf(tx, row.taskKindIds);
    if (found !== row.taskKindIds.length) throw invalid('/taskKindIds', 'UNKNOWN_REFERENCE');
    const zone = await zones.ofProject(tx, row.projectId);
    return { endsAt: row.endsOn === null ? null : startOfDay(addDays(row.endsOn, 1), zone).toISOString() };
  };
  /** An active assignment that ends on another day needs its contract until then, and loses the shifts that come after. */
  const follow = async (tx: Tx, row: AssignmentRow, endsAt: string | null, context: Context): Promise<void> => {
    if (row.status !== 'active') return;
    const { contract } = await standingOf(tx, row);
    if (row.contractId !== null && !isLive(contract, row)) throw conflict('CONTRACT_NOT_LIVE');
    if (endsAt !== null)
      await rosters.clear(tx, context, row.id, 'ended', latest(tx.now, new Date(Date.parse(endsAt) - 1)));
  };
  return createCrud({
    ...dependencies,
    restrict: (context) => people.restrict(context, 'a.profile_id'),
    audience: ({ profileId }) => [profileId],
    onCreate: async (tx, body, context) => {
      const row = body as AssignmentRow;
      await people.mustReach(tx, context, row.profileId);
      return { status: 'draft', ...(await derive(tx, row)) };
    },
    onEdit: async (tx, row, patch: Partial<AssignmentRow>, context) => {
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
      return Promise.resolve();
    },
  });
};
