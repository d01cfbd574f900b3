import { createPublicKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { SMTPServer } from 'smtp-server';
import { runChecks } from '../../../src/platform/checks/check.ts';
import type { CheckResult } from '../../../src/platform/checks/check.ts';
import { freePort } from '../../../src/platform/embedded/ports.ts';
import { readSettings } from '../../../src/platform/settings/settings.ts';
import { openPatient } from '../../../src/wiring/commands/doctor-patient.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { keycloakServer, oldPostgres, redisServer } from '../../support/faulty-servers.ts';
import type { KeycloakServer } from '../../support/faulty-servers.ts';
import { createTestSources } from '../../support/sources.ts';
import type { TestSources } from '../../support/sources.ts';
import { startPair } from '../../support/standby.ts';
import { PASSWORD } from '../../support/template.ts';

const REALM_FILE = new URL('../../../config/keycloak/angelis-realm.json', import.meta.url);
const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
/** ES256, of no use anywhere. */
const otpKey = async (): Promise<string> => {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----`;
};

describe('angelis doctor', () => {
  let folder: string;
  let database: TestDatabase;
  let sources: TestSources;
  let healthy: Record<string, string>;
  const ending: (() => Promise<unknown>)[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-doctor-'));
    database = await cloneDatabase();
    sources = await createTestSources();
    healthy = {
      DATA_DIR: folder,
      PORT: String(await freePort()),
      METRICS_PORT: String(await freePort()),
      DATABASE_URL: database.url('app'),
      DATABASE_OWNER_URL: database.url('owner'),
      DATABASE_SYSTEM_URL: database.url('system'),
      SAFER_DATABASE_URL: sources.urls.safer.readUrl,
      FIT2000_DATABASE_URL: sources.urls.fit2000.readUrl,
      DATA_KEY: key('a'),
      LOOKUP_KEY: key('a'),
      SIGNING_KEY: key('a'),
      CHAIN_KEY: key('a'),
      DISK_FREE_PERCENT: '0',
    };
  });
  afterEach(async () => {
    for (const end of ending.splice(0)) await end();
  });
  after(async () => {
    await sources.drop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const examine = async (change: Record<string, string> = {}, now = () => new Date()): Promise<CheckResult[]> => {
    const patient = await openPatient(readSettings({ ...healthy, ...change }), 5_000, now);
    try {
      return await runChecks(patient.checks, 5_000);
    } finally {
      await patient.close();
    }
  };
  /** The only check that is at fault. */
  const diagnose = async (change: Record<string, string> = {}, now?: () => Date): Promise<CheckResult> => {
    const wrong = (await examine(change, now)).filter(({ ok, skipped }) => !ok && skipped !== true);
    expect(wrong.map(({ name, error }) => `${name}: ${error}`)).to.have.length(1);
    return wrong[0]!;
  };
  const expectFault = (result: CheckResult, name: string, says: RegExp, advises: RegExp): void => {
    expect(result.name).to.equal(name);
    expect(result.error).to.match(says);
    expect(result.advice).to.match(advises);
  };
  const superuser = async (text: string): Promise<void> => {
    const client = await database.superuser();
    await client.query(text);
  };

  it('finds nothing wrong where all is well', async () => {
    const results = await examine();
    expect(results.filter(({ ok }) => !ok)).to.deep.equal([]);
    expect(results.map(({ name }) => name)).to.include.members(['database', 'migrations', 'source-fit2000-rights']);
  });

  it('1: a port that is taken', async () => {
    const server = createServer((socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ending.push(() => new Promise((done) => server.close(done)));
    const { port } = server.address() as AddressInfo;
    const says = new RegExp(`port ${port} is taken`);
    expectFault(await diagnose({ PORT: String(port) }), 'port', says, /another PORT/);
    expectFault(await diagnose({ METRICS_PORT: String(port) }), 'metrics-port', says, /another METRICS_PORT/);
  });

  it('2: a database that does not answer, or not to one of the users', async () => {
    const gone = Object.assign(new URL(database.url('system')), { port: '9' }).href;
    expectFault(await diagnose({ DATABASE_SYSTEM_URL: gone }), 'database', /ECONNREFUSED/, /start PostgreSQL/);
    const refused = Object.assign(new URL(database.url('app')), { password: 'wrong' }).href;
    expectFault(await diagnose({ DATABASE_URL: refused }), 'database', /password authentication failed/, /password/);
    const results = await examine({ DATABASE_SYSTEM_URL: gone });
    expect(results.find(({ name }) => name === 'migrations')).to.include({ ok: false, skipped: true });
  });

  it('2: a URL that leads to another database than the others', async () => {
    const other = await cloneDatabase();
    ending.push(other.drop);
    for (const [setting, role, rest] of [
      ['DATABASE_URL', 'app', 'DATABASE_SYSTEM_URL and DATABASE_OWNER_URL'],
      ['DATABASE_SYSTEM_URL', 'system', 'DATABASE_URL and DATABASE_OWNER_URL'],
      ['DATABASE_OWNER_URL', 'owner', 'DATABASE_SYSTEM_URL and DATABASE_URL'],
    ] as const) {
      const found = await diagnose({ [setting]: other.url(role) });
      const says = new RegExp(`^${setting} leads to another database than ${rest}$`);
      expectFault(found, 'database', says, /host, port and database/);
      expect(found.hard).to.equal(true);
      expect(`${found.error} ${found.advice}`).to.not.include(PASSWORD);
    }
  });

  it('3: a database that is too old', async () => {
    const old = await oldPostgres(140_012);
    ending.push(old.stop);
    const url = `postgres://system:x@127.0.0.1:${old.port}/angelis`;
    const urls = { DATABASE_URL: url, DATABASE_OWNER_URL: url, DATABASE_SYSTEM_URL: url };
    expectFault(await diagnose(urls), 'database', /PostgreSQL 14 is too old/, /upgrade it to 15/);
  });

  it('4: a user that owns tables, bypasses row level security, or has not its rights', async () => {
    const owner = { DATABASE_URL: database.url('owner') };
    expectFault(await diagnose(owner), 'database-users', /user owner owns tables/, /runbook/);
    const named = (user: string) => Object.assign(new URL(database.url('app')), { username: user }).href;
    const stem = `t_${database.name.slice(-8)}`;
    await superuser(`create role ${stem}_passes login bypassrls password '${PASSWORD}' in role app`);
    await superuser(`create role ${stem}_becomes login password '${PASSWORD}' in role app, ${stem}_passes`);
    await superuser(`create role ${stem}_nobody login password '${PASSWORD}'`);
    const all = `${stem}_passes, ${stem}_becomes, ${stem}_nobody`;
    await superuser(`grant connect on database ${database.name} to ${all}`);
    ending.push(async () => {
      await superuser(`revoke connect on database ${database.name} from ${all}`);
      await superuser(`drop role ${all}`);
    });
    for (const [user, says] of [
      [`${stem}_passes`, /bypasses row level security/],
      [`${stem}_becomes`, /bypasses row level security/],
      [`${stem}_nobody`, /has not the rights of app/],
    ] as const)
      expectFault(await diagnose({ DATABASE_URL: named(user) }), 'database-users', says, /runbook/);
  });

  it('5: migrations that are pending', async () => {
    const client = await database.superuser();
    const { rows } = await client.query<{ name: string }>(
      `delete from migration where name = (select max(name) from migration) returning name`,
    );
    ending.push(() => client.query('insert into migration (name) values ($1)', [rows[0]!.name]));
    const found = await diagnose();
    expectFault(found, 'migrations', new RegExp(`1 of \\d+ migrations .* from ${rows[0]!.name}`), /migrate up/);
  });

  it('5: migrations that the user of DATABASE_URL does not see', async () => {
    await superuser('revoke select on migration from app');
    ending.push(() => superuser('grant select on migration to app'));
    expectFault(await diagnose(), 'migrations', /^the user of DATABASE_URL may not read/, /migrate up/);
  });

  it('6: a Redis that drops keys, or is not there', async () => {
    const evicting = await redisServer('allkeys-lru');
    const keeping = await redisServer('noeviction');
    ending.push(evicting.stop, keeping.stop);
    const found = await diagnose({ REDIS_URL: `redis://127.0.0.1:${evicting.port}` });
    expectFault(found, 'redis-eviction', /allkeys-lru/, /noeviction/);
    const results = await examine({ REDIS_URL: `redis://127.0.0.1:${keeping.port}` });
    expect(results.filter(({ ok }) => !ok)).to.deep.equal([]);
    expectFault(await diagnose({ REDIS_URL: 'redis://127.0.0.1:9' }), 'redis', /ECONNREFUSED/, /start Redis/);
  });

  it('7: a clock that is off, against the database and against the identity provider', async () => {
    const late = () => new Date(Date.now() - 60_000);
    const found = await diagnose({}, late);
    expectFault(found, 'database-clock', /60 s behind that of PostgreSQL/, /NTP/);
    const { server, settings } = await withKeycloak();
    server.date = new Date(Date.now() - 30_000).toUTCString();
    const says = /(29|[345]\d) s ahead of that of Keycloak/;
    expectFault(await diagnose(settings), 'identity-provider-clock', says, /NTP/);
    server.date = undefined;
    server.issuedAt = () => new Date(Date.now() - 30_000);
    expectFault(await diagnose(settings), 'identity-provider-clock', says, /NTP/);
  });

  const withKeycloak = async (): Promise<{ server: KeycloakServer; settings: Record<string, string> }> => {
    const KEYCLOAK_OTP_KEY = await otpKey();
    const { x, y } = createPublicKey(KEYCLOAK_OTP_KEY).export({ format: 'jwk' });
    const values: Record<string, string | undefined> = {
      ANGELIS_BASE_URL: 'https://angelis.example',
      ANGELIS_OTP_KEY_X: x,
      ANGELIS_OTP_KEY_Y: y,
      ANGELIS_SSL_REQUIRED: 'external',
      ANGELIS_API_SECRET: 'a secret of the service',
    };
    const file = (await readFile(REALM_FILE, 'utf8')).replaceAll(
      /\$\{([A-Z_]+)[^}]*\}/gu,
      (_all, name: string) => values[name]!,
    );
    const server = await keycloakServer(JSON.parse(file) as Record<string, unknown>);
    ending.push(server.stop);
    const settings = {
      KEYCLOAK_URL: server.url,
      KEYCLOAK_ADMIN_CLIENT_SECRET: 'a secret of the service',
      KEYCLOAK_OTP_KEY,
      PUBLIC_URL: 'https://angelis.example',
    };
    return { server, settings };
  };

  it('8: a realm that is missing or has drifted', async () => {
    const { server, settings } = await withKeycloak();
    const well = await examine(settings);
    expect(well.filter(({ ok }) => !ok)).to.deep.equal([]);
    const missing = await diagnose({ ...settings, KEYCLOAK_REALM: 'other' });
    expectFault(missing, 'identity-provider', /no realm at .*\/realms\/other/, /angelis realm apply/);
    server.realm['bruteForceProtected'] = false;
    server.realm['enabledEventTypes'] = ['LOGIN'];
    server.realm.clients.find(({ clientId }) => clientId === 'angelis-worker')!['fullScopeAllowed'] = true;
    server.realm.roles.realm.pop();
    const drifted = await diagnose(settings);
    const says =
      /realm\.bruteForceProtected: true in the file, false in the realm; realm\.enabledEventTypes: LOGIN_ERROR only in the file/;
    expectFault(drifted, 'realm', says, /angelis realm apply/);
    expect(drifted.error).to.match(/; and \d+ more$/);
  });

  it('8: a realm that was imported for other addresses, another key, or lets plain connections in', async () => {
    const { server, settings } = await withKeycloak();
    const elsewhere = await diagnose({ ...settings, PUBLIC_URL: 'https://other.example' });
    const callback =
      'clients.angelis-admin.redirectUris: https://other.example/angelis/admin/auth/callback only in the file';
    expectFault(elsewhere, 'realm', /angelis-worker\.attributes\.backchannel\.logout\.url: https:/, /PUBLIC_URL/);
    expect(elsewhere.error).to.contain(callback);
    const strange = await diagnose({ ...settings, KEYCLOAK_OTP_KEY: await otpKey() });
    expectFault(strange, 'realm', /angelis-otp\.attributes\.jwks\.string\.keys\.angelis-otp\.x/, /KEYCLOAK_OTP_KEY/);
    const inProduction = async () =>
      (await examine({ ...settings, APP_ENV: 'production' })).find(({ name }) => name === 'realm')!;
    for (const [sslRequired, ok] of [
      ['external', true],
      ['all', true],
      ['none', false],
    ] as const) {
      server.realm['sslRequired'] = sslRequired;
      expect((await inProduction()).ok, sslRequired).to.equal(ok);
    }
    expectFault(
      await inProduction(),
      'realm',
      /: realm\.sslRequired: external in the file, none in the realm$/,
      /apply/,
    );
    expect((await examine(settings)).find(({ name }) => name === 'realm')).to.include({ ok: true });
  });

  it('8: what only the realm has, in our clients and beside them', async () => {
    const { server, settings } = await withKeycloak();
    const admin = server.realm.clients.find(({ clientId }) => clientId === 'angelis-admin')!;
    admin['redirectUris'] = [...(admin['redirectUris'] as string[]), 'https://old.example/*'];
    const attributes = admin['attributes'] as Record<string, string>;
    attributes['post.logout.redirect.uris'] += '##https://old.example/*';
    const machine = { clientId: 'angelis-machine-1', protocolMappers: admin['protocolMappers'] };
    server.realm.clients.push({ clientId: 'legacy', implicitFlowEnabled: true }, machine);
    const found = await diagnose(settings);
    const says = [
      'clients.angelis-admin.redirectUris: https://old.example/* only in the realm',
      'clients.angelis-admin.attributes.post.logout.redirect.uris: https://old.example/* only in the realm',
      'clients.legacy only in the realm',
    ];
    expect(found.error?.split(/: (?=clients)|; /).slice(1)).to.deep.equal(says);
  });

  it('9: a client without the audience mapper', async () => {
    const { server, settings } = await withKeycloak();
    const client = server.realm.clients.find(({ clientId }) => clientId === 'angelis-otp')!;
    client['protocolMappers'] = [];
    const wrong = (await examine(settings)).filter(({ ok }) => !ok);
    expect(wrong.map(({ name }) => name)).to.deep.equal(['realm', 'audience']);
    const [drifted, found] = wrong as [CheckResult, CheckResult];
    expectFault(drifted, 'realm', /protocolMappers\.audience angelis-api only in the file$/, /apply/);
    expectFault(found, 'audience', /no audience mapper for angelis-api on angelis-otp:/, /"angelis realm apply"/);
  });

  it('10: a folder that takes no files', async () => {
    await writeFile(join(folder, 'a-file'), '');
    const found = await diagnose({ LOG_FILE: join(folder, 'a-file', 'angelis.log') });
    expectFault(found, 'log-folder', /takes no files \(ENOTDIR\)/, /LOG_FILE/);
    const readOnly = await diagnose({ DATA_DIR: '/proc/self' });
    expectFault(readOnly, 'folder', /takes no files/, /another DATA_DIR/);
  });

  it('11: a mail server that refuses', async () => {
    const server = new SMTPServer({
      logger: false,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(new Error('no')),
    });
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    ending.push(() => new Promise<void>((done) => server.close(done)));
    const { port } = server.server.address() as AddressInfo;
    const found = await diagnose({ SMTP_URL: `smtp://us:open-sesame@127.0.0.1:${port}` });
    expectFault(found, 'mail', /refused our sign-in/, /SMTP_URL/);
    expectFault(await diagnose({ SMTP_URL: 'smtp://127.0.0.1:9' }), 'mail', /does not take us in/, /SMTP_URL/);
  });

  it('12: a user of a source that may write', async () => {
    const found = await diagnose({ FIT2000_DATABASE_URL: sources.urls.fit2000.writeUrl });
    expectFault(found, 'source-fit2000-rights', /FIT2000_DATABASE_URL may write \(INSERT\)/, /only read/);
  });

  it('13: pools that are more than the server gives', async () => {
    const found = await diagnose({ PROCESSES: '12' });
    expectFault(found, 'connections', /12 processes with 47 connections each may need 564/, /max_connections/);
  });

  it('14: a disk that is nearly full', async () => {
    expectFault(await diagnose({ DISK_FREE_PERCENT: '100' }), 'disk', /% free/, /more space/);
  });

  it('notes in production that no gateway is named', async () => {
    const notesOf = async (change: Record<string, string>): Promise<string> => {
      const patient = await openPatient(readSettings({ ...healthy, ...change }), 5_000, () => new Date());
      await patient.close();
      return patient.notes.join('\n');
    };
    expect(await notesOf({ APP_ENV: 'production' })).to.match(/^TRUSTED_PROXIES is not set: /);
    expect(await notesOf({ APP_ENV: 'production', TRUSTED_PROXIES: '10.0.0.0/8' })).to.equal('');
    expect(await notesOf({})).to.equal('');
  });

  it('15: a replica that is none, or another database', async () => {
    const primary = await diagnose({ DATABASE_REPLICA_URL: database.url('app') });
    expectFault(primary, 'replica', /is none: it takes writes itself/, /DATABASE_REPLICA_URL/);
    const other = Object.assign(new URL(database.url('app')), { pathname: '/template1' }).href;
    expectFault(
      await diagnose({ DATABASE_REPLICA_URL: other }),
      'replica',
      /another server or database/,
      /take it out/,
    );
  });

  it('15: a replica that lags', async function () {
    this.timeout(60_000);
    const pair = await startPair();
    ending.push(pair.stop);
    const { primaryUrl: url } = pair;
    const settings = { DATABASE_URL: url, DATABASE_OWNER_URL: url, DATABASE_SYSTEM_URL: url };
    const look = async (now?: () => Date) =>
      (await examine({ ...settings, DATABASE_REPLICA_URL: pair.standbyUrl }, now)).find(
        ({ name }) => name === 'replica',
      )!;
    await pair.on('primary', 'create table written (n int)');
    for (;;) if ((await look()).figures?.['lagSeconds'] === 0) break;
    const later = () => new Date(Date.now() + 120_000);
    // Nothing was written since: it does not lag, however long ago the last write was.
    expect(await look(later)).to.deep.include({ ok: true, figures: { lagSeconds: 0 } });
    await pair.on('standby', 'select pg_wal_replay_pause()');
    while ((await pair.on('standby', 'select pg_get_wal_replay_pause_state() as state'))[0]?.['state'] !== 'paused')
      await sleep(20);
    await pair.on('primary', 'insert into written values (1)');
    expectFault(await look(later), 'replica', /lags 1[12]\d s, 60 s are the most/, /pg_stat_replication/);
  });
});
