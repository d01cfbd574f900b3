import type { TestDatabase } from './database.ts';

/** Whether somebody in this database waits until another is past a point that one passes at a time (db/serialize.ts). */
export const isWaiting = async (database: Pick<TestDatabase, 'sql'>): Promise<boolean> => {
  const waiting = await database.sql(
    `select 1 from pg_locks where locktype = 'advisory' and not granted
       and database = (select oid from pg_database where datname = current_database())`,
  );
  return waiting.length > 0;
};
