import Type from 'typebox';
import type { Static } from 'typebox';
import { shown } from '../../../platform/schema/entity.ts';
import {
  atLeast,
  atMost,
  day,
  entity,
  exact,
  instant,
  integer,
  line,
  listOf,
  nullable,
  oneOf,
  uuid,
} from '../../../platform/module.ts';
import type { Reader, Repository, RowOf } from '../../../platform/module.ts';
import type { FitnessPolicy } from '../classification/policy.ts';
import { ESCALATION_STEPS } from '../ports.ts';
import type { Recipients } from '../ports.ts';

export const CASE_STATES = [
  'open',
  'acknowledged',
  'resting',
  'awaiting_retest',
  'retested',
  'not_retested',
  'decided',
  'closed',
  'returned',
  'lapsed',
] as const;
/** States in which nobody has decided yet; one such case a person. */
export const UNDECIDED = ['open', 'acknowledged', 'resting', 'awaiting_retest', 'retested', 'not_retested'] as const;
export const CASE_LEVELS = ['none', 'yellow', 'orange', 'red'] as const;
export type CaseLevel = (typeof CASE_LEVELS)[number];
export const CASE_DECISIONS = ['cleared', 'cleared_with_restrictions', 'reassigned', 'sent_home', 'referred'] as const;

export const Restrictions = exact(
  {
    noDriving: Type.Boolean(),
    accompanied: Type.Boolean(),
    noHeights: Type.Boolean(),
    until: nullable(
      instant({ description: 'Default: the end of the shift; required once it is over and no other runs' }),
    ),
    recheckAt: nullable(instant({ description: 'When to look again' })),
  },
  { description: 'What the person may not do' },
);

/** The policy's numbers as they were when the case was opened. */
export const CaseTerms = exact({
  restMinutes: integer(1, 1_440),
  napMinutes: integer(1, 1_440),
  retestWithinMinutes: integer(1, 1_440),
  maximumRetests: integer(0, 5),
  redDecidedBySupervisor: Type.Boolean(),
  managerMinutes: integer(1, 1_440),
  safetyAdminMinutes: integer(1, 1_440),
  reopenedHours: integer(1, 48),
});
export type CaseTermsRow = Static<typeof CaseTerms>;

export const termsOf = ({ rest, escalation, times, redDecidedBySupervisor }: FitnessPolicy): CaseTermsRow => ({
  restMinutes: rest.minutes,
  napMinutes: rest.napMinutes,
  retestWithinMinutes: rest.retestWithinMinutes,
  maximumRetests: rest.maximumRetests,
  redDecidedBySupervisor,
  ...escalation,
  reopenedHours: times.reopenedHours,
});

export const FitnessCase = entity({
  table: 'fitness_case',
  fields: {
    profileId: uuid(),
    shiftId: nullable(uuid()),
    shiftDate: nullable(day()),
    shiftEndsAt: nullable(instant()),
    siteId: nullable(uuid()),
    trigger: oneOf(['result', 'missing_test']),
    triggerResultId: nullable(uuid()),
    triggerRequirementId: nullable(uuid()),
    arrivalFlags: Type.Array(line(20), { maxItems: 10, description: 'late, skewed: how the result arrived' }),
    level: oneOf(CASE_LEVELS),
    status: oneOf(CASE_STATES),
    highRisk: Type.Boolean(),
    policyId: nullable(uuid()),
    terms: CaseTerms,
    openedAt: instant(),
    escalatedTo: nullable(oneOf(['manager', 'safety_admin'])),
    managerDueAt: nullable(instant()),
    safetyAdminDueAt: nullable(instant()),
    acknowledgedBy: nullable(uuid()),
    acknowledgedAt: nullable(instant()),
    restFrom: nullable(instant()),
    restUntil: nullable(instant()),
    nap: nullable(Type.Boolean()),
    retestUntil: nullable(instant()),
    retests: integer(0, 100),
    retestResultId: nullable(uuid()),
    retestLevel: nullable(line(20)),
    decision: nullable(oneOf(CASE_DECISIONS)),
    restrictions: nullable(Restrictions),
    transportArranged: nullable(Type.Boolean()),
    recheckToldAt: nullable(instant({ description: 'When the supervisor was told to look again' })),
    decidedBy: nullable(uuid()),
    decidedAt: nullable(instant()),
    returnedBy: nullable(uuid()),
    returnedAt: nullable(instant()),
    returnedResultId: nullable(uuid()),
    lapseAt: instant({ description: 'When it lapses undecided: the end of the shift' }),
    lapsedAt: nullable(instant()),
    closedAt: nullable(instant()),
    reopened: integer(0, 1_000),
  },
  create: [],
  edit: [],
});
export type FitnessCaseRow = RowOf<typeof FitnessCase>;

export const caseList = listOf(FitnessCase, {
  sorts: ['-openedAt'],
  filters: ['status', 'profileId', 'shiftId'],
  coarse: { level: 'some levels, all of them common', siteId: 'sites are few' },
  also: { from: atLeast('t.opened_at', instant()), to: atMost('t.opened_at', instant()) },
  detailExtra: {
    escalations: `coalesce((select json_agg(json_build_object('step', e.step, 'at', ${shown('e.at', instant())},
        'profileIds', e.profile_ids) order by e.at, e.id)
      from case_escalation e where e.company_id = $1 and e.case_id = t.id), '[]')`,
  },
});

export const CaseDetail = exact({
  ...FitnessCase.view.properties,
  escalations: Type.Array(
    exact({ step: oneOf(ESCALATION_STEPS), at: instant(), profileIds: Type.Array(uuid(), { maxItems: 1_000 }) }),
    { maxItems: 1_000, description: 'Who was told, and when' },
  ),
});

/** Every write of a person's row tells the streams of that person and of everyone above. */
export const withAudience = <Row extends { readonly profileId: string }>(
  base: Repository<Row>,
  { audienceOf }: Pick<Recipients, 'audienceOf'>,
): Repository<Row> => ({
  ...base,
  insert: async (tx, values, note) =>
    base.insert(tx, values, {
      ...note,
      audience: await audienceOf(tx, (values as unknown as { profileId: string }).profileId),
    }),
  update: async (tx, row, patch, note) =>
    base.update(tx, row, patch, { ...note, audience: await audienceOf(tx, row.profileId) }),
});

/** Id of the person's undecided case, if there is one. */
export const undecidedCaseOf = async (reader: Reader, profileId: string): Promise<string | undefined> =>
  (
    await reader.prepared<{ id: string }>(
      `select id from fitness_case where company_id = $1 and profile_id = $2 and deleted_at is null
         and status in ('open', 'acknowledged', 'resting', 'awaiting_retest', 'retested', 'not_retested')`,
      [reader.companyId, profileId],
    )
  )[0]?.id;

/** Why somebody with such a case may not be erased. */
export const openCaseOf = async (reader: Reader, profileId: string): Promise<string | undefined> =>
  (await undecidedCaseOf(reader, profileId)) === undefined ? undefined : 'OPEN_CASE';

/** Ids of a shift's cases that still wait for its end. */
export const casesOfShift = async (reader: Reader, shiftId: string): Promise<string[]> => {
  const rows = await reader.prepared<{ id: string }>(
    `select id from fitness_case where company_id = $1 and shift_id = $2 and deleted_at is null
       and status not in ('closed', 'returned', 'lapsed') order by id`,
    [reader.companyId, shiftId],
  );
  return rows.map(({ id }) => id);
};

/**
 * The latest measured green of a shift that begins after the case's own, taken after the decision, that still stands: what a
 * person who was sent home may return on. A case without a shift counts from when it was opened.
 */
export const greenAfter = async (reader: Reader, row: FitnessCaseRow): Promise<string | undefined> =>
  (
    await reader.prepared<{ id: string }>(
      `select t.id from test_result t
       join test_result_key k on k.company_id = $1 and k.result_id = t.id and not k.is_duplicate
       join shift s on s.company_id = $1 and s.id = t.shift_id and s.status <> 'cancelled' and s.deleted_at is null
       left join shift own on own.company_id = $1 and own.id = $4
       where t.company_id = $1 and t.profile_id = $2 and t.taken_at > $3 and t.received_at > $3 and t.level = 'green' and not t.practice
         and t.attempt <> 'retest' and t.definition_code not in ('SELF-REPORT', 'SIGNAL')
         and s.starts_at > coalesce(own.starts_at, $5)
       order by t.taken_at desc, t.id desc limit 1`,
      [reader.companyId, row.profileId, row.decidedAt, row.shiftId, row.openedAt],
    )
  )[0]?.id;
