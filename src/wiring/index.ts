import type { Express } from 'express';
import { buildApp } from '../app.ts';
import type { AppParts } from '../app.ts';
import type { Notices } from '../modules/notifications/notice.ts';
import type { Features } from '../modules/organization/features/features.service.ts';
import { reaches, visibleProfiles } from '../modules/organization/reach.ts';
import { createZones } from '../modules/organization/zones.ts';
import { createPeople } from '../modules/workforce/people.ts';
import { createPrincipals } from '../platform/access/principals.ts';
import type { Principals } from '../platform/access/principals.ts';
import type { Authentication } from '../platform/http/authentication.ts';
import { createHealth } from '../platform/http/health.ts';
import type { Health, HealthOptions } from '../platform/http/health.ts';
import type { Module } from '../platform/http/module.ts';
import { createTicketPass } from '../platform/http/ticket-pass.ts';
import { wireAuditTrail } from './audit-trail.ts';
import { wireCommerce } from './commerce.ts';
import { wireFitnessCases } from './fitness-cases.ts';
import { wireFitness } from './fitness.ts';
import { wireGate } from './gate.ts';
import { wireIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { forCompanies, forExports, forFeatures, forFitness, forWorkforce, wireNotifications } from './notifications.ts';
import { wireOrganization } from './organization.ts';
import { wirePlan } from './plan.ts';
import { createPlatform } from './platform.ts';
import type { Foundation, Platform } from './platform.ts';
import { wirePortals } from './portals.ts';
import { wireErasing, wireLeaving, wirePrivacy } from './privacy.ts';
import { wireReporting } from './reporting.ts';
import { wireWorkforce } from './workforce.ts';

/** How the application answers; what it is made of comes from the foundation. */
export interface Surface extends Pick<
  AppParts,
  'version' | 'corsOrigins' | 'trustedProxies' | 'besides' | 'checkResponses' | 'unmounted'
> {
  readonly authentication: Authentication;
  readonly health: Pick<HealthOptions, 'checks' | 'stopping'>;
}

export interface System {
  readonly platform: Platform;
  readonly modules: readonly Module[];
  readonly identity: Identity;
  readonly health: Health;
  readonly principals: Principals;
  /** How people are told. */
  readonly notices: Notices;
  /** Who has which feature. */
  readonly features: Features;
  readonly app: Express;
}

/** The map of the system: every area, built from the platform and from what others hand it. */
export const createSystem = (foundation: Foundation, surface: Surface): System => {
  const platform = createPlatform(foundation, () => modules);
  const identity = wireIdentity(platform, {
    authentication: surface.authentication,
    invited: () => organization.inviting,
    companies: () => organization.signUps,
  });
  const { notices, modules: notifying } = wireNotifications(platform);
  const health = createHealth({ ...surface.health, version: surface.version, now: platform.now });
  const zones = createZones();
  const plan = wirePlan(platform, forCompanies(notices));
  const organization = wireOrganization(platform, {
    modules: () => modules,
    invitations: identity.invitations,
    endings: identity.endings,
    erasing: wireErasing(platform, () => modules),
    quotaNotices: forFeatures(notices),
    notices: forCompanies(notices),
    leaving: wireLeaving(platform, identity),
    zones,
    ...plan,
    follow: async (tx, profile) => {
      for (const area of [workforce, commerce, cases]) await area.follow(tx, profile);
    },
  });
  const people = createPeople({ visible: visibleProfiles, reaches });
  const commerce = wireCommerce(platform, { people, zones, links: organization.links });
  const told = forFitness(notices);
  const cases = wireFitnessCases(platform, { notices: [told] });
  const fitness = wireFitness(platform, { people, outcome: cases.outcome, notices: told });
  const gate = wireGate(platform, { people, zones, requirements: cases.generation });
  const workforce = wireWorkforce(platform, {
    people,
    zones,
    bulk: organization.bulk,
    inviting: identity.bulkInviting,
    seats: commerce.seats,
    gate: gate.forWork,
    endLapsedIn: organization.endLapsed,
    mayWork: organization.mayWork,
    followShifts: cases.followShifts,
    notices: forWorkforce(notices),
    ...plan,
  });
  const business = [
    ...identity.modules,
    ...notifying,
    ...organization.modules,
    ...wirePrivacy(platform, { identity, profiles: organization.erasable, modules: () => modules }),
    ...commerce.modules,
    ...workforce.modules,
    ...fitness.modules,
    ...cases.modules,
    ...gate.modules,
    ...wirePortals(platform),
  ];
  const reporting = wireReporting(platform, {
    reports: business.flatMap(({ reports = [] }) => reports),
    notices: forExports(notices),
    ...plan,
  });
  const modules: readonly Module[] = [health.module, ...business, ...reporting, wireAuditTrail(platform)];
  const ticketPass = createTicketPass(platform.tickets, platform.db);
  const claimsOf: Authentication['claimsOf'] = (request) =>
    surface.authentication.claimsOf(request) ?? ticketPass.claimsOf(request);
  const principals = createPrincipals({ claimsOf }, identity.sessions, platform.now);
  return {
    platform,
    modules,
    identity,
    health,
    principals,
    notices,
    features: organization.features,
    app: buildApp({ ...platform, ...surface, ...plan, modules, principals, ticketPass }),
  };
};
