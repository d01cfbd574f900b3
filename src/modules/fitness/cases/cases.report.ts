import { equals, statement } from '../../../platform/render/report-sql.ts';
import type { ReportDefinition, ReportReach } from '../../../platform/render/report.ts';
import { addDays, startOfDay } from '../../../platform/time/zone.ts';
import { PERIOD_FILTERS } from '../report-filters.ts';
import { CASE_DECISIONS, CASE_STATES } from './cases.repository.ts';

/** Cases and what was decided in them; never an assessment or a note. */
export const casesReport = (visible: ReportReach): ReportDefinition => ({
  kind: 'cases',
  permission: 'fitness:case:read',
  filters: PERIOD_FILTERS,
  columns: [
    { name: 'openedAt', kind: 'instant', width: 1.5 },
    { name: 'person', kind: 'text', width: 1.8 },
    { name: 'site', kind: 'text', width: 1.4 },
    { name: 'level', kind: 'level' },
    { name: 'caseStatus', kind: 'label', codes: CASE_STATES, width: 1.3 },
    { name: 'decision', kind: 'label', codes: CASE_DECISIONS, width: 1.5 },
    { name: 'decidedAt', kind: 'instant', width: 1.5 },
  ],
  rows: (scope, filters) =>
    statement(
      scope.companyId,
      (
        bind,
      ) => `select c.opened_at as "openedAt", f.first_name || ' ' || f.last_name as person, s.name as site, c.level,
          c.status as "caseStatus", c.decision, c.decided_at as "decidedAt"
        from fitness_case c
        join profile f on f.company_id = $1 and f.id = c.profile_id
        left join site s on s.company_id = $1 and s.id = c.site_id
        where c.company_id = $1 and c.deleted_at is null
          and c.opened_at >= ${bind(startOfDay(String(filters['from']), scope.zone))}
          and c.opened_at < ${bind(startOfDay(addDays(String(filters['to']), 1), scope.zone))}
          and ${visible(scope, 'c.profile_id', bind)}
          ${equals(filters, { siteId: 'c.site_id', profileId: 'c.profile_id' }, bind)}
        order by c.opened_at, c.id`,
    ),
});
