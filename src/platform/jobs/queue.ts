import { createPostgresBackend, DelayedError, Queue, runMigrations, Worker } from 'bullmq';
import type { BulkJobOptions, Job } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Logger } from 'pino';
import { hearErrors } from '../db/pool.ts';

/** What travels through the queue. The outbox row says what to do; `job` only finds the definition. */
export interface QueueItem {
  readonly companyId: string;
  readonly outboxId: string;
  readonly job: string;
}

/** Answers how many ms later the item has to come back; undefined when the queue may forget it. */
export type QueueHandler = (item: QueueItem) => Promise<number | undefined>;

export interface QueueConsumer {
  /** Takes nothing more and waits for what runs. */
  close(): Promise<void>;
}

/** A port over BullMQ: lanes that hand items to one consumer at a time, at least once. */
export interface JobQueue {
  /** Adds items to a lane. An item that is there already, waiting or running, is not added again. */
  add(lane: string, items: readonly QueueItem[]): Promise<void>;
  consume(lane: string, concurrency: number, handle: QueueHandler): QueueConsumer;
  /** Whether its store has lost what it held, told once: to whichever process asks first. */
  lost(): Promise<boolean>;
  /** Forgets everything in a lane. The relay brings back what is not done. */
  empty(lane: string): Promise<void>;
  close(): Promise<void>;
  /** Breaks the connections: where the store is gone, nothing else ends what waits for it. */
  abandon(): void;
}

export interface QueueOptions {
  /** Where BullMQ keeps its queues: Redis, or the PostgreSQL of user `system` after `migrateQueue`. */
  readonly store: { readonly redisUrl: string } | { readonly systemUrl: string };
  /** Begins every key in Redis, so that environments may share one. */
  readonly prefix?: string;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

const SCHEMA = 'bullmq';
/** Two missed renewals free a job; with the check below it is taken over at most 8 s after its process was killed. */
const LOCK_MS = 5_000;
const STALLED_CHECK_MS = 3_000;
/** Jobs are idempotent and count their attempts in the outbox, so BullMQ never gives one up. */
const NEVER = 1_000_000;
/** After a failure of the infrastructure (the database is gone). */
const UNAVAILABLE_MS = 2_000;
const BULK = 500;

const OPTIONS: BulkJobOptions = { removeOnComplete: true, removeOnFail: true };

/**
 * Makes or updates BullMQ's tables, as user `owner`, and lets user `system` work with them. Run it with the migrations
 * where the queues are kept in PostgreSQL. `system` needs TEMPORARY on the database (bulk inserts) and CREATE on the
 * schema (a sequence for every queue); it owns nothing but these sequences.
 */
export const migrateQueue = async (ownerUrl: string): Promise<void> => {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'angelis migrate' });
  await client.connect();
  try {
    await runMigrations(client, SCHEMA);
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    const database = pg.escapeIdentifier(rows[0]!.name);
    await client.query(`grant temporary on database ${database} to system`);
    await client.query(`grant usage, create on schema ${SCHEMA} to system`);
    await client.query(`grant select, insert, update, delete on all tables in schema ${SCHEMA} to system`);
    await client.query(`revoke insert, update, delete on ${SCHEMA}.migration from system`);
    for (const sequence of ['job_seq', 'event_seq'])
      await client.query(`grant usage, select on sequence ${SCHEMA}.${sequence} to system`);
    await client.query(`grant execute on all functions in schema ${SCHEMA} to system`);
  } finally {
    await client.end();
  }
};

interface Entry {
  readonly name: string;
  readonly data: QueueItem;
  readonly opts: BulkJobOptions;
}

type Process = (job: Job<QueueItem>, token?: string) => Promise<void>;

/** What is used of BullMQ's classes, whose types differ with the back end. */
interface LaneQueue {
  add(name: string, data: QueueItem, options: BulkJobOptions): Promise<unknown>;
  addBulk(entries: Entry[]): Promise<unknown>;
  obliterate(options: { force: boolean }): Promise<void>;
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}
type LaneWorker = Pick<LaneQueue, 'on' | 'close'> & { disconnect(): Promise<void>; waitUntilReady(): Promise<unknown> };

interface Backend {
  queue(lane: string): LaneQueue;
  worker(lane: string, concurrency: number, process: Process): LaneWorker;
  lost(): Promise<boolean>;
  close(): Promise<void>;
}

const workerOptions = (concurrency: number) => ({
  concurrency,
  lockDuration: LOCK_MS,
  stalledInterval: STALLED_CHECK_MS,
  maxStalledCount: NEVER,
  runRetryDelay: 1_000,
});

const onRedis = (url: string, prefix: string, onError: (error: Error) => void): Backend => {
  // Adding must fail when Redis is gone, so that the relay keeps the rows; consumers wait until it is back.
  const producer = new Redis(url, { maxRetriesPerRequest: 1 });
  const consumer = new Redis(url, { maxRetriesPerRequest: null });
  for (const connection of [producer, consumer]) connection.on('error', onError);
  return {
    queue: (lane) => new Queue(lane, { connection: producer, prefix }),
    worker: (lane, concurrency, process) =>
      new Worker(lane, process, { ...workerOptions(concurrency), connection: consumer, prefix }),
    // It goes with everything else.
    lost: async () => (await producer.set(`${prefix}:kept`, '1', 'GET')) === null,
    close: () => {
      for (const connection of [producer, consumer]) connection.disconnect();
      return Promise.resolve();
    },
  };
};

const onPostgres = (url: string, onError: (error: Error) => void): Backend => {
  // One connection listens for each lane that is consumed, two carry everything else.
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    application_name: 'angelis queue',
    options: `-c search_path=${SCHEMA}`,
    keepAlive: true,
  });
  pool.setMaxListeners(0);
  hearErrors(pool, onError);
  return {
    queue: (lane) => new Queue(lane, { connection: pool, streams: { events: { maxLen: 100 } } }, createPostgresBackend),
    worker: (lane, concurrency, process) => {
      pool.options.max += 1;
      return new Worker(lane, process, { ...workerOptions(concurrency), connection: pool }, createPostgresBackend);
    },
    lost: () => Promise.resolve(false),
    close: () => pool.end(),
  };
};

/** Opens the queues. Closing it closes what it opened. */
export const createQueue = ({ store, prefix = 'angelis', log }: QueueOptions): JobQueue => {
  let isClosing = false;
  // Connections take a moment to close: each lane would tell what they meet then.
  const onError = (error: Error): void => {
    if (!isClosing) log.warn({ err: error }, 'the job queue reports an error');
  };
  const backend = 'redisUrl' in store ? onRedis(store.redisUrl, prefix, onError) : onPostgres(store.systemUrl, onError);
  const queues = new Map<string, LaneQueue>();
  const workers: LaneWorker[] = [];

  const open = (lane: string): LaneQueue => {
    const known = queues.get(lane);
    if (known !== undefined) return known;
    const queue = backend.queue(lane);
    queue.on('error', onError);
    queues.set(lane, queue);
    return queue;
  };

  const runOnce = async (handle: QueueHandler, item: QueueItem): Promise<number | undefined> => {
    try {
      return await handle(item);
    } catch (error) {
      log.error({ err: error, job: item.job, outboxId: item.outboxId }, 'a job could not be handled, it comes back');
      return UNAVAILABLE_MS;
    }
  };

  return {
    add: async (lane, items) => {
      const queue = open(lane);
      const entries = items.map((item) => ({ name: item.job, data: item, opts: { ...OPTIONS, jobId: item.outboxId } }));
      const [first] = entries;
      // In PostgreSQL a bulk insert goes through temporary tables: too dear for the single job of a request.
      if (entries.length === 1 && first !== undefined) await queue.add(first.name, first.data, first.opts);
      else for (let at = 0; at < entries.length; at += BULK) await queue.addBulk(entries.slice(at, at + BULK));
    },
    consume: (lane, concurrency, handle) => {
      const worker = backend.worker(lane, concurrency, async (job, token) => {
        const later = await runOnce(handle, job.data);
        if (later === undefined) return;
        await job.moveToDelayed(Date.now() + later, token);
        throw new DelayedError();
      });
      worker.on('error', onError);
      workers.push(worker);
      return {
        close: async () => {
          // One that is closed while it starts never ends.
          await worker.waitUntilReady().catch(() => undefined);
          await worker.close();
        },
      };
    },
    lost: () => backend.lost(),
    empty: (lane) => open(lane).obliterate({ force: true }),
    close: async () => {
      isClosing = true;
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await backend.close();
    },
    abandon: () => {
      for (const broken of [...workers.map((worker) => worker.disconnect()), backend.close()])
        broken.catch((error: Error) => onError(error));
    },
  };
};
