import pg from 'pg';
import { MIGRATIONS, ownPath } from '../../src/root.ts';
import { createMigrator } from '../../src/platform/db/migrate.ts';
import { ensurePartitions } from '../../src/platform/db/partitions.ts';
import { createPool } from '../../src/platform/db/pool.ts';
import { provision } from '../../src/platform/db/roles.ts';
import { migrateQueue } from '../../src/platform/jobs/queue.ts';
import { applySeedSets, loadSeedSets } from '../../src/platform/db/seed.ts';
import type { Role } from '../../src/platform/db/roles.ts';
import { PARTITIONED_TABLES } from '../../src/wiring/partitions.ts';

/** Named by a run that shares its server with others. */
export const templateName = (): string => process.env['ANGELIS_TEST_TEMPLATE'] ?? 'angelis_template';
/** Of all users of the test server. */
export const PASSWORD = process.env['ANGELIS_TEST_PASSWORD'] ?? 'only-for-tests';
const SEEDERS = ownPath('seeders');

/** URL of the superuser for a database of the test server. */
export const superuserUrl = (database: string): string => {
  const url = process.env['ANGELIS_TEST_SUPERUSER_URL'];
  if (url === undefined) throw new Error('Run the tests with `npm test`: the test PostgreSQL is started there.');
  return Object.assign(new URL(url), { pathname: `/${database}` }).href;
};

/** URL of one of the three users for a database of the test server. */
export const roleUrl = (role: Role, database: string): string =>
  Object.assign(new URL(superuserUrl(database)), { username: role, password: PASSWORD }).href;

/** Around it stand the clocks of tests that need days of a known year, whenever they run. */
const FIXED = new Date('2027-01-01');

/** Removes the template from a server that outlives the run. */
export const dropTemplate = async (): Promise<void> => {
  const client = new pg.Client({ connectionString: superuserUrl('postgres') });
  await client.connect();
  await client.query(`drop database if exists ${templateName()} with (force)`);
  await client.end();
};

/** Makes users and the migrated template database. */
export const makeTemplate = async (): Promise<void> => {
  await provision(superuserUrl, templateName(), { owner: PASSWORD, app: PASSWORD, system: PASSWORD });
  await createMigrator({ url: roleUrl('owner', templateName()), folder: MIGRATIONS }).up();
  await migrateQueue(roleUrl('owner', templateName()));
  const onError = (error: Error) => {
    throw error;
  };
  const system = createPool({
    url: roleUrl('system', templateName()),
    max: 1,
    applicationName: 'test',
    statementTimeout: 30_000,
    onError,
  });
  await ensurePartitions(system, PARTITIONED_TABLES, new Date(), { back: 13, ahead: 2 });
  await ensurePartitions(system, PARTITIONED_TABLES, FIXED, { back: 12, ahead: 2 });
  await applySeedSets(system, await loadSeedSets(SEEDERS), new Date());
  await system.end();
};
