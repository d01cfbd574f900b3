import { BY_ID, crudModule, exact, integer, okRow, route, text } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { Subscription } from './subscriptions.repository.ts';
import type { createSubscriptionsService } from './subscriptions.service.ts';

const READ = exact({
  ...Subscription.view.properties,
  seatsUsed: integer(0, 1_000_000, { description: 'Seats of active and suspended licenses' }),
});

/** /admin/subscription */
export const subscriptionsModule = (service: ReturnType<typeof createSubscriptionsService>): Module =>
  crudModule({
    base: '/admin/subscription',
    permission: 'commerce:subscription',
    service,
    item: READ,
    detail: READ,
    routes: [
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
    ],
  });
