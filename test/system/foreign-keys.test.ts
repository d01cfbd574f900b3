import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_TABLES } from '../../src/platform/db/operator-tables.ts';
import { createRowPurge } from '../../src/platform/db/purge.ts';
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

/** The same to tables of the operator, whose rows belong to no company. */
const KEYS_TO_OPERATOR = KEYS.replace('not (t.relname = any($1))', `t.relname = any($1) and t.relname <> 'company'`);

/** Everything but keys goes, so that a row of nothing but ids can be written into any table. */
const LOOSEN = `
  select format('alter table %I drop constraint %I', c.relname, k.conname) as statement
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where c.relnamespace = 'public'::regnamespace and k.contype in ('c', 'x') and not c.relispartition
  union all
  select format('alter table %I alter column %I drop not null', c.relname, a.attname)
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0
    and a.attnotnull and a.attidentity = '' and not exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey))
  union all
  select format('alter table %I alter column %I drop expression', c.relname, a.attname)
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attgenerated = 's'`;

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
  let keysToOperator: ForeignKey[];
  let mine: string;
  let theirs: string;
  let purged: readonly string[] = [];

  before(async () => {
    database = await cloneDatabase();
    client = await database.superuser();
    [mine, theirs] = [await addCompany(database), await addCompany(database)];
    keys = (await client.query<ForeignKey>(KEYS, [OPERATOR_TABLES])).rows;
    keysToOperator = (await client.query<ForeignKey>(KEYS_TO_OPERATOR, [OPERATOR_TABLES])).rows;
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
    for (const { columns, target, targetColumns } of keysToOperator.filter((key) => key.source === table)) {
      const [column, named] = [columns[0]!, targetColumns[0]!];
      if (Object.hasOwn(values, column)) {
        const key = (await client.query<{ name: string; type: string }>(PRIMARY, [target])).rows;
        const row = Object.fromEntries(key.map(({ name, type }) => [name, sample(type)]));
        await insert(client, target, { ...row, [named]: values[column] }, ' on conflict do nothing');
      }
    }
    return values;
  };
  const insert = (runner: pg.Client, table: string, values: Record<string, unknown>, ending = '') => {
    const names = Object.keys(values);
    const places = names.map((_, index) => `$${index + 1}`).join(', ');
    return runner.query(
      `insert into ${table} (${names.join(', ')}) values (${places})${ending}`,
      Object.values(values),
    );
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

  /** Rows of a company by table, in every table that may be purged. */
  const countRows = async (companyId: string): Promise<Record<string, number>> => {
    const { rows } = await client.query<{ name: string; n: number }>(
      purged
        .map((table) => `select '${table}' as name, count(*)::int as n from ${table} where company_id = $1`)
        .join(' union all '),
      [companyId],
    );
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  };

  it('let go of every row of a company that is purged, and of no other’s', async () => {
    const everywhere = await client.query<{ name: string }>(
      `select distinct tablename as name from pg_policies where policyname = tablename || '_purge' order by 1`,
    );
    purged = everywhere.rows.map(({ name }) => name);
    const kept = (
      await client.query<{ name: string }>(
        `select tablename as name from pg_policies where policyname = tablename || '_company' and tablename <> all($1) order by 1`,
        [purged],
      )
    ).rows.map(({ name }) => name);
    expect(kept).to.deep.equal(['change', 'change_head', 'change_pending', 'change_seal']);
    const operators = OPERATOR_TABLES.filter((name) => purged.includes(name));
    expect(operators).to.deep.equal(['ingest_quarantine', 'person_company', 'source_company']);
    for (const table of [...kept, ...purged]) for (const companyId of [mine, theirs]) await addRow(table, companyId);
    const department = await addRow('department', mine);
    const profile = await addRow('profile', mine);
    await client.query('update department set manager_id = $2 where id = $1', [department['id'], profile['id']]);
    await client.query('update profile set department_id = $2 where id = $1', [profile['id'], department['id']]);
    const before = { mine: await countRows(mine), theirs: await countRows(theirs) };
    expect(Object.entries(before.mine).filter(([, n]) => n === 0)).to.deep.equal([]);

    const rows = createRowPurge(database.pool('system', 2), 2);
    const signal = new AbortController().signal;
    const refused = (asked: Promise<unknown>) =>
      asked.then(
        () => 'done',
        (error: unknown) => (error as Error).message,
      );
    for (const [status, step] of [
      ['archived', null],
      ['archived', 'realm'],
      ['active', 'rows'],
    ]) {
      await client.query('update company set status = $2, purge_step = $3 where id = $1', [mine, status, step]);
      expect(await refused(rows.all(mine, signal))).to.equal(`the company ${mine} is not being purged`);
    }
    expect(await countRows(mine)).to.deep.equal(before.mine);
    await client.query(`update company set status = 'archived', purge_step = 'rows' where id = $1`, [mine]);
    for (const user of ['app', 'system'] as const) {
      const pool = database.pool(user, 1);
      await pool.query(`select set_config('app.purging', $1, false)`, [mine]);
      expect(await refused(pool.query(`delete from site where company_id = $1`, [mine]))).to.match(
        /permission denied|unrecognized configuration/,
      );
    }
    const asApp = database.pool('app', 1).query('select app.purge_rows($1, $2, $3)', [mine, ['site'], 1]);
    expect(await refused(asApp)).to.include('permission denied');
    const asked = database.pool('system', 1).query('select app.purge_rows($1, $2, $3)', [mine, ['change'], 1]);
    expect(await refused(asked)).to.include('no table change whose rows are purged');

    const total = Object.values(before.mine).reduce((sum, n) => sum + n, 0);
    expect(await rows.all(mine, signal)).to.equal(total);
    expect(Object.entries(await countRows(mine)).filter(([, n]) => n > 0)).to.deep.equal([]);
    expect(await countRows(theirs)).to.deep.equal(before.theirs);
    expect(await rows.all(mine, signal)).to.equal(0);
    for (const table of kept) {
      const { rows: left } = await client.query(`select 1 from ${table} where company_id = $1`, [mine]);
      expect(left.length, table).to.be.greaterThan(0);
    }
  });

  it('let go of rows deleted long ago, once nothing refers to them', async () => {
    const addDeleted = async (companyId: string, days: number): Promise<unknown> => {
      const { id } = await addRow('site', companyId);
      await client.query('update site set deleted_at = $2 where id = $1', [
        id,
        new Date(Date.now() - days * 86_400_000),
      ]);
      return id;
    };
    const old = [await addDeleted(theirs, 91), await addDeleted(theirs, 400), await addDeleted(theirs, 91)];
    const [used, young, other] = [
      await addDeleted(theirs, 91),
      await addDeleted(theirs, 89),
      await addDeleted(mine, 91),
    ];
    const user = await addRow('profile', theirs);
    await client.query('update profile set site_id = $2 where id = $1', [user['id'], used]);
    for (const id of [old[0], young])
      await client.query('insert into data_key (company_id, subject_id, id) values ($1, $2, $2)', [theirs, id]);
    const before = await countRows(theirs);
    const rows = createRowPurge(database.pool('system', 2), 2);
    const forget = () => rows.deleted(theirs, new Date(Date.now() - 90 * 86_400_000), new AbortController().signal);
    expect(await forget()).to.equal(old.length);
    const left = async (ids: unknown[]): Promise<number> =>
      (await client.query('select 1 from site where id = any($1)', [ids])).rows.length;
    expect([await left(old), await left([used, young, other])]).to.deep.equal([0, 3]);
    // What the log sealed about what is gone opens no more.
    const after = { ...before, site: before['site']! - old.length, data_key: before['data_key']! - 1 };
    expect(await countRows(theirs)).to.deep.equal(after);
    await client.query('delete from profile where id = $1', [user['id']]);
    expect(await forget()).to.equal(1);
    expect(await left([used])).to.equal(0);
  });
});
