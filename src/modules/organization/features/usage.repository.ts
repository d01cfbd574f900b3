import { clears, shows } from '../../../platform/module.ts';
import type { Erasure, Tx } from '../../../platform/module.ts';

export interface Use {
  readonly feature: string;
  /** First day of the period, `YYYY-MM-DD`. */
  readonly startsOn: string;
  /** A profile; or the company, for all of it together. */
  readonly holderId: string;
  readonly amount: number;
  /** Most units in the period; null: no limit. */
  readonly limit: number | null;
}

const COUNT = `insert into usage_counter as u (company_id, feature, starts_on, holder_id, used, updated_at)
  select $1, $2, $3, $4, $5, $6 where $7::bigint is null or $5 <= $7::bigint
  on conflict (company_id, feature, starts_on, holder_id)
  do update set used = u.used + excluded.used, updated_at = excluded.updated_at
  where $7::bigint is null or u.used + excluded.used <= $7::bigint returning u.used`;

/** Counts units unless that were more than the limit, in one statement that waits for others at the same count; answers the new sum. */
export const countUse = async (
  tx: Tx,
  { feature, startsOn, holderId, amount, limit }: Use,
): Promise<number | undefined> => {
  const values = [tx.companyId, feature, startsOn, holderId, amount, tx.now, limit];
  const [row] = await tx.prepared<{ used: number }>(COUNT, values);
  return row?.used;
};

/** Forgets what was used in periods that began before a day, `YYYY-MM-DD`. */
export const forgetUse = async (tx: Tx, first: string): Promise<void> => {
  await tx.prepared('delete from usage_counter where company_id = $1 and starts_on < $2', [tx.companyId, first]);
};

/** Of whoever is erased only the company's sum is left. */
export const usageErasure: Erasure = {
  ...clears('usage_counter', 'delete from usage_counter where company_id = $1 and holder_id = $2 returning feature'),
  ...shows('usage_counter', { by: 'holder_id', writtenOnce: true }),
};
