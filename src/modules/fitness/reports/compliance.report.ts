import type { Reader } from '../../../platform/db/database.ts';
import type { Bind } from '../../../platform/db/list.ts';
import { equals, statement } from '../../../platform/render/report-sql.ts';
import type {
  Filters,
  ReportDefinition,
  ReportReach,
  ReportScope,
  ReportStatement,
  ReportSummary,
} from '../../../platform/render/report.ts';
import { LEVELS } from '../classification/classify.ts';
import { addCounts, complianceOf, suppressSmall } from '../compliance/compliance.ts';
import type { ComplianceCounts } from '../compliance/compliance.ts';
import { WORK_FILTERS } from './filters.ts';

/** Requirements with the shift that they are for, if any. */
const DUE = `requirement r left join shift w on w.company_id = $1 and w.id = r.shift_id`;

const FILTERED = {
  siteId: 'r.site_id',
  projectId: 'r.project_id',
  profileId: 'r.profile_id',
  shift: 'w.kind',
};

/** What fell due in the period, of the people that the caller may see. */
const isDue = (visible: ReportReach, scope: ReportScope, filters: Filters, bind: Bind): string =>
  `r.company_id = $1 and r.deleted_at is null and r.due_at <= ${bind(scope.at)}
   and r.shift_date between ${bind(filters['from'])} and ${bind(filters['to'])}
   and ${visible(scope, 'r.profile_id', bind)}${equals(filters, FILTERED, bind)}`;

const countOf = (status: string): string => `count(*) filter (where r.status = '${status}')::int`;

/** The counts of docs/glossary.md, compliance; the rate is made of them and of nothing else. */
const COUNTS = `${countOf('done_on_time')} as "onTime", ${countOf('done_late')} as late, ${countOf('missed')} as missed,
  ${countOf('due')} as overdue, ${countOf('excused')} as excused, ${countOf('blocked')} as blocked,
  count(*) filter (where r.had_invalid)::int as invalid`;

const rows = (visible: ReportReach, scope: ReportScope, filters: Filters): ReportStatement =>
  statement(
    scope.companyId,
    (bind) => `select g.*, g."onTime" + g.late + g.missed + g.overdue + g.excused + g.blocked as required,
        json_build_array(g."onTime", g."onTime" + g.late + g.missed + g.overdue) as rate
      from (select r.shift_date as "shiftDate", s.name as site, w.kind as shift, p.code as project, ${COUNTS}
        from ${DUE}
        left join site s on s.company_id = $1 and s.id = r.site_id
        left join project p on p.company_id = $1 and p.id = r.project_id
        where ${isDue(visible, scope, filters, bind)}
        group by r.shift_date, s.name, w.kind, p.code) g
      order by g.site nulls last, g."shiftDate", g.shift nulls last, g.project nulls last`,
  );

const byDay = (visible: ReportReach, scope: ReportScope, filters: Filters): ReportStatement =>
  statement(
    scope.companyId,
    (bind) => `select r.shift_date as day, ${COUNTS} from ${DUE} where ${isDue(visible, scope, filters, bind)}
      group by r.shift_date order by r.shift_date`,
  );

const levelCounts = LEVELS.map(
  (level) => `count(*) filter (where coalesce(r.level, 'none') = '${level}')::int as "${level}"`,
).join(', ');

/** Levels of what fell due, by site, with how many people they are about. */
const bySite = (visible: ReportReach, scope: ReportScope, filters: Filters): ReportStatement =>
  statement(
    scope.companyId,
    (
      bind,
    ) => `select coalesce(r.site_id::text, '') as key, s.name as label, count(distinct r.profile_id)::int as people,
        ${levelCounts}
      from ${DUE} left join site s on s.company_id = $1 and s.id = r.site_id
      where ${isDue(visible, scope, filters, bind)} group by r.site_id, s.name order by s.name nulls last, r.site_id`,
  );

type SiteRow = { readonly key: string; readonly label: string | null; readonly people: number } & Readonly<
  Record<(typeof LEVELS)[number], number>
>;

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

const summary = async (
  visible: ReportReach,
  reader: Reader,
  scope: ReportScope,
  filters: Filters,
): Promise<ReportSummary> => {
  const daily = byDay(visible, scope, filters);
  const days = await reader.query<{ day: string } & ComplianceCounts>(daily.text, daily.values);
  const sites = bySite(visible, scope, filters);
  const found = await reader.query<SiteRow>(sites.text, sites.values);
  const groups = suppressSmall(
    found.map(({ key, people, ...row }) => ({ key, people, values: LEVELS.map((level) => row[level]) })),
  );
  return {
    figures: figuresOf(addCounts(days)),
    series: [
      {
        name: 'compliance',
        points: days.map(({ day, ...counts }) => {
          const { rate } = complianceOf(counts);
          return { day, ratio: rate.denominator === 0 ? null : rate.numerator / rate.denominator };
        }),
      },
    ],
    levels: {
      tones: LEVELS,
      groups: groups.map(({ values }, index) => ({ label: found[index]!.label, values })),
    },
  };
};

/** Compliance by site, day, shift and project, with everything that is not in the rate beside it. */
export const complianceReport = (visible: ReportReach): ReportDefinition => ({
  kind: 'compliance',
  permission: 'fitness:compliance:read',
  filters: WORK_FILTERS,
  filterLabels: { shift: 'reports:shiftKind' },
  groupBy: 'site',
  columns: [
    { name: 'site', kind: 'text' },
    { name: 'shiftDate', kind: 'date', width: 1.4 },
    { name: 'shift', kind: 'label', labels: 'reports:shiftKind', width: 1.1 },
    { name: 'project', kind: 'text', width: 1.5 },
    { name: 'required', kind: 'integer' },
    { name: 'onTime', kind: 'integer' },
    { name: 'late', kind: 'integer' },
    { name: 'missed', kind: 'integer' },
    { name: 'overdue', kind: 'integer' },
    { name: 'excused', kind: 'integer' },
    { name: 'blocked', kind: 'integer' },
    { name: 'invalid', kind: 'integer' },
    { name: 'rate', kind: 'rate', width: 1.2 },
  ],
  rows: (scope, filters) => rows(visible, scope, filters),
  summary: (reader, scope, filters) => summary(visible, reader, scope, filters),
});
