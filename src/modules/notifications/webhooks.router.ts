import { BY_ID, crudModule, exact, ok, route, secretRoutes, uuid } from '../../platform/module.ts';
import type { CrudService, JobDefinition, Module, MovingService, Route } from '../../platform/module.ts';
import { WebhookEndpoint } from './webhooks.repository.ts';
import type { WebhookRow } from './webhooks.repository.ts';
import type { Webhooks } from './webhooks.service.ts';

const base = '/notification/webhook';
const permission = 'notifications:webhook:write';
const { name, url, events } = WebhookEndpoint.fields;
const CreateBody = exact({ name, url, events });
const ownRoutes = (webhooks: Webhooks): Route[] => [
  ...secretRoutes({
    base,
    entity: WebhookEndpoint,
    permission,
    clients: ['admin'],
    body: CreateBody,
    create: {
      id: 'createWebhook',
      summary: 'Create a webhook: the secret that its messages are signed with is shown once',
      description:
        'Each event is a POST with `webhook-id`, `webhook-timestamp` and `webhook-signature` (Standard Webhooks 1.0.0). Answer 2xx within 10 s; anything else is tried again, redirects are not followed.',
      run: webhooks.create,
    },
    rotate: {
      id: 'rotateWebhookSecret',
      summary: 'Give a webhook a new secret, shown once; for a day messages carry a signature of the old one, too',
      run: webhooks.rotate,
    },
  }),
  route(
    {
      method: 'post',
      path: '/:id/ping',
      id: 'pingWebhook',
      summary: 'Send an event `ping` to a webhook; its delivery says what came of it',
      permission,
      clients: ['admin'],
      params: BY_ID,
      idempotency: 'accepted',
      responses: { 200: exact({ deliveryId: uuid() }) },
    },
    async ({ params }, context) => ok({ deliveryId: (await webhooks.ping(context, params.id)).id }),
  ),
];

interface WebhooksParts {
  readonly service: CrudService<WebhookRow> & MovingService<WebhookRow>;
  readonly webhooks: Webhooks;
  readonly jobs: readonly JobDefinition[];
}

/** /notification/webhook: where a company's own systems are told. */
export const webhooksModule = ({ service, webhooks, jobs }: WebhooksParts): Module =>
  crudModule({
    base,
    permission: 'notifications:webhook',
    clients: ['admin'],
    service,
    jobs,
    routes: ownRoutes(webhooks),
  });
