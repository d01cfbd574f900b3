import { createLifetime } from '../../platform/process/lifetime.ts';
import { readSettings } from '../../platform/settings/settings.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { createLogging } from '../../platform/telemetry/logger.ts';
import type { System } from '../index.ts';
import { openProcess } from '../process.ts';
import { readRunning } from '../running-note.ts';

/**
 * Does `work` with the services of a whole process that serves nobody. Throws beside a process that keeps the development
 * issuer, which would hear nothing of what is done here: stop it first, or do `instead`.
 */
export const withSystem = async <T>(
  instead: string,
  work: (system: System, settings: Settings) => Promise<T>,
): Promise<T> => {
  const settings = { ...readSettings({ LOG_LEVEL: 'error', ...process.env }), PROCESS: 'web' as const };
  const running = settings.KEYCLOAK_URL === undefined ? await readRunning(settings.DATA_DIR) : undefined;
  if (running !== undefined)
    throw new Error(
      `Process ${running.pid} runs on ${settings.DATA_DIR} and keeps its sign-ins: stop it first${instead}.`,
    );
  const { log, close } = await createLogging({ level: settings.LOG_LEVEL });
  const lifetime = createLifetime({ log, drainSeconds: settings.DRAIN_SECONDS, flush: close });
  const say = (message: string) => void process.stderr.write(`${message}\n`);
  try {
    const { system } = await openProcess({ settings, lifetime, log, now: () => new Date(), say });
    return await work(system, settings);
  } finally {
    await lifetime.stop('done');
  }
};
