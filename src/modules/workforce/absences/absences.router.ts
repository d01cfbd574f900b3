import { crudModule, keeps } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { DeclaredHours, Leave } from './absences.repository.ts';
import type { createDeclaredHoursService, createLeaveService } from './absences.service.ts';

/** /admin/assignment/leave */
export const leaveModule = (service: ReturnType<typeof createLeaveService>): Module =>
  crudModule({
    base: '/admin/assignment/leave',
    clients: ['worker', 'admin'],
    permission: 'workforce:leave',
    about: 'rows',
    plural: 'leave',
    service,
    erasures: [keeps(Leave)],
  });

/** /admin/assignment/declared-hours */
export const declaredHoursModule = (service: ReturnType<typeof createDeclaredHoursService>): Module =>
  crudModule({
    base: '/admin/assignment/declared-hours',
    clients: ['worker', 'admin'],
    permission: 'workforce:declared-hours',
    about: 'rows',
    plural: 'declared-hours',
    service,
    erasures: [keeps(DeclaredHours)],
  });
