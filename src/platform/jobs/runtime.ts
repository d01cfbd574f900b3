import { setTimeout as sleep } from 'node:timers/promises';
import { bulkhead } from 'cockatiel';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Database } from '../db/database.ts';
import { PARTITIONED } from '../db/partitions.ts';
import { createRowPurge } from '../db/purge.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracer } from '../telemetry/tracer.ts';
import { createBackoff } from './backoff.ts';
import type { Backoff } from './backoff.ts';
import { createConsumer } from './consumer.ts';
import type { JobDefinition, TickDefinition } from './definitions.ts';
import { createFigures } from './figures.ts';
import type { JobsHealth } from './figures.ts';
import { startLoop } from '../process/loop.ts';
import type { Loop } from '../process/loop.ts';
import type { Outbox } from './outbox.ts';
import type { JobQueue, QueueConsumer, QueueOptions } from './queue.ts';
import { createRegistry } from './registry.ts';
import { createRelay } from './relay.ts';
import { createSweeper } from './sweeper.ts';
import type { TimedMovers } from './sweeper.ts';
import { createTicks } from './ticks.ts';
import { upkeepTicks } from './upkeep.ts';

export interface JobsOptions {
  /** The data paths of user `app` that jobs run on; its statement time-out is longer than that of requests. */
  readonly db: Pick<Database, 'write'>;
  /** Connections of its writer pool. Jobs wait for their turn, however long: a full pool costs no job a try. */
  readonly connections: number;
  /** Pool of user `system`; 4 connections are enough. */
  readonly system: pg.Pool;
  readonly queue: Omit<QueueOptions, 'log'>;
  readonly outbox: Outbox;
  readonly definitions: readonly JobDefinition[];
  readonly ticks: readonly TickDefinition[];
  /** By entity: the movers of lifecycles that have timed moves. */
  readonly movers: TimedMovers;
  readonly partitioned?: readonly string[];
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Absent where no collector is set. */
  readonly tracer?: Tracer;
  readonly now: () => Date;
  /** Pause before a failed job is tried again. Default 2 s doubling up to 5 min. */
  readonly backoff?: Backoff;
}

/** The background work of one process. */
export interface Jobs {
  /** Begins to relay, consume, tick and sweep. A process that only asks for work does not start it. */
  start(): Promise<void>;
  /** Takes on nothing new and waits for what runs; when `cut` is raised, what runs is cut and left to others. */
  stop(cut?: AbortSignal): Promise<void>;
  health(): Promise<JobsHealth>;
}

/** What was cut has this long to end by itself; the process has little time left then. */
const GRACE_MS = 1_000;

interface Running {
  readonly queue: JobQueue;
  readonly loops: readonly Loop[];
  readonly consumers: readonly QueueConsumer[];
}

/** False as soon as what was cut has had its time. */
const afterCut = async (cut: AbortSignal): Promise<boolean> => {
  if (!cut.aborted) await new Promise((resolve) => cut.addEventListener('abort', resolve, { once: true }));
  return sleep(GRACE_MS * 1.4, false, { ref: false });
};

/** Puts the background work of a process together. Nothing runs until `start`. */
export const createJobs = (options: JobsOptions): Jobs => {
  const { system, outbox, log, metrics, now } = options;
  const turns = bulkhead(options.connections, Number.MAX_SAFE_INTEGER);
  const db: Pick<Database, 'write'> = { write: (scope, work) => turns.execute(() => options.db.write(scope, work)) };
  const registry = createRegistry(options.definitions);
  const cutting = new AbortController();
  const cut = cutting.signal;

  const definedTicks: TickDefinition[] = [...options.ticks];
  const ticks = createTicks({ system, ticks: definedTicks, now, log, grace: GRACE_MS, cut });
  definedTicks.push(
    ...upkeepTicks({
      system,
      db,
      partitioned: options.partitioned ?? PARTITIONED,
      rows: createRowPurge(system),
      trimTicks: () => ticks.trim(),
    }),
  );
  const figures = createFigures(system, ticks, metrics, now);
  const sweeper = createSweeper({ system, db, movers: options.movers, now, log, cut });
  const handle = createConsumer({
    db,
    registry,
    now,
    log,
    tracer: options.tracer,
    backoff: options.backoff ?? createBackoff({ base: 2_000, cap: 300_000 }),
    observe: (job, outcome, seconds) => figures.observe(job, outcome, seconds),
    grace: GRACE_MS,
    cut,
  });

  let running: Running | undefined;
  let nudge = (): void => undefined;
  outbox.connect({ knows: (name) => registry.find(name) !== undefined, nudge: () => nudge() });

  const loop = (name: string, least: number, most: number, look: () => Promise<boolean>): Loop =>
    startLoop({
      look,
      least,
      most,
      onError: (error) => log.error({ err: error, loop: name }, 'background work stumbles'),
    });

  const start = async (): Promise<void> => {
    if (running !== undefined) throw new Error('the jobs of this process run already');
    // With BullMQ, which a process that only answers requests need not load.
    const { createQueue } = await import('./queue.ts');
    const queue = createQueue({ ...options.queue, log });
    const relay = createRelay({ system, queue, registry, now, log });
    const fresh = loop('relay', 50, 200, () => relay.dispatchFresh());
    nudge = () => fresh.nudge();
    running = {
      queue,
      loops: [
        fresh,
        loop('relay again', 1_000, 1_000, () => relay.dispatchSilent()),
        loop('ticks', 250, 250, () => ticks.beat()),
        loop('sweeper', 1_000, 1_000, () => sweeper.sweep()),
      ],
      consumers: registry.lanes.map(({ name, concurrency }) => queue.consume(name, concurrency, handle)),
    };
  };

  const stop = async (signal?: AbortSignal): Promise<void> => {
    if (running === undefined) return;
    const { queue, loops, consumers } = running;
    nudge = () => undefined;
    running = undefined;
    const onCut = (): void => cutting.abort();
    signal?.addEventListener('abort', onCut, { once: true });
    if (signal?.aborted === true) onCut();
    const drain = async (): Promise<boolean> => {
      await Promise.all([...loops.map((one) => one.stop()), ...consumers.map((one) => one.close())]);
      await ticks.settled();
      await queue.close();
      return true;
    };
    const isDrained = await Promise.race([drain(), afterCut(cut)]);
    signal?.removeEventListener('abort', onCut);
    if (!isDrained) {
      log.warn('background work did not end in time: its store does not answer');
      queue.abandon();
    }
  };

  return { start, stop, health: () => figures.health() };
};
