import type pg from 'pg';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Outcome } from './consumer.ts';
import type { TickRunner } from './ticks.ts';

/** How the background work stands, over all companies. */
export interface JobsHealth {
  /** Seconds since the oldest job that is due and not done was due. */
  readonly queueAge: number;
  /** Seconds since the oldest due job that was not even handed to the queue was due. */
  readonly outboxLag: number;
  /** Jobs that were given up and not retried. */
  readonly failed: number;
}

interface WaitingJobs {
  readonly job: string;
  readonly count: number;
  readonly oldest: string;
  readonly undispatched: string | null;
}

const WAITING = `select job, count(*) as count, min(run_at) as oldest,
    min(run_at) filter (where dispatched_at is null) as undispatched
  from outbox where state = 'waiting' and run_at <= $1 group by job`;
const FAILED = `select count(*) as count from outbox where state = 'failed'`;

export interface Figures {
  health(): Promise<JobsHealth>;
  observe(job: string, outcome: Outcome, seconds: number): void;
}

const SECOND = 1_000;

/** Health and Prometheus figures of the background work, read from the outbox: the queue itself may be empty or gone. */
export const createFigures = (
  system: pg.Pool,
  ticks: Pick<TickRunner, 'lastSuccess'>,
  metrics: Metrics,
  now: () => Date,
): Figures => {
  const durations = metrics.histogram({
    name: 'job_duration_seconds',
    help: 'Time of one try of a job',
    labels: ['job', 'outcome'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300],
  });
  const failures = metrics.counter({
    name: 'job_failures_total',
    help: 'Tries of a job that failed; dead: the last one',
    labels: ['job', 'outcome'],
  });

  const read = async () => {
    const at = now();
    const [waiting, failed] = await Promise.all([
      system.query<WaitingJobs>({ name: 'jobs_waiting', text: WAITING, values: [at] }),
      system.query<{ count: number }>({ name: 'jobs_failed', text: FAILED }),
    ]);
    const age = (instants: readonly (string | null)[]): number =>
      Math.max(0, ...instants.flatMap((text) => (text === null ? [] : [(at.getTime() - Date.parse(text)) / SECOND])));
    return {
      waiting: waiting.rows,
      queueAge: age(waiting.rows.map(({ oldest }) => oldest)),
      outboxLag: age(waiting.rows.map(({ undispatched }) => undispatched)),
      failed: failed.rows[0]!.count,
    };
  };

  // One scrape asks for several figures: they come from one reading.
  let reading: { at: number; figures: ReturnType<typeof read> } | undefined;
  const shared = (): ReturnType<typeof read> => {
    const at = performance.now();
    if (reading === undefined || at - reading.at > SECOND) reading = { at, figures: read() };
    return reading.figures;
  };

  metrics.gauge({
    name: 'jobs_waiting',
    help: 'Jobs that are due and not done',
    labels: ['job'],
    collect: async (gauge) => {
      gauge.reset();
      for (const { job, count } of (await shared()).waiting) gauge.set({ job }, count);
    },
  });
  metrics.gauge({
    name: 'jobs_queue_age_seconds',
    help: 'Time since the oldest job that is not done was due',
    collect: async (gauge) => gauge.set((await shared()).queueAge),
  });
  metrics.gauge({
    name: 'outbox_lag_seconds',
    help: 'Time since the oldest job that was not handed to the queue was due',
    collect: async (gauge) => gauge.set((await shared()).outboxLag),
  });
  metrics.gauge({
    name: 'jobs_failed',
    help: 'Jobs that were given up and not retried',
    collect: async (gauge) => gauge.set((await shared()).failed),
  });
  metrics.gauge({
    name: 'tick_last_success_timestamp_seconds',
    help: 'When each tick last succeeded',
    labels: ['tick'],
    collect: async (gauge) => {
      for (const [tick, at] of await ticks.lastSuccess()) gauge.set({ tick }, at.getTime() / SECOND);
    },
  });

  return {
    health: async () => {
      const { queueAge, outboxLag, failed } = await read();
      return { queueAge, outboxLag, failed };
    },
    observe: (job, outcome, seconds) => {
      durations.observe({ job, outcome }, seconds);
      if (outcome === 'retried' || outcome === 'dead') failures.inc({ job, outcome });
    },
  };
};
