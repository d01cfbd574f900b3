import type { Reader } from '../../../platform/db/database.ts';
import type { Restriction } from '../../../platform/db/list.ts';
import { equals } from '../../../platform/render/report-sql.ts';
import type {
  Filters,
  ReportColumn,
  ReportDefinition,
  ReportReach,
  ReportScope,
  ReportStatement,
  ReportSummary,
} from '../../../platform/render/report.ts';
import { daysBetween, weekOf } from '../../../platform/time/zone.ts';
import { LEVELS } from '../classification/classify.ts';
import { SHIFT_KINDS, WORK_FILTERS } from '../report-filters.ts';
import { complianceBy, COUNTS, fallenDue, levelsBy } from './compliance.reads.ts';
import type { ComplianceLine, CompliancePeriod, LevelLine } from './compliance.reads.ts';
import { addCounts, complianceOf, suppressSmall } from './compliance.ts';
import type { ComplianceCounts } from './compliance.ts';

/** What is counted, and for whom: the same for rows, figures and charts. */
interface Counted {
  readonly period: CompliancePeriod;
  readonly restrict: Restriction;
}

const countedFor = (visible: ReportReach, scope: ReportScope, filters: Filters): Counted => {
  const { from, to, siteId, projectId, shift, profileId } = filters as Readonly<Record<string, string | undefined>>;
  return {
    period: { from: String(from), to: String(to), now: scope.at, siteId, projectId },
    restrict: (bind) => {
      const ofKind = `exists (select 1 from shift k where k.company_id = $1 and k.id = r.shift_id${equals({ shift }, { shift: 'k.kind' }, bind)})`;
      const person = equals({ profileId }, { profileId: 'r.profile_id' }, bind);
      return `${visible(scope, 'r.profile_id', bind)}${person}${shift === undefined ? '' : ` and ${ofKind}`}`;
    },
  };
};

const PROJECT = 'case when p.id is not null then array[p.code, p.name] end as project';

/** Counts by `keys` (columns of site `s`, project `p`, shift `w`), the rate and what is required made of nothing else. */
const grouped = ({ period, restrict }: Counted, companyId: string, keys: string, order: string): ReportStatement => {
  const values: unknown[] = [companyId];
  const where = fallenDue(period, values, restrict);
  const text = `select g.*, g."onTime" + g.late + g.missed + g.overdue + g.excused + g.blocked as required,
      json_build_array(g."onTime", g."onTime" + g.late + g.missed + g.overdue) as rate
    from (select ${keys}, ${COUNTS} from requirement r
      left join shift w on w.company_id = $1 and w.id = r.shift_id
      left join site s on s.company_id = $1 and s.id = r.site_id
      left join project p on p.company_id = $1 and p.id = r.project_id
      where ${where} group by ${keys.replaceAll(/ as "?\w+"?/g, '')}) g
    order by ${order}`;
  return { text, values };
};

const NUMBERS: readonly ReportColumn[] = [
  { name: 'required', kind: 'integer' },
  { name: 'onTime', kind: 'integer' },
  { name: 'late', kind: 'integer' },
  { name: 'missed', kind: 'integer' },
  { name: 'overdue', kind: 'integer' },
  { name: 'excused', kind: 'integer' },
  { name: 'blocked', kind: 'integer' },
  { name: 'invalid', kind: 'integer' },
  { name: 'rate', kind: 'rate', width: 1.2 },
];

const COLUMNS = {
  site: { name: 'site', kind: 'text', width: 3 },
  project: { name: 'project', kind: 'named', width: 4 },
  shift: { name: 'shift', kind: 'label', codes: SHIFT_KINDS, labels: 'reports:shiftKind', width: 3 },
} as const satisfies Record<string, ReportColumn>;

type Group = ComplianceCounts & Readonly<Record<keyof typeof COLUMNS, unknown>>;

const breakdown = (groups: readonly Group[], by: keyof typeof COLUMNS, name: string) => {
  const rows = [...Map.groupBy(groups, (group) => JSON.stringify(group[by]))].map(([key, parts]) => {
    const { rate, required, ...counts } = complianceOf(addCounts(parts));
    const { onTime, late, missed, overdue, excused, blocked, invalid } = counts;
    const numbers = [required, onTime, late, missed, overdue, excused, blocked, invalid];
    return [JSON.parse(key) as unknown, ...numbers, [rate.numerator, rate.denominator]];
  });
  return { name, columns: [COLUMNS[by], ...NUMBERS], rows };
};

const figuresOf = (counts: ComplianceCounts): ReportSummary['figures'] => {
  const { rate, required, onTime, late, missed, overdue, excused, blocked, invalid } = complianceOf(counts);
  const of = { name: 'ofCounted', value: rate.denominator };
  return [
    { name: 'compliance', kind: 'rate', value: [rate.numerator, rate.denominator], note: of },
    { name: 'required', kind: 'integer', value: required, note: { name: 'overdue', value: overdue } },
    { name: 'onTime', kind: 'integer', value: onTime, tone: 'green' },
    { name: 'late', kind: 'integer', value: late, tone: 'yellow' },
    { name: 'missed', kind: 'integer', value: missed, tone: 'red' },
    { name: 'excused', kind: 'integer', value: excused, tone: 'invalid' },
    { name: 'blocked', kind: 'integer', value: blocked, tone: 'invalid' },
    { name: 'invalid', kind: 'integer', value: invalid, tone: 'orange' },
  ];
};

const siteNames = async (reader: Reader): Promise<ReadonlyMap<string, string>> => {
  const rows = await reader.prepared<{ id: string; name: string }>(
    'select s.id, s.name from site s where s.company_id = $1',
    [reader.companyId],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
};

/** Levels by site, those of few people hidden, and those that would tell on them. */
const levelsOf = (lines: readonly LevelLine[], names: ReadonlyMap<string, string>): ReportSummary['levels'] => {
  const groups = lines.map(({ key, people, levels }) => ({ key: key ?? '', people, values: levels }));
  return {
    tones: LEVELS,
    groups: suppressSmall(groups).map(({ key, values }) => ({
      label: names.get(key) ?? null,
      values: values === null ? null : LEVELS.map((level) => values[level]),
    })),
  };
};

/** More days than this are shown by week and by month: a year day by day is a band in a chart and forty pages of table. */
const MOST_DAYS = 92;
const isLong = ({ from, to }: Pick<CompliancePeriod, 'from' | 'to'>): boolean => daysBetween(from, to) >= MOST_DAYS;

/** The rate over time, by shift date or by the week that begins on a Monday; the first one begins with the period. */
const seriesOf = (days: readonly ComplianceLine[], period: CompliancePeriod): NonNullable<ReportSummary['series']> => {
  const byWeek = isLong(period);
  const beginOf = (monday: string): string => (monday < period.from ? period.from : monday);
  const dayOf = ({ key }: ComplianceLine): string => (byWeek ? beginOf(weekOf(String(key)).from) : String(key));
  const points = [...Map.groupBy(days, dayOf)].map(([day, parts]) => {
    const { rate } = complianceOf(addCounts(parts));
    return { day, ratio: rate.denominator === 0 ? null : rate.numerator / rate.denominator };
  });
  return { name: 'compliance', section: byWeek ? 'overWeeks' : 'overTime', points };
};

const summarize = async (reader: Reader, counted: Counted): Promise<ReportSummary> => {
  const { period, restrict } = counted;
  const days = await complianceBy(reader, 'day', period, restrict);
  const keys = `s.name as site, ${PROJECT}, w.kind as shift`;
  const { text, values } = grouped(counted, reader.companyId, keys, 'g.site nulls last, g.project nulls last, g.shift');
  const groups = await reader.query<Group>(text, values);
  const levels = await levelsBy(reader, 'site', period, restrict);
  return {
    figures: figuresOf(addCounts(days)),
    series: seriesOf(days, period),
    levels: levelsOf(levels, await siteNames(reader)),
    breakdowns: [
      breakdown(groups, 'site', 'bySite'),
      breakdown(groups, 'project', 'byProject'),
      breakdown(groups, 'shift', 'byShift'),
    ],
  };
};

/** Counts by site, shift and project, and by what `name` makes of the shift date. */
const detail = (visible: ReportReach, name: 'shiftDate' | 'month', kind: 'date' | 'month', of: string) =>
  ({
    columns: [
      { name: 'site', kind: 'text' },
      { name, kind, width: 1.4 },
      { ...COLUMNS.shift, width: 1.2 },
      COLUMNS.project,
      ...NUMBERS,
    ],
    rows: (scope, filters) =>
      grouped(
        countedFor(visible, scope, filters),
        scope.companyId,
        `${of} as "${name}", s.name as site, w.kind as shift, ${PROJECT}`,
        `g.site nulls last, g."${name}", g.shift nulls last, g.project nulls last`,
      ),
  }) satisfies Pick<ReportDefinition, 'columns' | 'rows'>;

/** Compliance by site, day, shift and project, with everything that is not in the rate beside it. */
export const complianceReport = (visible: ReportReach): ReportDefinition => ({
  kind: 'compliance',
  permission: 'fitness:compliance:read',
  filters: WORK_FILTERS,
  filterLabels: { shift: 'reports:shiftKind' },
  groupBy: 'site',
  ...detail(visible, 'shiftDate', 'date', 'r.shift_date'),
  condensed: ({ from, to }) =>
    isLong({ from: String(from), to: String(to) })
      ? detail(visible, 'month', 'month', `date_trunc('month', r.shift_date)::date`)
      : undefined,
  summary: (reader, scope, filters) => summarize(reader, countedFor(visible, scope, filters)),
});
