import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseKeyRing } from '../../src/platform/crypto/key-ring.ts';
import { freePort } from '../../src/platform/embedded/ports.ts';
import { readSettings } from '../../src/platform/settings/settings.ts';
import type { Settings } from '../../src/platform/settings/schema.ts';
import { openKeycloak } from '../../src/wiring/outside.ts';
import { addCompany } from '../support/companies.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import type { PeopleHost } from '../support/people.ts';
import { productionSettings, startServer } from '../support/servers/production.ts';
import type { StartedServer } from '../support/servers/production.ts';
import { createRealm } from '../support/servers/realm.ts';
import type { TestRealm } from '../support/servers/realm.ts';
import { serverSetting } from '../support/servers/settings.ts';
import { emptyRedis } from '../support/servers/system.ts';
import { dropTemplate, makeTemplate } from '../support/template.ts';

/** The parts that scripts/servers runs. */
export type Part = 'postgres' | 'redis' | 'mariadb' | 'keycloak' | 'azurite' | 'mail';

/** A process of the product, `node src/server.ts` in production mode, that is started again on the same ports. */
export interface Member {
  readonly role: 'web' | 'jobs';
  /** Where the API answers (web), and the private port. */
  readonly url: string;
  readonly figures: string;
  /** Starts it and resolves when it serves. Throws, with its log, when it ends before. */
  readonly start: () => Promise<void>;
  /** Sends a signal (SIGKILL) and resolves with its exit code when it is gone. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<number | null>;
  readonly runs: () => boolean;
  /** What it has written since it was started. */
  readonly log: () => string;
}

export interface Stage extends PeopleHost {
  readonly database: TestDatabase;
  readonly realm: TestRealm;
  /** What every process is told, ports aside. */
  readonly env: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly addCompany: () => Promise<string>;
  readonly identityProvider: NonNullable<Awaited<ReturnType<typeof openKeycloak>>>['identityProvider'];
  /** A process that is not started yet; `more` overrides its settings. */
  readonly member: (role: Member['role'], more?: Readonly<Record<string, string>>) => Promise<Member>;
  /** Stops, kills or starts a part: see scripts/servers. */
  readonly server: (action: 'stop' | 'kill' | 'start', part: Part) => Promise<void>;
  /** Kills every process that still runs. */
  readonly rest: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The Redis database of the faults: the tests have 1 to 7. */
const REDIS_DATABASE = 15;
const LOOK_EVERY = 50;
const SERVERS = 'scripts/servers';

const serves = async (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status === 200;
    },
    () => false,
  );

const server: Stage['server'] = async (action, part) => {
  const [code] = (await once(spawn(SERVERS, [action, part], { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')) as [
    number | null,
  ];
  if (code !== 0) throw new Error(`scripts/servers ${action} ${part} ended with ${code}`);
};

const createMember = async (role: Member['role'], env: Readonly<Record<string, string>>): Promise<Member> => {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const figures = `http://127.0.0.1:${metricsPort}`;
  const probe = role === 'web' ? `${url}/angelis/health/ready` : `${figures}/metrics`;
  let running: StartedServer | undefined;
  const runs = (): boolean => running?.runs() === true;
  return {
    role,
    url,
    figures,
    runs,
    log: () => `${running?.log() ?? ''}${running?.complaint() ?? ''}`,
    start: async () => {
      if (runs()) throw new Error(`the ${role} process at ${url} runs already`);
      const started = startServer({ ...env, PROCESS: role, PORT: String(port), METRICS_PORT: String(metricsPort) });
      running = started;
      while (!(await serves(probe))) {
        if (!started.runs()) throw new Error(`a ${role} process ended: ${started.complaint()}${started.log()}`);
        await sleep(LOOK_EVERY);
      }
    },
    kill: async (signal = 'SIGKILL') => {
      running?.kill(signal);
      return running?.ended ?? null;
    },
  };
};

/** A migrated database, a realm and an emptied Redis of a run's own on the servers of scripts/servers. */
export const openStage = async (): Promise<Stage> => {
  process.env['ANGELIS_TEST_TEMPLATE'] = `template_${randomUUID().replaceAll('-', '')}`;
  await makeTemplate();
  const database = await cloneDatabase();
  const realm = await createRealm('https://angelis.example');
  const env = await productionSettings(database, {
    TRUSTED_PROXIES: '127.0.0.1',
    KEYCLOAK_REALM: realm.name,
    REDIS_URL: await emptyRedis(REDIS_DATABASE),
    DATA_DIR: serverSetting('DATA_DIR'),
    DISK_FREE_PERCENT: '0',
    LOG_LEVEL: 'warn',
  });
  const settings = readSettings(env);
  const now = (): Date => new Date();
  const { identityProvider } = (await openKeycloak(settings, now))!;
  const members: Member[] = [];
  const rest = async (): Promise<void> => {
    await Promise.all(members.splice(0).map((member) => member.kill()));
  };
  return {
    database,
    realm,
    env,
    settings,
    clock: { now },
    platform: { keys: { data: parseKeyRing(settings.DATA_KEY), lookup: parseKeyRing(settings.LOOKUP_KEY) } },
    identityProvider,
    addCompany: () => addCompany(database),
    member: async (role, more = {}) => {
      const member = await createMember(role, { ...env, ...more });
      members.push(member);
      return member;
    },
    server,
    rest,
    close: async () => {
      await rest();
      await database.drop();
      await realm.drop();
      await dropTemplate();
    },
  };
};
