import type pg from 'pg';
import type { Database } from '../db/database.ts';
import { ensurePartitions } from '../db/partitions.ts';
import { systemScope } from '../db/scope.ts';
import type { TickDefinition } from './definitions.ts';

export interface UpkeepDependencies {
  /** Pool of user `system`. */
  readonly system: pg.Pool;
  readonly db: Pick<Database, 'write'>;
  /** Tables partitioned by month. */
  readonly partitioned: readonly string[];
  readonly trimTicks: () => Promise<void>;
}

const DAY = 86_400;
const KEEP_DONE_MS = 14 * DAY * 1000;
const KEEP_FAILED_MS = 90 * DAY * 1000;

const FINISHED = `select distinct company_id as "companyId" from outbox where finished_at < $1`;
/** The inbox rows go with it. */
const TRIM = `delete from outbox where company_id = $1 and (
  (state in ('done', 'cancelled') and finished_at < $2) or (state = 'failed' and finished_at < $3))`;

/**
 * What the platform itself repeats: partitions made ahead, finished outbox rows dropped (done after 14 days, given up after
 * 90; until then their keys keep duplicates away), old tick runs forgotten.
 */
export const upkeepTicks = ({ system, db, partitioned, trimTicks }: UpkeepDependencies): TickDefinition[] => [
  {
    name: 'platform.partitions',
    every: DAY,
    for: 'once',
    run: async (_scope, { now }) => {
      await ensurePartitions(system, partitioned, now);
    },
  },
  {
    name: 'platform.outbox.trim',
    every: DAY,
    for: 'once',
    timeout: 600_000,
    run: async ({ actor, traceId }, { now, signal }) => {
      const done = new Date(now.getTime() - KEEP_DONE_MS);
      const failed = new Date(now.getTime() - KEEP_FAILED_MS);
      const { rows } = await system.query<{ companyId: string }>(FINISHED, [done]);
      for (const { companyId } of rows) {
        signal.throwIfAborted();
        const scope = systemScope(companyId, actor.via ?? 'platform.outbox.trim', traceId);
        await db.write(scope, (tx) => tx.prepared(TRIM, [companyId, done, failed]));
      }
    },
  },
  { name: 'platform.ticks.trim', every: DAY, for: 'once', run: trimTicks },
];
