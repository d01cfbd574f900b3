import { CompanySetting } from '../modules/organization/appconfig/appconfig.repository.ts';
import { appconfigModule, publicAppconfigModule } from '../modules/organization/appconfig/appconfig.router.ts';
import { createAppconfigService } from '../modules/organization/appconfig/appconfig.service.ts';
import { BRANDING_SETTING, RUT_SETTING } from '../modules/organization/appconfig/settings.ts';
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

const wireAppconfig = (platform: Platform, modules: () => readonly Module[]): Module[] => {
  const service = createAppconfigService(
    {
      ...platform,
      repository: platform.repository(CompanySetting),
      settings: () => modules().flatMap(({ settings = [] }) => settings),
    },
    platform.configuration,
  );
  return [appconfigModule(service, [BRANDING_SETTING, RUT_SETTING]), publicAppconfigModule(service)];
};

export interface Organization {
  readonly modules: readonly Module[];
}

/** Companies, sites, departments, people and their roles. `modules` answers every module of the system, once all are wired. */
export const wireOrganization = (platform: Platform, modules: () => readonly Module[]): Organization => {
  const list = platform.list(departmentList);
  const departments = createDepartmentsService({ ...platform, list, repository: platform.repository(Department) });
  return {
    modules: [
      wireSites(platform),
      departmentsModule({ list, service: departments }),
      ...wireAppconfig(platform, modules),
    ],
  };
};
