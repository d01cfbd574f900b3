import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type { createContractsService } from './contracts.service.ts';

/** /admin/contract */
export const contractsModule = (service: ReturnType<typeof createContractsService>): Module =>
  crudModule({ base: '/admin/contract', permission: 'workforce:contract', machines: true, service });
