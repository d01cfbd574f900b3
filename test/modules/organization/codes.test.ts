import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

/** Unique indices of a company's tables by which people tell things apart, and what each compares. */
const INDICES = `
  select c.relname as table, pg_get_indexdef(x.indexrelid, 2, true) as compared
  from pg_index x join pg_class c on c.oid = x.indrelid
  where c.relnamespace = 'public'::regnamespace and x.indisunique and x.indnkeyatts = 2
    and pg_get_indexdef(x.indexrelid, 1, true) = 'company_id'
    and exists (select from pg_attribute a where a.attrelid = x.indrelid and a.atttypid = 'text'::regtype
      and a.attname in ('code', 'number', 'employee_number')
      and pg_get_indexdef(x.indexrelid, 2, true) ~ ('\\m' || a.attname || '\\M')) order by 1, 2`;

describe('codes and numbers that people give', () => {
  let app: TestApp;
  let owner: Client;

  before(async () => {
    app = await startApp();
    const companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  it('are one however they are written: what differs by case alone is there already', async () => {
    const named = (code: string) => ({ code, name: 'N' });
    const bodies: readonly (readonly [path: string, field: string, body: (code: string) => object])[] = [
      ['/admin/department', 'code', named],
      ['/admin/site', 'code', (code) => ({ ...named(code), timezone: 'America/Santiago', altitudeM: 0 })],
      ['/admin/project', 'code', named],
      ['/admin/assignment/equipment-kind', 'code', named],
      ['/admin/role', 'code', (code) => ({ ...named(code), reach: 'self', grants: [], denies: [] })],
      [
        '/admin/profile',
        'employeeNumber',
        (employeeNumber) => ({ employeeNumber, firstName: 'A', lastName: 'B', kind: 'employee' }),
      ],
    ];
    for (const [path, field, body] of bodies) {
      await owner.post(path, body('Ope-1')).expect(201);
      const again = await owner.post(path, body('OPE-1')).expect(409);
      expect(again.body, path)
        .to.include({ code: 'DUPLICATE' })
        .and.have.nested.property('errors[0].pointer', `/${field}`);
      await owner.post(path, body('ope-2')).expect(201);
    }
    await owner.post('/admin/role', { ...named('Owner'), reach: 'self', grants: [], denies: [] }).expect(409);
  });

  it('every one of them', async () => {
    const rows = await app.database.sql<{ table: string; compared: string }>(INDICES, []);
    const tables = [...new Set(rows.map(({ table }) => table))];
    expect(tables).to.have.length.greaterThan(8);
    const folded = rows.filter(({ compared }) => compared.startsWith('lower(')).map(({ table }) => table);
    expect(tables.filter((table) => !folded.includes(table))).to.deep.equal([]);
  });
});
