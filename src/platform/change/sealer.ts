import type pg from 'pg';
import type { KeyRing } from '../crypto/key-ring.ts';
import { startLoop } from '../process/loop.ts';
import type { Loop } from '../process/loop.ts';
import { chainColumns, GENESIS, linkHash } from './chain.ts';
import type { ChainRow } from './chain.ts';

export interface SealerOptions {
  /** A pool of user `system`. */
  readonly system: pg.Pool;
  /** Setting CHAIN_KEY. */
  readonly keyRing: KeyRing;
  readonly now: () => Date;
  /** Told what sealing threw; the company is missing where the search for work failed. Sealing goes on. */
  readonly onError: (error: unknown, companyId?: string) => void;
  /** Told of each company whose rows have got numbers. */
  readonly onSealed?: (companyId: string) => void;
  /** Milliseconds between looks for rows that other processes wrote. Default 100: live streams wait for it. */
  readonly pollEvery?: number;
  /** Rows a transaction. Default 500. */
  readonly batch?: number;
}

/** Gives every company's committed change rows the company's next numbers and hash links. */
export interface Sealer {
  start(): void;
  /** A commit of this process left rows for the company. */
  nudge(companyId: string): void;
  /** Seals until nothing visible is left, or at once nothing when another process is sealing it. Answers how many. */
  sealCompany(companyId: string): Promise<number>;
  /** Seals what is pending in all companies. Answers how many. Throws the first error after all have been tried. */
  sealAll(): Promise<number>;
  stop(): Promise<void>;
}

interface Head {
  readonly seq: number;
  readonly hash: Buffer;
}

/** Milliseconds for which nudges are gathered. */
const SETTLE = 20;

/** Companies sealed side by side by one process. */
const WORKERS = 4;
/** A company whose sealing fails is left alone for a while: twice as long each time, up to this many milliseconds. */
const LONGEST_REST = 30_000;
/** Timers may fire a little early. */
const TIMER_SLACK = 2;

const LOCK_HEAD = 'select seq, hash from change_head where company_id = $1 for update skip locked';
const FIRST_HEAD = 'insert into change_head (company_id, seq, hash) values ($1, 0, $2) on conflict do nothing';
const MOVE_HEAD = 'update change_head set seq = $2, hash = $3 where company_id = $1';
const COMPANIES = 'select distinct company_id from change_pending';
// In the order in which they were written: who waited for another's row comes after it, even if begun before.
// The lateral join with `offset 0` keeps to the index: a plan that reads all changes of a company is never right here.
const PENDING = `select p.n, ${chainColumns('c')} from change_pending p
  cross join lateral (select * from change x where x.company_id = $1 and x.id = p.change_id offset 0) c
  where p.company_id = $1 order by p.n limit $2`;
const SEAL = `insert into change_seal (company_id, seq, change_id, hash, key_id, sealed_at)
  select $1, s.seq, s.change_id, s.hash, $5, $6 from unnest($2::bigint[], $3::uuid[], $4::bytea[]) as s (seq, change_id, hash)`;
const DONE = 'delete from change_pending where company_id = $1 and n = any($2::bigint[])';

/** The head under lock; undefined while another process holds it. */
const lockHead = async (client: pg.PoolClient, companyId: string): Promise<Head | undefined> => {
  const first = await client.query<Head>(LOCK_HEAD, [companyId]);
  if (first.rows.length > 0) return first.rows[0];
  const { rowCount } = await client.query(FIRST_HEAD, [companyId, GENESIS]);
  return rowCount === 1 ? { seq: 0, hash: GENESIS } : undefined;
};

/** A sealer over tables change_pending, change_seal and change_head; see docs/architecture.md, change. */
export const createSealer = ({
  system,
  keyRing,
  now,
  onError,
  onSealed,
  pollEvery = 100,
  batch = 500,
}: SealerOptions): Sealer => {
  const nudged = new Set<string>();
  const resting = new Map<string, { failures: number; until: number }>();
  let loop: Loop | undefined;
  let stopping = new AbortController();
  let polledAt = -Infinity;

  const sealRows = async (client: pg.PoolClient, companyId: string): Promise<number> => {
    const head = await lockHead(client, companyId);
    if (head === undefined) return 0;
    const { rows } = await client.query<ChainRow & { id: string; n: string }>(PENDING, [companyId, batch]);
    if (rows.length === 0) return 0;
    const { current } = keyRing;
    let { seq, hash } = head;
    const links = rows.map((row) => {
      seq += 1;
      hash = linkHash(current, hash, seq, row);
      return { seq, hash, id: row.id };
    });
    await client.query(SEAL, [
      companyId,
      links.map((link) => link.seq),
      links.map(({ id }) => id),
      links.map((link) => link.hash),
      current.id,
      now(),
    ]);
    await client.query(DONE, [companyId, rows.map(({ n }) => n)]);
    await client.query(MOVE_HEAD, [companyId, seq, hash]);
    return rows.length;
  };

  const sealBatch = async (companyId: string): Promise<number> => {
    const client = await system.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const count = await sealRows(client, companyId);
      await client.query('commit');
      return count;
    } catch (error) {
      await client.query('rollback').catch((cause: unknown) => {
        broken = cause as Error;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  };

  const sealCompany = async (companyId: string): Promise<number> => {
    let total = 0;
    let count: number;
    do {
      count = await sealBatch(companyId);
      total += count;
    } while (count === batch && !stopping.signal.aborted);
    if (total > 0) onSealed?.(companyId);
    return total;
  };

  /** Each company is tried; a fault of one holds up no other. Answers how many rows were sealed, and what was thrown. */
  const sealEach = async (companies: Iterable<string>): Promise<{ total: number; errors: unknown[] }> => {
    const queue = [...companies];
    const errors: unknown[] = [];
    let total = 0;
    const work = async (): Promise<void> => {
      for (let companyId = queue.pop(); companyId !== undefined && !stopping.signal.aborted; companyId = queue.pop()) {
        try {
          total += await sealCompany(companyId);
          resting.delete(companyId);
        } catch (error) {
          const failures = (resting.get(companyId)?.failures ?? 0) + 1;
          const pause = Math.min(pollEvery * 2 ** failures, LONGEST_REST);
          resting.set(companyId, { failures, until: performance.now() + pause });
          errors.push(error);
          onError(error, companyId);
        }
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
    return { total, errors };
  };

  const pendingCompanies = async (): Promise<string[]> => {
    const { rows } = await system.query<{ company_id: string }>(COMPANIES);
    return rows.map(({ company_id }) => company_id);
  };

  const round = async (): Promise<void> => {
    const companies = new Set(nudged);
    nudged.clear();
    if (performance.now() - polledAt >= pollEvery - TIMER_SLACK) {
      for (const companyId of await pendingCompanies()) companies.add(companyId);
      polledAt = performance.now();
    }
    for (const [companyId, { until }] of resting) if (until > performance.now()) companies.delete(companyId);
    await sealEach(companies);
  };

  return {
    sealCompany,
    sealAll: async () => {
      const { total, errors } = await sealEach(await pendingCompanies());
      if (errors.length > 0) throw errors[0];
      return total;
    },
    start: () => {
      loop ??= startLoop({ look: round, least: pollEvery, settle: SETTLE, onError });
    },
    nudge: (companyId) => {
      nudged.add(companyId);
      loop?.nudge();
    },
    stop: async () => {
      stopping.abort();
      await loop?.stop();
      loop = undefined;
      stopping = new AbortController();
    },
  };
};
