import Type from 'typebox';
import {
  atLeast,
  atMost,
  code,
  day,
  entity,
  exact,
  instant,
  integer,
  keeps,
  line,
  listOf,
  nullable,
  oneOf,
  text,
  uuid,
} from '../../../platform/module.ts';
import type { Erasure, Reader, RowOf } from '../../../platform/module.ts';
import { shown } from '../../../platform/schema/entity.ts';
import { ACTIONS, INVALID_REASONS, LEVELS } from '../classification/classify.ts';
import { REQUIREMENT_KINDS } from '../classification/policy.ts';
import { REQUIREMENT_STATUSES } from '../compliance/compliance.ts';

const Lacking = (description: string) => exact({ other: oneOf(ACTIONS), highRisk: oneOf(ACTIONS) }, { description });

/** The policy's numbers, and what the decision table made of them, as they were when the requirement was made. */
const RequirementTerms = exact({
  supervisorHours: integer(1, 168),
  reviewOneIn: integer(1, 100),
  deviceSilentMinutes: integer(5, 1_440),
  missing: exact(
    {
      test: Lacking('What follows where exposure starts without the test'),
      outage: Lacking('The same where a detected outage is to blame'),
      restrictions: exact({ noDriving: Type.Boolean(), accompanied: Type.Boolean(), noHeights: Type.Boolean() }),
    },
    { description: 'What the decision table says of a missing test, by risk group' },
  ),
});

/** By what an outage was detected, and since when it had lasted. */
export const Detected = exact({
  by: oneOf(['source', 'devices', 'license']),
  since: nullable(instant()),
  devices: Type.Array(code(64), { maxItems: 1_000, description: 'Serials of the devices that were silent' }),
});

export const Requirement = entity({
  table: 'requirement',
  fields: {
    profileId: uuid(),
    shiftId: nullable(uuid()),
    shiftDate: day({ description: 'Start day of the shift in the zone of its site' }),
    siteId: nullable(uuid()),
    projectId: nullable(uuid()),
    kind: oneOf(REQUIREMENT_KINDS),
    definitionCode: code(40),
    windowFrom: instant(),
    dueAt: instant({ description: 'First exposure: the actual start of the shift, else the planned one' }),
    graceUntil: instant(),
    missAt: instant({ description: 'When it counts as missed' }),
    lackingSince: nullable(instant({ description: 'Since when the person is exposed without it, restricted' })),
    status: oneOf(REQUIREMENT_STATUSES),
    highRisk: Type.Boolean(),
    policyId: nullable(uuid()),
    terms: RequirementTerms,
    triggerResultId: nullable(uuid()),
    resultId: nullable(uuid()),
    level: nullable(oneOf(LEVELS)),
    attempts: integer(0, 1_000),
    hadInvalid: Type.Boolean(),
    doneAt: nullable(instant()),
    reason: nullable(text(40)),
    excusedBy: nullable(uuid()),
    excusedAt: nullable(instant()),
    reviewDrawn: Type.Boolean({ description: 'Drawn for the manager’s review' }),
    reviewedBy: nullable(uuid()),
    reviewedAt: nullable(instant()),
    blockedBecause: nullable(line(40)),
    detected: nullable(Detected),
    assessedBy: nullable(uuid()),
    assessedAt: nullable(instant()),
    assessedFit: nullable(Type.Boolean({ description: 'What the assessment during an outage came to' })),
  },
  create: [],
  edit: [],
});
export type RequirementRow = RowOf<typeof Requirement>;

export const requirementList = listOf(Requirement, {
  sorts: ['-dueAt'],
  filters: ['status', 'profileId', 'shiftId', 'projectId'],
  coarse: { kind: 'some kinds, all of them common', siteId: 'sites are few' },
  also: {
    reviewDrawn: { schema: Type.Boolean(), sql: (_bind, value: boolean) => `${value ? '' : 'not '}t.review_drawn` },
    from: atLeast('t.due_at', instant()),
    to: atMost('t.due_at', instant()),
  },
});

/** What the shifts have already: `shift kind test`. */
export const plannedFor = async (reader: Reader, shiftIds: readonly string[]): Promise<ReadonlySet<string>> => {
  const rows = await reader.prepared<{ key: string }>(
    `select shift_id || ' ' || kind || ' ' || definition_code as key from requirement
     where company_id = $1 and shift_id = any($2) and deleted_at is null`,
    [reader.companyId, shiftIds],
  );
  return new Set(rows.map(({ key }) => key));
};

/** Ids of tests that were to be taken before a shift and, as far as it was planned, were not in time. */
export const openBeforeShift = async (reader: Reader, shiftId: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select id from requirement where company_id = $1 and shift_id = $2 and kind = 'pre_shift'
       and status in ('due', 'done_late', 'missed') and deleted_at is null order by id`,
    [reader.companyId, shiftId],
  );
  return rows.map(({ id }) => id);
};

/** The first valid result that answers a requirement and stands; a clock that runs ahead counts when it came. */
export const firstAnswer = async (
  reader: Reader,
  requirementId: string,
): Promise<{ resultId: string; at: string } | undefined> =>
  (
    await reader.prepared<{ resultId: string; at: string }>(
      `select t.id as "resultId", least(t.taken_at, t.received_at) as at from test_result t
       join test_result_key k on k.company_id = $1 and k.result_id = t.id and not k.is_duplicate
       where t.company_id = $1 and t.requirement_id = $2 and not t.practice and not t.reasons && $3
       order by 2, t.id limit 1`,
      [reader.companyId, requirementId, INVALID_REASONS],
    )
  )[0];

/** Ids of requirements of a shift that are still due. */
export const dueOfShift = async (reader: Reader, shiftId: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select id from requirement
     where company_id = $1 and shift_id = $2 and status = 'due' and deleted_at is null order by id`,
    [reader.companyId, shiftId],
  );
  return rows.map(({ id }) => id);
};

/** The requirement of a kind that a person has to answer still, if there is one. */
export const openFor = async (
  reader: Reader,
  { profileId, kind }: Pick<RequirementRow, 'profileId' | 'kind'>,
): Promise<string | undefined> => {
  const rows = await reader.prepared<{ id: string }>(
    `select id from requirement where company_id = $1 and profile_id = $2 and kind = $3 and status = 'due'
       and deleted_at is null order by due_at, id limit 1`,
    [reader.companyId, profileId, kind],
  );
  return rows[0]?.id;
};

/** Ids of requirements of a person that are due at `at`, save those that hang on a shift to come: they go with it. */
export const dueOfProfile = async (reader: Reader, profileId: string, at: Date): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select r.id from requirement r
     where r.company_id = $1 and r.profile_id = $2 and r.status = 'due' and r.deleted_at is null
       and not exists (select 1 from shift s
         where s.company_id = $1 and s.id = r.shift_id and s.status = 'planned' and s.starts_at > $3)
     order by r.due_at, r.id`,
    [reader.companyId, profileId, at],
  );
  return rows.map(({ id }) => id);
};

/** A requirement whose time is over, with what may be to blame for it. */
export interface Overdue {
  readonly id: string;
  readonly missAt: string;
  readonly profileId: string;
  /** The shift was cancelled. */
  readonly cancelled: boolean;
  readonly sourceStatus: string | null;
  /** Whether the source was read since the time was over; null for tests that come through no source. */
  readonly isRead: boolean | null;
  readonly highRisk: boolean;
  readonly terms: RequirementRow['terms'];
  readonly lackingSince: string | null;
  /** When the source was last read to its end. */
  readonly sourceReadAt: string | null;
  /**
   * Devices of the source at the site, and since when each is silent; null where one is not known to be out: somebody has to
   * have put it out of service before the test was due, and nothing may have come from it since, for the policy's minutes.
   */
  readonly devices: readonly { readonly serial: string; readonly silentSince: string | null }[];
  /** The person's seat of the source is suspended or has expired. */
  readonly licenseOut: boolean;
}

/** When it is decided what a test that is not there means: as exposure starts, and again as it counts as missed. */
const LOOKED_AT = 'case when r.lacking_since is null then r.grace_until else r.miss_at end';

/** Requirements without which exposure began, or that are missed, at `at`, and those of the next day whose shift was cancelled; oldest first. */
export const overdue = (
  reader: Reader,
  at: Date,
  after: readonly [string, string],
  limit: number,
): Promise<Overdue[]> =>
  reader.prepared(
    `select r.id, r.miss_at as "missAt", r.profile_id as "profileId", coalesce(s.status = 'cancelled' or s.deleted_at is not null, false) as cancelled,
       i.status as "sourceStatus", i.succeeded_at >= ${LOOKED_AT} as "isRead", r.high_risk as "highRisk", r.terms, r.lacking_since as "lackingSince",
       i.succeeded_at as "sourceReadAt",
       coalesce((select json_agg(json_build_object('serial', d.serial, 'silentSince', case
           when d.out_since <= r.due_at and coalesce(d.last_seen_at, d.out_since) <= least(d.out_since,
             ${LOOKED_AT} - make_interval(mins => (r.terms->>'deviceSilentMinutes')::integer))
           then ${shown('coalesce(d.last_seen_at, d.out_since)', instant())} end) order by d.serial)
         from device d
         where d.company_id = $1 and d.site_id = r.site_id and d.deleted_at is null and d.status <> 'retired'
           and (d.kind = 'FIT2000') = (t.source = 'FIT2000')), '[]') as devices,
       exists (select 1 from license l where l.company_id = $1 and l.profile_id = r.profile_id and l.offering = t.source
         and l.status in ('suspended', 'expired') and l.deleted_at is null)
         and not exists (select 1 from license l where l.company_id = $1 and l.profile_id = r.profile_id
           and l.offering = t.source and l.status = 'active' and l.deleted_at is null) as "licenseOut"
     from requirement r
     left join shift s on s.company_id = $1 and s.id = r.shift_id
     left join test_definition t on t.code = r.definition_code and t.current
     left join ingest_cursor i on i.source = t.source
     where r.company_id = $1 and r.status = 'due' and r.deleted_at is null 
       and r.miss_at <= $2::timestamptz + interval '1 day' and (r.miss_at, r.id) > ($3, $4)
       and (r.miss_at <= $2 or (r.lacking_since is null and r.grace_until <= $2) or s.status = 'cancelled' or s.deleted_at is not null)
     order by r.miss_at, r.id limit $5`,
    [reader.companyId, at, ...after, limit],
  );

const KEPT = keeps(Requirement);

/** A random test is nobody's to foresee, whatever a person asks for. */
export const requirementErasure: Erasure = {
  ...KEPT,
  rows: async (tx, profileId) =>
    ((await KEPT.rows?.(tx, profileId)) ?? []).filter(
      ({ kind, windowFrom }) => kind !== 'random' || Date.parse(String(windowFrom)) <= tx.now.getTime(),
    ),
};
