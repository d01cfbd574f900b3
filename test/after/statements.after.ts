import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type pg from 'pg';
import { OPERATOR_TABLES } from '../../src/platform/db/operator-tables.ts';
import { addCompany } from '../support/companies.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { statementFaults } from './statement-rules.ts';

/** The plan of a statement whatever its parameters are; EXPLAIN (GENERIC_PLAN) is not there before PostgreSQL 16. */
const genericPlan = async (client: pg.Client, text: string): Promise<string> => {
  await client.query('deallocate all');
  await client.query(`prepare generic as ${text}`);
  const { rows } = await client.query<{ count: number }>(
    `select cardinality(parameter_types) as count from pg_prepared_statements where name = 'generic'`,
  );
  const values = Array.from({ length: rows[0]?.count ?? 0 }, () => 'null').join(', ');
  const plan = await client.query<{ 'QUERY PLAN': string }>(`explain execute generic${values && `(${values})`}`);
  return plan.rows.map((row) => row['QUERY PLAN']).join('\n');
};

const file = process.env['ANGELIS_TEST_STATEMENTS'];

describe('every statement that the suite ran as user app', () => {
  let statements: string[];
  let database: TestDatabase;
  let client: pg.Client;
  let companyTables: Set<string>;

  before(async () => {
    if (file === undefined) throw new Error('Run `npm test`: the statements are collected there.');
    statements = [
      ...new Set(
        readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as string),
      ),
    ];
    database = await cloneDatabase();
    client = await database.superuser();
    const { rows } = await client.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
    );
    companyTables = new Set(rows.map(({ name }) => name).filter((name) => !OPERATOR_TABLES.includes(name)));
  });
  after(() => database.drop());

  it('keeps to the rules of "Past one machine"', async () => {
    expect(statements).to.have.length.greaterThan(30);
    const faults: string[] = [];
    for (const text of statements)
      for (const fault of await statementFaults(text, companyTables))
        faults.push(`${fault}\n    in ${text.replaceAll(/\s+/g, ' ').slice(0, 300)}`);
    expect(faults.join('\n')).to.equal('');
  });

  it('can be answered from an index where it reads', async () => {
    await client.query('set enable_seqscan = off');
    await client.query('set plan_cache_mode = force_generic_plan');
    await client.query('set enable_partition_pruning = off');
    await client.query('set role app');
    await client.query('begin');
    await client.query(`select app.enter_job('${await addCompany(database)}')`);
    for (const text of statements.filter((statement) => /^create temporary table\b/i.test(statement)))
      await client.query(text);
    const scanned: string[] = [];
    for (const text of statements.filter((statement) => /^\s*(select|with)\b/i.test(statement))) {
      await client.query('savepoint s');
      try {
        const plan = await genericPlan(client, text);
        for (const [, table] of plan.matchAll(/Seq Scan on (\w+)/g))
          if (companyTables.has(table!.replace(/_\d{4}_\d{2}$/, '')))
            scanned.push(`${table}: ${text.replaceAll(/\s+/g, ' ').slice(0, 300)}`);
      } catch (error) {
        if (!/for update|is not allowed|could not determine data type/i.test((error as Error).message)) throw error;
      }
      await client.query('rollback to savepoint s');
    }
    expect(scanned.join('\n')).to.equal('');
  });
});
