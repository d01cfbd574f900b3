import {
  atLeast,
  atMost,
  day,
  entity,
  instant,
  line,
  listOf,
  nullable,
  oneOf,
  uuid,
} from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';
import { LONGEST_SHIFT, WORK_KINDS } from './swing.ts';

const SHIFT_SOURCES = ['pattern', 'swap', 'call_out'] as const;
const CANCEL_CAUSES = ['manager', 'swap', 'suspension', 'ended'] as const;

export const Shift = entity({
  table: 'shift',
  fields: {
    assignmentId: uuid(),
    profileId: uuid(),
    projectId: uuid(),
    workDate: day({ description: 'The day it starts on in its site’s zone; a night belongs to it past midnight too' }),
    kind: oneOf(WORK_KINDS),
    source: oneOf(SHIFT_SOURCES),
    timezone: line(60, { description: 'IANA zone of the site' }),
    startsAt: instant(),
    endsAt: instant(),
    actualStartAt: nullable(instant()),
    actualEndAt: nullable(instant()),
    status: oneOf(['planned', 'started', 'done', 'cancelled']),
    cancelledBecause: nullable(oneOf(CANCEL_CAUSES)),
  },
  create: [],
  edit: [],
});
export type ShiftRow = RowOf<typeof Shift>;

export const shiftList = listOf(Shift, {
  sorts: ['startsAt'],
  filters: ['profileId', 'projectId', 'assignmentId', 'status', 'workDate'],
  also: { from: atLeast('t.work_date', day()), to: atMost('t.work_date', day()) },
});

/** Days of `[from, to)` for which the pattern has given the assignment a shift, not those that fell away with it: they come back when it does. */
export const expandedDates = async (
  reader: Reader,
  assignmentId: string,
  period: { readonly from: string; readonly to: string },
): Promise<Set<string>> => {
  const rows = await reader.prepared<{ workDate: string }>(
    `select s.work_date as "workDate" from shift s
     where s.company_id = $1 and s.assignment_id = $2 and s.work_date >= $3 and s.work_date < $4 and s.source = 'pattern'
       and (s.cancelled_because is null or s.cancelled_because in ('manager', 'swap')) and s.deleted_at is null`,
    [reader.companyId, assignmentId, period.from, period.to],
  );
  return new Set(rows.map(({ workDate }) => workDate));
};

/** Ids of a profile's shifts that stand and touch the time between two instants, in the order of their start. */
export const standingShifts = (
  reader: Reader,
  profileId: string,
  from: Date,
  to: Date,
): Promise<{ id: string; startsAt: string; endsAt: string; workDate: string; kind: ShiftRow['kind'] }[]> =>
  reader.prepared(
    `select s.id, s.starts_at as "startsAt", s.ends_at as "endsAt", s.work_date as "workDate", s.kind from shift s
     where s.company_id = $1 and s.profile_id = $2 and s.status <> 'cancelled' and s.deleted_at is null
       and s.starts_at > $3::timestamptz - ${LONGEST_SHIFT} and s.ends_at > $3 and s.starts_at < $4 order by s.starts_at`,
    [reader.companyId, profileId, from, to],
  );

/** Ids of an assignment's planned shifts that start after `at`, ascending. */
export const futureShifts = async (tx: Tx, assignmentId: string, at: Date): Promise<string[]> => {
  const rows = await tx.prepared<{ id: string }>(
    `select s.id from shift s where s.company_id = $1 and s.assignment_id = $2 and s.status = 'planned'
       and s.starts_at > $3 and s.deleted_at is null order by s.id`,
    [tx.companyId, assignmentId, at],
  );
  return rows.map(({ id }) => id);
};
