import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type { createRiskGroupsService, createTaskKindsService } from './task-kinds.service.ts';

/** /fitness/risk-group */
export const riskGroupsModule = (service: ReturnType<typeof createRiskGroupsService>): Module =>
  crudModule({ base: '/fitness/risk-group', permission: 'workforce:risk-group', service });

/** /admin/assignment/task-kind */
export const taskKindsModule = (service: ReturnType<typeof createTaskKindsService>): Module =>
  crudModule({ base: '/admin/assignment/task-kind', permission: 'workforce:task-kind', service });
