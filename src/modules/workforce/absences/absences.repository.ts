import { atLeast, atMost, day, entity, integer, line, listOf, oneOf, uuid } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';

/** Days on which a person does not work; the gate blocks them. */
export const Leave = entity({
  table: 'leave',
  fields: {
    profileId: uuid(),
    kind: oneOf(['vacation', 'sick', 'parental', 'unpaid', 'training', 'other']),
    startsOn: day(),
    endsOn: day({ description: 'Last day, included' }),
  },
  create: ['profileId', 'kind', 'startsOn', 'endsOn'],
  edit: ['kind', 'startsOn', 'endsOn'],
});
export type LeaveRow = RowOf<typeof Leave>;

export const leaveList = listOf(Leave, {
  sorts: ['-startsOn'],
  filters: ['profileId'],
  coarse: { kind: 'some kinds, all of them common' },
  also: { from: atLeast('t.ends_on', day()), to: atMost('t.starts_on', day()) },
});

/** Work for another employer that a person declares; it counts in the hours that the gate looks at. */
export const DeclaredHours = entity({
  table: 'declared_hours',
  fields: { profileId: uuid(), employer: line(200), workedOn: day(), minutes: integer(1, 1_440) },
  create: ['profileId', 'employer', 'workedOn', 'minutes'],
  edit: ['employer', 'workedOn', 'minutes'],
});
export type DeclaredHoursRow = RowOf<typeof DeclaredHours>;

export const declaredHoursList = listOf(DeclaredHours, {
  sorts: ['-workedOn'],
  filters: ['profileId'],
  also: { from: atLeast('t.worked_on', day()), to: atMost('t.worked_on', day()) },
});

/** Minutes that the person declared for the day, this entry aside; until the commit nobody else declares for them. */
export const minutesBeside = async (
  tx: Tx,
  { profileId, workedOn }: Pick<DeclaredHoursRow, 'profileId' | 'workedOn'>,
  id: string | null,
): Promise<number> => {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `declared_hours:${tx.companyId}:${profileId}`,
  ]);
  const [row] = await tx.prepared<{ minutes: number }>(
    `select coalesce(sum(h.minutes), 0) as minutes from declared_hours h
     where h.company_id = $1 and h.profile_id = $2 and h.worked_on = $3 and h.id is distinct from $4 and h.deleted_at is null`,
    [tx.companyId, profileId, workedOn, id],
  );
  return row?.minutes ?? 0;
};

/** The site that a person belongs to. */
export const siteOf = async (reader: Reader, profileId: string): Promise<string | null> =>
  (
    await reader.prepared<{ siteId: string | null }>(
      'select site_id as "siteId" from profile where company_id = $1 and id = $2',
      [reader.companyId, profileId],
    )
  )[0]?.siteId ?? null;

/** Whether the gate has decided, since the entry was made, on a shift in whose seven days its hours count. */
export const isCounted = async (
  reader: Reader,
  { profileId, workedOn, createdAt }: Pick<DeclaredHoursRow, 'profileId' | 'workedOn' | 'createdAt'>,
): Promise<boolean> =>
  (
    await reader.prepared(
      `select 1 from gate_decision d join shift s on s.company_id = $1 and s.id = d.shift_id
       where d.company_id = $1 and d.profile_id = $2 and d.created_at >= $3
         and s.work_date between $4::date and $4::date + 6 limit 1`,
      [reader.companyId, profileId, createdAt, workedOn],
    )
  ).length > 0;
