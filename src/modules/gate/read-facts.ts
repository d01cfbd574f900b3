import { attempt } from '../../platform/db/attempt.ts';
import type { Reader } from '../../platform/db/database.ts';
import type { GateFacts } from './facts.ts';
import type { FactProvider, GatePlace, GateQuestion, ProvidedFacts } from './ports.ts';

/** Longest that facts are waited for, in ms: beyond it they count as not to be had. What they take otherwise is some milliseconds. */
const PATIENCE_MS = 2_000;

/** What one question came to: where it is, and what the areas know of it. */
export interface ReadFacts {
  readonly n: number;
  /** Day of the work in the site's zone; in UTC where the place could not be read. */
  readonly date: string;
  readonly assignmentId: string | null;
  readonly shiftId: string | null;
  readonly siteId: string | null;
  readonly taskKindIds: readonly string[];
  readonly equipmentKindIds: readonly string[];
  readonly facts: ProvidedFacts;
  readonly unavailable: GateFacts['unavailable'];
}

type Row = Omit<ReadFacts, 'facts' | 'unavailable'> & { readonly facts: Partial<ProvidedFacts> };

/** Tells of a provider whose facts could not be had, and why. */
export type OnUnavailable = (provider: string, fault: unknown) => void;

/** One statement: questions as rows, each laid against its place, each fact an expression of its provider. */
const statementOf = (place: GatePlace, providers: readonly FactProvider[]): string => {
  const pairs = providers.flatMap(({ facts }) => Object.entries(facts).map(([fact, sql]) => `'${fact}', (${sql})`));
  return `with asked as (
      select a.n, a."profileId" as profile_id, a.purpose, a.at, a."assignmentId" as assignment_id, a."shiftId" as shift_id,
        a."siteId" as site_id, a."taskKindIds" as task_kind_ids, a."equipmentKindIds" as equipment_kind_ids
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

/** What stands for facts that could not be had: nothing is known, and work counts as the graver kind. */
const unknown = (profileId: string): ProvidedFacts => ({
  highRisk: true,
  work: { driving: false, heights: false, alone: false },
  equipment: [],
  profile: { id: profileId, status: 'unknown', expiresAt: null },
  assignment: null,
  project: null,
  contract: null,
  licenses: [],
  holds: [],
  restrictions: [],
  requirements: [],
  credentials: [],
  leave: [],
  hours: null,
  policyLimits: null,
  authorization: null,
});

/**
 * Reads the facts of many questions, in their order, without those of profiles that are not there. All of them in one statement; where
 * that fails or takes too long, each provider's by themselves, so that what the others know is there and the one that failed is named.
 * Everything is read in the caller's transaction: it sees what was just written, and takes no second connection while the first waits.
 */
export const createFactReader = (
  place: GatePlace,
  providers: readonly FactProvider[],
  onUnavailable: OnUnavailable,
): ((reader: Reader, questions: readonly GateQuestion[]) => Promise<ReadFacts[]>) => {
  const all = statementOf(place, providers);
  const bare = statementOf(place, []);
  const single = new Map(providers.map((provider) => [provider, statementOf(place, [provider])]));

  const tryRead = (reader: Reader, values: readonly unknown[], statement: string) =>
    attempt(reader, PATIENCE_MS, () => reader.prepared<Row>(statement, values));

  const apart = async (questions: readonly GateQuestion[], read: (statement: string) => ReturnType<typeof tryRead>) => {
    const places = await read(bare);
    const known: Partial<ProvidedFacts>[] = questions.map(() => ({}));
    const unavailable: GateFacts['unavailable'] = [];
    for (const [{ name: provider, facts }, statement] of single) {
      // No provider can be asked about a place that nobody knows.
      const found = 'fault' in places ? places : await read(statement);
      if ('fault' in found) {
        onUnavailable(provider, found.fault);
        unavailable.push({ provider, facts: Object.keys(facts) });
      } else for (const row of found.value) Object.assign(known[row.n]!, row.facts);
    }
    const placed =
      'fault' in places
        ? questions.map((question, n) => ({ ...question, n, date: question.at.slice(0, 10) }))
        : places.value;
    return placed.map((row) => ({
      ...row,
      facts: { ...unknown(questions[row.n]!.profileId), ...known[row.n] },
      unavailable,
    }));
  };

  return async (reader, questions) => {
    const values = [reader.companyId, JSON.stringify(questions.map((question, n) => ({ ...question, n })))];
    const read = (statement: string) => tryRead(reader, values, statement);
    const found = await read(all);
    if ('fault' in found) return apart(questions, read);
    return found.value.map((row) => ({ ...row, facts: row.facts as ProvidedFacts, unavailable: [] }));
  };
};
