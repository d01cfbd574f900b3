import type { Erasing } from '../modules/identity/privacy/erasures.ts';
import type { SystemLinks } from '../modules/commerce/ports.ts';
import { CompanySetting } from '../modules/organization/appconfig/appconfig.repository.ts';
import { appconfigModule, publicAppconfigModule } from '../modules/organization/appconfig/appconfig.router.ts';
import { createAppconfigService } from '../modules/organization/appconfig/appconfig.service.ts';
import { BRANDING_SETTING, RUT_SETTING } from '../modules/organization/appconfig/settings.ts';
import { departmentList } from '../modules/organization/departments/departments.repository.ts';
import { departmentsModule } from '../modules/organization/departments/departments.router.ts';
import { createDepartmentsService } from '../modules/organization/departments/departments.service.ts';
import type { InvitedProfiles } from '../modules/identity/invitations/invited-profiles.ts';
import type { ProfileInvitations } from '../modules/organization/profiles/invitations.ts';
import { commonModule } from '../modules/organization/common/common.router.ts';
import { createCommonService } from '../modules/organization/common/common.service.ts';
import { hasContactEmail, hasLeft } from '../modules/organization/profiles/profiles.repository.ts';
import { siteList } from '../modules/organization/sites/sites.repository.ts';
import { sitesModule } from '../modules/organization/sites/sites.router.ts';
import { createSitesService } from '../modules/organization/sites/sites.service.ts';
import type { PeopleBulk } from '../modules/workforce/ports.ts';
import type { Module } from '../platform/http/module.ts';
import type { FileRoom } from '../platform/storage/company-files.ts';
import type { PlanLimits } from '../modules/organization/companies/limits.ts';
import type { CompanyNotices } from '../modules/organization/companies/notices.ts';
import type { Leaving } from '../modules/organization/companies/purge.service.ts';
import type { SignUps } from '../modules/organization/companies/sign-ups.service.ts';
import type { Features } from '../modules/organization/features/features.service.ts';
import type { QuotaNotices } from '../modules/organization/features/quotas.service.ts';
import { wireCompanies } from './companies.ts';
import { ENUMS } from './enums.ts';
import { wireFeatures } from './features.ts';
import { wirePeople } from './people.ts';
import type { People, PeopleNeeds, ProfileFollower } from './people.ts';
import type { Platform } from './platform.ts';
import { wireResidents } from './residents.ts';
import type { ErasableProfiles } from './privacy.ts';

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

const wireCommon = (platform: Platform, { nationalIds }: People): Module =>
  commonModule({
    service: createCommonService({ ...platform, nationalIds, hasContactEmail }),
    enums: ENUMS,
    now: platform.now,
  });

export interface OrganizationNeeds {
  /** Every module of the system, once all are wired. */
  readonly modules: () => readonly Module[];
  readonly invitations: ProfileInvitations;
  readonly endings: PeopleNeeds['endings'];
  readonly follow: ProfileFollower;
  readonly erasing: Erasing;
  /** Tells people that a quota of theirs is nearly used up. */
  readonly quotaNotices: QuotaNotices;
  readonly notices: CompanyNotices;
  readonly limits: PlanLimits;
  readonly leaving: Leaving;
  readonly room: FileRoom;
  readonly zones: PeopleNeeds['zones'];
}

export interface Organization {
  readonly modules: readonly Module[];
  /** For invitations: profiles that are asked to join. */
  readonly inviting: InvitedProfiles;
  /** For identity: somebody signs a company up. */
  readonly signUps: SignUps;
  /** For licenses: assigning one links the person to its system. */
  readonly links: SystemLinks;
  /** For batch uploads. */
  readonly bulk: PeopleBulk;
  /** For projects: what nobody holds any more of the roles within one that goes. */
  readonly endLapsed: People['endLapsed'];
  /** For work assignments: who may take whom into a project. */
  readonly mayWork: People['mayWork'];
  readonly erasable: ErasableProfiles;
  /** For every area: whether somebody has a feature. */
  readonly features: Features;
}

/** Companies, sites, departments, people and their roles. */
export const wireOrganization = (platform: Platform, needs: OrganizationNeeds): Organization => {
  const { modules, quotaNotices, ...others } = needs;
  const follow: ProfileFollower = async (tx, profile) => {
    await needs.follow(tx, profile);
    if (profile.status !== 'ended') return;
    await residents.leave(tx, profile.id);
    await departments.leave(tx, profile.id);
  };
  const departments = createDepartmentsService({
    ...platform.crud(departmentList),
    hasLeft,
    mayMove: async (tx, context, from, to) => {
      await people.moving.mayMove(tx, context, from, to);
      await mayCarry(tx, context, from, to);
    },
    endLapsed: (tx, id) => people.endLapsed(tx, { kind: 'department', id }),
  });
  const people = wirePeople(platform, {
    ...others,
    follow,
    takeIn: departments.takeIn,
    endFeatures: (tx, profileId) => grants.endGiven(tx, profileId, 'rejoined'),
  });
  const companies = wireCompanies(platform, { ...people, ...needs });
  const { features, grants, mayCarry, modules: granting } = wireFeatures(platform, people.givers, quotaNotices);
  const { residents, module: residentModule } = wireResidents(platform, {
    ...people.givers,
    lock: people.lock,
    limits: needs.limits,
    endGrants: async (tx, profileId) => {
      await people.endRoles(tx, profileId, 'resident');
      await grants.endGiven(tx, profileId, 'graduated');
    },
  });
  return {
    inviting: people.inviting({ grants, residents }),
    signUps: companies.signUps,
    links: people.links,
    bulk: people.bulk,
    endLapsed: people.endLapsed,
    mayWork: people.mayWork,
    erasable: people.erasable,
    features,
    modules: [
      sitesModule(createSitesService(platform.crud(siteList)), people.members),
      departmentsModule(departments, people.members),
      ...people.modules,
      ...companies.modules,
      ...granting,
      residentModule,
      ...wireAppconfig(platform, modules),
      wireCommon(platform, people),
    ],
  };
};
