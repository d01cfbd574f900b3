import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type { createRequirementsService } from './requirements.service.ts';

/** /admin/credential/requirement */
export const requirementsModule = (service: ReturnType<typeof createRequirementsService>): Module =>
  crudModule({
    base: '/admin/credential/requirement',
    clients: ['worker', 'admin'],
    permission: 'workforce:credential-requirement',
    permissions: { 'workforce:credential-requirement:read': 'everybody' },
    service,
  });
