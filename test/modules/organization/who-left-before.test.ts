import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createMigrator } from '../../../src/platform/db/migrate.ts';
import { addCompany } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { MIGRATIONS } from '../../../src/root.ts';

describe('people who had left before somebody looked', () => {
  let database: TestDatabase;
  before(async () => {
    database = await cloneDatabase();
  });
  after(() => database.drop());

  const insert = async (table: string, values: Readonly<Record<string, unknown>>): Promise<string> => {
    const id = uuidv7();
    const now = new Date();
    const row = { id, created_at: now, updated_at: now, ...values };
    const names = Object.keys(row);
    await database.sql(
      `insert into ${table} (${names.join(', ')}) values (${names.map((_name, n) => `$${n + 1}`).join(', ')})`,
      Object.values(row),
    );
    return id;
  };

  it('are active residents and managers of departments no more once the system is brought up to date', async () => {
    const migrator = createMigrator({ url: database.url('owner'), folder: MIGRATIONS });
    const later = (await migrator.status()).filter(({ name }) => name >= '0077');
    await migrator.down(later.length);
    const made: Record<string, string> = {};
    for (const company_id of [await addCompany(database), await addCompany(database)])
      for (const status of ['active', 'suspended', 'ended']) {
        const profile_id = await insert('profile', {
          company_id,
          first_name: 'A',
          last_name: 'B',
          national_id_kind: 'RUT',
          kind: 'employee',
          status,
        });
        const resident = { company_id, profile_id, pgy_level: 1, status: 'active' };
        made[await insert('resident_profile', resident)] = status === 'ended' ? 'inactive 2' : 'active 1';
        const code = uuidv7();
        const department = { company_id, code, name: 'D', path: `/${code}/`, depth: 1, manager_id: profile_id };
        made[await insert('department', department)] = status === 'ended' ? 'nobody 2' : `${profile_id} 1`;
      }
    expect(await migrator.up()).to.deep.equal(later.map(({ name }) => name));
    const rows = await database.sql<{ id: string; said: string }>(
      `select id, status || ' ' || version as said from resident_profile
       union all select id, coalesce(manager_id::text, 'nobody') || ' ' || version from department`,
    );
    expect(Object.fromEntries(rows.map(({ id, said }) => [id, said]))).to.deep.equal(made);
  });
});
