import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createConnection } from 'mysql2/promise';
import { createMigrator } from '../../src/platform/db/migrate.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { startEvictingRedis } from '../support/servers/evicting-redis.ts';
import { productionSettings, startServer } from '../support/servers/production.ts';
import type { StartedServer } from '../support/servers/production.ts';
import { createRealm } from '../support/servers/realm.ts';
import type { TestRealm } from '../support/servers/realm.ts';
import { serverSetting } from '../support/servers/settings.ts';
import { emptyRedis } from '../support/servers/system.ts';
import { MIGRATIONS } from '../../src/root.ts';
import { until } from '../support/until.ts';

type Settings = Readonly<Record<string, string>>;

/** A service as production must not find it. */
interface Unsafe {
  readonly name: string;
  /** Makes it so; answers the settings that lead there, and how it is put right again. */
  readonly spoil: () => Promise<{ settings?: Settings; mend: () => Promise<void> }>;
  readonly says: RegExp;
}

describe('production on real servers, with TLS', () => {
  const password = randomBytes(16).toString('hex');
  // Users are the server's, not the database's.
  const [passing, owning, writing] = ['passing', 'owning', 'writing'].map(
    (name) => `${name}_${password.slice(0, 6)}`,
  ) as [string, string, string];
  let database: TestDatabase;
  let settings: Settings;
  let realm: TestRealm;
  let running: StartedServer | undefined;

  before(async () => {
    database = await cloneDatabase();
    realm = await createRealm('https://angelis.example');
    settings = await productionSettings(database, { REDIS_URL: await emptyRedis(3), KEYCLOAK_REALM: realm.name });
  });
  afterEach(async () => {
    running?.kill('SIGKILL');
    await running?.ended;
    running = undefined;
  });
  after(async () => {
    await realm.drop();
    await database.drop();
  });

  const start = (over: Settings = {}): StartedServer => (running = startServer({ ...settings, ...over }));
  /** The lines of the list with which it refused to start. */
  const refusal = async (over: Settings = {}): Promise<string[]> => {
    const server = start(over);
    expect(await server.ended, server.log()).to.equal(1);
    const [head, ...lines] = server.complaint().trim().split('\n');
    expect(head, server.log()).to.equal('The settings do not fit:');
    for (const line of lines) expect(line).to.match(/^ {2}- \S/);
    return lines.map((line) => line.slice(4));
  };
  const get = async (port: string, path: string): Promise<Response | undefined> =>
    fetch(`http://127.0.0.1:${settings[port]}${path}`).catch(() => undefined);
  const asSuperuser = async (...statements: readonly string[]): Promise<void> => {
    const client = await database.superuser();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  const inMariadb = async (...statements: readonly string[]): Promise<void> => {
    const connection = await createConnection(serverSetting('ANGELIS_TEST_MARIADB_ADMIN_URL'));
    for (const statement of statements) await connection.query(statement);
    await connection.end();
  };
  const as = (url: string, username: string): string => Object.assign(new URL(url), { username, password }).href;

  it('starts, is ready, finds every part well, and stops when it is told to', async () => {
    const server = start();
    await until(async () => {
      if ((await get('PORT', '/angelis/health/ready'))?.status === 200) return true;
      if (!server.runs()) throw new Error(server.complaint() || server.log());
      return false;
    }, 100);
    const detail = (await (await get('METRICS_PORT', '/health/detail'))!.json()) as {
      checks: { ok: boolean }[];
    };
    const found = detail.checks;
    expect(found, JSON.stringify(detail)).to.have.length.greaterThan(10);
    expect(
      found.filter(({ ok }) => !ok),
      JSON.stringify(detail),
    ).to.deep.equal([]);
    const signIn = await fetch(`http://127.0.0.1:${settings['PORT']}/angelis/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ identifier: 'nobody@example.cl', password: 'puente y río largos' }),
    });
    expect(signIn.status).to.equal(401);
    server.kill('SIGTERM');
    expect(await server.ended).to.equal(0);
    for (const secret of ['KEYCLOAK_ADMIN_CLIENT_SECRET', 'AZURE_STORAGE_CONNECTION_STRING', 'REDIS_URL'])
      expect(server.log()).to.not.include(settings[secret]);
  });

  const insecure: Settings = {
    NODE_ENV: 'development',
    DATABASE_URL: 'postgres://app:app@127.0.0.1/angelis',
    DATABASE_OWNER_URL: 'postgres://app:app@127.0.0.1/angelis?sslmode=disable',
    DATABASE_SYSTEM_URL: 'postgres://system:short@127.0.0.1/angelis?sslmode=prefer',
    DATABASE_REPLICA_URL: 'postgres://app:app@127.0.0.1/angelis_staging',
    REDIS_URL: 'redis://127.0.0.1',
    SAFER_DATABASE_URL: 'mssql://sa:sa@127.0.0.1/safer',
    FIT2000_DATABASE_URL: 'mysql://root:root@127.0.0.1/fit2000',
    SMTP_URL: 'smtp://127.0.0.1',
    KEYCLOAK_URL: 'http://127.0.0.1',
    KEYCLOAK_ADMIN_CLIENT_SECRET: 'secret',
    AZURE_STORAGE_CONNECTION_STRING: 'UseDevelopmentStorage=true',
    PUBLIC_URL: 'http://angelis.example',
    CORS_ORIGINS: '*',
    TRUSTED_PROXIES: '0.0.0.0/0',
    METRICS_HOST: '0.0.0.0',
    LOG_LEVEL: 'debug',
    ERROR_REPORTER_DSN: '',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://8.8.8.8:4318',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  };

  it('refuses all unsafe settings in one list, before it connects anywhere', async () => {
    const lines = await refusal(insecure);
    expect(lines).to.have.length.greaterThan(24);
    for (const name of Object.keys(insecure))
      expect(
        lines.some((line) => line.includes(name)),
        name,
      ).to.equal(true);
  });

  const services: readonly Unsafe[] = [
    {
      name: 'a Redis that evicts',
      spoil: async () => {
        const redis = await startEvictingRedis();
        return { settings: { REDIS_URL: redis.url }, mend: redis.stop };
      },
      says: /Redis drops keys .*allkeys-lru.*noeviction/,
    },
    {
      name: 'a user that bypasses row level security',
      spoil: async () => {
        await asSuperuser(`create role ${passing} login bypassrls password '${password}'`, `grant app to ${passing}`);
        return {
          settings: { DATABASE_URL: as(settings['DATABASE_URL']!, passing) },
          mend: () => asSuperuser(`drop owned by ${passing}`, `drop role ${passing}`),
        };
      },
      says: /passing_\w+ bypasses row level security/,
    },
    {
      name: 'a user that owns tables',
      spoil: async () => {
        await asSuperuser(`create role ${owning} login password '${password}'`, `grant system, owner to ${owning}`);
        return {
          settings: { DATABASE_SYSTEM_URL: as(settings['DATABASE_SYSTEM_URL']!, owning) },
          mend: () => asSuperuser(`drop owned by ${owning}`, `drop role ${owning}`),
        };
      },
      says: /owning_\w+ owns tables/,
    },
    {
      name: 'demo data',
      spoil: async () => {
        await asSuperuser(`insert into seed_set (name, version, applied_at) values ('demo', 1, now())`);
        return { mend: () => asSuperuser(`delete from seed_set where name = 'demo'`) };
      },
      says: /data of the demo/,
    },
    {
      name: 'a source user that may write',
      spoil: async () => {
        await inMariadb(
          `create user ${writing}@'127.0.0.1' identified by '${password}'`,
          `grant select, insert on fit2000.* to ${writing}@'127.0.0.1'`,
        );
        return {
          settings: { FIT2000_DATABASE_URL: as(settings['FIT2000_DATABASE_URL']!, writing) },
          mend: () => inMariadb(`drop user ${writing}@'127.0.0.1'`),
        };
      },
      says: /FIT2000_DATABASE_URL may write \(.*INSERT.*\)/,
    },
  ];

  for (const { name, spoil, says } of services)
    it(`refuses ${name}`, async () => {
      const spoilt = await spoil();
      try {
        const lines = await refusal(spoilt.settings);
        expect(lines).to.have.length(1);
        expect(lines[0]).to.match(says);
      } finally {
        await spoilt.mend();
      }
    });

  it('refuses pending migrations', async () => {
    const other = await cloneDatabase();
    const migrator = createMigrator({ url: other.url('owner'), folder: MIGRATIONS });
    await migrator.down();
    const lines = await refusal({
      DATABASE_URL: other.url('app'),
      DATABASE_OWNER_URL: other.url('owner'),
      DATABASE_SYSTEM_URL: other.url('system'),
    });
    await other.drop();
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^1 of \d+ migrations are pending.*angelis migrate up/);
  });

  it('refuses all unsafe services in one list', async () => {
    const spoilt: Awaited<ReturnType<Unsafe['spoil']>>[] = [];
    try {
      for (const { spoil } of services) spoilt.push(await spoil());
      const lines = await refusal(Object.assign({}, ...spoilt.map(({ settings: led }) => led)) as Settings);
      for (const { name, says } of services)
        expect(
          lines.some((line) => says.test(line)),
          name,
        ).to.equal(true);
    } finally {
      for (const { mend } of spoilt.toReversed()) await mend();
    }
  });

  it('trusts no server whose certificate nobody vouches for', async () => {
    const { NODE_EXTRA_CA_CERTS: _trusted, ...strict } = settings;
    const server = (running = startServer(strict));
    expect(await server.ended).to.equal(1);
    expect(server.log()).to.match(/certificate/i);
    expect(await get('PORT', '/angelis/health/live')).to.equal(undefined);
  });
});
