import { FREE_LICENSES, freeJob } from '../modules/commerce/licenses/licenses.jobs.ts';
import { licenseLifecycle } from '../modules/commerce/licenses/licenses.lifecycle.ts';
import { licenseList } from '../modules/commerce/licenses/licenses.repository.ts';
import { licensesModule } from '../modules/commerce/licenses/licenses.router.ts';
import { createLicensesService } from '../modules/commerce/licenses/licenses.service.ts';
import { isOffered, Offering, offeringDefinition } from '../modules/commerce/offerings/offerings.repository.ts';
import { offeringsModule } from '../modules/commerce/offerings/offerings.router.ts';
import { createOfferingsService } from '../modules/commerce/offerings/offerings.service.ts';
import type { SystemLinks } from '../modules/commerce/ports.ts';
import { createSubscriptionLifecycle } from '../modules/commerce/subscriptions/subscriptions.lifecycle.ts';
import {
  lockSubscriptionOf,
  seatsUsed,
  subscriptionList,
} from '../modules/commerce/subscriptions/subscriptions.repository.ts';
import { subscriptionsModule } from '../modules/commerce/subscriptions/subscriptions.router.ts';
import { createSubscriptionsService } from '../modules/commerce/subscriptions/subscriptions.service.ts';
import type { Zones } from '../modules/organization/zones.ts';
import type { People, Seats } from '../modules/workforce/ports.ts';
import type { Module } from '../platform/http/module.ts';
import type { ProfileFollower } from './people.ts';
import type { Platform } from './platform.ts';

export interface Commerce {
  readonly modules: readonly Module[];
  /** Seats of tests, for work assignments. */
  readonly seats: Seats;
  /** Frees the seats of somebody whose time is over. */
  readonly follow: ProfileFollower;
}

/** Offerings, subscriptions, licenses. */
export const wireCommerce = (
  platform: Platform,
  { people, links, zones }: { readonly people: People; readonly links: SystemLinks; readonly zones: Zones },
): Commerce => {
  const licenses = createLicensesService({
    ...platform.crud(licenseList, licenseLifecycle),
    seats: { lock: lockSubscriptionOf, used: seatsUsed },
    people,
    links,
  });
  const parts = platform.crud(subscriptionList, createSubscriptionLifecycle(licenses));
  return {
    seats: licenses,
    follow: async (tx, { id, status }) => {
      if (status === 'ended') await platform.enqueue(tx, FREE_LICENSES, { profileId: id });
    },
    modules: [
      offeringsModule(createOfferingsService(platform.operatorCrud(Offering, offeringDefinition))),
      subscriptionsModule(createSubscriptionsService({ ...parts, zones, isOffered })),
      licensesModule(licenses, [freeJob(licenses)]),
    ],
  };
};
