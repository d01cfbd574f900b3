import type pg from 'pg';

/** Rows of before that a migration cannot take in, and that only somebody who knows them can change. */
export interface Blocker {
  readonly table: string;
  /** SQL that answers, for each, the slug of its `company` and what stands there (`found`), in an order of its own. */
  readonly find: string;
}

/** How many rows are named. */
const MOST_NAMED = 20;

/** Missing tables and columns: an earlier migration that is pending too makes them, and makes them empty. */
const NOT_YET = new Set(['42P01', '42703']);

/** Statements that let the owner see, or no longer see, the rows of all companies. */
export const seeAll = (how: 'force' | 'no force', tables: readonly string[]): string[] =>
  tables.map((table) => `alter table ${table} ${how} row level security`);

/** Live rows of one company that a unique index over `expression` would find to be one; `shown` names each. */
export const twins = (table: string, expression: string, shown: string, where: string): Blocker => ({
  table,
  find: `select (select slug from company where id = company_id) as company, string_agg(${shown}, ', ' order by ${shown}) as found
    from ${table} where ${where} group by company_id, ${expression} having count(*) > 1 order by 1, 2`,
});

/** Companies whose names are one by `expression`. */
export const namesakes = (expression: string, where: string): Blocker => ({
  table: 'company',
  find: `select string_agg(slug, ', ' order by slug) as company, string_agg(name, ', ' order by slug) as found
    from company where ${where} group by ${expression} having count(*) > 1 order by 1, 2`,
});

const found = async (client: pg.Client, { table, find }: Blocker): Promise<string[]> => {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = '10s'`);
    for (const lift of seeAll('no force', [...new Set(['company', table])])) await client.query(lift);
    const { rows } = await client.query<{ company: string; found: string }>(find);
    return rows.map((row) => `${table} of ${row.company}: ${row.found}`);
  } catch (error) {
    if (NOT_YET.has((error as { code?: string }).code ?? '')) return [];
    throw error;
  } finally {
    await client.query('rollback');
  }
};

/** What stands in the way of these migrations, each row once, by the name of the first that cannot take it. Changes nothing. */
export const findBlocked = async (
  client: pg.Client,
  migrations: readonly { readonly name: string; readonly blockedBy?: readonly Blocker[] }[],
): Promise<ReadonlyMap<string, string>> => {
  const blocked = new Map<string, string>();
  for (const { name, blockedBy = [] } of migrations)
    for (const blocker of blockedBy)
      for (const row of await found(client, blocker)) if (!blocked.has(row)) blocked.set(row, name);
  return blocked;
};

/** What is said of it: at most twenty rows, under the migrations that they stop. */
export const blockedText = (blocked: ReadonlyMap<string, string>): string => {
  const named = Map.groupBy([...blocked].slice(0, MOST_NAMED), ([, name]) => name);
  const more = blocked.size - MOST_NAMED;
  return [
    'rows stand in the way of migrations that are pending; none was applied:',
    ...[...named].flatMap(([name, rows]) => [`${name}:`, ...rows.map(([row]) => `  ${row}`)]),
    ...(more > 0 ? [`and ${more} more`] : []),
    'what stands on one line counts as one from then on: give all but one of them another code, number or name, or delete them, with the release that runs now (docs/runbook.md, "A release"); then run "angelis migrate up" again',
  ].join('\n');
};
