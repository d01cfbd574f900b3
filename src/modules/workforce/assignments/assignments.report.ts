import Type from 'typebox';
import { equals, exact, oneOf, statement, uuid } from '../../../platform/module.ts';
import type { ReportDefinition, ReportReach } from '../../../platform/module.ts';
import { ASSIGNMENT_STATES } from './assignments.repository.ts';

/** Who works where, on what and from when. */
export const assignmentsReport = (visible: ReportReach): ReportDefinition => ({
  kind: 'assignments',
  permission: 'workforce:assignment:read',
  filters: exact({
    status: Type.Optional(oneOf(ASSIGNMENT_STATES)),
    projectId: Type.Optional(uuid()),
    profileId: Type.Optional(uuid()),
  }),
  filterLabels: { status: 'reports:assignmentStatus' },
  columns: [
    { name: 'person', kind: 'text', width: 2 },
    { name: 'project', kind: 'text' },
    { name: 'contract', kind: 'text' },
    { name: 'role', kind: 'text', width: 1.3 },
    { name: 'shiftPattern', kind: 'text' },
    { name: 'startsOn', kind: 'date', width: 1.1 },
    { name: 'endsOn', kind: 'date', width: 1.1 },
    { name: 'assignmentStatus', kind: 'label', codes: ASSIGNMENT_STATES },
  ],
  rows: (scope, filters) =>
    statement(
      scope.companyId,
      (bind) => `select f.first_name || ' ' || f.last_name as person, p.code as project, c.number as contract, a.role,
          s.code as "shiftPattern", a.starts_on as "startsOn", a.ends_on as "endsOn", a.status as "assignmentStatus"
        from work_assignment a
        join profile f on f.company_id = $1 and f.id = a.profile_id
        join project p on p.company_id = $1 and p.id = a.project_id
        left join contract c on c.company_id = $1 and c.id = a.contract_id
        left join shift_pattern s on s.company_id = $1 and s.id = a.shift_pattern_id
        where a.company_id = $1 and a.deleted_at is null and ${visible(scope, 'a.profile_id', bind)}
          ${equals(filters, { status: 'a.status', projectId: 'a.project_id', profileId: 'a.profile_id' }, bind)}
        order by f.last_name, f.first_name, a.starts_on, a.id`,
    ),
});
