import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_TABLES } from '../../src/platform/db/operator-tables.ts';
import { addCompany } from '../support/companies.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

interface ForeignKey {
  key: string;
  source: string;
  target: string;
  columns: string[];
  targetColumns: string[];
}

const KEYS = `
  select k.conname as key, s.relname as source, t.relname as target,
    (select array_agg(a.attname order by n.i) from unnest(k.conkey) with ordinality n(num, i)
       join pg_attribute a on a.attrelid = k.conrelid and a.attnum = n.num)::text[] as columns,
    (select array_agg(a.attname order by n.i) from unnest(k.confkey) with ordinality n(num, i)
       join pg_attribute a on a.attrelid = k.confrelid and a.attnum = n.num)::text[] as "targetColumns"
  from pg_constraint k join pg_class s on s.oid = k.conrelid join pg_class t on t.oid = k.confrelid
  where k.contype = 'f' and k.conparentid = 0 and s.relnamespace = 'public'::regnamespace and not (t.relname = any($1)) order by 1`;

/** Everything but keys goes, so that a row of nothing but ids can be written into any table. */
const LOOSEN = `
  select format('alter table %I drop constraint %I', c.relname, k.conname) as statement
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where c.relnamespace = 'public'::regnamespace and k.contype in ('c', 'x') and not c.relispartition
  union all
  select format('alter table %I alter column %I drop not null', c.relname, a.attname)
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0
    and a.attnotnull and a.attidentity = '' and not exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey))`;

const PRIMARY = `
  select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
  from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
  where i.indrelid = $1::regclass and i.indisprimary`;

const SAMPLES: Readonly<Record<string, unknown>> = {
  text: 'x',
  integer: 1,
  bigint: 1,
  date: '2026-01-01',
  boolean: true,
};
const sample = (type: string): unknown => SAMPLES[type] ?? (type.startsWith('timestamp') ? new Date() : uuidv7());

describe('foreign keys', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let keys: ForeignKey[];
  let mine: string;
  let theirs: string;

  before(async () => {
    database = await cloneDatabase();
    client = await database.superuser();
    [mine, theirs] = [await addCompany(database), await addCompany(database)];
    keys = (await client.query<ForeignKey>(KEYS, [OPERATOR_TABLES])).rows;
    const { rows } = await client.query<{ statement: string }>(LOOSEN);
    for (const { statement } of rows) await client.query(statement);
  });
  after(() => database.drop());

  /** Values for the primary key of a table, with parents where a part of it is a foreign key itself. */
  const primaryOf = async (table: string, companyId: string): Promise<Record<string, unknown>> => {
    const { rows } = await client.query<{ name: string; type: string }>(PRIMARY, [table]);
    const values: Record<string, unknown> = Object.fromEntries(rows.map(({ name, type }) => [name, sample(type)]));
    values['company_id'] = companyId;
    for (const { columns, target, source } of keys.filter((key) => key.source === table && key.target !== table)) {
      const parts = columns.filter((column) => column !== 'company_id' && Object.hasOwn(values, column));
      if (source === table && parts.length > 0) values[parts[0]!] = (await addRow(target, companyId))['id'];
    }
    return values;
  };
  const insert = (runner: pg.Client | pg.PoolClient, table: string, values: Record<string, unknown>) => {
    const names = Object.keys(values);
    const places = names.map((_, index) => `$${index + 1}`).join(', ');
    return runner.query(`insert into ${table} (${names.join(', ')}) values (${places})`, Object.values(values));
  };
  const addRow = async (table: string, companyId: string): Promise<Record<string, unknown>> => {
    const values = await primaryOf(table, companyId);
    await insert(client, table, values);
    return values;
  };

  it('refuse another company’s row and take one’s own, every one of them', async () => {
    expect(keys).to.have.length.greaterThan(15);
    const failures: string[] = [];
    for (const { key, source, target, columns, targetColumns } of keys) {
      const attempt = async (companyId: string): Promise<string> => {
        const parent = await addRow(target, companyId);
        const own = Object.fromEntries(
          columns.map((column, index) => [column, column === 'company_id' ? mine : parent[targetColumns[index]!]]),
        );
        const values = { ...(await primaryOf(source, mine)), ...own };
        return insert(client, source, values).then(
          () => 'taken',
          (error: unknown) => (error as { code?: string }).code ?? 'unknown',
        );
      };
      const [foreign, own] = [await attempt(theirs), await attempt(mine)];
      if (foreign !== '23503' || own !== 'taken') failures.push(`${key}: other company ${foreign}, own ${own}`);
    }
    expect(failures).to.deep.equal([]);
  });
});
