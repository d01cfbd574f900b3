import type { Tx } from '../db/database.ts';

/** One try of a job, counted before it begins so that a try that kills its process counts too. */
export interface Attempt {
  readonly payload: object;
  readonly traceId: string;
  readonly number: number;
  /** Tries that did not count, because a part of the system was away. */
  readonly outages: number;
}

const BEGIN = `update outbox set attempts = attempts + 1, dispatched_at = $3
  where company_id = $1 and id = $2 and state = 'waiting' returning payload, trace_id as "traceId", attempts as number, outages`;
const HOLD = `select exists (select 1 from inbox i where i.company_id = $1 and i.consumer = $3 and i.outbox_id = $2) as seen
  from outbox o where o.company_id = $1 and o.id = $2 and o.state = 'waiting' for update of o`;
const FINISH = `with seen as (
    insert into inbox (company_id, consumer, outbox_id, created_at) values ($1, $3, $2, $4)
    on conflict (company_id, consumer, outbox_id) do nothing)
  update outbox set state = 'done', finished_at = $4, last_error = null
  where company_id = $1 and id = $2 and state = 'waiting'`;
const POSTPONE = `update outbox set run_at = $3, dispatched_at = $3, last_error = $4,
    attempts = greatest(attempts - $5::int, 0), outages = outages + $5::int
  where company_id = $1 and id = $2 and state = 'waiting' returning id`;
const RELEASE = `update outbox set attempts = attempts - 1, dispatched_at = $3
  where company_id = $1 and id = $2 and state = 'waiting'`;
const GIVE_UP = `update outbox set state = 'failed', finished_at = $3, last_error = $4
  where company_id = $1 and id = $2 and state = 'waiting' returning payload`;

/**
 * Counts a try. Until `silentFrom` the relay takes the job for running and hands it to nobody else. Undefined when the job
 * is done, called off or given up.
 */
export const beginAttempt = async (tx: Tx, id: string, silentFrom: Date): Promise<Attempt | undefined> =>
  (await tx.prepared<Attempt>(BEGIN, [tx.companyId, id, silentFrom]))[0];

/** Locks the row of a job: `open` may run, `seen` took effect already, `closed` is no longer wanted. */
export const holdRow = async (tx: Tx, id: string, consumer: string): Promise<'open' | 'seen' | 'closed'> => {
  const [row] = await tx.prepared<{ seen: boolean }>(HOLD, [tx.companyId, id, consumer]);
  if (row === undefined) return 'closed';
  return row.seen ? 'seen' : 'open';
};

/** Marks a job as done, in the outbox and in the consumer's inbox. */
export const finishJob = async (tx: Tx, id: string, consumer: string): Promise<void> => {
  await tx.prepared(FINISH, [tx.companyId, id, consumer, tx.now]);
};

/** The try failed, the next one is due at `runAt`; an outage counts as no try. False when the job is no longer wanted. */
export const postponeJob = async (
  tx: Tx,
  id: string,
  { runAt, error, isOutage }: { readonly runAt: Date; readonly error: string; readonly isOutage: boolean },
): Promise<boolean> => (await tx.prepared(POSTPONE, [tx.companyId, id, runAt, error, isOutage ? 1 : 0])).length > 0;

/** The try was cut by the stop of its process and does not count. */
export const releaseJob = async (tx: Tx, id: string): Promise<void> => {
  await tx.prepared(RELEASE, [tx.companyId, id, tx.now]);
};

/** The last try failed. Answers the payload; undefined when the job is no longer wanted. */
export const giveUpJob = async (tx: Tx, id: string, error: string): Promise<object | undefined> =>
  (await tx.prepared<{ payload: object }>(GIVE_UP, [tx.companyId, id, tx.now, error]))[0]?.payload;
