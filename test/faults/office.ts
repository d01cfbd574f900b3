import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { systemScope } from '../../src/platform/db/scope.ts';
import { createLifetime } from '../../src/platform/process/lifetime.ts';
import { readSettings } from '../../src/platform/settings/settings.ts';
import { openProcess } from '../../src/wiring/process.ts';
import type { Hand } from './crew.ts';
import { noticeOf } from './outcome.ts';
import type { Stage } from './stage.ts';

export interface HeldJobs {
  /** Of their rows in the outbox. */
  readonly ids: readonly string[];
  /** The notices that were written, as `noticeOf` names them. */
  readonly asked: readonly string[];
  readonly letGo: () => Promise<void>;
}

/** The system in this process, as a web that serves nobody: it tells people things, and others see to it. */
export interface Office {
  /**
   * Writes so many notices to each person, each of which becomes a mail: while no process runs jobs. Those that run them
   * then come no further than the row of the delivery, until `letGo`.
   */
  readonly tell: (hands: readonly Hand[], each: number) => Promise<HeldJobs>;
  readonly close: () => Promise<void>;
}

const TRACE = 'f'.repeat(32);

export const openOffice = async ({ env, database }: Stage): Promise<Office> => {
  const log = pino({ level: 'silent' });
  const settings = readSettings({ ...env, PROCESS: 'web' });
  const lifetime = createLifetime({ log, drainSeconds: 5, flush: () => Promise.resolve() });
  const { system } = await openProcess({ settings, lifetime, log, now: () => new Date(), say: () => undefined });
  const { notices, platform } = system;
  return {
    tell: async (hands, each) => {
      const companies = Map.groupBy(hands, ({ companyId }) => companyId);
      const link = `/fitness/devices/${randomUUID()}`;
      for (const [companyId, members] of companies)
        await platform.db.write(systemScope(companyId, 'faults', TRACE), async (tx) => {
          const recipients = members.map(({ profileId }) => profileId);
          for (let n = 0; n < each; n += 1)
            await notices.notify(tx, { type: 'device_calibration', recipients, link, dedupeKey: `${link}:${n}` });
        });
      const client = await database.superuser();
      let ended: Promise<void> | undefined;
      await client.query('begin');
      const { rows } = await client.query<{ id: string }>(
        `select o.id from outbox o join delivery d on d.company_id = o.company_id and d.id = (o.payload ->> 'deliveryId')::uuid
         join notification n on n.company_id = d.company_id and n.id = d.notification_id
         where o.company_id = any($1) and n.link = $2 for update of d`,
        [[...companies.keys()], link],
      );
      return {
        ids: rows.map(({ id }) => id),
        asked: hands.flatMap((hand) => Array.from({ length: each }, () => noticeOf(hand, link))),
        letGo: () => (ended ??= client.end()),
      };
    },
    close: async () => {
      await lifetime.stop('the fault is over');
    },
  };
};
