import { licenseLifecycle } from '../modules/commerce/licenses/licenses.lifecycle.ts';
import { License, licenseList } from '../modules/commerce/licenses/licenses.repository.ts';
import { licensesModule } from '../modules/commerce/licenses/licenses.router.ts';
import { createLicensesService } from '../modules/commerce/licenses/licenses.service.ts';
import { offeringsModule } from '../modules/commerce/offerings/offerings.router.ts';
import type { SystemLinks } from '../modules/commerce/ports.ts';
import { createSubscriptionLifecycle } from '../modules/commerce/subscriptions/subscriptions.lifecycle.ts';
import {
  lockSubscriptionOf,
  seatsUsed,
  Subscription,
  subscriptionList,
} from '../modules/commerce/subscriptions/subscriptions.repository.ts';
import { subscriptionsModule } from '../modules/commerce/subscriptions/subscriptions.router.ts';
import { createSubscriptionsService } from '../modules/commerce/subscriptions/subscriptions.service.ts';
import type { People, Seats } from '../modules/workforce/ports.ts';
import type { Module } from '../platform/http/module.ts';
import type { Platform } from './platform.ts';

export interface Commerce {
  readonly modules: readonly Module[];
  /** Seats of tests, for work assignments. */
  readonly seats: Seats;
}

/** Offerings, subscriptions, licenses. */
export const wireCommerce = (
  platform: Platform,
  { people, links }: { readonly people: People; readonly links: SystemLinks },
): Commerce => {
  const list = platform.list(licenseList);
  const repository = platform.repository(License);
  const licenses = createLicensesService({
    ...platform,
    repository,
    list,
    mover: platform.mover(licenseLifecycle, repository),
    seats: { lock: lockSubscriptionOf, used: seatsUsed },
    people,
    links,
  });
  const lifecycle = createSubscriptionLifecycle(licenses);
  const rows = platform.repository(Subscription);
  const subscriptions = platform.list(subscriptionList);
  const mover = platform.mover(lifecycle, rows);
  const service = createSubscriptionsService({ ...platform, repository: rows, list: subscriptions, mover });
  return {
    seats: licenses,
    modules: [
      offeringsModule(platform),
      subscriptionsModule({ service, list: subscriptions, lifecycle }),
      licensesModule({ service: licenses, list }),
    ],
  };
};
