import { entity, instant, integer, listOf, nullable, oneOf, text, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf } from '../../../platform/module.ts';
import { WORK_KINDS } from './swing.ts';

const EXCEPTION_KINDS = ['swap', 'call_out', 'extension'] as const;

export const RosterExceptionEntity = entity({
  table: 'roster_exception',
  fields: {
    kind: oneOf(EXCEPTION_KINDS),
    profileId: uuid(),
    shiftId: nullable(uuid({ description: 'Swap: the shift that is given away. Extension: the one that ends later' })),
    withProfileId: nullable(uuid({ description: 'Swap: the colleague' })),
    takesShiftId: nullable(uuid({ description: 'Swap: the colleague’s shift that is taken, if any' })),
    assignmentId: nullable(uuid({ description: 'Call-out: for which assignment' })),
    shiftKind: nullable(oneOf(WORK_KINDS)),
    startsAt: nullable(instant()),
    endsAt: nullable(instant()),
    minutes: nullable(integer(1, 1_440, { description: 'Extension: how much later it ends' })),
    reason: nullable(text(500)),
    requestedBy: nullable(uuid()),
    decidedBy: nullable(uuid()),
    decidedAt: nullable(instant()),
    status: oneOf(['requested', 'approved', 'rejected', 'cancelled']),
  },
  create: [
    'kind',
    'profileId',
    'shiftId',
    'withProfileId',
    'takesShiftId',
    'assignmentId',
    'shiftKind',
    'startsAt',
    'endsAt',
    'minutes',
    'reason',
  ],
  edit: [],
});
export type RosterExceptionRow = RowOf<typeof RosterExceptionEntity>;

export const rosterExceptionList = listOf(RosterExceptionEntity, {
  sorts: ['-createdAt'],
  filters: ['status', 'profileId'],
  coarse: { kind: 'some kinds, all of them common' },
});

/** The profile's active assignment in a project. */
export const activeAssignment = async (
  reader: Reader,
  profileId: string,
  projectId: string,
): Promise<string | undefined> => {
  const [row] = await reader.prepared<{ id: string }>(
    `select a.id from work_assignment a where a.company_id = $1 and a.profile_id = $2 and a.project_id = $3
     and a.status = 'active' and a.deleted_at is null`,
    [reader.companyId, profileId, projectId],
  );
  return row?.id;
};

/** Person, project and state of an assignment. */
export const assignmentFacts = async (
  reader: Reader,
  id: string,
): Promise<{ profileId: string; projectId: string; status: string } | undefined> =>
  (
    await reader.prepared<{ profileId: string; projectId: string; status: string }>(
      `select a.profile_id as "profileId", a.project_id as "projectId", a.status from work_assignment a
       where a.company_id = $1 and a.id = $2 and a.deleted_at is null`,
      [reader.companyId, id],
    )
  )[0];
