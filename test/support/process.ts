import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/platform/embedded/ports.ts';
import { createLifetime } from '../../src/platform/process/lifetime.ts';
import { readSettings } from '../../src/platform/settings/settings.ts';
import { openProcess, serveProcess } from '../../src/wiring/process.ts';
import type { RunningProcess } from '../../src/wiring/process.ts';
import { cloneDatabase } from './database.ts';
import { quietLog } from './log.ts';
import type { TestDatabase } from './database.ts';
import { createTestSources } from './sources.ts';
import type { TestSources } from './sources.ts';

export interface TestProcess extends RunningProcess {
  readonly database: TestDatabase;
  readonly sources: TestSources;
  /** Where the API answers, and the private port. */
  readonly api: string;
  readonly figures: string;
  readonly stop: () => Promise<void>;
}

const key = () => `k:${randomBytes(32).toString('base64')}`;

/** A whole process, web and jobs, as `npm start` opens it, on a database and sources of its own. */
export const startProcess = async (env: Readonly<Record<string, string>> = {}): Promise<TestProcess> => {
  const folder = await mkdtemp(join(tmpdir(), 'angelis-process-'));
  const database = await cloneDatabase();
  const sources = await createTestSources();
  const settings = readSettings({
    DATA_DIR: folder,
    UNREADY_SECONDS: '0',
    PORT: String(await freePort()),
    METRICS_PORT: String(await freePort()),
    DATABASE_URL: database.url('app'),
    DATABASE_OWNER_URL: database.url('owner'),
    DATABASE_SYSTEM_URL: database.url('system'),
    SAFER_DATABASE_URL: sources.urls.safer.readUrl,
    FIT2000_DATABASE_URL: sources.urls.fit2000.readUrl,
    DISK_FREE_PERCENT: '0',
    DATA_KEY: key(),
    LOOKUP_KEY: key(),
    SIGNING_KEY: key(),
    CHAIN_KEY: key(),
    ...env,
  });
  const log = quietLog();
  const lifetime = createLifetime({ log, drainSeconds: 10, flush: () => Promise.resolve() });
  const options = { settings, lifetime, log, now: () => new Date(), say: () => undefined };
  const running = await openProcess(options);
  await serveProcess(running, options);
  return {
    ...running,
    database,
    sources,
    api: settings.PUBLIC_URL,
    figures: `http://127.0.0.1:${settings.METRICS_PORT}`,
    stop: async () => {
      await lifetime.stop('test');
      await sources.drop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
