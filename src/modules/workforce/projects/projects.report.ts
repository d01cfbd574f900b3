import Type from 'typebox';
import type { ReportDefinition } from '../../../platform/render/report.ts';
import { exact, oneOf, uuid } from '../../../platform/schema/types.ts';
import { PROJECT_STATES } from './projects.repository.ts';

/** The company's projects, by code. */
export const projectsReport: ReportDefinition = {
  kind: 'projects',
  permission: 'workforce:project:read',
  filters: exact({ status: Type.Optional(oneOf(PROJECT_STATES)), siteId: Type.Optional(uuid()) }),
  filterLabels: { status: 'reports:projectStatus' },
  columns: [
    { name: 'projectCode', kind: 'text' },
    { name: 'projectName', kind: 'text', width: 2.2 },
    { name: 'department', kind: 'text', width: 1.5 },
    { name: 'site', kind: 'text', width: 1.5 },
    { name: 'startsOn', kind: 'date' },
    { name: 'endsOn', kind: 'date' },
    { name: 'projectStatus', kind: 'label', codes: PROJECT_STATES },
  ],
  rows: ({ companyId }, { status = null, siteId = null }) => ({
    text: `select p.code as "projectCode", p.name as "projectName", d.name as department, s.name as site,
        p.starts_on as "startsOn", p.ends_on as "endsOn", p.status as "projectStatus"
      from project p
      left join department d on d.company_id = $1 and d.id = p.department_id
      left join site s on s.company_id = $1 and s.id = p.site_id
      where p.company_id = $1 and p.deleted_at is null and ($2::text is null or p.status = $2)
        and ($3::uuid is null or p.site_id = $3)
      order by p.code, p.id`,
    values: [companyId, status, siteId],
  }),
};
