import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Logger } from 'pino';
import { createDatabase } from '../platform/db/database.ts';
import type { Database } from '../platform/db/database.ts';
import { createPool } from '../platform/db/pool.ts';
import type { Role } from '../platform/db/roles.ts';
import type { Settings } from '../platform/settings/settings.ts';
import { NO_TRACER } from '../platform/telemetry/tracer.ts';
import type { Tracer } from '../platform/telemetry/tracer.ts';

export interface Connections {
  /** The data paths of requests: short statements. */
  readonly db: Database;
  /** The data paths of jobs: a small writer, long statements. */
  readonly jobsDb: Database;
  readonly system: pg.Pool;
  /** One connection of user `app` for health: requests that wait for theirs do not make a process unready. */
  readonly checks: pg.Pool;
  readonly replica?: pg.Pool;
  readonly urls: Readonly<Record<Role, string>>;
  /** Every pool by its name: for figures. */
  readonly pools: Readonly<Record<string, pg.Pool>>;
  readonly redis?: Redis;
  readonly close: () => Promise<void>;
}

/** Connections of the queue where it is kept in PostgreSQL: two, and one that listens for each lane. */
export const QUEUE_CONNECTIONS = 12;

/** Most connections that one process makes to PostgreSQL, replica aside. */
export const connectionsOf = (settings: Settings): number => {
  const { DATABASE_WRITER_POOL: writer, DATABASE_READER_POOL: reader, DATABASE_JOBS_POOL: jobs } = settings;
  const queue = settings.REDIS_URL === undefined ? QUEUE_CONNECTIONS : 0;
  return writer + reader + jobs * 2 + systemPool(settings) + queue + 1;
};

/** Milliseconds that a request waits for Redis, and after which a connection that says nothing is broken off. */
const REDIS_ANSWERS = 500;
const REDIS_SILENT = 1_000;

/** A connection for what requests ask of Redis: it fails soon rather than late, also where Redis stands still. */
export const openRedis = async (url: string, onError: (error: Error) => void): Promise<Redis> => {
  // With the library, which a process without Redis need not load.
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: REDIS_ANSWERS,
    socketTimeout: REDIS_SILENT,
  });
  return redis.on('error', onError);
};

const systemPool = ({ DATABASE_JOBS_POOL: jobs }: Settings): number => jobs + 2;

/** Opens the pools of one process. Nothing connects before it is needed. */
export const openConnections = async (
  settings: Settings,
  urls: Readonly<Record<Role, string>>,
  log: Logger,
  now: () => Date,
  tracer: Tracer = NO_TRACER,
): Promise<Connections> => {
  const onError = (error: Error) => log.warn({ err: error }, 'an idle database connection broke');
  const onRedisError = (error: Error) => log.warn({ err: error }, 'Redis does not answer');
  const pools: Record<string, pg.Pool> = {};
  const pool = (url: string, max: number, seconds: number, name: string) =>
    (pools[name] = createPool({
      url,
      max,
      statementTimeout: seconds * 1_000,
      acquireTimeout: settings.DATABASE_ACQUIRE_SECONDS * 1_000,
      applicationName: `angelis ${name}`,
      onError,
    }));
  const { REQUEST_STATEMENT_SECONDS: short, JOB_STATEMENT_SECONDS: long, DATABASE_JOBS_POOL: few } = settings;
  const db = createDatabase({
    writer: pool(urls.app, settings.DATABASE_WRITER_POOL, short, 'writer'),
    reader: pool(urls.app, settings.DATABASE_READER_POOL, short, 'reader'),
    now,
    tracer,
  });
  const replica =
    settings.DATABASE_REPLICA_URL === undefined ? undefined : pool(settings.DATABASE_REPLICA_URL, few, long, 'replica');
  const jobsDb = createDatabase({
    writer: pool(urls.app, few, long, 'jobs writer'),
    reader: pool(urls.app, few, long, 'jobs reader'),
    ...(replica && { replica }),
    now,
    tracer,
  });
  const system = pool(urls.system, systemPool(settings), long, 'system');
  const checks = pool(urls.app, 1, short, 'checks');
  const redis = settings.REDIS_URL === undefined ? undefined : await openRedis(settings.REDIS_URL, onRedisError);
  return {
    db,
    jobsDb,
    system,
    checks,
    urls,
    pools,
    ...(replica && { replica }),
    ...(redis && { redis }),
    close: async () => {
      redis?.disconnect();
      await Promise.all([db.close(), jobsDb.close(), system.end(), checks.end()]);
    },
  };
};
