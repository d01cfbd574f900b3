import { crudRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { RiskGroup } from './risk-groups.repository.ts';
import { TaskKind } from './task-kinds.repository.ts';
import type { createRiskGroupsService, createTaskKindsService } from './task-kinds.service.ts';

interface RiskGroupsRouterDependencies {
  readonly service: ReturnType<typeof createRiskGroupsService>;
  readonly list: List;
}

/** /fitness/risk-group */
export const riskGroupsModule = ({ service, list }: RiskGroupsRouterDependencies): Module => ({
  name: 'risk-groups',
  base: '/fitness/risk-group',
  permissions: ['workforce:risk-group:read', 'workforce:risk-group:write'],
  routes: crudRoutes({
    name: 'riskGroup',
    base: '/fitness/risk-group',
    permission: 'workforce:risk-group',
    view: RiskGroup.view,
    createBody: RiskGroup.createBody,
    editBody: RiskGroup.editBody,
    list,
    service,
  }),
});

interface TaskKindsRouterDependencies {
  readonly service: ReturnType<typeof createTaskKindsService>;
  readonly list: List;
}

/** /admin/assignment/task-kind */
export const taskKindsModule = ({ service, list }: TaskKindsRouterDependencies): Module => ({
  name: 'task-kinds',
  base: '/admin/assignment/task-kind',
  permissions: ['workforce:task-kind:read', 'workforce:task-kind:write'],
  routes: crudRoutes({
    name: 'taskKind',
    base: '/admin/assignment/task-kind',
    permission: 'workforce:task-kind',
    view: TaskKind.view,
    createBody: TaskKind.createBody,
    editBody: TaskKind.editBody,
    list,
    service,
  }),
});
