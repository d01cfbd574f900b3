import type pg from 'pg';
import { idFloor } from '../db/ids.ts';
import { retention } from '../privacy/retention.ts';
import { RESUME_MS } from './events.ts';

export interface Trimmed {
  readonly recipients: number;
  readonly tickets: number;
}

/** A change may be sealed later than it was written: its audience is kept this much longer, in ms. */
const GRACE = 3_600_000;

/** Whom a change concerned, for as long as a stream can be resumed. */
export const STREAM_RETENTION = retention({
  of: 'change_recipient',
  by: 'platform.streams.trim',
  ms: RESUME_MS + GRACE,
});

const COMPANIES = 'select id from company order by id';
const RECIPIENTS = `delete from change_recipient where company_id = $1 and (change_id, profile_id) in
  (select change_id, profile_id from change_recipient where company_id = $1 and change_id < $2 order by change_id limit $3)`;
const TICKETS = 'delete from stream_ticket where company_id = $1 and expires_at < $2';

/** Deletes one company's old audiences in short transactions, until none is left or the signal is raised. */
const trimRecipients = async (
  system: pg.Pool,
  companyId: string,
  before: string,
  batch: number,
  signal?: AbortSignal,
): Promise<number> => {
  let total = 0;
  for (;;) {
    const { rowCount } = await system.query(RECIPIENTS, [companyId, before, batch]);
    total += rowCount ?? 0;
    if (rowCount !== batch || signal?.aborted === true) return total;
  }
};

/**
 * Drops audiences older than seven days and tickets that have ended, company by company. `system` is a pool of user
 * `system`; `batch` rows a transaction. Stops between transactions once the signal is raised.
 */
export const trimStreams = async (
  system: pg.Pool,
  now: Date,
  { batch = 5_000, signal }: { batch?: number; signal?: AbortSignal } = {},
): Promise<Trimmed> => {
  const before = idFloor(STREAM_RETENTION.before(now));
  let recipients = 0;
  let tickets = 0;
  const { rows } = await system.query<{ id: string }>(COMPANIES);
  for (const { id } of rows) {
    if (signal?.aborted === true) break;
    recipients += await trimRecipients(system, id, before, batch, signal);
    tickets += (await system.query(TICKETS, [id, now])).rowCount ?? 0;
  }
  return { recipients, tickets };
};
