import packageJson from '../../package.json' with { type: 'json' };
import { writeCompiledCode } from '../platform/process/compile-cache.ts';
import { createLifetime } from '../platform/process/lifetime.ts';
import { placesOfKeys } from '../platform/settings/key-place.ts';
import { environmentFaults, productionFaults } from '../platform/settings/production.ts';
import { readSettings, SettingsError } from '../platform/settings/settings.ts';
import { createErrorReporter } from '../platform/telemetry/error-reporter.ts';
import { createLogging } from '../platform/telemetry/logger.ts';
import { openProcess, serveProcess } from './process.ts';

const start = async (): Promise<void> => {
  const settings = readSettings(process.env);
  const faults = [
    ...environmentFaults(settings),
    ...(settings.APP_ENV === 'production' ? productionFaults(settings, process.env) : []),
  ];
  if (faults.length > 0) throw new SettingsError(faults);
  const { APP_ENV: environment, ERROR_REPORTER_DSN: dsn } = settings;
  const errors =
    dsn === undefined || dsn === 'log'
      ? undefined
      : createErrorReporter({
          dsn,
          environment,
          release: packageJson.version,
          onTrouble: (error, dropped) => log.warn({ err: error, dropped }, 'errors cannot be reported'),
        });
  const { log, close } = await createLogging({ level: settings.LOG_LEVEL, file: settings.LOG_FILE, errors });
  const lifetime = createLifetime({ log, drainSeconds: settings.DRAIN_SECONDS, flush: close });
  lifetime.obeySignals();
  const options = {
    settings,
    keyPlaces: placesOfKeys(process.env, settings.DATA_DIR),
    lifetime,
    log,
    now: () => new Date(),
    say: (message: string) => log.info(message),
  };
  try {
    await serveProcess(await openProcess(options), options);
    log.info({ port: settings.PORT, process: settings.PROCESS }, 'ready');
    writeCompiledCode();
  } catch (error) {
    log.fatal({ err: error }, 'the process could not start');
    await lifetime.stop('could not start');
    if (error instanceof SettingsError) throw error;
    process.exitCode = 1;
  }
};

/** Starts a process as its settings say: PROCESS web, jobs or all. Exits 1, with the whole list, when they are unsafe. */
export const startProcess = async (): Promise<void> => {
  try {
    await start();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
};
