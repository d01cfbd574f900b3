import { Department, departmentList } from '../modules/organization/departments/departments.repository.ts';
import { departmentsModule } from '../modules/organization/departments/departments.router.ts';
import { createDepartmentsService } from '../modules/organization/departments/departments.service.ts';
import { Site, siteList } from '../modules/organization/sites/sites.repository.ts';
import { sitesModule } from '../modules/organization/sites/sites.router.ts';
import { createSitesService } from '../modules/organization/sites/sites.service.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

const wireSites = (platform: Platform): Module => {
  const list = platform.list(siteList);
  return sitesModule({
    list,
    service: createSitesService({ ...platform, list, repository: platform.repository(Site) }),
  });
};

/** Companies, sites, departments, people and their roles. */
export const wireOrganization = (platform: Platform): readonly Module[] => {
  const list = platform.list(departmentList);
  const departments = createDepartmentsService({ ...platform, list, repository: platform.repository(Department) });
  return [wireSites(platform), departmentsModule({ list, service: departments })];
};
