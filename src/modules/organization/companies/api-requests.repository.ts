import type { Reader, Tx } from '../../../platform/module.ts';

/** Requests that a process takes at once for those to come: one of a hundred that were made today, and never more than this. */
const MOST_AT_ONCE = 100;

/** What no company has used up in a day. */
export const NO_LIMIT = 2_147_483_647;

export interface Taken {
  /** How many may be made for it; 0 where the day's are used up. */
  readonly taken: number;
  /** How many of the day are used or taken now. */
  readonly used: number;
}

const TAKE = `update api_requests r set used = r.used + n.taken
  from (select greatest(0, least(greatest(a.used / 100, 1), ${MOST_AT_ONCE}, $3::integer - a.used)) as taken
    from api_requests a where a.company_id = $1 and a.day = $2 for update) n
  where r.company_id = $1 and r.day = $2 returning n.taken, r.used`;

/** Takes some of a day's requests, not more than are left of `limit`. One process at a time. */
export const takeRequests = async (tx: Tx, day: string, limit: number): Promise<Taken> => {
  const take = async (): Promise<Taken | undefined> => (await tx.prepared<Taken>(TAKE, [tx.companyId, day, limit]))[0];
  const taken = await take();
  if (taken !== undefined) return taken;
  await tx.prepared('insert into api_requests (company_id, day, used) values ($1, $2, 0) on conflict do nothing', [
    tx.companyId,
    day,
  ]);
  return (await take())!;
};

/** How many requests the company's machine clients made on the day, in its zone, in which an instant lies. */
export const requestsOn = async (reader: Reader, at: Date): Promise<number> => {
  const [row] = await reader.prepared<{ used: number }>(
    `select r.used from company c join api_requests r on r.company_id = $1
       and r.day = ($2::timestamptz at time zone c.timezone)::date where c.id = $1`,
    [reader.companyId, at],
  );
  return row?.used ?? 0;
};

/** Forgets days before `first`. */
export const forgetRequests = async (tx: Tx, first: string): Promise<void> => {
  await tx.prepared('delete from api_requests where company_id = $1 and day < $2', [tx.companyId, first]);
};
