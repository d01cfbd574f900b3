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

/**
 * The same call as a statement that connections keep prepared. It makes its transaction read only as well, and with `onePlan`
 * what follows is run by the plan that serves any values.
 */
export const entry = (scope: Entrance, onePlan: boolean): Statement => {
  checkScope(scope);
  const { companyId, session, now } = scope;
  const [name, call, values] =
    session === undefined
      ? ['enter_job', 'app.enter_job($1)', [companyId]]
      : ['enter', 'app.enter($1, $2, $3, $4)', [companyId, session.id, session.epoch, now.toISOString()]];
  const text = `select ${call}, set_config('transaction_read_only', 'on', true)`;
  return onePlan
    ? { name: `${name}_one_plan`, text: `${text}, set_config('plan_cache_mode', 'force_generic_plan', true)`, values }
    : { name, text, values };
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

/** Why a connection must leave the pool after `error`, where it must. */
const brokenBy = (pool: pg.Pool, client: pg.PoolClient, error: unknown): Error | undefined => {
  if (isPlanLost(error)) losePlans(pool, client);
  return isConnectionError(error) || isPlanLost(error) ? (error as Error) : undefined;
};

/**
 * Waits until a connection whose transaction failed with `error`, and ended, may serve somebody else: the error comes before that it is ready again, and
 * a COMMIT can be cancelled as any statement. Answers why it must leave the pool, where it must.
 */
export const endedBy = async (pool: pg.Pool, client: pg.PoolClient, error: unknown): Promise<Error | undefined> => {
  const broken = brokenBy(pool, client, error);
  if (broken !== undefined) return broken;
  const lost = await client.query('').then(
    () => undefined,
    (cause: Error) => cause,
  );
  return lost ?? (client.getTransactionStatus() === 'I' ? undefined : new Error('a transaction did not end'));
};

/** Ends what failed with `error`; answers why its connection must leave the pool, where it must. */
export const rolledBack = async (pool: pg.Pool, client: pg.PoolClient, error: unknown): Promise<Error | undefined> => {
  const broken = brokenBy(pool, client, error);
  const lost = await client.query('rollback').then(
    () => undefined,
    (cause: Error) => cause,
  );
  return broken ?? lost;
};
