import Type from 'typebox';
import type { Reader } from '../../platform/db/database.ts';
import { atLeast, atMost, coarse, equalTo } from '../../platform/db/list.ts';
import type { ListDefinition } from '../../platform/db/list.ts';
import { entity } from '../../platform/schema/entity.ts';
import type { RowOf } from '../../platform/schema/entity.ts';
import { exact, instant, integer, line, nullable, oneOf, text, uuid } from '../../platform/schema/types.ts';
import { GateFactsSchema, PURPOSES } from './facts.ts';
import { GATE_REASONS, OUTCOMES } from './reasons.ts';
import { HourLimitsSchema } from './rules.ts';

export const ReasonSchema = exact({
  code: oneOf(GATE_REASONS),
  severity: oneOf(['restrict', 'block']),
  key: line(300, { description: 'What an override names it by: the same as long as it is about the same' }),
  params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
});

/** The question as it was asked, so that an override and a replay know what it was about. */
const QuestionSchema = exact({
  profileId: uuid(),
  purpose: oneOf(PURPOSES),
  at: instant(),
  assignmentId: nullable(uuid()),
  shiftId: nullable(uuid()),
  siteId: nullable(uuid()),
  taskKindIds: Type.Array(uuid(), { maxItems: 40 }),
  equipmentKindIds: Type.Array(uuid(), { maxItems: 40 }),
});

export const GateRuleSet = entity({
  table: 'gate_rule_set',
  fields: {
    number: integer(1, 2_147_483_647),
    hours: HourLimitsSchema,
    maximumOverrideMinutes: integer(1, 10_080, { description: 'How long one override may last' }),
  },
  create: ['hours', 'maximumOverrideMinutes'],
  edit: [],
});
export type GateRuleSetRow = RowOf<typeof GateRuleSet>;

export const GateDecisionEntity = entity({
  table: 'gate_decision',
  fields: {
    profileId: uuid(),
    purpose: oneOf(PURPOSES),
    at: instant(),
    assignmentId: nullable(uuid()),
    shiftId: nullable(uuid()),
    outcome: oneOf(OUTCOMES, { description: 'What the rules say' }),
    effectiveOutcome: oneOf(OUTCOMES, { description: 'The same under the overrides in force' }),
    reasons: Type.Array(ReasonSchema, { maxItems: 1_000 }),
    ruleVersion: line(40),
    ruleSetId: uuid(),
    overrideIds: Type.Array(uuid(), { maxItems: 100 }),
  },
  hidden: { facts: GateFactsSchema, question: QuestionSchema },
  create: [],
  edit: [],
});
export type GateDecisionRow = RowOf<typeof GateDecisionEntity>;

export const GateOverrideEntity = entity({
  table: 'gate_override',
  fields: {
    decisionId: uuid(),
    profileId: uuid(),
    givenBy: uuid(),
    purpose: oneOf(PURPOSES),
    assignmentId: nullable(uuid()),
    reasonKeys: Type.Array(line(300), { minItems: 1, maxItems: 50 }),
    startsAt: instant(),
    endsAt: instant(),
    reason: text(500),
  },
  create: [],
  edit: [],
});
export type GateOverrideRow = RowOf<typeof GateOverrideEntity>;

export const gateDecisionList: ListDefinition = {
  name: 'gate-decisions',
  from: 'from gate_decision d',
  alias: 'd',
  where: 'd.company_id = $1',
  item: GateDecisionEntity.json('d'),
  detail: GateDecisionEntity.json('d', {
    facts: 'd.facts',
    overrides: `coalesce((select json_agg(${GateOverrideEntity.json('o')} order by o.starts_at, o.id)
      from gate_override o where o.company_id = $1 and o.decision_id = d.id), '[]')`,
  }),
  sorts: { createdAt: 'd.created_at' },
  defaultSort: '-createdAt',
  filters: {
    profileId: equalTo('d.profile_id', uuid()),
    shiftId: equalTo('d.shift_id', uuid()),
    purpose: coarse(equalTo('d.purpose', oneOf(PURPOSES)), 'two purposes, both common'),
    outcome: coarse(
      equalTo('d.effective_outcome', oneOf(OUTCOMES)),
      'some outcomes; those that stop work are still some in a hundred',
    ),
    from: atLeast('d.created_at', instant()),
    to: atMost('d.created_at', instant()),
  },
};

export const GateDecisionDetail = exact({
  ...GateDecisionEntity.view.properties,
  facts: GateFactsSchema,
  overrides: Type.Array(GateOverrideEntity.view, { maxItems: 1_000 }),
});

const OVERRIDE_COLUMNS = `id, decision_id as "decisionId", profile_id as "profileId", given_by as "givenBy", purpose,
  assignment_id as "assignmentId", reason_keys as "reasonKeys", starts_at as "startsAt", ends_at as "endsAt", reason`;

/** Which of what a question names is not there; undefined: all of it is. What would ask for more than is known is not asked. */
export const unknownIn = async (
  reader: Reader,
  { taskKindIds, equipmentKindIds }: { taskKindIds: readonly string[]; equipmentKindIds: readonly string[] },
): Promise<'taskKindIds' | 'equipmentKindIds' | undefined> => {
  const [found] = await reader.prepared<{ tasks: number; equipment: number }>(
    `select (select count(*) from task_kind k
         where k.company_id = $1 and k.id = any($2::uuid[]) and k.deleted_at is null) as tasks,
       (select count(*) from equipment_kind e
         where e.company_id = $1 and e.id = any($3::uuid[]) and e.deleted_at is null) as equipment`,
    [reader.companyId, taskKindIds, equipmentKindIds],
  );
  if (found?.tasks !== taskKindIds.length) return 'taskKindIds';
  return found.equipment === equipmentKindIds.length ? undefined : 'equipmentKindIds';
};

/** Overrides in force at `at` for any of these people. */
export const overridesInForce = (
  reader: Reader,
  profileIds: readonly string[],
  at: string,
): Promise<GateOverrideRow[]> =>
  reader.prepared(
    `select ${OVERRIDE_COLUMNS} from gate_override
     where company_id = $1 and profile_id = any($2) and starts_at <= $3 and ends_at > $3 order by id`,
    [reader.companyId, profileIds, at],
  );

/** Overrides by id. */
export const overridesById = (reader: Reader, ids: readonly string[]): Promise<GateOverrideRow[]> =>
  reader.prepared(`select ${OVERRIDE_COLUMNS} from gate_override where company_id = $1 and id = any($2) order by id`, [
    reader.companyId,
    ids,
  ]);

const RULES = `select id, number, hours, maximum_override_minutes as "maximumOverrideMinutes", version,
  created_at as "createdAt", updated_at as "updatedAt" from gate_rule_set where company_id = $1`;

/** The rules in force: those with the highest number. */
export const latestRules = async (reader: Reader): Promise<GateRuleSetRow | undefined> =>
  (await reader.prepared<GateRuleSetRow>(`${RULES} order by number desc limit 1`, [reader.companyId]))[0];
