import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { memberRoutes } from '../members.ts';
import type { Members } from '../members.ts';
import { relocationRoute } from '../tree.ts';
import { Department, managerErasure } from './departments.repository.ts';
import type { Departments } from './departments.service.ts';

/** /admin/department */
export const departmentsModule = (service: Departments, people: Members): Module =>
  crudModule({
    base: '/admin/department',
    permission: 'organization:department',
    machines: true,
    permissions: { 'organization:department:read': 'everybody' },
    service,
    erasures: [managerErasure],
    routes: [relocationRoute('Department', Department, service), ...memberRoutes('department', service, people)],
  });
