import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { memberRoutes } from '../members.ts';
import type { Members } from '../members.ts';
import { relocationRoute } from '../tree.ts';
import { Department, managerErasure } from './departments.repository.ts';
import type { Departments } from './departments.service.ts';

const MOVING =
  'What is held within a department is held over all below it. Nobody is allowed more by a move of theirs, nor lets others be allowed more, or less, above whom they do not stand: GRANT_ABOVE_OWN, ROLE_ABOVE_OWN. So it is with features that departments are given and denied: FEATURE_GRANT_ABOVE_OWN. Their own department only owners move: OWN_LIMITS.';

/** /admin/department */
export const departmentsModule = (service: Departments, people: Members): Module =>
  crudModule({
    base: '/admin/department',
    permission: 'organization:department',
    machines: true,
    permissions: { 'organization:department:read': 'everybody' },
    service,
    erasures: [managerErasure],
    routes: [
      relocationRoute('Department', Department, service, MOVING),
      ...memberRoutes('department', service, people),
    ],
  });
