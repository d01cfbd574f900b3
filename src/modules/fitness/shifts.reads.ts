import type { Reader, Tx } from '../../platform/db/database.ts';
import type { ShiftFacts } from './ports.ts';

const SELECT = `select s.id, s.profile_id as "profileId", s.project_id as "projectId", p.site_id as "siteId",
    s.work_date as "workDate", s.kind, s.starts_at as "startsAt", s.ends_at as "endsAt",
    s.actual_start_at as "actualStartAt", s.actual_end_at as "actualEndAt", s.status
  from shift s join project p on p.company_id = $1 and p.id = s.project_id
  where s.company_id = $1 and s.deleted_at is null`;

export const shiftsById = (reader: Reader, ids: readonly string[]): Promise<ShiftFacts[]> =>
  reader.prepared(`${SELECT} and s.id = any($2) order by s.id`, [reader.companyId, ids]);

/** The shift that a person is on, or that begins next within three hours. */
export const shiftAround = async (reader: Reader, profileId: string, at: string): Promise<ShiftFacts | undefined> =>
  (
    await reader.prepared<ShiftFacts>(
      `${SELECT} and s.profile_id = $2 and s.status <> 'cancelled' and s.kind <> 'travel'
         and s.starts_at <= $3::timestamptz + interval '3 hours' and coalesce(s.actual_end_at, s.ends_at) > $3
       order by s.starts_at limit 1`,
      [reader.companyId, profileId, at],
    )
  )[0];

/** When the shift that a person is on ends, as it is planned; undefined where none runs. */
export const runningShiftEnd = async (tx: Tx, profileId: string): Promise<string | undefined> => {
  const now = tx.now.toISOString();
  const shift = await shiftAround(tx, profileId, now);
  return shift === undefined || (shift.actualStartAt ?? shift.startsAt) > now ? undefined : shift.endsAt;
};

/** Shifts that begin between two instants and have no requirement yet, the next ones first. */
export const shiftsWithoutRequirements = (
  reader: Reader,
  { from, to, limit }: { from: Date; to: Date; limit: number },
): Promise<ShiftFacts[]> =>
  reader.prepared(
    `${SELECT} and s.status in ('planned', 'started') and s.kind <> 'travel' and s.starts_at >= $2 and s.starts_at < $3
       and not exists (select 1 from requirement r
         where r.company_id = $1 and r.shift_id = s.id and r.deleted_at is null)
     order by s.starts_at, s.id limit $4`,
    [reader.companyId, from, to, limit],
  );

/** Day of an instant in the zone of the person's site, else of the company. */
export const dayFor = async (
  reader: Reader,
  profileId: string,
  at: string,
): Promise<{ day: string; siteId: string | null }> => {
  const [row] = await reader.prepared<{ day: string; siteId: string | null }>(
    `select to_char($3::timestamptz at time zone coalesce(s.timezone, c.timezone), 'YYYY-MM-DD') as day,
       p.site_id as "siteId"
     from profile p join company c on c.id = $1
     left join site s on s.company_id = $1 and s.id = p.site_id
     where p.company_id = $1 and p.id = $2`,
    [reader.companyId, profileId, at],
  );
  return row ?? { day: at.slice(0, 10), siteId: null };
};
