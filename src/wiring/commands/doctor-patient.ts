import { pino } from 'pino';
import { Fault } from '../../platform/checks/check.ts';
import type { Check } from '../../platform/checks/check.ts';
import { checkPort } from '../../platform/checks/machine.ts';
import { createValidator } from '../../platform/schema/validator.ts';
import { environmentFaults, productionFaults } from '../../platform/settings/production.ts';
import type { Settings } from '../../platform/settings/settings.ts';
import { databaseParts, withOwner } from '../checked.ts';
import { declareChecks } from '../checks.ts';
import { openConnections } from '../connections.ts';
import { urlsOf } from '../database-urls.ts';
import { openFiles, openKeycloak, openMailServer } from '../outside.ts';
import { readRunning } from '../running-note.ts';
import { openSources } from '../sources.ts';

export interface Patient {
  readonly checks: readonly Check[];
  /** What is not looked at, and what may be meant but seldom is. */
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

/** Opens what the settings name, as a process would; nothing is started or changed. `timeout` in ms. */
export const openPatient = async (settings: Settings, timeout: number, now: () => Date): Promise<Patient> => {
  const note = await readRunning(settings.DATA_DIR);
  const urls = urlsOf(settings) ?? note?.urls;
  const silent = pino({ level: 'silent' });
  const connections = urls && (await openConnections(settings, urls, silent, now));
  const keycloak = await openKeycloak(settings, now);
  const mailServer = openMailServer(settings);
  const { sources, close } = openSources(settings, note?.sources, silent, createValidator());
  const checked = {
    settings,
    now,
    ...(connections && { database: databaseParts(connections) }),
    ...(connections?.redis && { redis: connections.redis }),
    ...(keycloak?.realm && { realm: keycloak.realm }),
    ...(mailServer && { mailServer }),
    sources,
    files: () => openFiles(settings),
  };
  const owned = urls && withOwner(checked, urls.owner, timeout);
  return {
    checks: [settingsCheck(settings), ...portChecks(settings), ...declareChecks(owned?.parts ?? checked)],
    notes: [
      ...(urls === undefined ? ['the embedded PostgreSQL starts with the process: it was not looked at'] : []),
      ...(settings.APP_ENV === 'production' && settings.TRUSTED_PROXIES.length === 0
        ? [
            'TRUSTED_PROXIES is not set: behind a gateway everybody has its address, and one share of the rate limits: name its addresses',
          ]
        : []),
    ],
    close: async () => {
      mailServer?.close();
      await Promise.all([connections?.close(), owned?.close(), close()]);
    },
  };
};
