import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { readSettings, SettingsError } from '../../src/platform/settings/settings.ts';
import type { Settings } from '../../src/platform/settings/settings.ts';
import { databaseParts, refuseWhatIsUnsafe } from '../../src/wiring/checked.ts';
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
      urls: { app, owner: database.url('owner'), system: database.url('system') },
    }),
    sources: sources.sources,
    files: () => Promise.reject(new Error('files are not asked')),
    ...over,
  });
  const faultsOf = async (parts: CheckedParts): Promise<readonly string[]> => {
    try {
      await refuseWhatIsUnsafe(parts);
      return [];
    } catch (error) {
      if (error instanceof SettingsError) return error.faults;
      throw error;
    }
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

  it('starts while a source does not answer: what does not need it works', async () => {
    const reader = { readAfter: refused, checkMapping: refused, writingRights: refused, close: refused };
    expect(await faultsOf(partsOf({ sources: [{ source: 'FIT2000', reader }] }))).to.deep.equal([]);
  });
  const refused = (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED'));
});
