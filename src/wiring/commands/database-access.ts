import type pg from 'pg';
import { createPool } from '../../platform/db/pool.ts';
import type { Role } from '../../platform/db/roles.ts';
import { readSettings } from '../../platform/settings/settings.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { urlsOf } from '../database-urls.ts';
import { readRunning } from '../running-note.ts';

/** As what commands are known to the database. */
export const applicationName = 'angelis command';

/**
 * Runs a command on the database: the one of the settings, else that of the process which runs on DATA_DIR now, else one
 * that is started for as long as the command takes, its tables brought to what this release needs unless `migrate` is false.
 */
export const withDatabase = async <T>(
  settings: Settings,
  work: (urls: Readonly<Record<Role, string>>) => Promise<T>,
  { migrate = true }: { readonly migrate?: boolean } = {},
): Promise<T> => {
  const given = urlsOf(settings) ?? (await readRunning(settings.DATA_DIR))?.urls;
  if (given !== undefined) return work(given);
  // What starts a server is loaded only where none runs: commands beside a demo answer at once.
  const { startEmbedded } = await import('../embedded.ts');
  const embedded = await startEmbedded(settings, (message) => void process.stderr.write(`${message}\n`), migrate);
  try {
    return await work(embedded.urls);
  } finally {
    await embedded.stop();
  }
};

/** As `withDatabase`, with a pool of user `system`. */
export const withSystemPool = <T>(work: (system: pg.Pool) => Promise<T>): Promise<T> =>
  withDatabase(readSettings(process.env), async ({ system: url }) => {
    const system = createPool({
      url,
      max: 1,
      statementTimeout: 60_000,
      acquireTimeout: 10_000,
      applicationName,
      onError: () => undefined,
    });
    try {
      return await work(system);
    } finally {
      await system.end();
    }
  });
