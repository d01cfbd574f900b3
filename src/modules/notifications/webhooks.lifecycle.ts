import { lifecycle, move } from '../../platform/module.ts';
import { WebhookEndpoint } from './webhooks.repository.ts';
import type { WebhookRow } from './webhooks.repository.ts';

const permission = 'notifications:webhook:write';
const DAY = 86_400_000;

/** active → failing at the first failure, back at the next success; disabled after a day without one, or by hand. */
export const webhookLifecycle = lifecycle<WebhookRow>({
  entity: WebhookEndpoint,
  initial: 'active',
  moves: {
    fail: move({
      from: ['active'],
      to: 'failing',
      summary: 'An event did not get through',
      set: (_context, now) => ({ failingSince: now.toISOString() }),
    }),
    recover: move<WebhookRow>({
      from: ['failing'],
      to: 'active',
      summary: 'An event got through again',
      set: () => ({ failingSince: null }),
    }),
    expire: move({
      from: ['failing'],
      to: 'disabled',
      summary: 'Nothing got through for a day',
      dueAt: ({ failingSince }) => (failingSince === null ? null : new Date(Date.parse(failingSince) + DAY)),
    }),
    disable: move({
      from: ['active', 'failing'],
      to: 'disabled',
      permission,
      system: true,
      summary: 'Send nothing more to an endpoint',
    }),
    enable: move<WebhookRow>({
      from: ['disabled'],
      to: 'active',
      permission,
      summary: 'Send to an endpoint again',
      set: () => ({ failingSince: null }),
    }),
  },
});
