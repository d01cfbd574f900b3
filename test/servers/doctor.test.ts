import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runChecks } from '../../src/platform/checks/check.ts';
import type { CheckResult } from '../../src/platform/checks/check.ts';
import { readSettings } from '../../src/platform/settings/settings.ts';
import { openPatient } from '../../src/wiring/commands/doctor-patient.ts';
import { openMariadbPlace } from '../modules/fitness/sources/mariadb-place.ts';
import type { MariadbPlace } from '../modules/fitness/sources/mariadb-place.ts';
import { KINDS } from '../modules/fitness/sources/place.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { startEvictingRedis } from '../support/servers/evicting-redis.ts';
import { createRealm } from '../support/servers/realm.ts';
import type { TestRealm } from '../support/servers/realm.ts';
import { serverSetting } from '../support/servers/settings.ts';

const key = () => `k:${randomBytes(32).toString('base64')}`;

describe('angelis doctor on real servers', () => {
  let folder: string;
  let database: TestDatabase;
  let realm: TestRealm;
  let place: MariadbPlace;
  let healthy: Record<string, string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-doctor-'));
    database = await cloneDatabase();
    realm = await createRealm(serverSetting('PUBLIC_URL'));
    place = await openMariadbPlace(KINDS.FIT2000);
    healthy = {
      DATA_DIR: folder,
      PROCESS: 'jobs',
      PUBLIC_URL: serverSetting('PUBLIC_URL'),
      DISK_FREE_PERCENT: '0',
      DATABASE_URL: database.url('app'),
      DATABASE_OWNER_URL: database.url('owner'),
      DATABASE_SYSTEM_URL: database.url('system'),
      REDIS_URL: serverSetting('REDIS_URL'),
      FIT2000_DATABASE_URL: place.readUrl,
      FIT2000_MAPPING: JSON.stringify({ table: place.mapping.table }),
      KEYCLOAK_URL: serverSetting('KEYCLOAK_URL'),
      KEYCLOAK_REALM: realm.name,
      KEYCLOAK_ADMIN_CLIENT_SECRET: serverSetting('KEYCLOAK_ADMIN_CLIENT_SECRET'),
      KEYCLOAK_OTP_KEY: await readFile(serverSetting('KEYCLOAK_OTP_KEY_FILE'), 'utf8'),
      AZURE_STORAGE_CONNECTION_STRING: serverSetting('AZURE_STORAGE_CONNECTION_STRING'),
      SMTP_URL: serverSetting('SMTP_URL'),
      DATA_KEY: key(),
      LOOKUP_KEY: key(),
      SIGNING_KEY: key(),
      CHAIN_KEY: key(),
    };
  });
  after(async () => {
    await place.close();
    await realm.drop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const faults = async (change: Record<string, string> = {}): Promise<CheckResult[]> => {
    const patient = await openPatient(readSettings({ ...healthy, ...change }), 20_000, () => new Date());
    try {
      const checks = patient.checks.filter(({ name }) => name !== 'metrics-port');
      return (await runChecks(checks, 20_000)).filter(({ ok, skipped }) => !ok && skipped !== true);
    } finally {
      await patient.close();
    }
  };
  const diagnose = async (name: string, says: RegExp, change: Record<string, string> = {}): Promise<void> => {
    const found = await faults(change);
    expect(found.map((fault) => fault.name)).to.deep.equal([name]);
    expect(found[0]?.error).to.match(says);
  };

  it('finds nothing wrong where all is well', async () => {
    expect(await faults()).to.deep.equal([]);
  });

  it('names a Redis that drops keys', async () => {
    const redis = await startEvictingRedis();
    try {
      await diagnose('redis-eviction', /allkeys-lru/, { REDIS_URL: redis.url });
    } finally {
      await redis.stop();
    }
  });

  it('names a realm that is missing, and a service account that it refuses', async () => {
    await diagnose('identity-provider', /no realm/, { KEYCLOAK_REALM: 'nowhere' });
    const found = await faults({ KEYCLOAK_ADMIN_CLIENT_SECRET: 'not the secret' });
    expect(found.map(({ name }) => name)).to.include.members(['realm', 'audience']);
    expect(found.find(({ name }) => name === 'realm')?.error).to.match(/refuses the service account/);
  });

  it('names a realm that has drifted', async () => {
    const console = await realm.console();
    await console.realms.update({ realm: realm.name }, { bruteForceProtected: false });
    try {
      await diagnose('realm', /differs from .*: realm\.bruteForceProtected: true in the file, false in the realm$/);
    } finally {
      await console.realms.update({ realm: realm.name }, { bruteForceProtected: true });
    }
    expect(await faults()).to.deep.equal([]);
  });

  it('names a realm whose addresses lead elsewhere', async () => {
    await diagnose('realm', /angelis-admin\.redirectUris: https:\/\/other\.example\/\S+ only in the file/, {
      PUBLIC_URL: 'https://other.example',
    });
  });

  it('names a client without the audience mapper', async () => {
    const console = await realm.console();
    const [client] = await console.clients.find({ clientId: 'angelis-worker' });
    const mapper = client?.protocolMappers?.find(({ protocolMapper }) => protocolMapper === 'oidc-audience-mapper');
    await console.clients.delProtocolMapper({ id: client!.id!, mapperId: mapper!.id! });
    const wrong = await faults();
    expect(wrong.map(({ name }) => name)).to.deep.equal(['realm', 'audience']);
    expect(wrong[1]?.error).to.match(/no audience mapper for angelis-api on angelis-worker/);
    const { id: _id, ...rest } = mapper!;
    await (await realm.console()).clients.addProtocolMapper({ id: client!.id! }, rest);
    expect(await faults()).to.deep.equal([]);
  });

  it('names a user of MariaDB that may write, wherever its rights come from', async () => {
    const name = new URL(place.readUrl).pathname.slice(1);
    for (const [right, on] of [
      ['INSERT', `${name}.*`],
      ['UPDATE', `${name}.${place.mapping.table}`],
      ['DELETE', '*.*'],
    ] as const) {
      await place.root.query(`GRANT ${right} ON ${on} TO ${place.user}`);
      try {
        await diagnose('source-fit2000-rights', new RegExp(`may write \\(${right}\\)`));
      } finally {
        await place.root.query(`REVOKE ${right} ON ${on} FROM ${place.user}`);
      }
    }
    expect(await faults()).to.deep.equal([]);
  });

  it('names a mail server and a storage account that do not answer', async () => {
    await diagnose('mail', /does not take us in/, { SMTP_URL: 'smtps://127.0.0.1:9' });
    const away = `DefaultEndpointsProtocol=https;AccountName=angelis;AccountKey=${randomBytes(64).toString('base64')};BlobEndpoint=${/BlobEndpoint=([^;]+)/u.exec(serverSetting('AZURE_STORAGE_CONNECTION_STRING'))?.[1]};`;
    await diagnose('files', /auth/i, { AZURE_STORAGE_CONNECTION_STRING: away });
  });
});
