import pg from 'pg';

/** Sizes and limits of one connection pool. */
export interface PoolOptions {
  readonly url: string;
  readonly max: number;
  readonly applicationName: string;
  /** Longest a statement may run, in ms. */
  readonly statementTimeout: number;
  /** Longest a caller waits for a connection, in ms, before `PoolBusy`. */
  readonly acquireTimeout?: number;
  /** Called when an idle connection breaks; the pool replaces it by itself. */
  readonly onError: (error: Error) => void;
}

const TIMESTAMPTZ = 1184;
const DATE = 1082;
const INT8 = 20;

const safeInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a number`);
  return value;
};

const parsers = new Map<number, (text: string) => unknown>([
  [TIMESTAMPTZ, (text) => new Date(text).toISOString()],
  [DATE, (text) => text],
  [INT8, safeInteger],
]);

/**
 * Tells of connections that break: idle ones, and those in use by an event of their own, which unheard would end the process.
 * Those of a pool that was ended take a moment to close: what they meet then is nobody's concern.
 */
export const hearErrors = (pool: pg.Pool, onError: (error: Error) => void): void => {
  const hear = (error: Error): void => {
    if (!pool.ending) onError(error);
  };
  pool.on('error', hear);
  pool.on('connect', (client) => {
    client.on('error', hear);
  });
};

/**
 * A pool whose rows are plain JSON values: instants as ISO text in UTC, days as `YYYY-MM-DD`, bigint as number.
 * Connections live one hour at most, so that a moved database is found again.
 */
export const createPool = (options: PoolOptions): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max,
    application_name: options.applicationName,
    statement_timeout: options.statementTimeout,
    idle_in_transaction_session_timeout: options.statementTimeout * 4,
    connectionTimeoutMillis: options.acquireTimeout ?? 5_000,
    maxLifetimeSeconds: 3_600,
    idleTimeoutMillis: 60_000,
    options: '-c timezone=UTC -c search_path=public -c jit=off',
    types: {
      getTypeParser: (oid: number, format?: string): unknown =>
        (format === 'binary' ? undefined : parsers.get(oid)) ?? pg.types.getTypeParser(oid, format as 'text'),
    },
  });
  hearErrors(pool, options.onError);
  return pool;
};
