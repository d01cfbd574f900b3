import type { Opener } from '../../../platform/change/company-vault.ts';
import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { RequirementKind } from '../classification/policy.ts';
import type { DeviceFacts, DeviceState, OwnBaseline } from '../classification/signals.ts';
import type { TestSource } from '../definitions/definitions.ts';
import type { ArrivalFlag, Attempt, PolicyFacts, PolicyOf } from '../ports.ts';
import { INVALID_REASONS } from '../classification/classify.ts';
import type { Level, Reason } from '../classification/classify.ts';
import type { TestContent } from './content.ts';

export interface DefinitionFacts {
  readonly code: string;
  readonly version: number;
  readonly biasMs: number;
  readonly sdMs: number;
}

export interface KnownDevice extends DeviceFacts {
  readonly id: string;
}

export interface BaselineFacts extends OwnBaseline {
  readonly revision: number;
}

export interface RequirementFacts {
  readonly id: string;
  readonly profileId: string;
  readonly shiftId: string | null;
  readonly kind: RequirementKind;
  readonly definitionCode: string;
  readonly windowFrom: string;
  readonly dueAt: string;
}

/** A case that waits for a retest, or will when its timer is over. */
export interface WaitingCase {
  readonly id: string;
  readonly profileId: string;
  readonly restUntil: string;
  readonly triggerResultId: string | null;
}

/** A result that stands, with its content opened. */
export interface StandingResult {
  readonly id: string;
  readonly profileId: string;
  readonly shiftId: string | null;
  readonly source: TestSource;
  readonly externalId: string;
  readonly definitionCode: string;
  readonly definitionVersion: number;
  readonly startedAt: string | null;
  readonly takenAt: string;
  readonly receivedAt: string;
  readonly deviceId: string | null;
  readonly deviceState: DeviceState;
  readonly qualityFlags: readonly string[];
  readonly arrivalFlags: readonly ArrivalFlag[];
  readonly requirementId: string | null;
  readonly caseId: string | null;
  readonly supervised: boolean;
  readonly practice: boolean;
  readonly attempt: Attempt;
  readonly attemptNo: number;
  readonly retestOf: string | null;
  readonly level: Level;
  readonly reasons: readonly Reason[];
  readonly content: TestContent;
}

/** From when to when something about a person matters, ISO text. */
export interface Span {
  readonly profile: string;
  readonly from: string;
  readonly to: string;
}

/** The profiles, locked until the end of the unit of work: results of one person are judged one after the other. */
export const lockProfiles = async (
  tx: Tx,
  ids: readonly string[],
  policies: Pick<PolicyFacts, 'policiesOf'>,
): Promise<ReadonlyMap<string, PolicyOf>> => {
  await tx.prepared('select id from profile where company_id = $1 and id = any($2) order by id for no key update', [
    tx.companyId,
    ids,
  ]);
  return policies.policiesOf(tx, ids);
};

/** The tests there are, in their current version. */
export const definitionsOf = async (reader: Reader): Promise<Map<string, DefinitionFacts>> => {
  const rows = await reader.prepared<DefinitionFacts>(
    `select code, version, bias_ms as "biasMs", sd_ms as "sdMs" from test_definition where current`,
  );
  return new Map(rows.map((row) => [row.code, row]));
};

interface DeviceRow {
  readonly id: string;
  readonly serial: string;
  readonly status: string;
  readonly biasMs: number | null;
  readonly sdMs: number | null;
  readonly calibrationDueAt: string | null;
}

export const devicesOf = async (reader: Reader, serials: readonly string[]): Promise<Map<string, KnownDevice>> => {
  const rows = await reader.prepared<DeviceRow>(
    `select id, serial, status, bias_ms as "biasMs", sd_ms as "sdMs", calibration_due_at as "calibrationDueAt"
     from device where company_id = $1 and serial = any($2) and deleted_at is null`,
    [reader.companyId, serials],
  );
  return new Map(
    rows.map(({ id, serial, status, biasMs, sdMs, calibrationDueAt }) => {
      const calibrationDue = calibrationDueAt === null ? null : new Date(calibrationDueAt);
      return [serial, { id, active: status === 'active', biasMs, sdMs, calibrationDue }];
    }),
  );
};

/** What a baseline keeps sealed. */
export interface BaselineValues {
  readonly mean: number | null;
  readonly sd: number | null;
}

const baselineKey = (profileId: string, definition: string): string => `${profileId}:${definition}`;

/** The baselines that serve, with their groups' deviation; a stale one serves until it is superseded. */
export const baselinesOf = async (
  reader: Reader,
  profiles: ReadonlyMap<string, PolicyOf>,
  open: Opener,
): Promise<(profileId: string, definition: string) => BaselineFacts | null> => {
  const rows = await reader.prepared<{
    id: string;
    profileId: string;
    definitionCode: string;
    revision: number;
    valuesSealed: string;
  }>(
    `select id, profile_id as "profileId", definition_code as "definitionCode", revision, values_sealed as "valuesSealed"
     from baseline where company_id = $1 and profile_id = any($2) and status <> 'superseded' and deleted_at is null`,
    [reader.companyId, [...profiles.keys()]],
  );
  const groups = await reader.prepared<{ riskGroupId: string | null; definitionCode: string; pooledSd: number | null }>(
    `select risk_group_id as "riskGroupId", definition_code as "definitionCode", pooled_sd as "pooledSd"
     from group_deviation where company_id = $1`,
    [reader.companyId],
  );
  const pooled = new Map(groups.map((row) => [`${row.riskGroupId}:${row.definitionCode}`, row.pooledSd]));
  const known = new Map<string, BaselineFacts>();
  for (const { id, profileId, definitionCode, revision, valuesSealed } of rows) {
    const { mean, sd } = JSON.parse(open(`baseline.values:${id}`, valuesSealed)) as BaselineValues;
    const pooledSd = pooled.get(`${profiles.get(profileId)?.riskGroupId ?? null}:${definitionCode}`) ?? null;
    if (mean !== null) known.set(baselineKey(profileId, definitionCode), { mean, sd, pooledSd, revision });
  }
  return (profileId, definition) => known.get(baselineKey(profileId, definition)) ?? null;
};

const SPANS = `jsonb_to_recordset($2) as w(profile uuid, "from" timestamptz, "to" timestamptz)`;

/** Requirements whose window has begun and that a test of the span may answer, those that began last first. */
export const requirementsOf = (reader: Reader, spans: readonly Span[]): Promise<RequirementFacts[]> =>
  reader.prepared<RequirementFacts>(
    `select q.id, q.profile_id as "profileId", q.shift_id as "shiftId", q.kind,
       q.definition_code as "definitionCode", q.window_from as "windowFrom", q.due_at as "dueAt"
     from ${SPANS}
     join requirement q on q.company_id = $1 and q.profile_id = w.profile and q.window_from <= w."to"
       and q.due_at > w."from" and q.deleted_at is null
     order by q.window_from desc, q.id`,
    [reader.companyId, JSON.stringify(spans)],
  );

export interface ShiftFacts {
  readonly id: string;
  readonly profileId: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** Shifts that touch the spans, those that start last first. None lasts longer than 72 hours (`shift_ends_at_check`). */
export const shiftsOf = (reader: Reader, spans: readonly Span[]): Promise<ShiftFacts[]> =>
  reader.prepared<ShiftFacts>(
    `select s.id, s.profile_id as "profileId", coalesce(s.actual_start_at, s.starts_at) as "startsAt",
       coalesce(s.actual_end_at, s.ends_at) as "endsAt"
     from ${SPANS}
     join shift s on s.company_id = $1 and s.profile_id = w.profile and s.starts_at <= w."to" and s.ends_at > w."from"
       and s.starts_at > w."from" - interval '72 hours'
       and s.status <> 'cancelled' and s.deleted_at is null
     order by s.starts_at desc, s.id`,
    [reader.companyId, JSON.stringify(spans)],
  );

/** The case of each profile that waits for a retest, or will when its timer is over. */
export const waitingCasesOf = async (
  reader: Reader,
  profileIds: readonly string[],
): Promise<Map<string, WaitingCase>> => {
  const rows = await reader.prepared<WaitingCase>(
    `select id, profile_id as "profileId", rest_until as "restUntil", trigger_result_id as "triggerResultId"
     from fitness_case where company_id = $1 and profile_id = any($2) and status in ('resting', 'awaiting_retest')
       and rest_until is not null and deleted_at is null`,
    [reader.companyId, profileIds],
  );
  return new Map(rows.map((row) => [row.profileId, row]));
};

/**
 * Results of the spans that stand, practice aside, in the order in which they were taken. Planned anew each time, and keys looked
 * up result by result: a plan made while the tables were small reads all that a company has.
 */
export const standingResults = async (
  reader: Reader,
  spans: readonly Span[],
  open: Opener,
): Promise<StandingResult[]> => {
  const rows = await reader.query<Omit<StandingResult, 'content'> & { metricsSealed: string }>(
    `select r.id, r.profile_id as "profileId", r.shift_id as "shiftId", r.source, r.external_id as "externalId",
       r.definition_code as "definitionCode", r.definition_version as "definitionVersion", r.started_at as "startedAt",
       r.taken_at as "takenAt", r.received_at as "receivedAt", r.device_id as "deviceId",
       r.device_state as "deviceState", r.quality_flags as "qualityFlags", r.arrival_flags as "arrivalFlags",
       r.requirement_id as "requirementId", r.case_id as "caseId", r.supervised, r.practice, r.attempt,
       r.attempt_no as "attemptNo", r.retest_of as "retestOf", r.level, r.reasons, r.metrics_sealed as "metricsSealed"
     from ${SPANS}
     join test_result r on r.company_id = $1 and r.profile_id = w.profile and r.taken_at > w."from"
       and r.taken_at <= w."to" and not r.practice
     where (select true from test_result_key k where k.company_id = $1 and k.result_id = r.id and not k.is_duplicate limit 1)
     order by r.taken_at, r.id`,
    [reader.companyId, JSON.stringify(spans)],
  );
  return rows.map(({ metricsSealed, ...row }) => ({ ...row, content: openContent(open, row.id, metricsSealed) }));
};

/** What a result keeps sealed. */
export interface SealedContent {
  readonly content: TestContent;
  /** The self-report kept the sleep rule then. */
  readonly rested: boolean;
}

export const metricsPlace = (resultId: string): string => `test_result.metrics:${resultId}`;

const openContent = (open: Opener, id: string, sealed: string): TestContent =>
  (JSON.parse(open(metricsPlace(id), sealed)) as SealedContent).content;

/**
 * From when on alerts (ids of results) weigh no more, ISO text: when a valid test for their cause was taken and came after them, or a human's
 * assessment in its place, or, where the test was excused or missed, a human cleared the person. An excuse alone ends none.
 */
export const closedAlerts = async (reader: Reader, ids: readonly string[]): Promise<Map<string, string>> => {
  if (ids.length === 0) return new Map();
  const rows = await reader.prepared<{ id: string; at: string | null }>(
    `select t.id, min(least(d.at, c.at, case when q.assessed_fit and q.assessed_at >= t.received_at then q.assessed_at end)) as at
     from test_result t
     join requirement q on q.company_id = $1 and q.profile_id = t.profile_id and q.kind = 'for_cause' and q.deleted_at is null
     left join lateral (select min(d.received_at) as at from test_result d
       where d.company_id = $1 and d.requirement_id = q.id and d.received_at >= t.received_at and d.taken_at >= t.taken_at and not d.practice
         and not d.reasons && $3) d on true
     left join lateral (select min(greatest(c.decided_at, q.excused_at)) as at from fitness_case c
       where c.company_id = $1 and c.profile_id = q.profile_id and c.decision in ('cleared', 'cleared_with_restrictions')
         and c.decided_at >= t.received_at and c.deleted_at is null and q.status in ('excused', 'missed')
         and coalesce(q.excused_at, q.miss_at) >= t.received_at) c on true
     where t.company_id = $1 and t.id = any($2) group by t.id`,
    [reader.companyId, ids, INVALID_REASONS],
  );
  return new Map(rows.flatMap(({ id, at }) => (at === null ? [] : [[id, at] as const])));
};

interface OfOneSender {
  readonly profileId: string;
  /** How the ids of the alerts begin; the alert of the id `besides` is not asked for. */
  readonly prefix: string;
  readonly besides: string;
  readonly since: Date;
}

/** Whether an alert of one sender still weighs on a person and its test is still asked for: after an excuse they may alert again. */
export const hasOpenAlert = async (
  reader: Reader,
  { profileId, prefix, besides, since }: OfOneSender,
): Promise<boolean> => {
  const rows = await reader.prepared<{ id: string }>(
    `select t.id from test_result t where t.company_id = $1 and t.profile_id = $2 and t.taken_at > $3
       and t.source = 'SIGNAL' and starts_with(t.external_id, $4) and t.external_id <> $5
       and not exists (select 1 from requirement q where q.company_id = $1 and q.profile_id = $2 and q.kind = 'for_cause'
         and q.status = 'excused' and q.excused_at >= t.received_at and q.deleted_at is null)`,
    [reader.companyId, profileId, since, prefix, besides],
  );
  const closed = await closedAlerts(
    reader,
    rows.map(({ id }) => id),
  );
  return rows.some(({ id }) => !closed.has(id));
};

/** When a human last cleared each of the profiles, since an instant. */
export const clearingsOf = async (
  reader: Reader,
  profileIds: readonly string[],
  since: string,
): Promise<Map<string, string>> => {
  const rows = await reader.prepared<{ profileId: string; at: string }>(
    `select c.profile_id as "profileId", max(c.decided_at) as at from fitness_case c
     where c.company_id = $1 and c.profile_id = any($2) and c.opened_at > $3::timestamptz - interval '2 days'
       and c.decision in ('cleared', 'cleared_with_restrictions') and c.decided_at > $3 and c.deleted_at is null
     group by c.profile_id`,
    [reader.companyId, profileIds, since],
  );
  return new Map(rows.map(({ profileId, at }) => [profileId, at]));
};

/** Direct superiors of each profile: whose boards show it. */
export const superiorsOf = async (reader: Reader, profileIds: readonly string[]): Promise<Map<string, string[]>> => {
  const rows = await reader.prepared<{ subordinateId: string; superiorId: string }>(
    `select subordinate_id as "subordinateId", superior_id as "superiorId" from reporting_closure
     where company_id = $1 and subordinate_id = any($2) and depth = 1 order by superior_id`,
    [reader.companyId, profileIds],
  );
  const map = new Map<string, string[]>();
  for (const { subordinateId, superiorId } of rows)
    map.set(subordinateId, [...(map.get(subordinateId) ?? []), superiorId]);
  return map;
};
