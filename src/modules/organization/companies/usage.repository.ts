import { v7 as uuidv7 } from 'uuid';
import { day, exact, integer } from '../../../platform/module.ts';
import type { Reader, Tx } from '../../../platform/module.ts';
import Type from 'typebox';
import { Company } from './companies.repository.ts';
import type { CompanyRow } from './companies.repository.ts';
import type { Limited, Used, UsageThen } from './limits.ts';

const amount = (description: string) => integer(0, 2_147_483_647, { description });
const USED = exact({
  users: amount('People who were asked to join, active or suspended'),
  workers: amount('People with a work assignment that is active'),
  residents: amount('Residents who have not graduated, and whoever is asked to become one'),
  storageMb: amount('Megabytes of files: photos, uploads, exports'),
  apiPerDay: amount('Requests that machine clients made on the day, in the company’s zone'),
});
/** What was not counted yet on a day is left out. */
const USED_THEN = Type.Partial(USED);

/** What the plan allows, what is used of it, and what was on the last days that were written down. */
export const USAGE = exact({
  limits: Company.fields.limits,
  used: USED,
  days: Type.Array(exact({ day: day(), used: USED_THEN }), { maxItems: 92 }),
});

export interface UsageDay {
  readonly day: string;
  readonly used: Partial<Record<Limited, number>>;
}

const SHOWN_DAYS = 92;

/** The days that were written down, the last one first. */
export const usageDays = (reader: Reader): Promise<UsageDay[]> =>
  reader.prepared<UsageDay>(
    `select u.day::text as day, u.used || jsonb_build_object('apiPerDay', coalesce(r.used, 0)) as used
     from company_usage u left join api_requests r on r.company_id = $1 and r.day = u.day
     where u.company_id = $1 order by u.day desc limit $2`,
    [reader.companyId, SHOWN_DAYS],
  );

/** The last day that was written down, with the limits that were in force then. */
export const lastUsage = async (reader: Reader): Promise<UsageThen | undefined> => {
  const [row] = await reader.prepared<UsageThen>(
    'select u.used, u.limits from company_usage u where u.company_id = $1 order by u.day desc limit 1',
    [reader.companyId],
  );
  return row;
};

/** Writes a day down, once; answers whether this was the first time. */
export const writeUsage = async (tx: Tx, today: string, used: Used, limits: CompanyRow['limits']): Promise<boolean> => {
  const rows = await tx.prepared(
    `insert into company_usage (company_id, id, day, used, limits, created_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (company_id, day) do nothing returning id`,
    [tx.companyId, uuidv7(), today, used, limits, tx.now],
  );
  return rows.length > 0;
};

/** Forgets days before `first`. */
export const forgetUsage = async (tx: Tx, first: string): Promise<void> => {
  await tx.prepared('delete from company_usage where company_id = $1 and day < $2', [tx.companyId, first]);
};
