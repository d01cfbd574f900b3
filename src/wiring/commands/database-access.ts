import type { Role } from '../../platform/db/roles.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { urlsOf } from '../connections.ts';
import { readRunning, startEmbedded } from '../embedded.ts';

/**
 * Runs a command on the database: the one of the settings, else that of the process which runs on DATA_DIR now, else one
 * that is started for as long as the command takes.
 */
export const withDatabase = async <T>(
  settings: Settings,
  work: (urls: Readonly<Record<Role, string>>) => Promise<T>,
): Promise<T> => {
  const given = urlsOf(settings) ?? (await readRunning(settings.DATA_DIR))?.urls;
  if (given !== undefined) return work(given);
  const embedded = await startEmbedded(settings.DATA_DIR, (message) => void process.stderr.write(`${message}\n`));
  try {
    return await work(embedded.urls);
  } finally {
    await embedded.stop();
  }
};
