import type pg from 'pg';
import type { Logger } from 'pino';
import { OPERATOR_COMPANY, systemScope } from '../db/scope.ts';
import { startSpan } from '../telemetry/trace.ts';
import type { TickDefinition } from './definitions.ts';
import { describeFailure } from './failure.ts';
import { runLimited } from './limits.ts';

export interface TickDependencies {
  /** Pool of user `system`. */
  readonly system: pg.Pool;
  readonly ticks: readonly TickDefinition[];
  readonly now: () => Date;
  readonly log: Pick<Logger, 'error'>;
  /** Ms that a tick has between its signal and its end. */
  readonly grace: number;
  readonly cut: AbortSignal;
}

export interface TickRunner {
  /** Starts every tick whose present slot nobody has run. Slots that were missed are not made up for. */
  beat(): Promise<boolean>;
  /** Resolves when no tick runs. */
  settled(): Promise<void>;
  /** The instant, by name, at which each tick last succeeded. */
  lastSuccess(): Promise<ReadonlyMap<string, Date>>;
  /** Forgets runs older than a week, and than two slots. */
  trim(): Promise<void>;
}

const TIMEOUT_MS = 60_000;
const PARALLEL = 4;
const WEEK_MS = 7 * 86_400_000;

/** Not while another process still runs an earlier slot, unless that has had its time. */
const WIN = `insert into tick_run (name, slot, started_at)
  select $1, $2, $3::timestamptz where not exists (
    select 1 from tick_run where name = $1 and finished_at is null and started_at > $4)
  on conflict (name, slot) do nothing returning name`;
const END = `update tick_run set finished_at = $3, error = $4 where name = $1 and slot = $2`;
const ACTIVE = `select id from company where status = 'active' and kind <> 'operator' and deleted_at is null order by id`;
const LAST = `select name, max(finished_at) as at from tick_run where finished_at is not null and error is null group by name`;
const TRIM = `delete from tick_run where name = $1 and started_at < $2`;

/** Start of the slot that `at` lies in, as text. */
export const slotOf = (at: Date, everySeconds: number): string => {
  const length = everySeconds * 1000;
  return new Date(Math.floor(at.getTime() / length) * length).toISOString();
};

/** Runs `work` on every item, `PARALLEL` at once; an item's error stops no other. Answers the errors. */
const forEach = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<unknown[]> => {
  const errors: unknown[] = [];
  const left = items.values();
  const one = async (): Promise<void> => {
    for (const item of left)
      try {
        await work(item);
      } catch (error) {
        errors.push(error);
      }
  };
  await Promise.all(Array.from({ length: PARALLEL }, one));
  return errors;
};

/** Repeated work: of several processes one runs each slot. */
export const createTicks = ({ system, ticks, now, log, grace, cut }: TickDependencies): TickRunner => {
  const tried = new Map<string, string>();
  const running = new Map<string, Promise<void>>();

  const win = async ({ name, timeout = TIMEOUT_MS }: TickDefinition, slot: string, at: Date): Promise<boolean> => {
    const since = new Date(at.getTime() - timeout - grace);
    return (await system.query(WIN, [name, slot, at, since])).rowCount === 1;
  };

  const companies = async (tick: TickDefinition): Promise<string[]> => {
    if (tick.for === 'once') return [OPERATOR_COMPANY];
    return (await system.query<{ id: string }>(ACTIVE)).rows.map(({ id }) => id);
  };

  const runFor = async (tick: TickDefinition, at: Date): Promise<string | null> => {
    const ids = await companies(tick);
    const { traceId } = startSpan();
    try {
      const errors = await runLimited(
        (signal) =>
          forEach(ids, async (companyId) => {
            signal.throwIfAborted();
            try {
              await tick.run(systemScope(companyId, tick.name, traceId), { now: at, signal });
            } catch (error) {
              if (!signal.aborted) log.error({ err: error, tick: tick.name, companyId }, 'a tick failed');
              throw error;
            }
          }),
        { timeout: tick.timeout ?? TIMEOUT_MS, grace, cut },
      );
      return errors.length === 0 ? null : `${errors.length} of ${ids.length}: ${describeFailure(errors[0])}`;
    } catch (error) {
      log.error({ err: error, tick: tick.name }, 'a tick was cut');
      return describeFailure(error);
    }
  };

  const run = async (tick: TickDefinition, slot: string, at: Date): Promise<void> => {
    try {
      if (!(await win(tick, slot, at))) return;
      const error = await runFor(tick, at);
      await system.query(END, [tick.name, slot, now(), error]);
    } catch (error) {
      log.error({ err: error, tick: tick.name }, 'a tick could not be run');
    } finally {
      running.delete(tick.name);
    }
  };

  const start = (tick: TickDefinition, at: Date): boolean => {
    const slot = slotOf(at, tick.every);
    if (running.has(tick.name) || tried.get(tick.name) === slot) return false;
    tried.set(tick.name, slot);
    running.set(tick.name, run(tick, slot, at));
    return true;
  };

  return {
    beat: () => {
      const at = now();
      return Promise.resolve(ticks.filter((tick) => start(tick, at)).length > 0);
    },
    settled: async () => {
      await Promise.all(running.values());
    },
    lastSuccess: async () => {
      const { rows } = await system.query<{ name: string; at: string }>(LAST);
      return new Map(rows.map(({ name, at }) => [name, new Date(at)]));
    },
    trim: async () => {
      for (const { name, every } of ticks)
        await system.query(TRIM, [name, new Date(now().getTime() - Math.max(WEEK_MS, every * 2_000))]);
    },
  };
};
