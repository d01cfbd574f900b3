import type { TestDatabase } from './database.ts';

/**
 * Rows and index entries that PostgreSQL has read of these tables so far. `run` runs a statement on the connection whose reading counts:
 * each connection tells of its own once it is asked to.
 */
export const rowsRead = async (
  database: Pick<TestDatabase, 'sql'>,
  tables: readonly string[],
  run: (text: string) => Promise<unknown>,
): Promise<number> => {
  await run('select pg_stat_force_next_flush()');
  await run('select 1');
  const [row] = await database.sql<{ rows: number }>(
    `select sum(seq_tup_read + (select sum(idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid))::integer as rows
     from pg_stat_user_tables t where relname = any($1)`,
    [tables],
  );
  return row!.rows;
};
