import Type from 'typebox';
import type { Reader } from '../../../platform/db/database.ts';
import { atLeast, atMost, coarse, equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition, Restriction } from '../../../platform/db/list.ts';
import { shown } from '../../../platform/schema/entity.ts';
import { code, exact, instant, integer, line, nullable, oneOf, uuid } from '../../../platform/schema/types.ts';
import { ACTIONS, LEVELS, REASONS } from '../classification/classify.ts';
import type { Reason } from '../classification/classify.ts';
import { TEST_DEFINITIONS, TEST_SOURCES } from '../definitions/definitions.ts';
import { metricsPlace } from '../intake/facts.ts';
import type { SealedContent } from '../intake/facts.ts';
import { ARRIVAL_FLAGS, ATTEMPTS } from '../ports.ts';

const DECISIONS = ['cleared', 'cleared_with_restrictions', 'reassigned', 'sent_home', 'referred'] as const;
const flags = <const V extends readonly string[]>(values: V) => Type.Array(oneOf(values), { maxItems: 10 });

/** What of a result is clear: level and decision, dates and flags. Raw values and reasons are read apart, and logged. */
const FIELDS = {
  id: uuid(),
  profileId: uuid(),
  shiftId: nullable(uuid()),
  source: oneOf(TEST_SOURCES),
  definitionCode: code(40),
  definitionVersion: integer(1, 1_000),
  startedAt: nullable(instant()),
  takenAt: instant({
    description: 'By the clock of the device: where arrivalFlags say SKEWED it is ahead, and receivedAt counts',
  }),
  receivedAt: instant(),
  deviceId: nullable(uuid()),
  deviceState: oneOf(['qualified', 'unqualified', 'refused']),
  qualityFlags: Type.Array(line(100), { maxItems: 50 }),
  arrivalFlags: flags(ARRIVAL_FLAGS),
  requirementId: nullable(uuid()),
  caseId: nullable(uuid({ description: 'The case whose retest it is' })),
  supervised: Type.Boolean(),
  practice: Type.Boolean(),
  attempt: oneOf(ATTEMPTS),
  attemptNo: integer(1, 1_000),
  level: oneOf(LEVELS),
  action: oneOf(ACTIONS),
  policyId: nullable(uuid()),
  ruleVersion: line(40),
  supersedes: nullable(uuid({ description: 'The older row of the same test' })),
  superseding: nullable(oneOf(['correction', 'reevaluation'])),
};

export const ResultView = exact(
  {
    ...FIELDS,
    stands: Type.Boolean({ description: 'False once another row took its place' }),
    decision: nullable(oneOf(DECISIONS, { description: 'What was decided in the case it opened' })),
  },
  { 'x-component': 'test_result', description: 'A test that was taken, and what it says' },
);

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const pairs = Object.entries(FIELDS).map(([name, schema]) => `'${name}', ${shown(`r.${snake(name)}`, schema)}`);
const STANDS = `exists (select 1 from test_result_key k where k.company_id = $1 and k.result_id = r.id)`;
const DECISION = `(select c.decision from fitness_case c where c.company_id = $1 and c.profile_id = r.profile_id
  and c.trigger_result_id = r.id order by c.opened_at desc limit 1)`;
const ITEM = `json_build_object(${pairs.join(', ')}, 'stands', ${STANDS}, 'decision', ${DECISION})`;

export const resultList: ListDefinition = {
  name: 'test-results',
  from: 'from test_result r',
  alias: 'r',
  where: 'r.company_id = $1',
  item: ITEM,
  sorts: { takenAt: 'r.taken_at' },
  defaultSort: '-takenAt',
  filters: {
    profileId: equalTo('r.profile_id', uuid()),
    shiftId: equalTo('r.shift_id', uuid()),
    requirementId: equalTo('r.requirement_id', uuid()),
    source: coarse(equalTo('r.source', oneOf(TEST_SOURCES)), 'some sources, all of them common'),
    definitionCode: coarse(equalTo('r.definition_code', code(40)), 'some definitions, all of them common'),
    level: coarse(equalTo('r.level', oneOf(LEVELS)), 'some levels; the rarest is still some in a thousand'),
    from: atLeast('r.taken_at', instant()),
    to: atMost('r.taken_at', instant()),
    stands: { schema: Type.Boolean(), sql: (_bind, value: boolean) => (value ? STANDS : `not ${STANDS}`) },
  },
};

/** One result as JSON text, or undefined when it is not there or out of reach. */
export const readResult = async (reader: Reader, id: string, restrict: Restriction): Promise<string | undefined> => {
  const values: unknown[] = [reader.companyId, id];
  const condition = restrict((value) => `$${values.push(value)}`);
  const rows = await reader.prepared<{ text: string }>(
    `select ${ITEM}::text as text from test_result r where r.company_id = $1 and r.id = $2 and ${condition}`,
    values,
  );
  return rows[0]?.text;
};

const schemas = [...new Set(TEST_DEFINITIONS.map(({ metrics }) => metrics))];

/** The raw values of a result, and what its level was made of. */
export const MetricsView = exact({
  id: uuid(),
  definitionCode: code(40),
  metrics: Type.Unsafe<object>({ anyOf: schemas, description: 'As the definition of the test says' }),
  reasons: Type.Array(oneOf(REASONS), { maxItems: 50 }),
  deviation: nullable(Type.Number({ description: 'Own standard deviations above (+) or below (-) the own mean' })),
  baselineVersion: nullable(integer(1, 1_000_000)),
  rested: Type.Boolean({ description: 'The self-report kept the sleep rule' }),
});

interface MetricsRow {
  readonly id: string;
  readonly profileId: string;
  readonly definitionCode: string;
  readonly sealed: string;
  readonly reasons: Reason[];
  readonly deviation: number | null;
  readonly baselineVersion: number | null;
}

/** The sealed part of a result; undefined when it is not there or out of reach. */
export const readSealed = async (
  reader: Reader,
  id: string,
  restrict: Restriction,
): Promise<MetricsRow | undefined> => {
  const values: unknown[] = [reader.companyId, id];
  const condition = restrict((value) => `$${values.push(value)}`);
  const rows = await reader.prepared<MetricsRow>(
    `select r.id, r.profile_id as "profileId", r.definition_code as "definitionCode", r.metrics_sealed as sealed, r.reasons,
       r.deviation, r.baseline_version as "baselineVersion"
     from test_result r where r.company_id = $1 and r.id = $2 and ${condition}`,
    values,
  );
  return rows[0];
};

export const openSealed = (open: (place: string, sealed: string) => string, row: MetricsRow): SealedContent =>
  JSON.parse(open(metricsPlace(row.id), row.sealed)) as SealedContent;
