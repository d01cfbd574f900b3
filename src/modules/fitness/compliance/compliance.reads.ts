import type { Reader } from '../../../platform/db/database.ts';
import { EVERY_ROW } from '../../../platform/db/list.ts';
import type { Bind, Restriction } from '../../../platform/db/list.ts';
import { equals } from '../../../platform/render/report-sql.ts';
import { LEVELS } from '../classification/classify.ts';
import type { Level } from '../classification/classify.ts';
import { addCounts, complianceOf, SMALLEST_HEALTH_GROUP } from './compliance.ts';
import type { Compliance, ComplianceCounts } from './compliance.ts';
import type { ComplianceGroup } from './report-lines.ts';

/** What is counted: requirements of the shift days `from` to `to`, both included, that had fallen due at `now`. */
export interface CompliancePeriod {
  /** `YYYY-MM-DD`: start days of shifts, in the zone of their sites. */
  readonly from: string;
  readonly to: string;
  readonly now: Date;
  readonly projectId?: string | undefined;
  readonly siteId?: string | undefined;
  readonly shiftId?: string | undefined;
}

/** One line of the count. `key`: the day, the month (`YYYY-MM`), or the id of project, site or shift; null: what belongs to none. */
export type ComplianceLine = Compliance & { readonly key: string | null };

export interface LevelLine {
  readonly key: string | null;
  readonly people: number;
  /** Requirements by the level they were left with; null where too few people stand behind it. */
  readonly levels: Readonly<Record<Level, number>> | null;
}

/** Groups by the bare column, which is a third of the time of grouping by its text. */
const GROUPS: Readonly<Record<ComplianceGroup, { readonly key: string; readonly by: string }>> = {
  total: { key: 'null::text', by: '' },
  day: { key: `to_char(r.shift_date, 'YYYY-MM-DD')`, by: 'group by r.shift_date order by r.shift_date' },
  month: {
    key: `to_char(date_trunc('month', r.shift_date), 'YYYY-MM')`,
    by: `group by date_trunc('month', r.shift_date) order by date_trunc('month', r.shift_date)`,
  },
  project: { key: 'r.project_id::text', by: 'group by r.project_id order by r.project_id' },
  site: { key: 'r.site_id::text', by: 'group by r.site_id order by r.site_id' },
  shift: { key: 'r.shift_id::text', by: 'group by r.shift_id order by r.shift_id' },
};

const binding =
  (values: unknown[]): Bind =>
  (value) =>
    `$${values.push(value)}`;

/** SQL: the requirements `r` that are counted. Adds what it binds to `values`, which begin with the company. */
export const fallenDue = (period: CompliancePeriod, values: unknown[], restrict: Restriction | undefined): string => {
  const bind = binding(values);
  const conditions = [
    'r.company_id = $1 and r.deleted_at is null',
    `r.shift_date between ${bind(period.from)} and ${bind(period.to)}`,
    `r.due_at <= ${bind(period.now)}`,
  ];
  if (period.projectId !== undefined) conditions.push(`r.project_id = ${bind(period.projectId)}`);
  if (period.siteId !== undefined) conditions.push(`r.site_id = ${bind(period.siteId)}`);
  if (period.shiftId !== undefined) conditions.push(`r.shift_id = ${bind(period.shiftId)}`);
  if (restrict !== undefined) conditions.push(restrict(bind));
  return conditions.join(' and ');
};

/** The whole of nothing is no line. */
const isEmpty = ({ onTime, late, missed, overdue, excused, blocked }: ComplianceCounts): boolean =>
  onTime + late + missed + overdue + excused + blocked === 0;

const counted = (status: string, name: keyof ComplianceCounts): string =>
  `count(*) filter (where r.status = '${status}')::int as "${name}"`;

/** SQL: what became of the requirements `r`, as `ComplianceCounts`. */
export const COUNTS = [
  counted('done_on_time', 'onTime'),
  counted('done_late', 'late'),
  counted('missed', 'missed'),
  counted('due', 'overdue'),
  counted('excused', 'excused'),
  counted('blocked', 'blocked'),
  'count(*) filter (where r.had_invalid)::int as invalid',
].join(', ');

const SUMS = (Object.keys(addCounts([])) as (keyof ComplianceCounts)[])
  .map((name) => `coalesce(sum(r."${name}"), 0)::int as "${name}"`)
  .join(', ');

/** Stands for no site and no project in the key of a day's totals. */
export const NIL = '00000000-0000-0000-0000-000000000000';

const totals = (alias: string, day: string): string =>
  `select ${alias}.${day} as shift_date, nullif(${alias}.site_id, '${NIL}') as site_id, nullif(${alias}.project_id, '${NIL}') as project_id,
    ${alias}.on_time as "onTime", ${alias}.late, ${alias}.missed, ${alias}.overdue, ${alias}.excused, ${alias}.blocked, ${alias}.invalid from ${alias} where true`;

/** Months that lie in the period as a whole and whose totals hold: nothing of them is still to fall due, nothing was written since. */
const KEPT_MONTHS = `select m.* from compliance_month m
    where m.company_id = $1 and m.month between $2 and $3 and m.month + interval '1 month' <= $3::date + 1
      and m.settled_at <= $4 and m.month not in (select date_trunc('month', marked.day::timestamp)::date from marked)`;

/** The days of the period that lie in none of these. The limit is never reached: a plan that is kept is made for few days by it. */
const OTHER_DAYS = `select $2::date + d.nth as day from generate_series(0, $3::date - $2::date) d(nth)
    where date_trunc('month', ($2::date + d.nth)::timestamp)::date not in (select kept_month.month from kept_month)
    limit $3::date - $2::date + 1`;

/**
 * The count of all people, from the totals of months and days, and from the rows of those days whose totals do not hold: one statement,
 * so that totals and marks are seen at one instant.
 */
const wholeBy = (group: ComplianceGroup, period: CompliancePeriod, values: unknown[]): string => {
  const { key, by } = GROUPS[group];
  const where = fallenDue(period, values, undefined);
  const { siteId, projectId } = period;
  const only = (alias: string): string =>
    equals({ siteId, projectId }, { siteId: `${alias}.site_id`, projectId: `${alias}.project_id` }, binding(values));
  return `with marked as materialized (select distinct m.shift_date as day from compliance_mark m
      where m.company_id = $1 and m.shift_date between $2 and $3),
    kept_month as materialized (${KEPT_MONTHS}${group === 'day' ? ' and false' : ''}),
    other as materialized (${OTHER_DAYS}),
    kept_day as materialized (select d.* from compliance_day d where d.company_id = $1 and d.settled_at <= $4
      and d.shift_date = any(array(select other.day from other where other.day not in (select marked.day from marked)))),
    live as materialized (select other.day from other where other.day not in (select kept_day.shift_date from kept_day)),
    r as (${totals('kept_month', 'month')}${only('kept_month')} union all ${totals('kept_day', 'shift_date')}${only('kept_day')}
      union all select counted.* from live cross join lateral (
        select r.shift_date, r.site_id, r.project_id, ${COUNTS} from requirement r
        where ${where} and r.shift_date = live.day group by r.shift_date, r.site_id, r.project_id) counted)
    select ${key} as key, ${SUMS} from r ${by}`;
};

/** The count of those whom `restrict` names, or of one shift, from the rows. */
const rowsBy = (
  group: ComplianceGroup,
  period: CompliancePeriod,
  values: unknown[],
  restrict?: Restriction,
): string => {
  const { key, by } = GROUPS[group];
  return `select ${key} as key, ${COUNTS} from requirement r where ${fallenDue(period, values, restrict)} ${by}`;
};

/**
 * Compliance of a period, whole or by day, month, project, site or shift: the one count behind board, API, CSV and PDF. The rate
 * and what stands beside it are those of `complianceOf`. Lines without any requirement are not there; in order of the key.
 * `restrict` names the profiles a caller reaches (`r.profile_id`); who reaches all of them is answered from the totals of
 * days (`createDayTotals`), which are the same number.
 */
export const complianceBy = async (
  reader: Reader,
  group: ComplianceGroup,
  period: CompliancePeriod,
  restrict: Restriction = () => EVERY_ROW,
): Promise<ComplianceLine[]> => {
  const values: unknown[] = [reader.companyId];
  const isWhole = group !== 'shift' && period.shiftId === undefined && restrict(binding([])) === EVERY_ROW;
  const text = isWhole ? wholeBy(group, period, values) : rowsBy(group, period, values, restrict);
  const rows = await reader.prepared<ComplianceCounts & { key: string | null }>(text, values);
  return rows.flatMap((row) => {
    const { key: of, ...counts } = row;
    return isEmpty(counts) ? [] : [{ key: of, ...complianceOf(counts) }];
  });
};

/** Levels of the same requirements as `complianceBy`, by the same groups. */
export const levelsBy = async (
  reader: Reader,
  group: ComplianceGroup,
  period: CompliancePeriod,
  restrict?: Restriction,
): Promise<LevelLine[]> => {
  const values: unknown[] = [reader.companyId];
  const where = fallenDue(period, values, restrict);
  const { key, by } = GROUPS[group];
  const columns = LEVELS.map((level) => `count(*) filter (where r.level = '${level}')::int as ${level}`).join(', ');
  const rows = await reader.prepared<Record<Level, number> & { key: string | null; people: number }>(
    `select ${key} as key, count(distinct r.profile_id)::int as people, ${columns}
     from requirement r where ${where} ${by}`,
    values,
  );
  return rows.flatMap(({ key: of, people, ...levels }) =>
    people === 0 ? [] : [{ key: of, people, levels: people < SMALLEST_HEALTH_GROUP ? null : levels }],
  );
};
