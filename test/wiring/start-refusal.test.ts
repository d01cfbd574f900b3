import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createHealth } from '../../src/platform/http/health.ts';
import { readSettings, SettingsError } from '../../src/platform/settings/settings.ts';
import type { Settings } from '../../src/platform/settings/settings.ts';
import { databaseParts, refuseWhatIsUnsafe } from '../../src/wiring/checked.ts';
import { declareChecks } from '../../src/wiring/checks.ts';
import type { CheckedParts } from '../../src/wiring/checks.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { redisServer } from '../support/faulty-servers.ts';
import type { FaultyServer } from '../support/faulty-servers.ts';
import { createTestSources } from '../support/sources.ts';
import type { TestSources } from '../support/sources.ts';

describe('production', () => {
  let database: TestDatabase;
  let sources: TestSources;
  let evicting: FaultyServer;
  let redis: Redis | undefined;
  const ring = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
  const keys = { DATA_KEY: ring('a'), LOOKUP_KEY: ring('b'), SIGNING_KEY: ring('c'), CHAIN_KEY: ring('d') };
  const urls = {
    DATABASE_URL: 'postgres://a@b/c',
    DATABASE_OWNER_URL: 'postgres://a@b/c',
    DATABASE_SYSTEM_URL: 'postgres://a@b/c',
  };
  const settings: Settings = { ...readSettings({ ...keys, ...urls }), APP_ENV: 'production' };

  before(async () => {
    database = await cloneDatabase();
    sources = await createTestSources();
    evicting = await redisServer('volatile-lru');
  });
  after(async () => {
    redis?.disconnect();
    await evicting.stop();
    await sources.drop();
    await database.drop();
  });

  const partsOf = (over: Partial<CheckedParts> = {}, app = database.url('app')): CheckedParts => ({
    settings,
    now: () => new Date(),
    database: databaseParts({
      system: database.pool('system', 1),
      checks: database.pool('app', 1),
      urls: { app, owner: database.url('owner'), system: database.url('system') },
    }),
    sources: sources.sources,
    files: () => Promise.reject(new Error('files are not asked')),
    ...over,
  });
  const faultsOf = async (parts: CheckedParts, ownerUrl = database.url('owner')): Promise<readonly string[]> => {
    try {
      await refuseWhatIsUnsafe(parts, ownerUrl);
      return [];
    } catch (error) {
      if (error instanceof SettingsError) return error.faults;
      throw error;
    }
  };

  const isReady = async (parts: CheckedParts): Promise<boolean> => {
    const stopping = new AbortController().signal;
    const health = createHealth({ checks: declareChecks(parts), version: '1.0.0', now: parts.now, stopping });
    return (await health.detail()).ok;
  };

  it('starts where the services are as they should be', async () => {
    expect(await faultsOf(partsOf())).to.deep.equal([]);
  });

  it('does not start with what is unsafe about the services, all of it in one list', async () => {
    const client = await database.superuser();
    await client.query(`insert into seed_set (name, version, applied_at) values ('demo', 1, $1)`, [new Date()]);
    const { rows } = await client.query<{ name: string }>(
      `delete from migration where name like '0001%' returning name`,
    );
    await sources.sql('fit2000', `grant delete on fit_tests to source_reader`);
    // As a process has it: a question that comes before its connection is up fails.
    redis = new Redis({ host: '127.0.0.1', port: evicting.port, enableOfflineQueue: false });
    const unsafe = partsOf({ redis }, database.url('owner'));
    const faults = await faultsOf(unsafe);
    const says = [
      'owner owns tables',
      'are pending',
      'data of the demo',
      'volatile-lru',
      'FIT2000_DATABASE_URL may write',
    ];
    expect(faults).to.have.length(says.length);
    for (const [index, one] of says.entries()) expect(faults[index]).to.contain(one);
    expect(await faultsOf({ ...unsafe, settings: { ...settings, APP_ENV: 'staging' } })).to.deep.equal([]);
    await sources.sql('fit2000', `revoke delete on fit_tests from source_reader`);
    await client.query(`delete from seed_set where name = 'demo'`);
    await client.query('insert into migration (name) values ($1)', [rows[0]!.name]);
  });

  it('does not start where the URLs lead to different databases, and is not ready there', async () => {
    const other = await cloneDatabase();
    try {
      const astray = partsOf({
        database: databaseParts({
          system: database.pool('system', 1),
          checks: other.pool('app', 1),
          urls: { app: other.url('app'), owner: database.url('owner'), system: database.url('system') },
        }),
      });
      const advice = 'give all of them the same host, port and database';
      const says = (setting: string, rest: string) => `${setting} leads to another database than ${rest}: ${advice}`;
      expect(await faultsOf(astray)).to.deep.equal([
        says('DATABASE_URL', 'DATABASE_SYSTEM_URL and DATABASE_OWNER_URL'),
      ]);
      expect(await faultsOf(partsOf(), other.url('owner'))).to.deep.equal([
        says('DATABASE_OWNER_URL', 'DATABASE_SYSTEM_URL and DATABASE_URL'),
      ]);
      // Who only migrates need not answer; the others are compared nevertheless.
      const away = Object.assign(new URL(database.url('owner')), { port: '9' }).href;
      expect(await faultsOf(partsOf(), away)).to.deep.equal([]);
      expect(await faultsOf(astray, away)).to.deep.equal([says('DATABASE_URL', 'DATABASE_SYSTEM_URL')]);
      expect(await isReady(partsOf())).to.equal(true);
      expect(await isReady(astray)).to.equal(false);
    } finally {
      await other.drop();
    }
  });

  it('starts while a source does not answer: what does not need it works', async () => {
    const reader = { readAfter: refused, checkMapping: refused, writingRights: refused, close: refused };
    expect(await faultsOf(partsOf({ sources: [{ source: 'FIT2000', reader }] }))).to.deep.equal([]);
  });
  const refused = (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED'));
});
