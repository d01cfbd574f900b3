import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../../src/platform/embedded/ports.ts';
import type { TestDatabase } from '../database.ts';
import { serverSetting } from './settings.ts';

const TAKEN_AS_THEY_ARE = [
  'NODE_EXTRA_CA_CERTS',
  'FIT2000_DATABASE_URL',
  'KEYCLOAK_URL',
  'KEYCLOAK_ADMIN_CLIENT_SECRET',
  'KEYCLOAK_OTP_KEY_FILE',
  'AZURE_STORAGE_CONNECTION_STRING',
  'SMTP_URL',
  'DATA_KEY_FILE',
  'LOOKUP_KEY_FILE',
  'SIGNING_KEY_FILE',
  'CHAIN_KEY_FILE',
];

/** What a process of production is told: all servers of `scripts/servers`, and a database of its own. */
export const productionSettings = async (
  database: TestDatabase,
  more: Readonly<Record<string, string>>,
): Promise<Record<string, string>> => ({
  ...Object.fromEntries(TAKEN_AS_THEY_ARE.map((name) => [name, serverSetting(name)])),
  PATH: process.env['PATH'] ?? '',
  NODE_ENV: 'production',
  APP_ENV: 'production',
  UNREADY_SECONDS: '0',
  PORT: String(await freePort()),
  METRICS_PORT: String(await freePort()),
  PUBLIC_URL: 'https://angelis.example',
  CORS_ORIGINS: 'https://app.angelis.example',
  TRUSTED_PROXIES: '10.0.0.0/8',
  MAIL_FROM: 'Angelis <no-reply@angelis.example>',
  ERROR_REPORTER_DSN: 'log',
  DATABASE_URL: database.url('app'),
  DATABASE_OWNER_URL: database.url('owner'),
  DATABASE_SYSTEM_URL: database.url('system'),
  ...more,
});

export interface StartedServer {
  /** What it has written on standard output, and on standard error. */
  readonly log: () => string;
  readonly complaint: () => string;
  readonly runs: () => boolean;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** Starts what an installation runs, as `npm run build` made it, with these settings and no others. */
export const startServer = (settings: Readonly<Record<string, string>>): StartedServer => {
  const child = spawn(process.execPath, ['--env-file=dist/config/node.env', 'dist/src/server.js'], {
    env: settings,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (written[name] += text));
  return {
    log: () => written.stdout,
    complaint: () => written.stderr,
    runs: () => child.exitCode === null && child.signalCode === null,
    ended: once(child, 'close').then(([code]) => code as number | null),
    kill: (signal) => child.kill(signal),
  };
};
