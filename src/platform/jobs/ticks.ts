import type pg from 'pg';
import type { Logger } from 'pino';
import { OPERATOR_COMPANY, systemScope } from '../db/scope.ts';
import { startSpan } from '../telemetry/trace.ts';
import type { TickDefinition } from './definitions.ts';
import { describeFailure, Stopping } from './failure.ts';
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

/** Not while another process runs this or an earlier slot; one that has had its time was killed, and its slot is free. */
const WIN = `insert into tick_run as t (name, slot, started_at)
  select $1, $2, $3::timestamptz where not exists (
    select 1 from tick_run where name = $1 and finished_at is null and started_at > $4)
  on conflict (name, slot) do update set started_at = excluded.started_at
  where t.finished_at is null and t.started_at <= $4 returning name`;
const LEAVE = `delete from tick_run where name = $1 and slot = $2`;
const END = `update tick_run set finished_at = $3, error = $4 where name = $1 and slot = $2`;
const companiesThat = (are: string): string =>
  `select id from company where ${are} and kind <> 'operator' and deleted_at is null order by id`;
const COMPANIES = {
  'each-active-company': companiesThat(`status = 'active'`),
  'each-company': companiesThat(`status <> 'purged'`),
} as const satisfies Record<Exclude<TickDefinition['for'], 'once'>, string>;
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
  /** What this process need not look at again before an instant. */
  const known = new Map<string, { readonly slot: string; readonly until: number }>();
  const running = new Map<string, Promise<void>>();

  const longest = ({ timeout = TIMEOUT_MS }: TickDefinition): number => timeout + grace;

  const win = async (tick: TickDefinition, slot: string, at: Date): Promise<boolean> => {
    const since = new Date(at.getTime() - longest(tick));
    return (await system.query(WIN, [tick.name, slot, at, since])).rowCount === 1;
  };

  const companies = async (tick: TickDefinition): Promise<string[]> => {
    if (tick.for === 'once') return [OPERATOR_COMPANY];
    return (await system.query<{ id: string }>(COMPANIES[tick.for])).rows.map(({ id }) => id);
  };

  const runFor = async (
    tick: TickDefinition,
    companyId: string,
    traceId: string,
    context: { now: Date; signal: AbortSignal },
  ): Promise<void> => {
    context.signal.throwIfAborted();
    try {
      await tick.run(systemScope(companyId, tick.name, traceId), context);
    } catch (error) {
      if (!context.signal.aborted) log.error({ err: error, tick: tick.name, companyId }, 'a tick failed');
      throw error;
    }
  };

  /** Answers what went wrong; throws when it was cut by the stop of the process. */
  const runSlot = async (tick: TickDefinition, at: Date): Promise<string | null> => {
    const ids = await companies(tick);
    const { traceId } = startSpan();
    const work = async (signal: AbortSignal): Promise<unknown[]> => {
      const errors = await forEach(ids, (companyId) => runFor(tick, companyId, traceId, { now: at, signal }));
      if (errors.length > 0) signal.throwIfAborted();
      return errors;
    };
    try {
      const errors = await runLimited(work, { timeout: tick.timeout ?? TIMEOUT_MS, grace, cut });
      return errors.length === 0 ? null : `${errors.length} of ${ids.length}: ${describeFailure(errors[0])}`;
    } catch (error) {
      if (error instanceof Stopping) throw error;
      log.error({ err: error, tick: tick.name }, 'a tick was ended');
      return describeFailure(error);
    }
  };

  const run = async (tick: TickDefinition, slot: string, at: Date): Promise<void> => {
    try {
      if (!(await win(tick, slot, at))) return;
      const error = await runSlot(tick, at);
      await system.query(END, [tick.name, slot, now(), error]);
      known.set(tick.name, { slot, until: Infinity });
    } catch (error) {
      if (error instanceof Stopping) await system.query(LEAVE, [tick.name, slot]);
      else throw error;
    }
  };

  const start = (tick: TickDefinition, at: Date): boolean => {
    const { name } = tick;
    const slot = slotOf(at, tick.every);
    const seen = known.get(name);
    if (cut.aborted || running.has(name) || (seen?.slot === slot && at.getTime() < seen.until)) return false;
    known.set(name, { slot, until: at.getTime() + longest(tick) });
    const slotRun = run(tick, slot, at)
      .catch((error: unknown) => log.error({ err: error, tick: name }, 'a tick could not be run'))
      .finally(() => running.delete(name));
    running.set(name, slotRun);
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
