import { equals, statement } from '../../../platform/render/report-sql.ts';
import type { ReportDefinition, ReportReach } from '../../../platform/render/report.ts';
import { BREACHES } from './breaches.reads.ts';
import { PERIOD_FILTERS } from '../report-filters.ts';
import { BREACH_KINDS } from './report-lines.ts';

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
        from (${BREACHES}) b
        join profile f on f.company_id = $1 and f.id = b.profile_id
        left join site s on s.company_id = $1 and s.id = b.site_id
        where b.company_id = $1 and b.shift_date between ${bind(filters['from'])} and ${bind(filters['to'])}
          and ${visible(scope, 'b.profile_id', bind)}
          ${equals(filters, { siteId: 'b.site_id', profileId: 'b.profile_id' }, bind)}
        order by b.shift_date, s.name nulls last, b.at, b.id`,
    ),
});
