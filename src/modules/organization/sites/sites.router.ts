import { crudModule } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { memberRoutes } from '../members.ts';
import type { Members } from '../members.ts';
import { relocationRoute } from '../tree.ts';
import { Site } from './sites.repository.ts';
import type { createSitesService } from './sites.service.ts';

/** /admin/site */
export const sitesModule = (service: ReturnType<typeof createSitesService>, people: Members): Module =>
  crudModule({
    base: '/admin/site',
    permission: 'organization:site',
    machines: true,
    permissions: { 'organization:site:read': 'everybody' },
    service,
    routes: [relocationRoute('Site', Site, service), ...memberRoutes('site', service, people)],
  });
