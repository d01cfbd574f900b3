import type pg from 'pg';
import type { Database } from '../db/database.ts';
import { ensurePartitions } from '../db/partitions.ts';
import type { RowPurge } from '../db/purge.ts';
import { systemScope } from '../db/scope.ts';
import { retention } from '../privacy/retention.ts';
import type { Retention } from '../privacy/retention.ts';
import { STREAM_RETENTION, trimStreams } from '../stream/retention.ts';
import type { TickDefinition } from './definitions.ts';

export interface UpkeepDependencies {
  /** Pool of user `system`. */
  readonly system: pg.Pool;
  readonly db: Pick<Database, 'write'>;
  /** Tables partitioned by month. */
  readonly partitioned: readonly string[];
  readonly rows: Pick<RowPurge, 'deleted'>;
  readonly trimTicks: () => Promise<void>;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;
const DONE = retention({ of: 'outbox', by: 'platform.outbox.trim', ms: 14 * DAY * 1000 });
const FAILED = retention({ of: 'outbox_failed', by: 'platform.outbox.trim', ms: 90 * DAY * 1000 });
const ANSWERS = retention({ of: 'idempotency', by: 'platform.idempotency.trim', ms: 3 * DAY * 1000 });
const DELETED = retention({ of: 'deleted', by: 'platform.rows.purge', ms: 90 * DAY * 1000 });

/** How long the platform keeps what it writes for itself. */
export const UPKEEP_RETENTIONS: readonly Retention[] = [DONE, FAILED, DELETED, ANSWERS, STREAM_RETENTION];

const ANSWERED = `select distinct company_id as "companyId" from idempotency where created_at < $1`;
const FORGET = 'delete from idempotency where company_id = $1 and created_at < $2';
const FINISHED = `select distinct company_id as "companyId" from outbox where finished_at < $1`;
/** The inbox rows go with it. */
const TRIM = `delete from outbox where company_id = $1 and (
  (state in ('done', 'cancelled') and finished_at < $2) or (state = 'failed' and finished_at < $3))`;

/**
 * What the platform itself repeats: partitions made ahead, finished outbox rows dropped (done after 14 days, given up after
 * 90; until then their keys keep duplicates away), rows deleted softly 90 days ago deleted for good, answers kept for
 * repeated requests and audiences of streams dropped, old tick runs forgotten.
 */
export const upkeepTicks = ({ system, db, partitioned, rows, trimTicks }: UpkeepDependencies): TickDefinition[] => [
  {
    name: 'platform.partitions',
    every: DAY,
    for: 'once',
    run: async (_scope, { now }) => {
      await ensurePartitions(system, partitioned, now);
    },
  },
  {
    name: DONE.by,
    every: DAY,
    for: 'once',
    timeout: 600_000,
    run: async ({ actor, traceId }, { now, signal }) => {
      const [done, failed] = [DONE.before(now), FAILED.before(now)];
      const finished = await system.query<{ companyId: string }>(FINISHED, [done]);
      for (const { companyId } of finished.rows) {
        signal.throwIfAborted();
        const scope = systemScope(companyId, actor.via ?? DONE.by, traceId);
        await db.write(scope, (tx) => tx.prepared(TRIM, [companyId, done, failed]));
      }
    },
  },
  {
    name: DELETED.by,
    every: DAY,
    for: 'each-company',
    timeout: 3_600_000,
    run: async ({ companyId }, { now, signal }) => {
      await rows.deleted(companyId, DELETED.before(now), signal);
    },
  },
  {
    name: ANSWERS.by,
    every: HOUR,
    for: 'once',
    timeout: 600_000,
    run: async (_scope, { now, signal }) => {
      const before = ANSWERS.before(now);
      const answered = await system.query<{ companyId: string }>(ANSWERED, [before]);
      for (const { companyId } of answered.rows) {
        signal.throwIfAborted();
        await system.query(FORGET, [companyId, before]);
      }
    },
  },
  {
    name: STREAM_RETENTION.by,
    every: HOUR,
    for: 'once',
    timeout: 600_000,
    run: async (_scope, { now, signal }) => {
      await trimStreams(system, now, { signal });
    },
  },
  { name: 'platform.ticks.trim', every: DAY, for: 'once', run: trimTicks },
];
