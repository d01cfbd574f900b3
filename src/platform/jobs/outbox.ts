import { v7 as uuidv7 } from 'uuid';
import type { Reader, Tx } from '../db/database.ts';
import type { Enqueue } from './definitions.ts';

/** A job that was given up. */
export interface FailedJob {
  readonly id: string;
  readonly job: string;
  readonly attempts: number;
  /** Class, code and shortened message; no personal values. */
  readonly lastError: string;
  readonly traceId: string;
  readonly createdAt: string;
  readonly failedAt: string;
}

/** Where work in the background is asked for, called off, and asked for again. */
export interface Outbox {
  /** Answers the row's id; undefined when one with the same key is there already. */
  readonly enqueue: Enqueue;
  /** Calls off a job that is not done. False when it is too late. A `run` job that runs is not interrupted. */
  cancel(tx: Tx, id: string): Promise<boolean>;
  /** Starts a given-up job afresh. False when it is not given up. */
  retry(tx: Tx, id: string): Promise<boolean>;
  /** Read model: the company's given-up jobs, newest first; `before` is the id where the last page ended. */
  listFailed(reader: Reader, page: { limit: number; before?: string }): Promise<FailedJob[]>;
  /** From now on unknown jobs are refused, and `nudge` is called after each commit that asked for work. */
  connect(jobs: { knows: (name: string) => boolean; nudge: () => void }): void;
}

const INSERT = `insert into outbox (company_id, id, job, dedupe_key, payload, trace_id, run_at, state, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8)
  on conflict (company_id, job, dedupe_key) where dedupe_key is not null do nothing returning id`;
const CANCEL = `update outbox set state = 'cancelled', finished_at = $3
  where company_id = $1 and id = $2 and state = 'waiting' returning id`;
const RETRY = `update outbox set state = 'waiting', attempts = 0, outages = 0, run_at = $3, dispatched_at = null, finished_at = null
  where company_id = $1 and id = $2 and state = 'failed' returning id`;
const FAILED = `select id, job, attempts, last_error as "lastError", trace_id as "traceId", created_at as "createdAt",
  finished_at as "failedAt" from outbox
  where company_id = $1 and state = 'failed' and ($2::uuid is null or id < $2) order by id desc limit $3`;

/** The outbox; see docs/architecture.md, mechanisms. Ids are UUIDv7 of the transaction's instant. */
export const createOutbox = (): Outbox => {
  let knows: (name: string) => boolean = () => true;
  let nudge = (): void => undefined;
  const one = async (tx: Tx, sql: string, values: readonly unknown[]): Promise<string | undefined> =>
    (await tx.prepared<{ id: string }>(sql, values))[0]?.id;
  return {
    enqueue: async (tx, job, payload, { runAt = tx.now, dedupeKey } = {}) => {
      if (!knows(job)) throw new Error(`no job ${job}: add its definition to the jobs of its module`);
      const id = await one(tx, INSERT, [
        tx.companyId,
        uuidv7({ msecs: tx.now.getTime() }),
        job,
        dedupeKey ?? null,
        JSON.stringify(payload),
        tx.scope.traceId,
        runAt,
        tx.now,
      ]);
      if (id !== undefined && runAt <= tx.now) tx.afterCommit(() => nudge());
      return id;
    },
    cancel: async (tx, id) => (await one(tx, CANCEL, [tx.companyId, id, tx.now])) !== undefined,
    retry: async (tx, id) => {
      const found = (await one(tx, RETRY, [tx.companyId, id, tx.now])) !== undefined;
      if (found) tx.afterCommit(() => nudge());
      return found;
    },
    listFailed: (reader, { limit, before }) =>
      reader.prepared<FailedJob>(FAILED, [reader.companyId, before ?? null, limit]),
    connect: (jobs) => {
      ({ knows, nudge } = jobs);
    },
  };
};
