import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/platform/embedded/ports.ts';
import type { IdentityProvider } from '../../src/platform/identity-provider/port.ts';
import { createLifetime } from '../../src/platform/process/lifetime.ts';
import { placesOfKeys } from '../../src/platform/settings/key-place.ts';
import { readSettings } from '../../src/platform/settings/settings.ts';
import type { System } from '../../src/wiring/index.ts';
import { openProcess, serveProcess } from '../../src/wiring/process.ts';
import { addCompany } from './companies.ts';
import { quietLog } from './log.ts';
import { cloneDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';
import type { ReadMail } from './mime.ts';
import type { PeopleHost } from './people.ts';
import { requestsTo } from './requests.ts';
import type { Requests } from './requests.ts';

/** The parts that stand around a system, and how to look into them. */
export interface Surroundings {
  /** What the process is told beside its database, its ports and its keys. */
  readonly settings: Readonly<Record<string, string>>;
  readonly mailsOf: (address: string) => Promise<readonly ReadMail[]>;
  readonly close: () => Promise<void>;
}

/** A process of `all`, opened and served from its settings as src/server.ts does, on a database of its own. */
export interface TestSystem extends PeopleHost {
  readonly database: TestDatabase;
  readonly url: string;
  readonly http: Requests;
  readonly addCompany: () => Promise<string>;
  readonly mailsOf: Surroundings['mailsOf'];
  /** Text messages to a number, the newest last: no carrier takes them. */
  readonly textsOf: (phone: string) => readonly string[];
  readonly identityProvider: IdentityProvider;
  readonly identity: System['identity'];
  readonly stop: () => Promise<void>;
}

const newKey = (): string => `test:${randomBytes(32).toString('base64')}`;

/** Starts a system among what `surround` gives for the address at which it will answer. */
export const startSystem = async (surround: (baseUrl: string) => Promise<Surroundings>): Promise<TestSystem> => {
  const folder = await mkdtemp(join(tmpdir(), 'angelis-system-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const surroundings = await surround(url);
  const database = await cloneDatabase();
  const env = {
    NODE_ENV: 'test',
    UNREADY_SECONDS: '0',
    SIGN_IN_REFUSAL_MS: '1',
    PORT: String(port),
    METRICS_PORT: String(await freePort()),
    PUBLIC_URL: url,
    TRUSTED_PROXIES: '127.0.0.1',
    DATA_DIR: folder,
    DATABASE_URL: database.url('app'),
    DATABASE_OWNER_URL: database.url('owner'),
    DATABASE_SYSTEM_URL: database.url('system'),
    DATA_KEY: newKey(),
    LOOKUP_KEY: newKey(),
    SIGNING_KEY: newKey(),
    CHAIN_KEY: newKey(),
    ...surroundings.settings,
  };
  const settings = readSettings(env);
  const log = quietLog();
  const lifetime = createLifetime({ log, drainSeconds: 10, flush: () => Promise.resolve() });
  const now = () => new Date();
  const keyPlaces = placesOfKeys(env, folder);
  const options = { settings, keyPlaces, lifetime, log, now, say: () => undefined };
  const opened = await openProcess(options);
  await serveProcess(opened, options);
  const { identityProvider } = opened.outside;
  return {
    database,
    clock: { now },
    platform: opened.system.platform,
    identityProvider,
    identity: opened.system.identity,
    url,
    http: requestsTo(url),
    addCompany: () => addCompany(database),
    mailsOf: surroundings.mailsOf,
    textsOf: (phone) =>
      (opened.outside.console?.inbox() ?? [])
        .flatMap((message) => (message.channel === 'sms' && message.to === phone ? [message.text] : []))
        .toReversed(),
    stop: async () => {
      if (!(await lifetime.stop('the test is over'))) throw new Error('A part of the system did not stop');
      await database.drop();
      await surroundings.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
