import type pg from 'pg';
import { databaseError } from './errors.ts';
import type { Statement } from './one-message.ts';
import type { Scope } from './scope.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A scope, and the instant at which its session must not be over. */
export interface Entrance extends Scope {
  readonly now: Date;
}

/** Refuses a scope whose values are not what they should be, before anything is sent. */
const checkScope = ({ companyId, session }: Scope): void => {
  for (const id of [companyId, session?.id]) if (id !== undefined && !UUID.test(id)) throw new TypeError('not a uuid');
  if (session !== undefined && !Number.isSafeInteger(session.epoch)) throw new TypeError('not an epoch');
};

/** The call that binds a transaction to its company. It travels in one message with BEGIN, so its values are literals. */
export const entering = (scope: Entrance): string => {
  checkScope(scope);
  const { companyId, session, now } = scope;
  if (session === undefined) return `select app.enter_job('${companyId}')`;
  return `select app.enter('${companyId}', '${session.id}', ${session.epoch}, '${now.toISOString()}')`;
};

export const BEGIN_READ: Statement = { name: 'begin_read', text: 'begin read only', values: [] };
export const COMMIT: Statement = { name: 'commit', text: 'commit', values: [] };

/** The same call as a statement that connections keep prepared. */
export const entry = (scope: Entrance): Statement => {
  checkScope(scope);
  const { companyId, session, now } = scope;
  return session === undefined
    ? { name: 'enter_job', text: 'select app.enter_job($1)', values: [companyId] }
    : {
        name: 'enter',
        text: 'select app.enter($1, $2, $3, $4)',
        values: [companyId, session.id, session.epoch, now.toISOString()],
      };
};

/** A connection of the pool, or the problem that there is none. */
export const connect = async (pool: pg.Pool): Promise<pg.PoolClient> => {
  try {
    return await pool.connect();
  } catch (error) {
    throw databaseError(error);
  }
};

/** Ends what failed; answers the error of a connection that cannot. */
export const rolledBack = (client: pg.PoolClient): Promise<Error | undefined> =>
  client.query('rollback').then(
    () => undefined,
    (cause: Error) => cause,
  );
