import { parseKeyRing } from '../../platform/crypto/key-ring.ts';
import type { RekeyParts, Rekeying } from '../../platform/crypto/rekey.ts';
import { createDatabase } from '../../platform/db/database.ts';
import { createPool } from '../../platform/db/pool.ts';
import { OPERATOR_COMPANY, systemScope } from '../../platform/db/scope.ts';
import { runningProcesses } from '../../platform/process/register.ts';
import type { RegisteredProcess } from '../../platform/process/register.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { startSpan } from '../../platform/telemetry/trace.ts';
import { rekeyingsOf } from '../rekeyings.ts';
import { withDatabase } from './database-access.ts';

/** What commands on keys ask the database. */
export interface KeyParts {
  /** With all companies that there are now. */
  readonly rekeying: () => Promise<RekeyParts>;
  readonly running: (now: Date) => Promise<RegisteredProcess[]>;
  /** Does `work` while nobody else does such work; throws when somebody does. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
}

const STATEMENT = 60_000;
const ACQUIRE = 10_000;
const LOCK = `select pg_try_advisory_lock(hashtextextended('angelis keys', 0)) as locked`;

/** Runs a command on keys on the database of these settings. */
export const withKeyParts = <T>(settings: Settings, work: (parts: KeyParts) => Promise<T>): Promise<T> =>
  withDatabase(settings, async (urls) => {
    const pool = (url: string, max = 1) =>
      createPool({
        url,
        max,
        applicationName: 'angelis keys',
        statementTimeout: STATEMENT,
        acquireTimeout: ACQUIRE,
        onError: () => undefined,
      });
    const [writer, reader, system] = [pool(urls.app), pool(urls.app), pool(urls.system, 2)];
    const db = createDatabase({ writer, reader, now: () => new Date() });
    try {
      const { traceId } = startSpan();
      const scope = (companyId: string) => systemScope(companyId, 'keys.rotate', traceId);
      return await work({
        rekeying: async () => {
          const { rows } = await system.query<{ id: string }>('select id from company order by id');
          return { db, companies: rows.map(({ id }) => scope(id)), operator: scope(OPERATOR_COMPANY) };
        },
        running: (now) => runningProcesses(system, now),
        alone: async (act) => {
          const client = await system.connect();
          try {
            const { rows: answers } = await client.query<{ locked: boolean }>(LOCK);
            if (answers[0]?.locked !== true)
              throw new Error('another rotation is under way: run this again when it is over');
            return await act();
          } finally {
            // The lock goes with its connection.
            client.release(true);
          }
        },
      });
    } finally {
      await Promise.all([db.close(), system.end()]);
    }
  });

/** All that stands under keys, with the rings of these settings. */
export const rekeyingsIn = (settings: Pick<Settings, 'DATA_KEY' | 'LOOKUP_KEY'>): readonly Rekeying[] =>
  rekeyingsOf({ data: parseKeyRing(settings.DATA_KEY), lookup: parseKeyRing(settings.LOOKUP_KEY) });
