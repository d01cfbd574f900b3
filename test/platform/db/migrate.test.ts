import { expect } from 'chai';
import { createMigrator } from '../../../src/platform/db/migrate.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { MIGRATIONS } from '../../../src/root.ts';

describe('migrations', () => {
  let database: TestDatabase;
  before(async () => {
    database = await cloneDatabase();
  });
  after(() => database.drop());

  it('go down to nothing and up again, and say where they are', async () => {
    const migrator = createMigrator({ url: database.url('owner'), folder: MIGRATIONS });
    const all = (await migrator.status()).map(({ name }) => name);
    expect(all).to.have.length.greaterThan(1);
    expect(await migrator.down(0)).to.deep.equal(all.toReversed());
    const client = await database.superuser();
    const { rows } = await client.query<{ name: string }>(
      "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1",
    );
    expect(rows).to.deep.equal([{ name: 'migration' }]);
    expect((await migrator.status()).every(({ appliedAt }) => appliedAt === null)).to.equal(true);
    expect(await migrator.up()).to.deep.equal(all);
    expect(await migrator.up()).to.deep.equal([]);
  });

  it('are refused where the database has one that was changed since, or that is not known', async () => {
    const migrator = createMigrator({ url: database.url('owner'), folder: MIGRATIONS });
    const client = await database.superuser();
    const change = (set: string) =>
      client.query(`update migration set ${set} where name = (select min(name) from migration)`);
    const { rows } = await client.query<{ fingerprint: string }>('select fingerprint from migration order by name');
    for (const [set, says] of [
      [`fingerprint = null`, /was changed after this database had it/],
      [`fingerprint = 'other'`, /npm run demo -- --fresh/],
      [`name = '0000-other', fingerprint = '${rows[0]!.fingerprint}'`, /which this release does not know/],
    ] as const) {
      await change(set);
      const error = await migrator.up().catch((cause: unknown) => cause);
      expect(error).to.be.instanceOf(Error).with.property('message').that.matches(says);
    }
    await change(`name = '0001-kernel'`);
    expect(await migrator.up()).to.deep.equal([]);
  });

  it('wait for each other when two processes start at once', async () => {
    const migrators = [1, 2, 3].map(() => createMigrator({ url: database.url('owner'), folder: MIGRATIONS }));
    await migrators[0]!.down(0);
    const applied = await Promise.all(migrators.map((migrator) => migrator.up()));
    const counts = applied.map(({ length }) => length).toSorted((a, b) => a - b);
    expect(counts.slice(0, 2)).to.deep.equal([0, 0]);
    expect(counts[2]).to.be.greaterThan(1);
  });
});
