import { equals, statement } from '../../../platform/render/report-sql.ts';
import type { ReportDefinition, ReportReach } from '../../../platform/render/report.ts';
import { addDays, startOfDay } from '../../../platform/time/zone.ts';
import { PERIOD_FILTERS } from '../report-filters.ts';
import { ACTIONS } from '../classification/classify.ts';

/** Results of tests that stand: level and action, never what was measured. */
export const resultsReport = (visible: ReportReach): ReportDefinition => ({
  kind: 'results',
  permission: 'fitness:result:read',
  filters: PERIOD_FILTERS,
  columns: [
    { name: 'takenAt', kind: 'instant', width: 1.5 },
    { name: 'person', kind: 'text', width: 2 },
    { name: 'site', kind: 'text', width: 1.5 },
    { name: 'test', kind: 'text', width: 1.2 },
    { name: 'level', kind: 'level' },
    { name: 'action', kind: 'label', codes: ACTIONS, labels: 'fitness:action', width: 1.8 },
  ],
  rows: (scope, filters) =>
    statement(
      scope.companyId,
      (bind) => `select t.taken_at as "takenAt", f.first_name || ' ' || f.last_name as person, s.name as site,
          t.definition_code as test, t.level, t.action
        from test_result t
        join profile f on f.company_id = $1 and f.id = t.profile_id
        left join site s on s.company_id = $1 and s.id = f.site_id
        where t.company_id = $1 and not t.practice
          and t.taken_at >= ${bind(startOfDay(String(filters['from']), scope.zone))}
          and t.taken_at < ${bind(startOfDay(addDays(String(filters['to']), 1), scope.zone))}
          and not exists (select 1 from test_result newer where newer.company_id = $1 and newer.supersedes = t.id)
          and ${visible(scope, 't.profile_id', bind)}
          ${equals(filters, { siteId: 'f.site_id', profileId: 't.profile_id' }, bind)}
        order by t.taken_at, t.id`,
    ),
});
