import { pino } from 'pino';
import { Fault } from '../../platform/checks/check.ts';
import type { Check } from '../../platform/checks/check.ts';
import { checkPort } from '../../platform/checks/machine.ts';
import { createPool } from '../../platform/db/pool.ts';
import { createValidator } from '../../platform/schema/validator.ts';
import { environmentFaults, productionFaults } from '../../platform/settings/production.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { databaseParts } from '../checked.ts';
import { declareChecks } from '../checks.ts';
import { openConnections } from '../connections.ts';
import { urlsOf } from '../database-urls.ts';
import { openFiles, openKeycloak, openMailServer } from '../outside.ts';
import { readRunning } from '../running-note.ts';
import { openSources } from '../sources.ts';

export interface Patient {
  readonly checks: readonly Check[];
  /** What is not looked at, and why. */
  readonly notes: readonly string[];
  readonly close: () => Promise<void>;
}

const settingsCheck = (settings: Settings): Check => ({
  name: 'settings',
  advice: 'correct the settings',
  run: () => {
    const faults = [
      ...environmentFaults(settings),
      ...(settings.APP_ENV === 'production' ? productionFaults(settings, process.env) : []),
    ];
    if (faults.length > 0) throw new Fault(faults.join('; '), 'see the table of settings in README.md');
    return Promise.resolve();
  },
});

const portChecks = ({ PROCESS: kind, PORT, METRICS_PORT, METRICS_HOST }: Settings): readonly Check[] => [
  ...(kind === 'jobs'
    ? []
    : [
        {
          name: 'port',
          advice: 'set another PORT',
          run: () => checkPort('PORT', PORT, '/angelis/health/live'),
        },
      ]),
  {
    name: 'metrics-port',
    advice: 'set another METRICS_PORT',
    run: () => checkPort('METRICS_PORT', METRICS_PORT, '/health/detail', METRICS_HOST),
  },
];

const openDatabase = (
  settings: Settings,
  urls: NonNullable<ReturnType<typeof urlsOf>>,
  timeout: number,
  now: () => Date,
) => {
  const quiet = () => undefined;
  const connections = openConnections(settings, urls, pino({ level: 'silent' }), now);
  const others = [urls.app, urls.owner].map((url) =>
    createPool({
      url,
      max: 1,
      applicationName: 'angelis doctor',
      statementTimeout: timeout,
      acquireTimeout: timeout,
      onError: quiet,
    }),
  );
  return {
    redis: connections.redis,
    database: databaseParts(connections, others),
    close: async () => {
      await Promise.all([connections.close(), ...others.map((pool) => pool.end())]);
    },
  };
};

/** Opens what the settings name, as a process would; nothing is started or changed. `timeout` in ms. */
export const openPatient = async (settings: Settings, timeout: number, now: () => Date): Promise<Patient> => {
  const note = await readRunning(settings.DATA_DIR);
  const urls = urlsOf(settings) ?? note?.urls;
  const opened = urls && openDatabase(settings, urls, timeout, now);
  const keycloak = await openKeycloak(settings, now);
  const mailServer = openMailServer(settings);
  const { sources, close } = openSources(settings, note?.sources, pino({ level: 'silent' }), createValidator());
  return {
    checks: [
      settingsCheck(settings),
      ...portChecks(settings),
      ...declareChecks({
        settings,
        now,
        ...(opened && { database: opened.database }),
        ...(opened?.redis && { redis: opened.redis }),
        ...(keycloak?.realm && { realm: keycloak.realm }),
        ...(mailServer && { mailServer }),
        sources,
        files: () => openFiles(settings),
      }),
    ],
    notes: urls === undefined ? ['the embedded PostgreSQL starts with the process: it was not looked at'] : [],
    close: async () => {
      mailServer?.close();
      await Promise.all([opened?.close(), close()]);
    },
  };
};
