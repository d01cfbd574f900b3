import { createCrud } from '../../../platform/crud/service.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import { invalid } from '../../../platform/problem.ts';
import type { People } from '../ports.ts';
import { assignmentFacts } from './roster-exceptions.repository.ts';
import type { RosterExceptionRow } from './roster-exceptions.repository.ts';
import type { ShiftRow } from './shifts.repository.ts';

interface RosterExceptionsDependencies {
  readonly repository: Repository<RosterExceptionRow>;
  readonly shifts: Repository<ShiftRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly mover: Mover<RosterExceptionRow>;
  readonly people: People;
  readonly now: () => Date;
}

type Field = keyof RosterExceptionRow;

const NEEDED: Readonly<Record<RosterExceptionRow['kind'], readonly Field[]>> = {
  swap: ['shiftId', 'withProfileId'],
  call_out: ['assignmentId', 'shiftKind', 'startsAt', 'endsAt'],
  extension: ['shiftId', 'minutes'],
};
const FIELDS: readonly Field[] = [...Object.values(NEEDED).flat(), 'takesShiftId'];

const mustHaveItsFields = (row: RosterExceptionRow): void => {
  const needed = NEEDED[row.kind];
  const missing = needed.find((field) => row[field] === null);
  if (missing !== undefined) throw invalid(`/${missing}`, 'NEEDED_HERE');
  const allowed = row.kind === 'swap' ? [...needed, 'takesShiftId'] : needed;
  const extra = FIELDS.find((field) => row[field] !== null && !allowed.includes(field));
  if (extra !== undefined) throw invalid(`/${extra}`, 'NOT_FOR_THIS_KIND');
};

/** Requests to change the roster, of the people whom the caller reaches. */
export const createRosterExceptionsService = (dependencies: RosterExceptionsDependencies) => {
  const { people, shifts } = dependencies;
  const mustOwn = async (tx: Tx, id: string | null, profileId: string | null, pointer: string): Promise<void> => {
    if (id !== null && (await shifts.find(tx, id))?.profileId !== profileId)
      throw invalid(pointer, 'UNKNOWN_REFERENCE');
  };
  return createCrud({
    ...dependencies,
    restrict: (context) => people.restrict(context, 'x.profile_id'),
    onCreate: async (tx, body, context) => {
      const row = body as RosterExceptionRow;
      mustHaveItsFields(row);
      await people.mustReach(tx, context, row.profileId);
      if (row.startsAt !== null && row.endsAt !== null && row.endsAt <= row.startsAt)
        throw invalid('/endsAt', 'BEFORE_START');
      await mustOwn(tx, row.shiftId, row.profileId, '/shiftId');
      await mustOwn(tx, row.takesShiftId, row.withProfileId, '/takesShiftId');
      if (row.assignmentId !== null && (await assignmentFacts(tx, row.assignmentId))?.profileId !== row.profileId)
        throw invalid('/assignmentId', 'UNKNOWN_REFERENCE');
      return { status: 'requested', requestedBy: context.principal.profileId, decidedBy: null, decidedAt: null };
    },
  });
};
