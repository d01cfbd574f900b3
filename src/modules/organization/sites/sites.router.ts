import { crudRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { Site } from './sites.repository.ts';
import type { createSitesService } from './sites.service.ts';

interface SitesRouterDependencies {
  readonly service: ReturnType<typeof createSitesService>;
  readonly list: List;
}

/** /admin/site */
export const sitesModule = ({ service, list }: SitesRouterDependencies): Module => ({
  name: 'sites',
  base: '/admin/site',
  permissions: ['organization:site:read', 'organization:site:write'],
  routes: crudRoutes({
    name: 'site',
    base: '/admin/site',
    permission: 'organization:site',
    view: Site.view,
    createBody: Site.createBody,
    editBody: Site.editBody,
    list,
    service,
  }),
});
