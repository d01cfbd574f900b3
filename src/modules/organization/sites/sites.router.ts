import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type { createSitesService } from './sites.service.ts';

/** /admin/site */
export const sitesModule = (service: ReturnType<typeof createSitesService>): Module =>
  crudModule({ base: '/admin/site', permission: 'organization:site', service });
