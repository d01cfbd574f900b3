import Type from 'typebox';
import { setting } from '../../platform/configuration.ts';
import { retentionBySetting } from '../../platform/privacy/retention.ts';
import { exact, integer, nullable } from '../../platform/schema/types.ts';

const DAY = 86_400_000;

/** How a company's people are told. */
export const NOTICES_SETTING = setting({
  key: 'notifications.rules',
  schema: exact({
    frontendUrl: nullable(
      Type.String({
        format: 'uri',
        pattern: '^https://[^/]+$',
        maxLength: 200,
        description:
          'Stands before the links of mails, SMS and webhooks; without it, mails and SMS say where to look, and webhooks link to the API',
      }),
    ),
    dedupeHours: integer(1, 720, { description: 'How long the same notice is not repeated' }),
    retentionDays: integer(30, 3_650),
    maxAttempts: integer(1, 10, { description: 'Tries of a mail or SMS before it is given up' }),
  }),
  default: { frontendUrl: null, dedupeHours: 24, retentionDays: 365, maxAttempts: 5 },
});

/** Notices, with what became of their mails, SMS and webhooks. */
export const NOTICES_RETENTION = retentionBySetting(
  { of: 'notification', by: 'notifications.purge' },
  NOTICES_SETTING,
  ({ retentionDays }) => retentionDays * DAY,
);
