import { pino } from 'pino';
import type { Database } from '../../../../src/platform/db/database.ts';
import { createConsumer } from '../../../../src/platform/jobs/consumer.ts';
import { createRegistry } from '../../../../src/platform/jobs/registry.ts';
import type { TestApp } from '../../../support/app.ts';

/** One job that waits, as the queue hands it over. */
export interface Waiting {
  readonly companyId: string;
  readonly outboxId: string;
  readonly job: string;
}

/** Runs one try of a job in this process, as its consumer does; `db` keeps the count of tries. */
export const attemptIn = (app: TestApp, db: Database = app.platform.db): ((waiting: Waiting) => Promise<void>) => {
  const consume = createConsumer({
    db,
    registry: createRegistry(app.modules.flatMap(({ jobs = [] }) => jobs)),
    now: app.clock.now,
    log: pino({ level: 'silent' }),
    backoff: () => 0,
    observe: () => undefined,
    grace: 1_000,
    cut: new AbortController().signal,
  });
  return async (waiting) => {
    await consume(waiting);
  };
};
