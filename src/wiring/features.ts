import { featureLifecycle } from '../modules/organization/features/catalogue.lifecycle.ts';
import {
  Feature,
  featureDefinition,
  Plan,
  planDefinition,
  PlanFeature,
  planFeatureDefinition,
} from '../modules/organization/features/catalogue.repository.ts';
import { catalogueModules } from '../modules/organization/features/catalogue.router.ts';
import { createFeatureCatalogue } from '../modules/organization/features/catalogue.service.ts';
import {
  changesAfter,
  departmentGrants,
  depthFor,
  featureFacts,
  hasPeople,
} from '../modules/organization/features/features.reads.ts';
import { featureModules } from '../modules/organization/features/features.router.ts';
import { createFeatures } from '../modules/organization/features/features.service.ts';
import type { Features } from '../modules/organization/features/features.service.ts';
import { createGrantLifecycle } from '../modules/organization/features/grants.lifecycle.ts';
import { grantList } from '../modules/organization/features/grants.repository.ts';
import { createGrantsService, createMayRevoke } from '../modules/organization/features/grants.service.ts';
import { createMayCarry } from '../modules/organization/features/moved.ts';
import { createOwnFeatures } from '../modules/organization/features/own-features.ts';
import { createTake } from '../modules/organization/features/quotas.service.ts';
import type { QuotaNotices } from '../modules/organization/features/quotas.service.ts';
import { forgetUseTick, USE_RETENTION } from '../modules/organization/features/usage.jobs.ts';
import { countUse } from '../modules/organization/features/usage.repository.ts';
import type { Profiles } from '../modules/organization/profiles/profiles.service.ts';
import type { Assignments } from '../modules/organization/roles/assignments.service.ts';
import { caretakersOf } from '../modules/organization/roles/roles.repository.ts';
import type { Standing } from '../modules/organization/roles/standing.ts';
import type { MayMove } from '../modules/organization/tree.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

/** What of people and roles decides who gives what to whom. */
export interface FeatureGivers
  extends Pick<Profiles, 'mustSee' | 'lockHere' | 'lockNamed'>, Pick<Assignments, 'mayManage'> {
  readonly standing: Standing;
}

interface FeatureArea {
  readonly modules: readonly Module[];
  readonly features: Features;
  readonly grants: ReturnType<typeof createGrantsService>;
  /** For departments: who moves them, with what they have of features. */
  readonly mayCarry: MayMove;
}

/** The catalogue of features and plans, grants, and what comes of them. */
export const wireFeatures = (platform: Platform, givers: FeatureGivers, notices: QuotaNotices): FeatureArea => {
  const { work, now } = platform;
  const features = platform.operatorCrud(Feature, featureDefinition);
  const catalogue = createFeatureCatalogue({
    features: { ...features, mover: platform.mover(featureLifecycle, features.repository) },
    plans: platform.operatorCrud(Plan, planDefinition),
    planFeatures: platform.operatorCrud(PlanFeature, planFeatureDefinition),
  });
  const { standing, mayManage, mustSee, lockHere } = givers;
  const own = createOwnFeatures({ standing, facts: featureFacts, depthFor, changesAfter });
  const grants = createGrantsService({
    ...platform.crud(grantList, createGrantLifecycle(createMayRevoke(standing, own))),
    standing,
    own,
    mayManage,
    lockHere,
    mustBeGivable: catalogue.mustBeGivable,
    factsOf: async (reader, feature) => (await featureFacts(reader, { profileId: null, at: now(), feature }))[0],
  });
  const take = createTake({ facts: featureFacts, countUse, caretakersOf, notices });
  const service = createFeatures({ mustSee, work, now, facts: featureFacts, take });
  return {
    features: service,
    grants,
    mayCarry: createMayCarry({ ...platform, standing, grantsOf: departmentGrants, hasPeople }),
    modules: [
      ...catalogueModules(catalogue),
      ...featureModules(service, grants),
      { name: 'feature-use', ticks: [forgetUseTick({ work })], retentions: [USE_RETENTION] },
    ],
  };
};
