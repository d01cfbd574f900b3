import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type {
  createEquipmentKindsService,
  createRiskGroupsService,
  createTaskKindsService,
} from './task-kinds.service.ts';

/** /fitness/risk-group */
export const riskGroupsModule = (service: ReturnType<typeof createRiskGroupsService>): Module =>
  crudModule({
    base: '/fitness/risk-group',
    permission: 'workforce:risk-group',
    machines: true,
    permissions: { 'workforce:risk-group:read': 'everybody' },
    service,
  });

/** /admin/assignment/task-kind */
export const taskKindsModule = (service: ReturnType<typeof createTaskKindsService>): Module =>
  crudModule({
    base: '/admin/assignment/task-kind',
    clients: ['worker', 'admin'],
    permission: 'workforce:task-kind',
    machines: true,
    permissions: { 'workforce:task-kind:read': 'everybody' },
    service,
  });

/** /admin/assignment/equipment-kind */
export const equipmentKindsModule = (service: ReturnType<typeof createEquipmentKindsService>): Module =>
  crudModule({
    base: '/admin/assignment/equipment-kind',
    clients: ['worker', 'admin'],
    permission: 'workforce:equipment-kind',
    machines: true,
    permissions: { 'workforce:equipment-kind:read': 'everybody' },
    service,
  });
