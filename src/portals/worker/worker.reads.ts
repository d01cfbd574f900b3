import { LONGEST_SHIFT } from '../../modules/workforce/rosters/swing.ts';
import type { Reader } from '../../platform/db/database.ts';
import type { ListDefinition } from '../../platform/db/list.ts';
import { iso, listOf, object } from '../json.ts';
import type { CaseState } from './next-step.ts';

/** Today as the database knows it: what a worker may do next is put to it by the service. */
export interface TodayRow {
  readonly shift: (Record<string, unknown> & { readonly id: string }) | null;
  readonly case: (CaseState & Record<string, unknown>) | null;
}

const place = (alias: string): string => object({ id: `${alias}.id`, code: `${alias}.code`, name: `${alias}.name` });

/** Which shift: the one that runs, else the next within a day. */
const SHIFT = `(select ${object({
  id: 's.id',
  version: 's.version',
  assignmentId: 's.assignment_id',
  profileId: 's.profile_id',
  workDate: 's.work_date',
  kind: 's.kind',
  status: 's.status',
  timezone: 's.timezone',
  startsAt: iso('s.starts_at'),
  endsAt: iso('s.ends_at'),
  actualStartAt: iso('s.actual_start_at'),
  project: place('j'),
  site: `case when st.id is null then null else ${place('st')} end`,
})}
  from shift s
  join project j on j.company_id = $1 and j.id = s.project_id
  left join site st on st.company_id = $1 and st.id = j.site_id
  where s.company_id = $1 and s.profile_id = $2 and s.status in ('planned', 'started') and s.deleted_at is null
    and s.starts_at > $3::timestamptz - ${LONGEST_SHIFT} and s.ends_at > $3 and s.starts_at < $3::timestamptz + interval '24 hours'
  order by s.starts_at limit 1)`;

/** A random test is nobody's to foresee: its worker sees it from when it may be taken. */
const FORESEEABLE = `(r.kind <> 'random' or r.window_from <= $3)`;

const REQUIREMENTS = listOf(
  object({
    id: 'r.id',
    kind: 'r.kind',
    definitionCode: 'r.definition_code',
    windowFrom: iso('r.window_from'),
    dueAt: iso('r.due_at'),
    status: 'r.status',
    level: 'r.level',
    doneAt: iso('r.done_at'),
  }),
  `from requirement r where r.company_id = $1 and r.profile_id = $2 and r.deleted_at is null
     and r.due_at > $3::timestamptz - interval '16 hours' and r.due_at < $3::timestamptz + interval '24 hours'
     and ${FORESEEABLE}`,
  'r.due_at, r.id',
);

const HOLD = `(select ${object({ level: 'h.level', since: iso('h.starts_at'), caseId: 'h.case_id' })} from hold h
  where h.company_id = $1 and h.profile_id = $2 and h.kind = 'hold' and h.ended_at is null
  order by h.starts_at desc limit 1)`;

/** A retake repeats what stands already: the same until the same instant is shown once. */
const RESTRICTIONS = listOf(
  object({
    noDriving: `(h.restrictions->>'noDriving')::boolean`,
    accompanied: `(h.restrictions->>'accompanied')::boolean`,
    noHeights: `(h.restrictions->>'noHeights')::boolean`,
    until: iso('h.ends_at'),
  }),
  `from (select restrictions, ends_at, min(starts_at) as starts_at from hold
     where company_id = $1 and profile_id = $2 and kind = 'restrictions' and ended_at is null
       and (ends_at is null or ends_at > $3) group by restrictions, ends_at) h`,
  'h.starts_at',
);

const CASE = `(select ${object({
  id: 'c.id',
  level: 'c.level',
  status: 'c.status',
  openedAt: iso('c.opened_at'),
  decision: 'c.decision',
  restUntil: iso('c.rest_until'),
  retestUntil: iso('c.retest_until'),
})} from fitness_case c where c.company_id = $1 and c.profile_id = $2 and c.deleted_at is null
    and c.status not in ('closed', 'returned')
  order by c.opened_at desc limit 1)`;

const BASELINES = listOf(
  object({
    definitionCode: 'b.definition_code',
    status: 'b.status',
    provisional: 'b.provisional',
    n: 'b.n',
    fromOn: 'b.from_on',
  }),
  `from baseline b where b.company_id = $1 and b.profile_id = $2 and b.status <> 'superseded' and b.deleted_at is null`,
  'b.definition_code',
);

const LICENSES = listOf(
  object({ id: 'l.id', offering: 'l.offering', status: 'l.status' }),
  `from license l where l.company_id = $1 and l.profile_id = $2 and l.status in ('active', 'suspended')
     and l.deleted_at is null`,
  'l.offering',
);

/** Days before its end from which a credential is shown as expiring: the first of the notices. */
const EXPIRING_DAYS = 30;

const CREDENTIALS = listOf(
  object({
    id: 'k.id',
    kind: 'k.kind',
    status: 'k.status',
    validTo: 'k.valid_to',
    expiring: `coalesce(k.status = 'valid' and k.valid_to <= ($3::timestamptz + interval '${EXPIRING_DAYS} days')::date, false)`,
  }),
  `from credential k where k.company_id = $1 and k.profile_id = $2 and k.status in ('submitted', 'valid', 'expired')
     and k.deleted_at is null
     and (k.status <> 'expired' or k.valid_to > ($3::timestamptz - interval '${EXPIRING_DAYS} days')::date)`,
  'k.valid_to nulls last, k.id',
);

const UNREAD = `(select count(*)::int from notification n where n.company_id = $1 and n.profile_id = $2
  and n.read_at is null and n.archived_at is null and n.deleted_at is null)`;

const TODAY = `select ${object({
  shift: SHIFT,
  requirements: REQUIREMENTS,
  hold: HOLD,
  restrictions: RESTRICTIONS,
  case: CASE,
  baselines: BASELINES,
  licenses: LICENSES,
  credentials: CREDENTIALS,
  unread: UNREAD,
})} as today`;

/** Everything about one profile at `now`, in one statement. */
export const todayOf = async (reader: Reader, profileId: string, now: Date): Promise<TodayRow> => {
  const [row] = await reader.prepared<{ today: TodayRow }>(TODAY, [reader.companyId, profileId, now]);
  return row!.today;
};

/** A person's results that stand, the latest first: levels and codes, no raw values. */
export const ownResults: ListDefinition = {
  name: 'own-results',
  from: 'from test_result t',
  alias: 't',
  where: `t.company_id = $1 and not exists (select 1 from test_result n where n.company_id = $1 and n.supersedes = t.id)`,
  item: object({
    id: 't.id',
    takenAt: iso('t.taken_at'),
    receivedAt: iso('t.received_at'),
    arrivalFlags: 't.arrival_flags',
    source: 't.source',
    definitionCode: 't.definition_code',
    attempt: 't.attempt',
    practice: 't.practice',
    level: 't.level',
    action: 't.action',
    reasons: 't.reasons',
    requirementId: 't.requirement_id',
    caseId: 't.case_id',
  }),
  sorts: { takenAt: 't.taken_at' },
  defaultSort: '-takenAt',
};

/** A person's cases, the latest first; what was written in them is not for this screen. */
export const ownCases: ListDefinition = {
  name: 'own-cases',
  from: 'from fitness_case c',
  alias: 'c',
  where: 'c.company_id = $1 and c.deleted_at is null',
  item: object({
    id: 'c.id',
    trigger: 'c.trigger',
    level: 'c.level',
    status: 'c.status',
    openedAt: iso('c.opened_at'),
    decision: 'c.decision',
    decidedAt: iso('c.decided_at'),
    restrictions: 'c.restrictions',
  }),
  sorts: { openedAt: 'c.opened_at' },
  defaultSort: '-openedAt',
};
