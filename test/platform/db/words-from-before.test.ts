import { expect } from 'chai';
import { createMigrator } from '../../../src/platform/db/migrate.ts';
import { addCompany } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { MIGRATIONS } from '../../../src/root.ts';

describe('words that were written before they had letters', () => {
  let database: TestDatabase;
  before(async () => {
    database = await cloneDatabase();
  });
  after(() => database.drop());

  it('have those of all words of their row once the system is brought up to date', async () => {
    const migrator = createMigrator({ url: database.url('owner'), folder: MIGRATIONS });
    const later = (await migrator.status()).filter(({ name }) => name >= '0104');
    await migrator.down(later.length);
    for (const company of [await addCompany(database), await addCompany(database)])
      await database.sql(
        `insert into search_token (company_id, kind, token, entity_id)
         select $1, 'profile', token, id from gen_random_uuid() id, unnest('{ana,élite,e,12,soto}'::text[]) token`,
        [company],
      );
    await migrator.up();
    const rows = await database.sql(
      `select count(*)::int as tokens, count(distinct company_id)::int as companies, count(distinct letters)::int as letters,
         bool_and(letters = app.letters('{ana,élite,e,12,soto}'::text[])) as "areThose" from search_token`,
    );
    expect(rows).to.deep.equal([{ tokens: 10, companies: 2, letters: 1, areThose: true }]);
  });
});
