import { LONGEST_SHIFT } from '../../modules/workforce/rosters/swing.ts';
import type { Reader } from '../../platform/db/database.ts';
import { idFloor } from '../../platform/db/ids.ts';
import type { Bind, Restriction } from '../../platform/db/list.ts';
import { iso, listOf, object } from '../json.ts';

/** What a board shows: everyone whom the caller reaches, or those that these filters leave. */
export interface BoardFilters {
  readonly siteId?: readonly string[];
  readonly shift?: readonly string[];
  readonly level?: readonly string[];
  readonly held?: boolean;
  readonly openCase?: boolean;
  readonly missing?: boolean;
}

export interface BoardQuery {
  readonly now: Date;
  /** The caller: nobody is on their own board. */
  readonly me: string | null;
  readonly visible: Restriction;
  readonly filters: BoardFilters;
  readonly after?: { readonly key: string; readonly id: string };
  readonly limit: number;
}

/** One line as the database gives it; `case` is the whole row, for what the caller may do with it. */
export interface BoardRow {
  readonly key: string;
  readonly id: string;
  readonly item: Record<string, unknown> & { readonly case: (Record<string, unknown> & { id: string }) | null };
}

/** Cases that still ask something of somebody. */
const LIVE = `('open', 'acknowledged', 'resting', 'awaiting_retest', 'retested', 'not_retested', 'decided', 'lapsed')`;

/** From the mildest to the worst; a test that stays without a valid result weighs more than a green one. */
const WORST = `array['green', 'invalid', 'none', 'yellow', 'orange', 'red']`;

/** How many people are still looked at one by one; of more, what there is is read at once. */
const ONE_BY_ONE = 500;

/**
 * SQL that adds to each person `p` what they are about now. One by one it is looked up by index: right for a team. At once it is
 * read for the whole company and joined: right for a company.
 */
const state = (now: string, since: string, atOnce: boolean): string => {
  const first = (as: string, columns: readonly string[], from: string, order: string): string =>
    atOnce
      ? `left join (select distinct on (x.profile_id) x.profile_id, ${columns.map((name) => `x.${name}`).join(', ')}
          from ${from} order by x.profile_id, ${order}) ${as} on ${as}.profile_id = p.id`
      : `left join lateral (select ${columns.map((name) => `x.${name}`).join(', ')}
          from ${from} and x.profile_id = p.id order by ${order} limit 1) ${as} on true`;
  const fallen = `select count(*) filter (where r.status = 'missed' or (r.status = 'due' and r.due_at <= ${now}))::int as count`;
  const due = `from requirement r where r.company_id = $1 and r.deleted_at is null
      and r.due_at > ${now}::timestamptz - interval '16 hours' and r.due_at < ${now}::timestamptz + interval '24 hours'`;
  return [
    first(
      'sh',
      ['id', 'status', 'kind', 'work_date', 'starts_at', 'ends_at', 'actual_start_at', 'project_id'],
      `shift x where x.company_id = $1 and x.status in ('planned', 'started') and x.deleted_at is null
        and x.starts_at > ${now}::timestamptz - ${LONGEST_SHIFT} and x.starts_at < ${now}::timestamptz + interval '24 hours' and x.ends_at > ${now}`,
      'x.starts_at',
    ),
    first(
      'ca',
      ['id', 'status', 'level'],
      `fitness_case x where x.company_id = $1 and x.deleted_at is null and x.status in ${LIVE}`,
      'x.opened_at desc',
    ),
    first(
      'ho',
      ['level', 'starts_at'],
      `hold x where x.company_id = $1 and x.kind = 'hold' and x.ended_at is null`,
      'x.starts_at desc',
    ),
    first(
      'la',
      ['level', 'taken_at', 'source', 'definition_code'],
      `test_result x where x.company_id = $1 and x.id >= ${since} and not x.practice`,
      'least(x.taken_at, x.received_at) desc, x.id desc',
    ),
    atOnce
      ? `left join (${fallen}, r.profile_id ${due} group by r.profile_id) mi on mi.profile_id = p.id`
      : `cross join lateral (${fallen} ${due} and r.profile_id = p.id) mi`,
  ].join('\n');
};

/** Results are partitioned by when they came: so the board looks into two months, whatever a company keeps. */
const LOOK_BACK_MS = 31 * 86_400_000;

/** What asks for somebody's attention comes first: an undecided case by its level, a hold, missing tests, work. */
const URGENCY = `case
  when ca.status in ('open', 'acknowledged', 'resting', 'awaiting_retest', 'retested', 'not_retested', 'lapsed')
    then case ca.level when 'red' then 0 when 'orange' then 1 else 2 end
  when ho.level is not null then 3
  when mi.count > 0 then 4
  when la.level = 'yellow' then 5
  when sh.status = 'started' then 6
  when sh.status = 'planned' then 7
  else 8 end`;

/** `offset 0`: a person has few results of a month; a plan for everybody would look through those of the company by their time. */
const item = (now: string, since: string, caseJson: (alias: string) => string): string =>
  object({
    profileId: 'b.id',
    firstName: 'b.first_name',
    lastName: 'b.last_name',
    employeeNumber: 'b.employee_number',
    siteId: 'b.site_id',
    shift: `case when b.shift_id is null then null else ${object({
      id: 'b.shift_id',
      status: 'b.shift_status',
      kind: 'b.shift_kind',
      workDate: 'b.work_date',
      startsAt: iso('b.starts_at'),
      endsAt: iso('b.ends_at'),
      actualStartAt: iso('b.actual_start_at'),
      projectId: 'b.project_id',
    })} end`,
    requirements: listOf(
      object({
        id: 'r.id',
        kind: 'r.kind',
        definitionCode: 'r.definition_code',
        dueAt: iso('r.due_at'),
        status: 'r.status',
        level: 'r.level',
      }),
      `from requirement r where r.company_id = $1 and r.profile_id = b.id and r.deleted_at is null
         and r.due_at > ${now}::timestamptz - interval '16 hours' and r.due_at < ${now}::timestamptz + interval '24 hours'`,
      'r.due_at, r.id',
    ),
    missing: 'b.missing',
    latest: `case when b.latest_level is null then null else ${object({
      level: 'b.latest_level',
      takenAt: iso('b.latest_at'),
      source: 'b.latest_source',
      definitionCode: 'b.latest_code',
    })} end`,
    hold: `case when b.hold_level is null then null else ${object({ level: 'b.hold_level', since: iso('b.hold_since') })} end`,
    restrictions: listOf(
      object({
        noDriving: `(h.restrictions->>'noDriving')::boolean`,
        accompanied: `(h.restrictions->>'accompanied')::boolean`,
        noHeights: `(h.restrictions->>'noHeights')::boolean`,
        until: iso('h.ends_at'),
      }),
      `from hold h where h.company_id = $1 and h.profile_id = b.id and h.kind = 'restrictions' and h.ended_at is null
         and (h.ends_at is null or h.ends_at > ${now})`,
      'h.starts_at',
    ),
    trend: `coalesce((select json_agg(${object({ day: 'd.day', level: `(${WORST})[d.worst]` })} order by d.day)
      from (select to_char(t.taken_at at time zone b.timezone, 'YYYY-MM-DD') as day,
          max(array_position(${WORST}, t.level)) as worst
        from (select q.id, q.taken_at, q.level from test_result q
          where q.company_id = $1 and q.profile_id = b.id and q.id >= ${since} and not q.practice offset 0) t
        where t.taken_at > ${now}::timestamptz - interval '30 days' and t.taken_at <= ${now}::timestamptz + interval '5 minutes'
          and not exists (select 1 from test_result n where n.company_id = $1 and n.supersedes = t.id and n.id >= ${since})
        group by 1) d), '[]'::json)`,
    case: `(select ${caseJson('c')} from fitness_case c where c.company_id = $1 and c.id = b.case_id)`,
  });

const conditions = ({ filters, after }: BoardQuery, bind: Bind): string => {
  const { siteId, shift, level, held, openCase, missing } = filters;
  const given = [
    'true',
    ...(siteId === undefined ? [] : [`s.site_id = any(${bind(siteId)}::uuid[])`]),
    ...(shift === undefined ? [] : [`coalesce(s.shift_status, 'none') = any(${bind(shift)}::text[])`]),
    ...(level === undefined ? [] : [`s.latest_level = any(${bind(level)}::text[])`]),
    ...(held === undefined ? [] : [`s.hold_level is ${held ? 'not ' : ''}null`]),
    ...(openCase === undefined ? [] : [`s.case_id is ${openCase ? 'not ' : ''}null`]),
    ...(missing === undefined ? [] : [`s.missing ${missing ? '>' : '='} 0`]),
    ...(after === undefined ? [] : [`(s.key, s.id) > (${bind(after.key)}, ${bind(after.id)})`]),
  ];
  return given.join(' and ');
};

/**
 * The board of the people whom a caller reaches, the most urgent first: one statement a page, after one that asks whether they
 * are more than `oneByOne`.
 */
export const createBoard =
  (caseJson: (alias: string) => string, oneByOne = ONE_BY_ONE) =>
  async (reader: Reader, query: BoardQuery): Promise<BoardRow[]> => {
    const values: unknown[] = [reader.companyId];
    const bind: Bind = (value) => `$${values.push(value)}`;
    const people = `p.company_id = $1 and p.status = 'active' and p.deleted_at is null
          and p.id is distinct from ${bind(query.me)}::uuid and ${query.visible(bind)}`;
    const beyond = await reader.prepared(`select 1 from profile p where ${people} offset ${oneByOne} limit 1`, [
      ...values,
    ]);
    const now = bind(query.now);
    const since = `${bind(idFloor(new Date(query.now.getTime() - LOOK_BACK_MS)))}::uuid`;
    const text = `with s as (
        select p.id, p.first_name, p.last_name, p.employee_number, p.site_id,
          coalesce(st.timezone, co.timezone) as timezone,
          sh.id as shift_id, sh.status as shift_status, sh.kind as shift_kind, sh.work_date, sh.starts_at, sh.ends_at,
          sh.actual_start_at, sh.project_id, ca.id as case_id, ho.level as hold_level, ho.starts_at as hold_since,
          la.level as latest_level, la.taken_at as latest_at, la.source as latest_source,
          la.definition_code as latest_code, coalesce(mi.count, 0) as missing,
          (${URGENCY} || ' ' || lower(p.last_name || ' ' || p.first_name)) collate "C" as key
        from profile p join company co on co.id = $1
        left join site st on st.company_id = $1 and st.id = p.site_id ${state(now, since, beyond.length > 0)}
        where ${people}),
      b as (select s.* from s where ${conditions(query, bind)} order by s.key, s.id limit ${bind(query.limit)})
      select ${item(now, since, caseJson)} as item, b.key, b.id from b order by b.key, b.id`;
    return reader.prepared<BoardRow>(text, values);
  };
