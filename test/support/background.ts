import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { pino } from 'pino';
import type { Sealer } from '../../src/platform/change/sealer.ts';
import { createJobs } from '../../src/platform/jobs/runtime.ts';
import type { System } from '../../src/wiring/index.ts';
import type { TestDatabase } from './database.ts';

/** Errors that a test did not ask for end it. */
export const failLoudly = (error: unknown): void => {
  if (!/terminating connection|Connection terminated/.test(String(error))) throw error;
};

/** Starts what a process of `all` runs beside the web. */
export const startBackground = async (
  database: TestDatabase,
  { modules, platform }: System,
  sealer: Sealer,
): Promise<{ stop: () => Promise<void> }> => {
  const jobs = createJobs({
    db: platform.db,
    connections: 8,
    system: platform.system,
    queue: { store: { systemUrl: database.url('system') } },
    outbox: platform.outbox,
    definitions: modules.flatMap((module) => module.jobs ?? []),
    ticks: modules.flatMap((module) => module.ticks ?? []),
    movers: platform.movers,
    log: pino({ level: 'silent' }),
    metrics: platform.metrics,
    now: platform.now,
    backoff: () => 50,
  });
  sealer.start();
  await jobs.start();
  return {
    stop: async () => {
      await jobs.stop();
      await sealer.stop();
    },
  };
};

const WAIT = 10_000;

const waitFor = async (what: string, count: () => Promise<number>): Promise<void> => {
  const until = Date.now() + WAIT;
  for (;;) {
    const left = await count();
    if (left === 0) return;
    if (Date.now() > until) throw new Error(`${left} ${what} still wait after ${WAIT} ms`);
    await sleep(20);
  }
};

const counted = async (system: pg.Pool, text: string, values: unknown[]): Promise<number> =>
  (await system.query<{ n: number }>(text, values)).rows[0]!.n;

/** Resolves when no due job waits. */
export const waitForJobs = (system: pg.Pool, now: () => Date): Promise<void> =>
  waitFor('jobs', () =>
    counted(system, `select count(*)::int as n from outbox where state = 'waiting' and run_at <= $1`, [now()]),
  );

/** Resolves when no change of the company waits for its number. */
export const waitForSeals = (system: pg.Pool, companyId: string): Promise<void> =>
  waitFor('changes', () =>
    counted(system, 'select count(*)::int as n from change_pending where company_id = $1', [companyId]),
  );
