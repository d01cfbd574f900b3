import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { createLifetime } from '../../platform/process/lifetime.ts';
import { readSettings } from '../../platform/settings/settings.ts';
import { createLogging } from '../../platform/telemetry/logger.ts';
import { readRunning } from '../embedded.ts';
import { openProcess, serveProcess } from '../process.ts';

const say = (message: string): void => {
  process.stdout.write(`${message}\n`);
};

const runDemo = async ({ fresh }: { fresh?: boolean }): Promise<void> => {
  const env = { LOG_LEVEL: 'warn', ...process.env };
  const settings = readSettings(env);
  if (settings.APP_ENV === 'production' || settings.NODE_ENV === 'production')
    throw new Error('The demo never runs in production.');
  const running = await readRunning(settings.DATA_DIR);
  if (running !== undefined)
    throw new Error(
      `Process ${running.pid} already runs on ${settings.DATA_DIR}: stop it, or set another DATA_DIR and PORT.`,
    );
  if (fresh) await rm(settings.DATA_DIR, { recursive: true, force: true });
  const kept = readSettings(env);
  const { log, close } = await createLogging({ level: kept.LOG_LEVEL, file: kept.LOG_FILE });
  const lifetime = createLifetime({ log, drainSeconds: kept.DRAIN_SECONDS, flush: close });
  lifetime.obeySignals();
  const options = { settings: kept, lifetime, log, now: () => new Date(), say };
  try {
    await serveProcess(await openProcess(options), options);
    say(`ready ${kept.PUBLIC_URL}/angelis`);
  } catch (error) {
    await lifetime.stop('could not start');
    throw error;
  }
};

/** `angelis demo` */
export const demoCommands = (program: Command): void => {
  program
    .command('demo')
    .description('runs everything with demo data on this machine')
    .option('--fresh', 'begins anew: everything in DATA_DIR is removed first')
    .action(runDemo);
};
