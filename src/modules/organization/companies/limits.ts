import { serialize } from '../../../platform/db/serialize.ts';
import { conflict } from '../../../platform/module.ts';
import type { Reader, Tx } from '../../../platform/module.ts';
import { limitsOf } from './companies.repository.ts';
import type { CompanyRow } from './companies.repository.ts';
import type { CompanyNotices } from './notices.ts';

/** What a company uses of what its plan can limit; see docs/glossary.md. */
export const COUNTED = ['users', 'workers', 'residents', 'storageMb'] as const;
export type Counted = (typeof COUNTED)[number];
export type Used = Readonly<Record<Counted, number>>;
/** Everything that plans limit. */
export type Limited = Counted | 'apiPerDay';

const REFUSALS = {
  users: 'USER_LIMIT',
  workers: 'WORKER_LIMIT',
  residents: 'RESIDENT_LIMIT',
  storageMb: 'STORAGE_LIMIT',
} as const satisfies Record<Counted, string>;

/** Percent of a limit at which those who look after the company are told. */
const LEVELS = [100, 80] as const;
export type Level = (typeof LEVELS)[number];

/** The highest of the levels that `used` has reached; 0 below them. */
export const levelOf = (used: number, limit: number): Level | 0 =>
  LEVELS.find((level) => used * 100 >= limit * level) ?? 0;

interface LimitsDependencies {
  /** Counts in a transaction of the company; megabytes may be broken. */
  readonly counters: Readonly<Record<Counted, (reader: Reader) => Promise<number>>>;
  readonly notices: Pick<CompanyNotices, 'limit'>;
}

export interface PlanLimits {
  /**
   * Throws 409 when with `more` the company would use more than its plan allows; with none, when it does already. Where it has a limit, one unit of work at a time passes,
   * until its end; tells when a level is reached.
   */
  mustHaveRoom(tx: Tx, counted: Counted, more: number): Promise<void>;
  /** Tells those who look after the company when a level is reached. */
  tell(tx: Tx, reached: Reached): Promise<void>;
  /** What is used now. */
  used(reader: Reader): Promise<Used>;
  /** Tells what has reached a level since `before`, by the limits of then and of now; without it, all that has. */
  warn(tx: Tx, limits: CompanyRow['limits'], used: Used, before?: UsageThen): Promise<void>;
}

/** What was used on a day, and what the plan allowed then. */
export interface UsageThen {
  readonly used: Partial<Used>;
  readonly limits: CompanyRow['limits'];
}

/** How what is counted stands to its limit, now and before. */
interface Reached {
  readonly counted: Limited;
  readonly limit: number;
  readonly used: number;
  readonly before: number;
  /** Where each day has a count of its own. */
  readonly day?: string;
}

/** What plans allow, held under lock. */
export const createPlanLimits = ({ counters, notices }: LimitsDependencies): PlanLimits => {
  const tellAbove = async (tx: Tx, { used, ...reached }: Omit<Reached, 'before'>, known: Level | 0): Promise<void> => {
    const level = levelOf(used, reached.limit);
    if (level > known) await notices.limit(tx, { ...reached, level: level as Level });
  };
  const tell: PlanLimits['tell'] = (tx, { before, ...reached }) =>
    tellAbove(tx, reached, levelOf(before, reached.limit));
  return {
    tell,
    mustHaveRoom: async (tx, counted, more) => {
      const limit = (await limitsOf(tx))[counted];
      if (limit === undefined) return;
      await serialize(tx, counted);
      const used = await counters[counted](tx);
      if (used + more > limit) throw conflict(REFUSALS[counted], { params: { limit } });
      await tell(tx, { counted, limit, used: used + more, before: used });
    },
    used: async (reader) => {
      const used = { users: 0, workers: 0, residents: 0, storageMb: 0 };
      for (const counted of COUNTED) used[counted] = Math.ceil(await counters[counted](reader));
      return used;
    },
    warn: async (tx, limits, used, then) => {
      for (const counted of COUNTED) {
        const [limit, limitThen] = [limits[counted], then?.limits[counted]];
        const known = limitThen === undefined ? 0 : levelOf(then?.used[counted] ?? 0, limitThen);
        if (limit !== undefined) await tellAbove(tx, { counted, limit, used: used[counted] }, known);
      }
    },
  };
};
