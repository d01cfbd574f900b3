import { expect } from 'chai';
import { createMigrator } from '../../../src/platform/db/migrate.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { MIGRATIONS } from '../../support/template.ts';

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

  it('wait for each other when two processes start at once', async () => {
    const migrators = [1, 2, 3].map(() => createMigrator({ url: database.url('owner'), folder: MIGRATIONS }));
    await migrators[0]!.down(0);
    const applied = await Promise.all(migrators.map((migrator) => migrator.up()));
    const counts = applied.map(({ length }) => length).toSorted((a, b) => a - b);
    expect(counts.slice(0, 2)).to.deep.equal([0, 0]);
    expect(counts[2]).to.be.greaterThan(1);
  });
});
