import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type pg from 'pg';
import { OPERATOR_TABLES } from '../../src/platform/db/operator-tables.ts';
import { addCompany } from '../support/companies.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { statementFaults } from './statement-rules.ts';

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Parent Relationship'?: string;
  readonly 'Sort Key'?: readonly string[];
  readonly Plans?: readonly Plan[];
}

/** The plan of a statement whatever its parameters are; EXPLAIN (GENERIC_PLAN) is not there before PostgreSQL 16. */
const genericPlan = async (client: pg.Client, text: string): Promise<Plan> => {
  await client.query('deallocate all');
  await client.query(`prepare generic as ${text}`);
  const { rows } = await client.query<{ count: number }>(
    `select cardinality(parameter_types) as count from pg_prepared_statements where name = 'generic'`,
  );
  const values = Array.from({ length: rows[0]?.count ?? 0 }, () => 'null').join(', ');
  const plan = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
    `explain (format json) execute generic${values && `(${values})`}`,
  );
  return plan.rows[0]!['QUERY PLAN'][0].Plan;
};

/** All nodes of a plan; those that run once for each row, and others beside it, only when asked for. */
const nodesOf = (plan: Plan, besides: boolean): Plan[] => [
  plan,
  ...(plan.Plans ?? [])
    .filter((inner) => besides || !['SubPlan', 'InitPlan'].includes(inner['Parent Relationship'] ?? ''))
    .flatMap((inner) => nodesOf(inner, besides)),
];

/** Tables that are read from end to end even where that is forbidden: no index can answer. */
const scansOf = (plan: Plan): string[] =>
  nodesOf(plan, true).flatMap((node) => (node['Node Type'] === 'Seq Scan' ? (node['Relation Name'] ?? []) : []));

/** Orders that no index has: all rows of the company are read and sorted for one page. Sorting within equal keys is none. */
const sortsOf = (plan: Plan): string[] =>
  nodesOf(plan, false).flatMap((node) => (node['Node Type'] === 'Sort' ? node['Sort Key']!.join(', ') : []));

const short = (text: string): string => text.replaceAll(/\s+/g, ' ');
/** From its FROM on, for what is shown of a page is long. */
const tailOf = (text: string): string =>
  short(text)
    .replace(/^.*? as key /, '')
    .slice(0, 400);

/**
 * A page of a list (`createList`) over a company's rows. What is searched (`q`) is found first and only then sorted; the list of
 * breaches is put together of three tables, within bounds of time.
 */
const isPage = (text: string, companyTables: ReadonlySet<string>): boolean =>
  / as id, \(.*\)::text as key from /s.test(text) &&
  !text.includes('with ordinality as listed') &&
  // What happened to one row is few: it is put in the order of the chain, which stands in another table.
  !/\bentity_id = \$/.test(text) &&
  companyTables.has(/^from (\w+)/.exec(tailOf(text))?.[1] ?? '');

const file = process.env['ANGELIS_TEST_STATEMENTS'];

describe('every statement that the suite ran as user app', () => {
  let statements: string[];
  let database: TestDatabase;
  let client: pg.Client;
  let companyTables: Set<string>;
  let companyId: string;

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
    companyId = await addCompany(database);
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
        faults.push(`${fault}\n    in ${short(text).slice(0, 300)}`);
    expect(faults.join('\n')).to.equal('');
  });

  /** What `faultsOf` finds in the plans of statements, planned as user app would, with all that an index can replace off. */
  const planFaults = async (texts: readonly string[], faultsOf: (plan: Plan) => string[]): Promise<string[]> => {
    await client.query('begin');
    for (const setting of ['enable_seqscan', 'enable_sort', 'enable_bitmapscan', 'enable_partition_pruning'])
      await client.query(`set local ${setting} = off`);
    await client.query('set local plan_cache_mode = force_generic_plan');
    await client.query(`select app.enter_job('${companyId}')`);
    await client.query('set local role app');
    for (const text of statements.filter((statement) => /^create temporary table\b/i.test(statement)))
      await client.query(text);
    const faults: string[] = [];
    for (const text of texts.filter((statement) => /^\s*(select|with)\b/i.test(statement))) {
      await client.query('savepoint s');
      try {
        for (const fault of faultsOf(await genericPlan(client, text))) faults.push(`${fault}: ${tailOf(text)}`);
      } catch (error) {
        if (!/for update|is not allowed|could not determine data type/i.test((error as Error).message)) throw error;
      }
      await client.query('rollback to savepoint s');
    }
    await client.query('rollback');
    return faults;
  };

  it('can be answered from an index where it reads', async () => {
    const isOfCompanies = (table: string): boolean => companyTables.has(table.replace(/_\d{4}_\d{2}$/, ''));
    const scanned = await planFaults(statements, (plan) => scansOf(plan).filter(isOfCompanies));
    expect(scanned.join('\n')).to.equal('');
  });

  it('comes in the order of an index where it reads a page', async () => {
    const pages = statements.filter((text) => isPage(text, companyTables));
    expect(pages).to.have.length.greaterThan(20);
    expect((await planFaults(pages, sortsOf)).join('\n')).to.equal('');
  });

  it('would be found out without its index', async () => {
    const page = (order: string) =>
      `select p.id::text as item, p.id as id, (${order})::text as key from project p
       where p.company_id = $1 and p.deleted_at is null order by ${order} desc, p.id desc limit $2`;
    expect(isPage(page('p.description'), companyTables)).to.equal(true);
    expect(await planFaults([page('p.code')], sortsOf)).to.deep.equal([]);
    expect(await planFaults([page('p.description')], sortsOf)).to.have.length(1);
  });
});
