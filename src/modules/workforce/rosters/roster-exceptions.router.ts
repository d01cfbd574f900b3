import { crudModule, keeps } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { RosterExceptionEntity } from './roster-exceptions.repository.ts';
import type { createRosterExceptionsService } from './roster-exceptions.service.ts';

/** /admin/assignment/roster-exception */
export const rosterExceptionsModule = (service: ReturnType<typeof createRosterExceptionsService>): Module =>
  crudModule({
    base: '/admin/assignment/roster-exception',
    clients: ['worker', 'admin'],
    permission: 'workforce:roster-exception',
    about: 'rows',
    requires: ['shifts'],
    service,
    erasures: [keeps(RosterExceptionEntity)],
  });
