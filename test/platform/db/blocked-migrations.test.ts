import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createMigrator } from '../../../src/platform/db/migrate.ts';
import { addCompany } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { MIGRATIONS } from '../../../src/root.ts';

const FIRST = '0095-scopes-of-roles';

describe('migrations of a database with rows that they cannot take in', () => {
  let database: TestDatabase;
  let companyId: string;
  let slug: string;

  const migrator = () => createMigrator({ url: database.url('owner'), folder: MIGRATIONS });
  const applied = async (): Promise<string[]> =>
    (await migrator().status()).flatMap(({ name, appliedAt }) => (appliedAt === null ? [] : [name]));
  const refusal = async (): Promise<string> => {
    const error = await migrator()
      .up()
      .catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(Error);
    return (error as Error).message;
  };

  before(async () => {
    database = await cloneDatabase();
    companyId = await addCompany(database);
    slug = (await database.sql<{ slug: string }>('select slug from company where id = $1', [companyId]))[0]!.slug;
    const all = (await migrator().status()).map(({ name }) => name);
    await migrator().down(all.length - all.indexOf(FIRST));
  });
  after(() => database.drop());

  const department = async (code: string): Promise<string> => {
    const id = uuidv7();
    await database.sql(
      `insert into department (company_id, id, code, name, path, depth, created_at, updated_at)
       values ($1, $2, $3, $3, $4, 1, now(), now())`,
      [companyId, id, code, `/${id}/`],
    );
    return id;
  };
  const remove = (table: string, id: string) => database.sql(`delete from ${table} where id = $1`, [id]);

  it('name each of them and what to do, and apply nothing', async () => {
    await department('ope-zz');
    const twin = await department('OPE-ZZ');
    const other = await addCompany(database);
    await database.sql(`update company set name = (select name || $3 from company where id = $1) where id = $2`, [
      companyId,
      other,
      '\u{E0041}',
    ]);
    const before = await applied();
    const says = await refusal();
    expect(says).to.include('0096-codes-of-one-case');
    expect(says).to.match(new RegExp(`department of ${slug}: (OPE-ZZ, ope-zz|ope-zz, OPE-ZZ)`));
    expect(says)
      .to.match(/0110-names-beyond-the-first-plane/)
      .and.match(/angelis migrate up/);
    expect(says.match(new RegExp(`company of .*${slug}`, 'g'))).to.have.length(1);
    expect(await applied()).to.deep.equal(before);
    await remove('department', twin);
    expect(await refusal()).not.to.include('department of');
    await remove('company', other);
  });

  it('name twenty, and how many there are beside', async () => {
    const ids: string[] = [];
    for (let n = 10; n < 35; n += 1) ids.push(await department(`a${n}`), await department(`A${n}`));
    const says = await refusal();
    expect(says.match(/department of /g)).to.have.length(20);
    expect(says).to.include('5 more');
    for (const id of ids) await remove('department', id);
  });

  it('end what somebody holds within a department that is purged', async () => {
    const [gone, here] = [uuidv7(), await department('HERE')];
    const profileId = uuidv7();
    await database.sql(
      `insert into profile (company_id, id, first_name, last_name, national_id_kind, kind, status, created_at, updated_at)
       values ($1, $2, 'Ana', 'Rojas', 'RUT', 'employee', 'active', now(), now())`,
      [companyId, profileId],
    );
    for (const [kind, id] of [
      ['department', gone],
      ['department', here],
      ['project', gone],
    ] as const)
      await database.sql(
        `insert into role_assignment (company_id, id, profile_id, system_role, scope_kind, scope_id, created_at, updated_at)
         values ($1, $2, $3, 'admin', $4, $5, now(), now())`,
        [companyId, uuidv7(), profileId, kind, id],
      );
    expect(await migrator().up()).to.include(FIRST);
    const left = await database.sql<{ scope: string }>(
      'select scope_id as scope from role_assignment where profile_id = $1',
      [profileId],
    );
    expect(left).to.deep.equal([{ scope: here }]);
    const [forced] = await database.sql<{ count: number }>(
      `select count(*)::int as count from pg_class
       where relname in ('company', 'department', 'profile', 'project', 'role_assignment') and relforcerowsecurity`,
    );
    expect(forced!.count).to.equal(5);
  });
});
