import { OPERATOR_COMPANY } from '../../src/platform/db/scope.ts';
import type { TestDatabase } from './database.ts';

type Database = Pick<TestDatabase, 'sql'>;

/** A sign-in that somebody tried, and a session of when they were of the staff. */
export const leaveTraces = async (database: Database, personId: string, at: Date): Promise<void> => {
  await database.sql(
    `insert into sign_in_attempt (id, at, person_id, outcome, address) values ('trace', $2, $1, 'failed', '192.0.2.77')`,
    [personId, at],
  );
  await database.sql(
    `insert into session (company_id, id, person_id, kind, client, sid, address, agent, last_seen_at, expires_at, revoked_at, created_at, updated_at)
     values ($2, gen_random_uuid(), $1, 'operator', 'admin', 'trace', '192.0.2.77', 'Any', $3, $3, $3, $3, $3)`,
    [personId, OPERATOR_COMPANY, at],
  );
};

/** What tells from where somebody came, and that codes went to them: kinds of sessions, codes, that attempt. */
export const tracesOf = async (database: Database, personId: string): Promise<string[]> => {
  const found = await database.sql<{ of: string }>(
    `select distinct x.of from (
       select 'code' as of from otp where person_id = $1
       union all select 'attempt' from sign_in_attempt where person_id = $1 and id = 'trace'
       union all select kind from session where person_id = $1 and coalesce(device, address, agent) is not null
     ) x order by 1`,
    [personId],
  );
  return found.map(({ of }) => of);
};
