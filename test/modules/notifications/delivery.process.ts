import { pino } from 'pino';
import { createI18n } from '../../../src/platform/i18n/i18n.ts';
import type { Mailer } from '../../../src/platform/messaging/messages.ts';
import { createMetrics } from '../../../src/platform/telemetry/metrics.ts';
import { createPool } from '../../../src/platform/db/pool.ts';
import { createDatabase } from '../../../src/platform/db/database.ts';
import { createOutbox } from '../../../src/platform/jobs/outbox.ts';
import { wireNotifications } from '../../../src/wiring/notifications.ts';
import { createValidator } from '../../../src/platform/schema/validator.ts';
import { createPlatform } from '../../../src/wiring/platform.ts';
import type { Foundation } from '../../../src/wiring/platform.ts';
import { randomRing } from '../../support/companies.ts';
import { createNode } from '../../platform/jobs/harness.ts';
import type { Urls } from '../../platform/jobs/harness.ts';

/** The notifications of one process, with its jobs, as wiring builds them; only what they touch is there. */
export const createDeliveryProcess = (urls: Urls, mailer: Mailer) => {
  const pool = (url: string) =>
    createPool({ url, max: 6, applicationName: 'test', statementTimeout: 30_000, onError: () => undefined });
  const writer = pool(urls.app);
  const now = () => new Date();
  const outbox = createOutbox();
  const keys = { data: randomRing(), lookup: randomRing(), signing: randomRing(), chain: randomRing() };
  const foundation: Partial<Foundation> = {
    db: createDatabase({ writer, reader: writer, now }),
    system: pool(urls.system),
    keys,
    validator: createValidator(),
    i18n: createI18n({ folder: `${import.meta.dirname}/../../../locales` }),
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    outbox,
    mailer,
    sms: { send: ({ id }) => Promise.resolve({ providerId: id }) },
    hub: { openStream: () => Promise.reject(new Error('no streams here')) },
    now,
    publicUrl: 'https://angelis.example.cl',
    adminRedirectUris: [],
  };
  const platform = createPlatform(foundation as Foundation, () => []);
  const { modules, notices } = wireNotifications(platform);
  const node = createNode(urls, { definitions: modules.flatMap(({ jobs = [] }) => jobs), outbox });
  return {
    ...platform,
    notices,
    node,
    close: async () => {
      await node.close();
      await writer.end();
      await platform.system.end();
    },
  };
};
