import type { Endings } from '../modules/identity/sessions/endings.service.ts';
import { profileSessionsModule } from '../modules/identity/sessions/profile-sessions.router.ts';
import { createProfileSessions } from '../modules/identity/sessions/profile-sessions.service.ts';
import type { Members } from '../modules/organization/members.ts';
import type { Erasing } from '../modules/identity/privacy/erasures.ts';
import { RUT_SETTING } from '../modules/organization/appconfig/settings.ts';
import { mustTakeIn, raiseAccessEpoch } from '../modules/organization/companies/companies.repository.ts';
import type { PlanLimits } from '../modules/organization/companies/limits.ts';
import { createPeopleBulk } from '../modules/organization/profiles/bulk.service.ts';
import { createFounding } from '../modules/organization/profiles/founding.service.ts';
import type { Founding } from '../modules/organization/profiles/founding.service.ts';
import type { InvitedProfiles } from '../modules/identity/invitations/invited-profiles.ts';
import type { ProfileInvitations } from '../modules/organization/profiles/invitations.ts';
import { createInviting } from '../modules/organization/profiles/inviting.service.ts';
import type { InvitationGifts } from '../modules/organization/profiles/inviting.service.ts';
import { SystemLink } from '../modules/organization/profiles/links.repository.ts';
import { createLinksService } from '../modules/organization/profiles/links.service.ts';
import { createOwnLimits } from '../modules/organization/profiles/own-limits.ts';
import { createNationalIds } from '../modules/organization/profiles/national-id.ts';
import type { NationalIds } from '../modules/organization/profiles/national-id.ts';
import { myPhotoModule } from '../modules/organization/profiles/photos.router.ts';
import { createPhotos } from '../modules/organization/profiles/photos.service.ts';
import { createProfileLifecycle } from '../modules/organization/profiles/profiles.lifecycle.ts';
import type { ProfileGuards } from '../modules/organization/profiles/profiles.lifecycle.ts';
import type { ProfileRow } from '../modules/organization/profiles/profiles.repository.ts';
import { ProfileItem, profileList, raiseEpoch } from '../modules/organization/profiles/profiles.repository.ts';
import { profilesModule } from '../modules/organization/profiles/profiles.router.ts';
import { createProfilesService } from '../modules/organization/profiles/profiles.service.ts';
import { createProfileSearch } from '../modules/organization/profiles/search.ts';
import { onceTheyLeft, ReportingLine } from '../modules/organization/profiles/reporting.repository.ts';
import { createReportingService } from '../modules/organization/profiles/reporting.service.ts';
import { isInResidency } from '../modules/organization/residents/residents.repository.ts';
import { createAssignmentsService } from '../modules/organization/roles/assignments.service.ts';
import type { Assignments } from '../modules/organization/roles/assignments.service.ts';
import { createCatalogue } from '../modules/organization/roles/catalogue.service.ts';
import { createEffectivePermissions } from '../modules/organization/roles/effective.service.ts';
import { assignmentList, roleList } from '../modules/organization/roles/roles.repository.ts';
import { rolesModule } from '../modules/organization/roles/roles.router.ts';
import { createRolesService } from '../modules/organization/roles/roles.service.ts';
import { createMustReachNoFurther } from '../modules/organization/roles/lines.ts';
import { createMoving } from '../modules/organization/roles/moving.ts';
import type { Moving } from '../modules/organization/roles/moving.ts';
import { createMayPlace } from '../modules/organization/roles/placing.ts';
import { createStanding } from '../modules/organization/roles/standing.ts';
import { createMayWork } from '../modules/organization/roles/working.ts';
import type { MayWork } from '../modules/organization/roles/working.ts';
import type { Zones } from '../modules/organization/zones.ts';
import type { PeopleBulk } from '../modules/workforce/ports.ts';
import type { Tx } from '../platform/db/database.ts';
import type { Module } from '../platform/http/module.ts';
import type { FileRoom } from '../platform/storage/company-files.ts';
import { createImages } from '../platform/storage/image.ts';
import type { FeatureGivers } from './features.ts';
import type { Platform } from './platform.ts';
import type { ErasableProfiles } from './privacy.ts';

export interface PeopleNeeds {
  readonly invitations: ProfileInvitations;
  readonly endings: Pick<Endings, 'end' | 'endAll'>;
  /** Refuses one more person in a department that is full. */
  readonly takeIn: (tx: Tx, departmentId: string) => Promise<void>;
  /** What follows in other areas when a profile changes its state; in its transaction. */
  readonly follow: ProfileFollower;
  /** What an erasure does elsewhere. */
  readonly erasing: Erasing;
  readonly limits: PlanLimits;
  readonly room: FileRoom;
  readonly zones: Pick<Zones, 'of'>;
  /** Ends the features that somebody was given. */
  readonly endFeatures: (tx: Tx, profileId: string) => Promise<void>;
}

export type ProfileFollower = (tx: Tx, profile: Pick<ProfileRow, 'id' | 'status'>) => Promise<void>;

export interface People {
  readonly modules: readonly Module[];
  /** For invitations: profiles that are asked to join, with what they are given. */
  readonly inviting: (gifts: InvitationGifts) => InvitedProfiles;
  readonly founding: Founding;
  readonly members: Members;
  readonly nationalIds: NationalIds;
  /** Adds many people at once. */
  readonly bulk: PeopleBulk;
  /** Ids of people in other systems. */
  readonly links: ReturnType<typeof createLinksService>;
  /** For legal holds, and for people who have themselves erased. */
  readonly erasable: ErasableProfiles;
  /** For grants of features: who may be given something, and by whom. */
  readonly givers: FeatureGivers;
  /** Locks a profile; answers it. */
  readonly lock: (tx: Tx, profileId: string) => Promise<ProfileRow>;
  /** For departments: who moves them. */
  readonly moving: Moving;
  /** For work assignments: who may take whom into a project. */
  readonly mayWork: MayWork;
  /** Takes roles away from somebody. */
  readonly endRoles: Assignments['endRoles'];
  /** Takes what nobody holds any more of the roles within a department or project. */
  readonly endLapsed: Assignments['endLapsed'];
}

/** Profiles and roles: who is here, and what they may do. */
export const wirePeople = (platform: Platform, needs: PeopleNeeds): People => {
  const { invitations, endings, takeIn, follow, erasing, limits, room, endFeatures } = needs;
  const roles = platform.crud(roleList);
  const given = platform.crud(assignmentList);
  const nationalIds = createNationalIds({ ...platform, rutSetting: RUT_SETTING });
  const standing = createStanding(platform.catalogue);
  const own = createOwnLimits(standing);
  const moving = createMoving(platform.catalogue, standing);
  const assignments = createAssignmentsService({
    ...platform,
    ...given,
    roles: roles.repository,
    standing,
    raiseEpoch,
    lockProfile: async (tx, context, id) => {
      await service.mustSee(tx, context, id);
      return (await profiles.repository.lock(tx, id)).status;
    },
  });
  const guards: ProfileGuards = {
    ...assignments,
    mustTakeIn,
    mustHaveRoom: (tx, counted, more) => limits.mustHaveRoom(tx, counted, more),
    mayBeErased: (tx, profileId) => erasing.mayBeErased(tx, profileId),
  };
  const reporting = createReportingService({
    ...platform,
    repository: platform.repository(ReportingLine),
    bulk: platform.bulk(ReportingLine),
    profiles: { lock: (tx, id, version) => profiles.repository.lock(tx, id, version) },
    mustSee: (reader, context, id) => service.mustSee(reader, context, id),
    mustManage: (tx, context, id) => service.mustManage(tx, context, id),
    mayLead: own.mayLead,
    mustReachNoFurther: createMustReachNoFurther(platform.catalogue, onceTheyLeft),
    zones: needs.zones,
  });
  const dropPhoto = (tx: Tx, row: ProfileRow): Promise<void> => photos.dropOf(tx, row);
  const profiles = platform.crud(profileList, {
    ...createProfileLifecycle({
      ...guards,
      own,
      invitations,
      dropPhoto,
      isInResidency,
      mayAdd: (tx, caller, body) => service.mayAdd(tx, caller, body),
      endGiven: async (tx, profileId) => {
        await assignments.endRoles(tx, profileId);
        await endFeatures(tx, profileId);
      },
    }),
    follow: async (tx, profile, caller) => {
      await follow(tx, profile);
      if (profile.status === 'ended') await reporting.leave(tx, profile.id, caller);
      if (profile.erasedAt !== null) await erasing.carryOut(tx, profile.id);
    },
  });
  const { mayManage } = assignments;
  const service = createProfilesService({
    ...platform,
    ...profiles,
    nationalIds,
    find: createProfileSearch({ ...platform, nationalIds }),
    takeIn,
    guards,
    own,
    mayLeaveInTime: reporting.mayLeaveInTime,
    obstacles: (tx, profileId) => erasing.obstacles(tx, profileId),
    mayManage,
    mayKeep: assignments.mayKeep,
    mayPlace: createMayPlace(platform.catalogue, standing),
    dropPhoto,
    invitations,
  });
  const { mustSee, mustManage, lockHere, lockNamed } = service;
  const { repository } = profiles;
  const photos = createPhotos({ ...platform, repository, room, images: createImages(), mustSee, mustManage });
  const links = createLinksService({
    ...platform,
    repository: platform.repository(SystemLink),
    mustSee,
    mustManage,
    lockHere,
    mayIdentify: own.mayIdentify,
  });
  return {
    inviting: (gifts) =>
      createInviting({ ...platform, ...profiles, ...gifts, profiles: service, assignments, mustTakeIn }),
    bulk: createPeopleBulk({ ...platform, nationalIds }),
    links,
    nationalIds,
    erasable: { ...service.vanishing, lockNamed },
    givers: { standing, mayManage, mustSee, lockHere, lockNamed },
    lock: (tx, profileId) => repository.lock(tx, profileId),
    endRoles: assignments.endRoles,
    moving,
    mayWork: createMayWork(platform.catalogue),
    endLapsed: assignments.endLapsed,
    members: { ...service, item: ProfileItem },
    founding: createFounding({ ...profiles, assignments }),
    modules: [
      profilesModule({
        service,
        reporting,
        links,
        photos,
      }),
      myPhotoModule(photos),
      profileSessionsModule(createProfileSessions({ ...platform, profiles: service, endings })),
      rolesModule({
        service: createRolesService({
          ...roles,
          catalogue: platform.catalogue,
          standing,
          takeFromLeavers: assignments.takeFromLeavers,
          raiseAccessEpoch,
        }),
        assignments,
        effective: createEffectivePermissions({ ...platform, mustSee }),
        catalogue: createCatalogue(platform),
        assignmentList: given.list,
        ticks: [
          {
            name: 'organization.role-assignments.expire',
            every: 600,
            for: 'each-company',
            run: async (scope, { signal }) => {
              while (!signal.aborted && (await assignments.expire(scope)) > 0);
            },
          },
        ],
      }),
    ],
  };
};
