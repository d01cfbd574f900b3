// From the commit of a unit of work that asks for a job to the start of the job, one after the other.
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { job } from '../../src/platform/jobs/definitions.ts';
import { createOutbox } from '../../src/platform/jobs/outbox.ts';
import { createJobs } from '../../src/platform/jobs/runtime.ts';
import { createMetrics } from '../../src/platform/telemetry/metrics.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import { done } from './child.ts';

/** `BENCH_REDIS` is empty where jobs are kept in PostgreSQL. */
const { BENCH_DATABASE, BENCH_COMPANY, BENCH_REDIS, BENCH_PREFIX } = process.env as Record<string, string>;
const ASKED = 200;
const NAME = 'bench.job.start';

const database = openDatabase(BENCH_DATABASE!);
const db = database.open({ observed: false });
const outbox = createOutbox();
let started: (at: number) => void = () => undefined;
const jobs = createJobs({
  db,
  connections: 8,
  system: database.pool('system', 6),
  queue:
    BENCH_REDIS === ''
      ? { store: { systemUrl: database.url('system') } }
      : { store: { redisUrl: BENCH_REDIS! }, prefix: BENCH_PREFIX! },
  outbox,
  definitions: [
    job({
      name: NAME,
      run: () => {
        started(performance.now());
        return Promise.resolve();
      },
    }),
  ],
  ticks: [],
  movers: new Map(),
  log: pino({ level: 'silent' }),
  metrics: createMetrics(),
  now: () => new Date(),
});
await jobs.start();

const one = async (): Promise<number> => {
  const start = new Promise<number>((resolve) => {
    started = resolve;
  });
  await db.write(scopeOf(BENCH_COMPANY!), (tx) => outbox.enqueue(tx, NAME, {}));
  const committed = performance.now();
  return Math.max(0, (await start) - committed);
};

await done(async () => {
  for (let n = 0; n < 20; n += 1) await one();
  const times: number[] = [];
  for (let n = 0; n < ASKED; n += 1) {
    times.push(await one());
    await sleep(Math.random() * 20);
  }
  return { times };
});
