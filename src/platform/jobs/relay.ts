import type pg from 'pg';
import type { Logger } from 'pino';
import type { JobQueue, QueueItem } from './queue.ts';
import type { JobRegistry } from './registry.ts';

export interface RelayDependencies {
  /** Pool of user `system`. */
  readonly system: pg.Pool;
  readonly queue: Pick<JobQueue, 'add' | 'lost'>;
  readonly registry: JobRegistry;
  readonly now: () => Date;
  readonly log: Pick<Logger, 'warn'>;
}

/** Hands due outbox rows to the queue. Any number of processes may do so at once. */
export interface Relay {
  /** Hands over rows that were never handed over. True when there were some. */
  dispatchFresh(): Promise<boolean>;
  /** Hands over again what should have been done by now, or all when the queue has lost it. True when there were some. */
  dispatchSilent(): Promise<boolean>;
}

interface DueRow {
  readonly companyId: string;
  readonly id: string;
  readonly job: string;
}

/** A row handed over is handed over again after this long without a sign of life; the queue knows it if it is still there. */
const SILENCE_MS = 15_000;
const PAGE = 500;

const COLUMNS = `company_id as "companyId", id, job`;
const FRESH = `select ${COLUMNS} from outbox
  where state = 'waiting' and dispatched_at is null and run_at <= $1 and job = any($2) order by run_at limit ${PAGE}`;
const SILENT = `select ${COLUMNS} from outbox
  where state = 'waiting' and dispatched_at < $1 and job = any($2) order by dispatched_at limit ${PAGE}`;
/** One company a statement; a row that another relay or a running job holds is theirs. */
const CLAIM = `with mine as (
    select id from outbox where company_id = $1 and id = any($2) and state = 'waiting'
    and (dispatched_at is null or dispatched_at < $4) for update skip locked)
  update outbox set dispatched_at = $3 from mine where outbox.company_id = $1 and outbox.id = mine.id
  returning outbox.id, outbox.job`;
const GIVE_BACK = `update outbox set dispatched_at = null
  where company_id = $1 and id = any($2) and state = 'waiting' and dispatched_at = $3`;

export const createRelay = ({ system, queue, registry, now, log }: RelayDependencies): Relay => {
  const claim = async (companyId: string, ids: readonly string[], at: Date, silent: Date): Promise<QueueItem[]> => {
    const { rows } = await system.query<{ id: string; job: string }>({
      name: 'relay_claim',
      text: CLAIM,
      values: [companyId, ids, at, silent],
    });
    return rows.map(({ id, job }) => ({ companyId, outboxId: id, job }));
  };

  const giveBack = async (items: readonly QueueItem[], at: Date): Promise<void> => {
    for (const [companyId, mine] of Map.groupBy(items, (item) => item.companyId))
      await system.query(GIVE_BACK, [companyId, mine.map(({ outboxId }) => outboxId), at]);
  };

  /** Answers how many of the rows nobody else was faster with. */
  const dispatch = async (rows: readonly DueRow[], at: Date, silent: Date): Promise<number> => {
    const items: QueueItem[] = [];
    for (const [companyId, due] of Map.groupBy(rows, (row) => row.companyId))
      items.push(
        ...(await claim(
          companyId,
          due.map(({ id }) => id),
          at,
          silent,
        )),
      );
    try {
      for (const [lane, mine] of Map.groupBy(items, ({ job }) => registry.laneOf(job))) await queue.add(lane, mine);
    } catch (error) {
      await giveBack(items, at).catch((cause: unknown) =>
        log.warn({ err: cause }, 'outbox rows could not be given back'),
      );
      throw error;
    }
    return items.length;
  };

  const due = async (name: string, text: string, before: Date): Promise<DueRow[]> =>
    (await system.query<DueRow>({ name, text, values: [before, registry.names] })).rows;

  const longSilent = (at: Date): Date => new Date(at.getTime() - SILENCE_MS);

  return {
    dispatchFresh: async () => {
      const at = now();
      const rows = await due('relay_fresh', FRESH, at);
      await dispatch(rows, at, longSilent(at));
      return rows.length > 0;
    },
    dispatchSilent: async () => {
      const at = now();
      // A store that lost anything lost all of it: nothing is waited for then.
      const hasLost = await queue.lost();
      const silent = hasLost ? at : longSilent(at);
      let found = 0;
      for (;;) {
        const rows = await due('relay_silent', SILENT, silent);
        const claimed = await dispatch(rows, at, silent);
        found += rows.length;
        if (!hasLost || claimed === 0 || rows.length < PAGE) return found > 0;
      }
    },
  };
};
