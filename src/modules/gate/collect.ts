import type { Reader } from '../../platform/db/database.ts';
import type { GateFacts, HourFacts } from './facts.ts';
import { hoursOf } from './hours.ts';
import type { FactName, FactProvider, GatePlace, GateQuestion, ProvidedFacts, RawHours } from './ports.ts';
import type { HourLimits } from './rules.ts';

/** Every fact that a decision needs: one that nobody provides stops the application at start. */
const NEEDED = [
  'highRisk',
  'work',
  'equipment',
  'profile',
  'assignment',
  'project',
  'contract',
  'licenses',
  'holds',
  'restrictions',
  'requirements',
  'credentials',
  'leave',
  'hours',
  'authorization',
] as const satisfies readonly FactName[];

export interface Collected {
  readonly facts: GateFacts;
  /** The question with what followed from it: the assignment of its shift. */
  readonly question: GateQuestion;
}

/** Collects the facts of many questions in one statement; in their order. Throws 404 for a profile that is not there. */
export type CollectFacts = (
  reader: Reader,
  questions: readonly GateQuestion[],
  limits: HourLimits,
) => Promise<Collected[]>;

interface FactsRow {
  readonly n: number;
  readonly date: string;
  readonly assignmentId: string | null;
  readonly shiftId: string | null;
  readonly siteId: string | null;
  readonly taskKindIds: string[];
  readonly equipmentKindIds: string[];
  readonly facts: ProvidedFacts;
}

const hourFacts = (
  { ahead, worked, declared }: RawHours,
  authorization: ProvidedFacts['authorization'],
  company: HourLimits,
): HourFacts => {
  const limits = { ...company, ...authorization?.limits };
  const hours = hoursOf(
    {
      ...ahead,
      startsAt: new Date(ahead.startsAt),
      plannedAt: new Date(ahead.plannedAt),
      endsAt: new Date(ahead.endsAt),
    },
    worked.map((shift) => ({
      ...shift,
      startedAt: new Date(shift.startedAt),
      endedAt: shift.endedAt === null ? null : new Date(shift.endedAt),
    })),
    declared,
    { restMinutes: limits.minimumRestMinutes, handoverMinutes: limits.handoverMinutes },
  );
  return { ...hours, authorization };
};

/** The one statement: questions as rows, each laid against its place, each fact an expression of its provider. */
const statementOf = (place: GatePlace, providers: readonly FactProvider[]): string => {
  const expressions = new Map<string, string>();
  for (const { name, facts } of providers)
    for (const [fact, sql] of Object.entries(facts)) {
      if (expressions.has(fact)) throw new Error(`gate: ${name} provides ${fact}, which another area provides already`);
      expressions.set(fact, sql);
    }
  const missing = NEEDED.filter((fact) => !expressions.has(fact));
  if (missing.length > 0) throw new Error(`gate: nobody provides ${missing.join(', ')}`);
  const pairs = [...expressions].map(([fact, sql]) => `'${fact}', (${sql})`);
  return `with asked as (
      select a.n, a."profileId" as profile_id, a.purpose, a.at, a."assignmentId" as assignment_id, a."shiftId" as shift_id,
        a."siteId" as site_id, a."taskKindIds" as task_kind_ids,
        a."equipmentKindIds" as equipment_kind_ids
      from jsonb_to_recordset($2::jsonb) as a(n integer, "profileId" uuid, purpose text, at timestamptz,
        "assignmentId" uuid, "shiftId" uuid, "siteId" uuid, "taskKindIds" uuid[], "equipmentKindIds" uuid[])),
    q as (
      select asked.n, asked.profile_id, asked.purpose, asked.at, w.assignment_id, w.shift_id, w.project_id, w.site_id,
        w.task_kind_ids, w.equipment_kind_ids, to_char(asked.at at time zone w.zone, 'YYYY-MM-DD') as day, w.zone
      from asked cross join lateral (${place}) w)
    select q.n, q.day as date, q.assignment_id as "assignmentId", q.shift_id as "shiftId", q.site_id as "siteId",
      q.task_kind_ids as "taskKindIds", q.equipment_kind_ids as "equipmentKindIds", json_build_object(${pairs.join(', ')}) as facts
    from q join profile p on p.company_id = $1 and p.id = q.profile_id and p.deleted_at is null
    order by q.n`;
};

/** Builds the read model of the gate's facts from what the areas provide. */
export const createCollector = (place: GatePlace, providers: readonly FactProvider[]): CollectFacts => {
  const statement = statementOf(place, providers);
  return async (reader, questions, limits) => {
    if (questions.length === 0) return [];
    const asked = questions.map((question, n) => ({ ...question, n }));
    const rows = await reader.prepared<FactsRow>(statement, [reader.companyId, JSON.stringify(asked)]);
    return rows.map(({ n, date, facts, ...where }) => {
      const question = { ...questions[n]!, ...where };
      const { hours, authorization, ...provided } = facts;
      return {
        question,
        facts: {
          ...provided,
          at: question.at,
          date,
          purpose: question.purpose,
          unavailable: [],
          hours: hours === null ? null : hourFacts(hours, authorization, limits),
        },
      };
    });
  };
};
