import type { TestDatabase } from './database.ts';

/** Does `work` while every transaction that wrote `table` fails as it commits: what it did elsewhere stands. */
export const whileCommitsFail = async <T>(
  database: Pick<TestDatabase, 'superuser'>,
  table: string,
  work: () => Promise<T>,
): Promise<T> => {
  const client = await database.superuser();
  await client.query(
    `create function refuse_commit() returns trigger language plpgsql as $$ begin raise 'the disk is full'; end $$`,
  );
  await client.query(
    `create constraint trigger refuse_commit after insert or update on ${table} deferrable initially deferred
     for each row execute function refuse_commit()`,
  );
  try {
    return await work();
  } finally {
    await client.query('drop function refuse_commit cascade');
  }
};
