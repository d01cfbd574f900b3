import Type from 'typebox';
import { equals, exact, oneOf, statement, uuid } from '../../../platform/module.ts';
import type { ReportDefinition, ReportReach } from '../../../platform/module.ts';
import { LICENSE_STATES } from './licenses.repository.ts';

/** Who holds a seat of what, and since when. */
export const licensesReport = (visible: ReportReach): ReportDefinition => ({
  kind: 'licenses',
  permission: 'commerce:license:read',
  filters: exact({ status: Type.Optional(oneOf(LICENSE_STATES)), profileId: Type.Optional(uuid()) }),
  filterLabels: { status: 'reports:licenseStatus' },
  columns: [
    { name: 'offering', kind: 'text' },
    { name: 'person', kind: 'text', width: 2 },
    { name: 'assignedAt', kind: 'instant', width: 1.5 },
    { name: 'releasedAt', kind: 'instant', width: 1.5 },
    { name: 'licenseStatus', kind: 'label', codes: LICENSE_STATES },
  ],
  rows: (scope, filters) =>
    statement(
      scope.companyId,
      (bind) => `select l.offering, f.first_name || ' ' || f.last_name as person, l.assigned_at as "assignedAt",
          l.released_at as "releasedAt", l.status as "licenseStatus"
        from license l
        join profile f on f.company_id = $1 and f.id = l.profile_id
        where l.company_id = $1 and l.deleted_at is null and ${visible(scope, 'l.profile_id', bind)}
          ${equals(filters, { status: 'l.status', profileId: 'l.profile_id' }, bind)}
        order by l.offering, f.last_name, f.first_name, l.assigned_at, l.id`,
    ),
});
