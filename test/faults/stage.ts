import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseKeyRing } from '../../src/platform/crypto/key-ring.ts';
import { readSettings } from '../../src/platform/settings/settings.ts';
import type { Settings } from '../../src/platform/settings/schema.ts';
import { openKeycloak } from '../../src/wiring/outside.ts';
import { isAlive } from '../../src/wiring/running-note.ts';
import { addCompany } from '../support/companies.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import type { PeopleHost } from '../support/people.ts';
import { productionSettings } from '../support/servers/production.ts';
import { createRealm } from '../support/servers/realm.ts';
import type { TestRealm } from '../support/servers/realm.ts';
import { serverSetting } from '../support/servers/settings.ts';
import { emptyRedis } from '../support/servers/system.ts';
import { dropTemplate, makeTemplate } from '../support/template.ts';
import { openMailSink } from './mail-sink.ts';
import type { MailSink } from './mail-sink.ts';
import { createMember } from './members.ts';
import type { Member } from './members.ts';
import { inTime } from './waiting.ts';

/** The parts that scripts/servers runs. */
export type Part = 'postgres' | 'redis' | 'mariadb' | 'keycloak' | 'azurite';

/** The processes of a small installation. */
export interface Standing {
  readonly webs: readonly Member[];
  readonly jobs: readonly Member[];
  readonly all: readonly Member[];
}

export interface Stage extends PeopleHost {
  readonly database: TestDatabase;
  readonly realm: TestRealm;
  /** Takes all mail. */
  readonly mail: MailSink;
  /** What every process is told, ports aside. */
  readonly env: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly identityProvider: NonNullable<Awaited<ReturnType<typeof openKeycloak>>>['identityProvider'];
  readonly addCompany: () => Promise<string>;
  /** Two webs and two jobs that serve; whoever kills one of them need not start it again. */
  readonly standing: () => Promise<Standing>;
  /** One more process, not started yet; `more` overrides its settings. It ends with the fault. */
  readonly member: (role: Member['role'], more?: Readonly<Record<string, string>>) => Promise<Member>;
  /** Stops, kills or starts a part: see scripts/servers. */
  readonly server: (action: 'stop' | 'kill' | 'start', part: Part, signal?: string) => Promise<void>;
  /** Kills what `member` made. */
  readonly rest: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The Redis database of the faults: the tests have others. */
const REDIS_DATABASE = 15;
const SERVERS = 'scripts/servers';

const server: Stage['server'] = async (...args) => {
  const child = spawn(
    SERVERS,
    args.filter((arg) => arg !== undefined),
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const [code] = await inTime(`${SERVERS} ${args.join(' ')}`, exit);
  if (code !== 0) throw new Error(`${SERVERS} ${args.join(' ')} ended with ${code}`);
};

const killAll = async (members: readonly Member[]): Promise<void> => {
  await Promise.all(members.map((member) => member.kill()));
};

/** Takes the servers for this run: two would do each other's jobs. Throws while another one has them; answers what lets go. */
const holdServers = (): (() => void) => {
  const note = join(dirname(serverSetting('DATA_DIR')), 'faults.pid');
  const holder = existsSync(note) ? Number(readFileSync(note, 'utf8')) : undefined;
  if (holder !== undefined && isAlive(holder))
    throw new Error(
      `process ${holder} runs faults on these servers: wait for its end, or set SERVERS_PORT_BASE to have others`,
    );
  rmSync(note, { force: true });
  writeFileSync(note, String(process.pid), { flag: 'wx' });
  return () => rmSync(note, { force: true });
};

/** A migrated database, a realm and an emptied Redis of a run's own on the servers of scripts/servers. */
export const openStage = async (): Promise<Stage> => {
  const letGo = holdServers();
  process.env['ANGELIS_TEST_TEMPLATE'] = `template_${randomUUID().replaceAll('-', '')}`;
  await makeTemplate();
  const cloned = await cloneDatabase();
  const database: TestDatabase = {
    ...cloned,
    // PostgreSQL goes away now and then, under idle clients too.
    superuser: async () => {
      const client = await cloned.superuser();
      client.on('error', () => undefined);
      return client;
    },
  };
  const realm = await createRealm('https://angelis.example');
  const mail = await openMailSink();
  const env = await productionSettings(database, {
    TRUSTED_PROXIES: '127.0.0.1',
    KEYCLOAK_REALM: realm.name,
    REDIS_URL: await emptyRedis(REDIS_DATABASE),
    SMTP_URL: mail.url,
    DATA_DIR: serverSetting('DATA_DIR'),
    DISK_FREE_PERCENT: '0',
    LOG_LEVEL: 'warn',
    UNREADY_SECONDS: '2',
  });
  const settings = readSettings(env);
  const now = (): Date => new Date();
  const { identityProvider } = (await openKeycloak(settings, now))!;
  const roles = ['web', 'web', 'jobs', 'jobs'] as const;
  const over = new AbortController();
  const all = await Promise.all(roles.map((role) => createMember(role, env, over.signal)));
  const standing: Standing = {
    all,
    webs: all.filter(({ role }) => role === 'web'),
    jobs: all.filter(({ role }) => role === 'jobs'),
  };
  const more: Member[] = [];
  const rest = (): Promise<void> => killAll(more.splice(0));
  return {
    database,
    realm,
    mail,
    env,
    settings,
    clock: { now },
    platform: { keys: { data: parseKeyRing(settings.DATA_KEY), lookup: parseKeyRing(settings.LOOKUP_KEY) } },
    identityProvider,
    addCompany: () => addCompany(database),
    standing: async () => {
      await Promise.all(all.filter((member) => !member.runs()).map((member) => member.start()));
      return standing;
    },
    member: async (role, changes = {}) => {
      const member = await createMember(role, { ...env, ...changes }, over.signal);
      more.push(member);
      return member;
    },
    server,
    rest,
    close: async () => {
      over.abort(new Error('the run is over'));
      await rest();
      await killAll(all);
      await mail.close();
      await database.drop();
      await realm.drop();
      await dropTemplate();
      letGo();
    },
  };
};
