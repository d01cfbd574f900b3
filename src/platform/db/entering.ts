import type pg from 'pg';
import { databaseError, isConnectionError, isPlanLost } from './errors.ts';
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
/** Until the transaction ends, statements are run by the plan that serves any values. */
export const ONE_PLAN: Statement = {
  name: 'one_plan',
  text: 'set local plan_cache_mode = force_generic_plan',
  values: [],
};
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

/** Connections that keep plans of before one was lost: what one of a pool has lost, all that are as old may have. */
const plansOf = new WeakMap<pg.Pool | pg.PoolClient, object>();

const losePlans = (pool: pg.Pool, client: pg.PoolClient): void => {
  if (plansOf.get(pool) === plansOf.get(client)) plansOf.set(pool, {});
};

/** A connection of the pool, or the problem that there is none; those that keep plans of before leave the pool. */
export const connect = async (pool: pg.Pool): Promise<pg.PoolClient> => {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw databaseError(error);
  }
  const plans = plansOf.get(pool) ?? {};
  plansOf.set(pool, plans);
  const own = plansOf.get(client) ?? plans;
  plansOf.set(client, own);
  if (own === plans) return client;
  client.release(true);
  return connect(pool);
};

/** Ends what failed with `error`; answers why its connection must leave the pool, where it must. */
export const rolledBack = async (pool: pg.Pool, client: pg.PoolClient, error: unknown): Promise<Error | undefined> => {
  if (isPlanLost(error)) losePlans(pool, client);
  const lost = await client.query('rollback').then(
    () => undefined,
    (cause: Error) => cause,
  );
  return isConnectionError(error) || isPlanLost(error) ? (error as Error) : lost;
};
