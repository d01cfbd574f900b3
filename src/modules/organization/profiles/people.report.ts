import Type from 'typebox';
import { equals, exact, oneOf, statement, uuid } from '../../../platform/module.ts';
import type { ReportDefinition, ReportReach } from '../../../platform/module.ts';
import { PROFILE_KINDS, PROFILE_STATES } from './profiles.repository.ts';

/** The people of a company; national ids stay at home. */
export const peopleReport = (visible: ReportReach): ReportDefinition => ({
  kind: 'people',
  permission: 'organization:profile:read',
  filters: exact({
    siteId: Type.Optional(uuid()),
    departmentId: Type.Optional(uuid()),
    status: Type.Optional(oneOf(PROFILE_STATES)),
  }),
  filterLabels: { status: 'reports:profileStatus' },
  columns: [
    { name: 'lastName', kind: 'text', width: 1.5 },
    { name: 'firstName', kind: 'text', width: 1.5 },
    { name: 'employeeNumber', kind: 'text' },
    { name: 'profileKind', kind: 'label', codes: PROFILE_KINDS, width: 1.1 },
    { name: 'department', kind: 'text', width: 1.5 },
    { name: 'site', kind: 'text', width: 1.5 },
    { name: 'profileStatus', kind: 'label', codes: PROFILE_STATES },
  ],
  rows: (scope, filters) =>
    statement(
      scope.companyId,
      (bind) => `select f.last_name as "lastName", f.first_name as "firstName", f.employee_number as "employeeNumber",
          f.kind as "profileKind", d.name as department, s.name as site, f.status as "profileStatus"
        from profile f
        left join department d on d.company_id = $1 and d.id = f.department_id
        left join site s on s.company_id = $1 and s.id = f.site_id
        where f.company_id = $1 and f.deleted_at is null and ${visible(scope, 'f.id', bind)}
          ${equals(filters, { siteId: 'f.site_id', departmentId: 'f.department_id', status: 'f.status' }, bind)}
        order by f.last_name, f.first_name, f.id`,
    ),
});
