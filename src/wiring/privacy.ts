import { disclosureModule } from '../modules/identity/privacy/disclosure.ts';
import { createErasing, ErasureReport, erasureList } from '../modules/identity/privacy/erasures.ts';
import type { Erasing } from '../modules/identity/privacy/erasures.ts';
import { createLeaving } from '../modules/identity/privacy/leaving.service.ts';
import { legalHoldLifecycle, legalHoldList, legalHoldsModule } from '../modules/identity/privacy/legal-holds.ts';
import { createPersonErasure } from '../modules/identity/privacy/person-erasure.service.ts';
import type { ErasedProfiles } from '../modules/identity/privacy/person-erasure.service.ts';
import { erasureRequestsModule, erasuresModule } from '../modules/identity/privacy/privacy.router.ts';
import { createRequestLifecycle, ErasureRequest } from '../modules/identity/privacy/requests.ts';
import { staffRolesOf } from '../modules/identity/persons/persons.repository.ts';
import { retentionModule } from '../modules/identity/privacy/retention.router.ts';
import { Profile } from '../modules/organization/profiles/profiles.repository.ts';
import { reaches, visibleProfiles } from '../modules/organization/reach.ts';
import { createCrud } from '../platform/crud/service.ts';
import { createOperatorRepository } from '../platform/db/operator-repository.ts';
import type { Tx } from '../platform/db/database.ts';
import { UPKEEP_RETENTIONS } from '../platform/jobs/upkeep.ts';
import type { Context } from '../platform/http/context.ts';
import type { Module } from '../platform/http/module.ts';
import type { Identity } from './identity.ts';
import type { Platform } from './platform.ts';

/** What clears a profile everywhere; `modules` are asked when it comes to that. */
export const wireErasing = (platform: Platform, modules: () => readonly Module[]): Erasing =>
  createErasing({ ...platform, modules, repository: platform.repository(ErasureReport) });

/** What the organization does with profiles that are held, or erased. */
export interface ErasableProfiles extends ErasedProfiles {
  readonly lockNamed: (tx: Tx, context: Context, profileId: string) => Promise<void>;
}

interface PrivacyNeeds {
  readonly identity: Pick<Identity, 'persons' | 'notices' | 'forget'>;
  readonly profiles: ErasableProfiles;
  /** Every module of the system, once all are wired. */
  readonly modules: () => readonly Module[];
}

/** Takes people and machines out of a company that is purged. */
export const wireLeaving = (
  platform: Platform,
  identity: Pick<Identity, 'persons' | 'forget'>,
): ReturnType<typeof createLeaving> => createLeaving({ ...platform, ...identity, staffRolesOf });

/** Legal holds, erasure, and what is left to show of it. */
export const wirePrivacy = (platform: Platform, { identity, profiles, modules }: PrivacyNeeds): readonly Module[] => {
  const lifecycle = createRequestLifecycle(platform.enqueue);
  const repository = createOperatorRepository(ErasureRequest, platform.changes);
  const mover = platform.mover(lifecycle, repository);
  const requests = createPersonErasure({ ...platform, ...identity, repository, mover, profiles, staffRolesOf });
  const reports = createCrud({
    ...platform.crud(erasureList),
    restrict: (context) => (bind) => visibleProfiles(context, 't.profile_id', bind),
  });
  return [
    legalHoldsModule({
      ...platform.crud(legalHoldList, legalHoldLifecycle),
      visible: visibleProfiles,
      lockNamed: profiles.lockNamed,
    }),
    erasuresModule(reports),
    erasureRequestsModule(requests, lifecycle),
    disclosureModule({ ...platform, ...identity, profile: Profile, modules, reaches }),
    retentionModule({
      ...platform,
      retentions: () => [...modules().flatMap(({ retentions = [] }) => retentions), ...UPKEEP_RETENTIONS],
    }),
  ];
};
