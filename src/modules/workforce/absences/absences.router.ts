import { crudRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { DeclaredHours, Leave } from './absences.repository.ts';
import type { createDeclaredHoursService, createLeaveService } from './absences.service.ts';

interface LeaveRouterDependencies {
  readonly service: ReturnType<typeof createLeaveService>;
  readonly list: List;
}

/** /admin/assignment/leave */
export const leaveModule = ({ service, list }: LeaveRouterDependencies): Module => ({
  name: 'leave',
  base: '/admin/assignment/leave',
  permissions: ['workforce:leave:read', 'workforce:leave:write'],
  routes: crudRoutes({
    name: 'leave',
    plural: 'leave',
    base: '/admin/assignment/leave',
    permission: 'workforce:leave',
    view: Leave.view,
    createBody: Leave.createBody,
    editBody: Leave.editBody,
    list,
    service,
  }),
});

interface DeclaredHoursRouterDependencies {
  readonly service: ReturnType<typeof createDeclaredHoursService>;
  readonly list: List;
}

/** /admin/assignment/declared-hours */
export const declaredHoursModule = ({ service, list }: DeclaredHoursRouterDependencies): Module => ({
  name: 'declared-hours',
  base: '/admin/assignment/declared-hours',
  permissions: ['workforce:declared-hours:read', 'workforce:declared-hours:write'],
  routes: crudRoutes({
    name: 'declaredHours',
    plural: 'declaredHours',
    base: '/admin/assignment/declared-hours',
    permission: 'workforce:declared-hours',
    view: DeclaredHours.view,
    createBody: DeclaredHours.createBody,
    editBody: DeclaredHours.editBody,
    list,
    service,
  }),
});
