import type { Reader } from '../../../platform/db/database.ts';
import { addDays } from '../../../platform/time/zone.ts';
import type { ShiftReads, StandingShift } from '../ports.ts';

const COLUMNS = `s.id, s.assignment_id as "assignmentId", s.profile_id as "profileId", s.project_id as "projectId",
  s.work_date as "workDate", s.kind, s.source, s.timezone, s.starts_at as "startsAt", s.ends_at as "endsAt",
  s.actual_start_at as "actualStartAt", s.actual_end_at as "actualEndAt", s.status`;
const STANDING = `s.company_id = $1 and s.profile_id = $2 and s.status <> 'cancelled' and s.deleted_at is null`;

/** Reads of shifts for other areas: portals, fitness, the gate. */
export const createShiftReads = (): ShiftReads => ({
  get: async (reader: Reader, id: string) =>
    (
      await reader.prepared<StandingShift>(
        `select ${COLUMNS} from shift s where s.company_id = $1 and s.id = $2 and s.deleted_at is null`,
        [reader.companyId, id],
      )
    )[0],
  current: async (reader, profileId, at) => {
    const [row] = await reader.prepared<StandingShift>(
      `select ${COLUMNS} from shift s where ${STANDING} and s.status in ('planned', 'started') and s.ends_at > $3
       order by s.starts_at limit 1`,
      [reader.companyId, profileId, at],
    );
    return row;
  },
  ofDay: (reader, profileId, workDate) =>
    reader.prepared<StandingShift>(
      `select ${COLUMNS} from shift s where ${STANDING} and s.work_date >= $3 and s.work_date < $4 order by s.starts_at`,
      [reader.companyId, profileId, workDate, addDays(workDate, 1)],
    ),
  between: (reader, profileId, from, to) =>
    reader.prepared<StandingShift>(
      `select ${COLUMNS} from shift s where ${STANDING} and s.ends_at > $3 and s.starts_at < $4 order by s.starts_at`,
      [reader.companyId, profileId, from, to],
    ),
});
