import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type { createShiftPatternsService } from './shift-patterns.service.ts';

/** /admin/assignment/shift-pattern */
export const shiftPatternsModule = (service: ReturnType<typeof createShiftPatternsService>): Module =>
  crudModule({
    base: '/admin/assignment/shift-pattern',
    clients: ['worker', 'admin'],
    permission: 'workforce:shift-pattern',
    machines: true,
    permissions: { 'workforce:shift-pattern:read': 'everybody' },
    service,
  });
