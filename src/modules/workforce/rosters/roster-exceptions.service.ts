import { createCrud, invalid } from '../../../platform/module.ts';
import type { MovingParts, Repository, Tx } from '../../../platform/module.ts';
import type { People } from '../ports.ts';
import { assignmentFacts } from './roster-exceptions.repository.ts';
import type { RosterExceptionRow } from './roster-exceptions.repository.ts';
import type { ShiftRow } from './shifts.repository.ts';

interface RosterExceptionsDependencies extends MovingParts<RosterExceptionRow> {
  readonly shifts: Repository<ShiftRow>;
  readonly people: People;
}

type Field = Exclude<keyof RosterExceptionRow, 'id' | 'version' | 'createdAt' | 'updatedAt'>;

const NEEDED: Readonly<Record<RosterExceptionRow['kind'], readonly Field[]>> = {
  swap: ['shiftId', 'withProfileId'],
  call_out: ['assignmentId', 'shiftKind', 'startsAt', 'endsAt'],
  extension: ['shiftId', 'minutes'],
};
const FIELDS: readonly Field[] = [...Object.values(NEEDED).flat(), 'takesShiftId'];

const mustHaveItsFields = (row: Pick<RosterExceptionRow, Field>): void => {
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
    restrict: (context) => people.restrict(context),
    onCreate: async (tx, row, context) => {
      mustHaveItsFields(row);
      await people.mustReach(tx, context, row.profileId);
      if (row.startsAt !== null && row.endsAt !== null && row.endsAt <= row.startsAt)
        throw invalid('/endsAt', 'BEFORE_START');
      await mustOwn(tx, row.shiftId, row.profileId, '/shiftId');
      await mustOwn(tx, row.takesShiftId, row.withProfileId, '/takesShiftId');
      if (row.assignmentId !== null && (await assignmentFacts(tx, row.assignmentId))?.profileId !== row.profileId)
        throw invalid('/assignmentId', 'UNKNOWN_REFERENCE');
      return { requestedBy: context.principal.profileId };
    },
  });
};
