import type { Reader } from '../../../platform/db/database.ts';
import type { Bind } from '../../../platform/db/list.ts';
import { equals, statement } from '../../../platform/render/report-sql.ts';
import type {
  Filters,
  ReportDefinition,
  ReportReach,
  ReportScope,
  ReportSummary,
} from '../../../platform/render/report.ts';
import { BREACHES } from './breaches.reads.ts';
import { PERIOD_FILTERS } from '../report-filters.ts';
import { BREACH_KINDS } from './report-lines.ts';

const FROM = `from (${BREACHES}) b
  join profile f on f.company_id = $1 and f.id = b.profile_id
  left join site s on s.company_id = $1 and s.id = b.site_id`;

const where = (visible: ReportReach, scope: ReportScope, filters: Filters, bind: Bind): string =>
  `b.company_id = $1 and b.shift_date between ${bind(filters['from'])} and ${bind(filters['to'])}
    and ${visible(scope, 'b.profile_id', bind)}${equals(filters, { siteId: 'b.site_id', profileId: 'b.profile_id' }, bind)}`;

type Kind = (typeof BREACH_KINDS)[number];
type Counts = Readonly<Record<Kind, number>>;

/** What each kind is called where it is counted, and its color. */
const COUNTED = {
  undecided: { name: 'undecided', tone: 'red' },
  late_result: { name: 'lateResults', tone: 'orange' },
  missed_test: { name: 'missedTests', tone: 'yellow' },
  override: { name: 'overrides', tone: 'invalid' },
} as const satisfies Record<Kind, object>;

const SITE_COLUMNS = [
  { name: 'site', kind: 'text', width: 3 },
  ...BREACH_KINDS.map((kind) => ({ name: COUNTED[kind].name, kind: 'integer', width: 1.5 }) as const),
  { name: 'breaches', kind: 'integer', width: 1.5 },
] as const;

const summarize = async (
  reader: Reader,
  visible: ReportReach,
  scope: ReportScope,
  filters: Filters,
): Promise<ReportSummary> => {
  const counts = BREACH_KINDS.map((kind) => `count(*) filter (where b.kind = '${kind}')::int as "${kind}"`).join(', ');
  const counted = (key: string) =>
    statement(
      scope.companyId,
      (bind) => `select ${key} as site, count(distinct b.profile_id)::int as people, ${counts}
        ${FROM} where ${where(visible, scope, filters, bind)}`,
    );
  const [all, bySite] = [counted('null'), counted('s.name')];
  const [total] = await reader.query<Counts & { people: number }>(all.text, all.values);
  const sites = await reader.query<Counts & { site: string | null }>(
    `${bySite.text} group by s.name order by s.name nulls last`,
    bySite.values,
  );
  const sum = (line: Counts | undefined): number => BREACH_KINDS.reduce((of, kind) => of + (line?.[kind] ?? 0), 0);
  return {
    figures: [
      { name: 'breaches', kind: 'integer', value: sum(total), note: { name: 'people', value: total?.people ?? 0 } },
      ...BREACH_KINDS.map((kind) => ({ ...COUNTED[kind], kind: 'integer', value: total?.[kind] ?? 0 }) as const),
    ],
    breakdowns: [
      {
        name: 'bySite',
        columns: SITE_COLUMNS,
        rows: sites.map((line) => [line.site, ...BREACH_KINDS.map((kind) => line[kind]), sum(line)]),
      },
    ],
  };
};

/** Everything that went against the rules, as the list of breaches has it. */
export const breachReport = (visible: ReportReach): ReportDefinition => ({
  kind: 'breach',
  permission: 'fitness:compliance:read',
  filters: PERIOD_FILTERS,
  columns: [
    { name: 'shiftDate', kind: 'date', width: 1.1 },
    { name: 'site', kind: 'text', width: 1.6 },
    { name: 'person', kind: 'text', width: 2.6 },
    { name: 'breach', kind: 'label', codes: BREACH_KINDS, labels: 'reports:breachKind', width: 3.2 },
    { name: 'level', kind: 'level' },
    { name: 'at', kind: 'instant', width: 1.5 },
  ],
  rows: (scope, filters) =>
    statement(
      scope.companyId,
      (bind) => `select b.shift_date as "shiftDate", s.name as site, f.first_name || ' ' || f.last_name as person,
          b.kind as breach, b.level, b.at
        ${FROM} where ${where(visible, scope, filters, bind)}
        order by b.shift_date, s.name nulls last, b.at, b.id`,
    ),
  summary: (reader, scope, filters) => summarize(reader, visible, scope, filters),
});
