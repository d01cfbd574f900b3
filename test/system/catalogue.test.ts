import { expect } from 'chai';
import type pg from 'pg';
import { fieldsOf } from '../../src/platform/db/constraints.ts';
import { OPERATOR_TABLES } from '../../src/platform/db/operator-tables.ts';
import { camel } from '../../src/platform/schema/entity.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

const TABLES = `select c.oid, c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 2`;

/** Unique keys of rows that others refer to, each written once, with its row. */
const FIXED_KEYS = [
  'baseline_profile_id_definition_code_revision_key',
  'company_slug_key',
  'feature_code_key',
  'gate_rule_set_number_key',
  'offering_code_key',
  'plan_code_key',
];

interface Table {
  oid: number;
  name: string;
  enabled: boolean;
  forced: boolean;
}

describe('the catalogue', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let tables: Table[];
  let company: string[];
  const names = async (text: string, values: unknown[] = []): Promise<string[]> =>
    (await client.query<{ name: string }>(text, values)).rows.map(({ name }) => name);

  before(async () => {
    database = await cloneDatabase();
    client = await database.superuser();
    tables = (await client.query<Table>(TABLES)).rows;
    company = tables.map(({ name }) => name).filter((name) => !OPERATOR_TABLES.includes(name));
  });
  after(() => database.drop());

  it('knows every operator table that the list names', () => {
    const all = tables.map(({ name }) => name);
    expect(OPERATOR_TABLES.filter((name) => !all.includes(name))).to.deep.equal([]);
    expect(company).to.have.length.greaterThan(20);
  });

  it('has row level security enabled and forced on every table but the list of migrations', () => {
    const open = tables.filter(({ enabled, forced, name }) => !(enabled && forced) && name !== 'migration');
    expect(open.map(({ name }) => name)).to.deep.equal([]);
  });

  it('has one policy for app on every company table, on company_id, for reading and writing', async () => {
    const guarded = await names(
      `select tablename as name from pg_policies where schemaname = 'public' and roles = '{app}' and cmd = 'ALL'
       and qual = $1 and with_check = $1`,
      [`(company_id = (current_setting('app.company_id'::text))::uuid)`],
    );
    expect(company.filter((name) => !guarded.includes(name))).to.deep.equal([]);
    const others = await names(
      `select tablename || ' ' || policyname as name from pg_policies
       where schemaname = 'public' and roles && '{app,public}' and tablename = any($1) and policyname <> tablename || '_company'`,
      [company],
    );
    expect(others).to.deep.equal([]);
  });

  it('has policies without subqueries', async () => {
    const asking = await names(
      `select tablename as name from pg_policies where coalesce(qual, '') || coalesce(with_check, '') ~* 'select '`,
    );
    expect(asking).to.deep.equal([]);
  });

  it('has company_id, not null, on every company table', async () => {
    const there = await names(
      `select c.relname as name from pg_attribute a join pg_class c on c.oid = a.attrelid
       where a.attname = 'company_id' and a.attnotnull and c.relnamespace = 'public'::regnamespace`,
    );
    expect(company.filter((name) => !there.includes(name))).to.deep.equal([]);
  });

  it('has keys and unique indexes led by company_id', async () => {
    const astray = await names(
      `select i.indexrelid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indrelid
       join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
       where c.relnamespace = 'public'::regnamespace and not c.relispartition and c.relname = any($1)
         and (i.indisunique or i.indisexclusion) and a.attname <> 'company_id'`,
      [company],
    );
    expect(astray).to.deep.equal([]);
    const keyed = await names(
      `select c.relname as name from pg_constraint k join pg_class c on c.oid = k.conrelid where k.contype = 'p' and c.relnamespace = 'public'::regnamespace`,
    );
    expect(tables.map(({ name }) => name).filter((name) => !keyed.includes(name))).to.deep.equal([]);
  });

  it('has no read planned by an index that holds rows apart: reads say that a row lives, and that index another way', async () => {
    const apart = `select indexrelid::regclass::text as name from pg_index where indisexclusion`;
    expect(await names(apart)).to.have.length.greaterThan(2);
    expect(await names(`${apart} and coalesce(pg_get_expr(indpred, indrelid), '') !~ 'COALESCE'`)).to.deep.equal([]);
  });

  it('has no key that changes on a row that others refer to: writing it would wait for each of them', async () => {
    const keys = await names(
      `select i.relname as name from pg_index x join pg_class i on i.oid = x.indexrelid
       where x.indisunique and not x.indisprimary and x.indpred is null and x.indexprs is null
         and i.relnamespace = 'public'::regnamespace
         and exists (select 1 from pg_constraint k where k.contype = 'f' and k.confrelid = x.indrelid) order by 1`,
    );
    expect(keys).to.deep.equal(FIXED_KEYS);
  });

  it('has foreign keys led by company_id, or to operator tables, and none from operator to company tables', async () => {
    const { rows } = await client.query<{ key: string; source: string; target: string; first: string; action: string }>(
      `select k.conname as key, s.relname as source, t.relname as target, a.attname as first, k.confdeltype as action
       from pg_constraint k join pg_class s on s.oid = k.conrelid join pg_class t on t.oid = k.confrelid
       join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
       where k.contype = 'f' and k.conparentid = 0 and s.relnamespace = 'public'::regnamespace`,
    );
    expect(rows).to.have.length.greaterThan(20);
    const wrong = rows.filter(({ source, target, first }) => {
      if (OPERATOR_TABLES.includes(source)) return !OPERATOR_TABLES.includes(target);
      return !OPERATOR_TABLES.includes(target) && first !== 'company_id';
    });
    expect(wrong).to.deep.equal([]);
    expect(rows.filter(({ action }) => action === 'n' || action === 'd')).to.deep.equal([]);
  });

  it('has no deferred constraint, no trigger of ours, no function in SQL that may read a table, no enum', async () => {
    expect(await names('select conname as name from pg_constraint where condeferrable')).to.deep.equal([]);
    expect(await names('select tgname as name from pg_trigger where not tgisinternal')).to.deep.equal([]);
    expect(
      await names(
        `select p.proname as name from pg_proc p join pg_language l on l.oid = p.prolang
         where l.lanname = 'sql' and p.provolatile <> 'i' and p.pronamespace in ('public'::regnamespace, 'app'::regnamespace)
           and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')`,
      ),
    ).to.deep.equal([]);
    expect(
      await names(`select typname as name from pg_type where typtype = 'e' and typnamespace = 'public'::regnamespace`),
    ).to.deep.equal([]);
  });

  it('says of each unique key, foreign key and check of a company table which fields of it are at fault', async () => {
    const { rows } = await client.query<{ name: string; table: string; columns: string[]; keys: string[] }>(
      `select k.name, c.relname as table, k.keys::text[] as keys,
         array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0) as columns
       from (
         select conrelid as relation, conname as name, array(select a.attname from pg_attribute a where a.attrelid = conrelid and a.attnum = any(conkey)) as keys
         from pg_constraint where contype in ('c', 'f')
         union all
         select x.indrelid, i.relname, array(select a.attname from pg_attribute a where a.attrelid = x.indrelid and a.attnum = any(x.indkey))
         from pg_index x join pg_class i on i.oid = x.indexrelid where x.indisunique and not x.indisprimary) k
       join pg_class c on c.oid = k.relation where c.relname = any($1) order by 1`,
      [company],
    );
    expect(rows).to.have.length.greaterThan(200);
    expect(rows.filter(({ name }, index) => name === rows[index + 1]?.name)).to.deep.equal([]);
    const app = database.pool('app', 1);
    const wrong: string[] = [];
    for (const { name, table, columns, keys } of rows) {
      const known = columns.map((column) => camel(column.replace(/_(hash|sealed)$/, '')));
      const fields = await fieldsOf(app, name);
      const missing = keys
        .filter((column) => column !== 'company_id')
        .map((column) => camel(column.replace(/_(hash|sealed)$/, '')))
        .filter((field) => !fields.includes(field));
      if (
        missing.length > 0 ||
        (fields.length === 0 && keys.length !== 1) ||
        fields.some((field) => !known.includes(field))
      )
        wrong.push(`${table} ${name}: ${fields.join(', ')}`);
    }
    expect(wrong).to.deep.equal([]);
    expect(await fieldsOf(app, 'fitness_policy_active_key')).to.deep.equal(['riskGroupId']);
    expect(await fieldsOf(app, 'no_such_key')).to.deep.equal([]);
  });

  it('gives app and system nothing to own, no way round row level security, and app no DDL', async () => {
    const { rows } = await client.query<{ rolname: string; rolbypassrls: boolean; rolsuper: boolean }>(
      `select rolname, rolbypassrls, rolsuper from pg_roles where rolname in ('owner', 'app', 'system')`,
    );
    expect(rows).to.have.length(3);
    expect(rows.filter(({ rolbypassrls, rolsuper }) => rolbypassrls || rolsuper)).to.deep.equal([]);
    const owned = await names(
      `select c.relname as name from pg_class c join pg_roles r on r.oid = c.relowner
       where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace) and r.rolname <> 'owner' and c.relkind in ('r', 'p', 'v')
         and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e')`,
    );
    expect(owned).to.deep.equal([]);
    const { rows: rights } = await client.query<{ ddl: boolean }>(
      `select has_schema_privilege('app', 'public', 'create') or has_schema_privilege('app', 'app', 'create') as ddl`,
    );
    expect(rights).to.deep.equal([{ ddl: false }]);
  });

  it('gives an error, not an empty list, to app without a company', async () => {
    const pool = database.pool('app', 1);
    for (const name of company) {
      const { rows } = await client.query<{ may: boolean }>(`select has_table_privilege('app', $1, 'select') as may`, [
        name,
      ]);
      if (!rows[0]!.may) continue;
      const outcome = await pool.query(`select 1 from ${name} limit 1`).then(
        () => 'answered',
        () => 'refused',
      );
      expect(`${name} ${outcome}`).to.equal(`${name} refused`);
    }
  });
});
