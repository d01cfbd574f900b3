import { BY_ID, crudRoutes, moveRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { okRow, route } from '../../../platform/http/route.ts';
import type { Lifecycle } from '../../../platform/lifecycle/lifecycle.ts';
import { exact, integer, text } from '../../../platform/schema/types.ts';
import { Subscription } from './subscriptions.repository.ts';
import type { SubscriptionRow } from './subscriptions.repository.ts';
import type { createSubscriptionsService } from './subscriptions.service.ts';

interface SubscriptionsRouterDependencies {
  readonly service: ReturnType<typeof createSubscriptionsService>;
  readonly list: List;
  readonly lifecycle: Lifecycle<SubscriptionRow>;
}

const READ = exact({
  ...Subscription.view.properties,
  seatsUsed: integer(0, 1_000_000, { description: 'Seats of active and suspended licenses' }),
});

/** /admin/subscription */
export const subscriptionsModule = ({ service, list, lifecycle }: SubscriptionsRouterDependencies): Module => {
  const common = {
    name: 'subscription',
    permission: 'commerce:subscription',
    view: Subscription.view,
    service,
  } as const;
  const [listing, creating, detail, editing] = crudRoutes({
    ...common,
    base: '/admin/subscription',
    list,
    createBody: Subscription.createBody,
    editBody: Subscription.editBody,
    listItem: READ,
  });
  return {
    name: 'subscriptions',
    base: '/admin/subscription',
    permissions: ['commerce:subscription:read', 'commerce:subscription:write', 'commerce:subscription:move'],
    lifecycles: [lifecycle],
    routes: [
      listing!,
      creating!,
      { ...detail!, contract: { ...detail!.contract, responses: { 200: READ } } },
      editing!,
      route(
        {
          method: 'post',
          path: '/:id/cancel',
          id: 'cancelSubscription',
          summary: 'Cancel a subscription at the end of its period',
          permission: 'commerce:subscription:move',
          params: BY_ID,
          body: exact({ reason: text(500) }),
          ifMatch: true,
          idempotency: 'accepted',
          responses: { 200: Subscription.view },
        },
        async ({ params, body, version }, context) =>
          okRow(await service.cancel(context, params.id, body.reason, version)),
      ),
      ...moveRoutes({ ...common, lifecycle }),
    ],
  };
};
