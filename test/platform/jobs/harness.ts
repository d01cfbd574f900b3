import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { createDatabase } from '../../../src/platform/db/database.ts';
import type { Database, Tx } from '../../../src/platform/db/database.ts';
import { createPool } from '../../../src/platform/db/pool.ts';
import { systemScope } from '../../../src/platform/db/scope.ts';
import type { JobDefinition } from '../../../src/platform/jobs/definitions.ts';
import { createOutbox } from '../../../src/platform/jobs/outbox.ts';
import type { Outbox } from '../../../src/platform/jobs/outbox.ts';
import { migrateQueue } from '../../../src/platform/jobs/queue.ts';
import { createJobs } from '../../../src/platform/jobs/runtime.ts';
import type { Jobs, JobsOptions } from '../../../src/platform/jobs/runtime.ts';
import { createMetrics } from '../../../src/platform/telemetry/metrics.ts';
import type { Metrics } from '../../../src/platform/telemetry/metrics.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { recordStatement } from '../../support/statements.ts';

export const TRACE = 'a'.repeat(32);

export interface Node extends Jobs {
  readonly outbox: Outbox;
  readonly metrics: Metrics;
}

export interface Urls {
  readonly app: string;
  readonly system: string;
  /** Where the queues are; in PostgreSQL without it. */
  readonly redis?: string;
  /** Begins the keys in Redis. */
  readonly prefix: string;
}

/** Where the queues of these processes are. */
export const queueOf = ({ redis, system, prefix }: Urls) => ({
  store: redis === undefined ? { systemUrl: system } : { redisUrl: redis },
  prefix,
});

/** One process's background work inside the test's process, on connections of its own. */
export const createNode = (
  urls: Urls,
  {
    now = () => new Date(),
    connections = 6,
    ...options
  }: Partial<JobsOptions> & { definitions: readonly JobDefinition[] },
): Node & { close: () => Promise<void> } => {
  const onError = (): void => undefined;
  const pool = (url: string, max: number): pg.Pool =>
    createPool({ url, max, applicationName: 'test jobs', statementTimeout: 30_000, acquireTimeout: 500, onError });
  const writer = pool(urls.app, connections);
  const db = createDatabase({ writer, reader: writer, now, observe: recordStatement });
  const system = pool(urls.system, 3);
  const outbox = options.outbox ?? createOutbox();
  const metrics = createMetrics();
  const jobs = createJobs({
    db,
    connections,
    system,
    queue: queueOf(urls),
    outbox,
    ticks: [],
    movers: new Map(),
    log: pino({ level: 'silent' }),
    metrics,
    now,
    ...options,
  });
  return {
    ...jobs,
    outbox,
    metrics,
    close: async () => {
      await jobs.stop();
      await writer.end();
      await system.end();
    },
  };
};

export interface OutboxRow {
  readonly state: string;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly runAt: Date;
}

/** A database with BullMQ's tables, two companies, and a table that jobs leave their effects in. */
export const openHarness = async (redis?: string) => {
  const database: TestDatabase = await cloneDatabase();
  await migrateQueue(database.url('owner'));
  const admin = await database.superuser();
  const [first, second] = [uuidv7(), uuidv7()] as const;
  for (const id of [first, second])
    await admin.query(
      `insert into company (id, slug, name, kind, timezone, locale, status, created_at, updated_at)
       values ($1, $2, $2, 'standard', 'America/Santiago', 'es', 'active', now(), now())`,
      [id, `company-${id}`],
    );
  await admin.query('create table effect (company_id uuid not null, outbox_id uuid not null, note text)');
  await admin.query('grant select, insert on effect to app');
  const urls: Urls = {
    app: database.url('app'),
    system: database.url('system'),
    prefix: database.name,
    ...(redis !== undefined && { redis }),
  };
  const db: Database = database.open({ max: 4 });
  const nodes: { close: () => Promise<void> }[] = [];
  const write = <T>(work: (tx: Tx) => Promise<T>, company = first): Promise<T> =>
    db.write(systemScope(company, 'test', TRACE), work);
  return {
    database,
    admin,
    urls,
    db,
    companies: [first, second] as const,
    write,
    node: (options: Parameters<typeof createNode>[1]) => {
      const node = createNode(urls, options);
      nodes.push(node);
      return node;
    },
    effects: async (): Promise<string[]> => {
      const { rows } = await admin.query<{ id: string }>('select outbox_id as id from effect order by 1');
      return rows.map(({ id }) => id);
    },
    row: async (id: string | undefined): Promise<OutboxRow> => {
      const { rows } = await admin.query<OutboxRow>(
        'select state, attempts, last_error as "lastError", run_at as "runAt" from outbox where id = $1',
        [id],
      );
      return rows[0]!;
    },
    /** Waits until no outbox row is waiting. */
    drained: async (): Promise<void> => {
      for (;;) {
        const { rows } = await admin.query<{ count: string }>(
          `select count(*) as count from outbox where state = 'waiting'`,
        );
        if (rows[0]!.count === '0') return;
        await sleep(20);
      }
    },
    close: async (): Promise<void> => {
      await Promise.all(nodes.map((node) => node.close()));
      await database.drop();
    },
  };
};

export type Harness = Awaited<ReturnType<typeof openHarness>>;

/** Leaves the effect of a job: twice when it took effect twice. */
export const leaveEffect = async (tx: Tx, outboxId: string, note = ''): Promise<void> => {
  await tx.query('insert into effect (company_id, outbox_id, note) values ($1, $2, $3)', [
    tx.companyId,
    outboxId,
    note,
  ]);
};

/** Resolves when the signal is raised. */
export const raised = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort');
};
