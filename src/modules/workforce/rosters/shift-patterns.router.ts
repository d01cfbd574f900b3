import { crudRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { ShiftPattern } from './shift-patterns.repository.ts';
import type { createShiftPatternsService } from './shift-patterns.service.ts';

interface ShiftPatternsRouterDependencies {
  readonly service: ReturnType<typeof createShiftPatternsService>;
  readonly list: List;
}

/** /admin/assignment/shift-pattern */
export const shiftPatternsModule = ({ service, list }: ShiftPatternsRouterDependencies): Module => ({
  name: 'shift-patterns',
  base: '/admin/assignment/shift-pattern',
  permissions: ['workforce:shift-pattern:read', 'workforce:shift-pattern:write'],
  routes: crudRoutes({
    name: 'shiftPattern',
    base: '/admin/assignment/shift-pattern',
    permission: 'workforce:shift-pattern',
    view: ShiftPattern.view,
    createBody: ShiftPattern.createBody,
    editBody: ShiftPattern.editBody,
    list,
    service,
  }),
});
