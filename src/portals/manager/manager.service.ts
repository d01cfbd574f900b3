import { addCounts, complianceOf, percentOf, suppressSmall } from '../../modules/fitness/compliance/compliance.ts';
import type { Compliance, ComplianceCounts } from '../../modules/fitness/compliance/compliance.ts';
import type { Reader } from '../../platform/db/database.ts';
import type { Bind, Restriction } from '../../platform/db/list.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import type { Context } from '../../platform/http/context.ts';
import { Problem } from '../../platform/problem.ts';
import { addDays, daysBetween } from '../../platform/time/zone.ts';
import { namesOf } from './manager.reads.ts';
import type { Asked, BreachCount } from './manager.reads.ts';
import type { GROUPS } from './manager.schemas.ts';

type Group = (typeof GROUPS)[number];
type Period = Omit<Asked, 'now'>;
type Keyed<T> = T & { readonly key: string | null };

/** The reads of the areas that own the numbers: one number everywhere. */
interface ManagerDependencies {
  readonly work: UnitOfWork;
  readonly now: () => Date;
  readonly visible: (context: Context, idExpression: string, bind: Bind) => string;
  readonly complianceBy: (
    reader: Reader,
    group: Group,
    asked: Asked,
    restrict: Restriction,
  ) => Promise<Keyed<Compliance>[]>;
  readonly levelsBy: (
    reader: Reader,
    group: Group,
    asked: Asked,
    restrict: Restriction,
  ) => Promise<Keyed<{ readonly people: number; readonly levels: Readonly<Record<string, number>> | null }>[]>;
  readonly heatBy: (
    reader: Reader,
    asked: Asked,
    restrict: Restriction,
  ) => Promise<(ComplianceCounts & { weekday: number; hour: number })[]>;
  readonly breachCounts: (reader: Reader, asked: Asked, restrict: Restriction) => Promise<BreachCount[]>;
}

/** Longest period of one answer, in days. */
const LONGEST = 366;

const checkPeriod = ({ from, to }: Period): void => {
  if (to >= from && daysBetween(from, to) < LONGEST) return;
  const errors = [{ pointer: '/to', code: 'INVALID', in: 'query' }] as const;
  throw new Problem(400, 'PERIOD_INVALID', { params: { limit: LONGEST }, errors });
};

/** As many days just before. */
const before = ({ from, to, ...only }: Period): Period => {
  const days = daysBetween(from, to) + 1;
  return { ...only, from: addDays(from, -days), to: addDays(from, -1) };
};

const COUNTED = ['onTime', 'late', 'missed', 'overdue', 'excused', 'blocked', 'invalid', 'required'] as const;
const shown = (line: Compliance) => ({
  ...(Object.fromEntries(COUNTED.map((name) => [name, line[name]])) as Record<(typeof COUNTED)[number], number>),
  percent: percentOf(line.rate),
});

/** `YYYY-MM` of the month before. */
const monthBefore = (month: string): string => addDays(`${month}-01`, -1).slice(0, 7);

const difference = (now: number | null, then: number | null): number | null =>
  now === null || then === null ? null : Math.round((now - then) * 10) / 10;

/** The manager's screens: compliance compared, its map over the week, levels of groups, breaches. */
export const createManagerPortal = (dependencies: ManagerDependencies) => {
  const { work, now, visible, complianceBy, levelsBy, heatBy, breachCounts } = dependencies;
  const within =
    (context: Context, column: string): Restriction =>
    (bind) =>
      visible(context, column, bind);

  const namer = async (reader: Reader, by: string, keys: readonly (string | null)[]) => {
    const names =
      by === 'site' || by === 'project'
        ? await namesOf(
            reader,
            by,
            keys.filter((key) => key !== null),
          )
        : new Map<string, string>();
    return (key: string | null): string | null => (key === null ? null : (names.get(key) ?? null));
  };

  /** Reads at one instant; `ask` adds it to a period. */
  const answer = <T extends object>(
    context: Context,
    period: Period,
    read: (reader: Reader, ask: (period: Period) => Asked) => Promise<T>,
  ) => {
    checkPeriod(period);
    const at = now();
    return work.read(context, async (reader) => ({
      from: period.from,
      to: period.to,
      computedAt: at.toISOString(),
      ...(await read(reader, (asked) => ({ ...asked, now: at }))),
    }));
  };

  return {
    compliance: (context: Context, { by, ...period }: Period & { by: Group }) =>
      answer(context, period, async (reader, ask) => {
        const restrict = within(context, 'r.profile_id');
        const earlier = before(period);
        const lines = await complianceBy(reader, by, ask(period), restrict);
        const then = await complianceBy(reader, by, ask(earlier), restrict);
        const known = by === 'month' ? [...then, ...lines] : then;
        const percentThen = new Map(known.map(({ key, rate }) => [key, percentOf(rate)]));
        const nameOf = await namer(
          reader,
          by,
          lines.map(({ key }) => key),
        );
        return {
          total: shown(complianceOf(addCounts(lines))),
          previous: { from: earlier.from, to: earlier.to, total: shown(complianceOf(addCounts(then))) },
          lines: lines.map((line) => {
            const { key } = line;
            const counts = shown(line);
            const previousPercent = percentThen.get(by === 'month' ? monthBefore(key!) : key) ?? null;
            return {
              ...counts,
              key,
              name: nameOf(key),
              previousPercent,
              change: difference(counts.percent, previousPercent),
            };
          }),
        };
      }),

    heatMap: (context: Context, period: Period) =>
      answer(context, period, async (reader, ask) => ({
        cells: (await heatBy(reader, ask(period), within(context, 'r.profile_id'))).map((cell) => ({
          ...shown(complianceOf(cell)),
          weekday: cell.weekday,
          hour: cell.hour,
        })),
      })),

    levels: (context: Context, { by, ...period }: Period & { by: 'project' | 'site' }) =>
      answer(context, period, async (reader, ask) => {
        const lines = await levelsBy(reader, by, ask(period), within(context, 'r.profile_id'));
        const groups = lines.map(({ key, people, levels }) => ({ key: key ?? '', people, values: levels }));
        const nameOf = await namer(
          reader,
          by,
          lines.map(({ key }) => key),
        );
        return {
          lines: suppressSmall(groups).map(({ key, suppressed, people, values }) => ({
            key: key === '' ? null : key,
            name: nameOf(key),
            suppressed,
            people,
            levels: values,
          })),
        };
      }),

    breaches: (context: Context, period: Period) =>
      answer(context, period, async (reader, ask) => {
        const counts = await breachCounts(reader, ask(period), within(context, 'l.profile_id'));
        const nameOf = await namer(
          reader,
          'site',
          counts.map(({ siteId }) => siteId),
        );
        return {
          total: counts.reduce((sum, { count }) => sum + count, 0),
          lines: counts.map((line) => ({ ...line, name: nameOf(line.siteId) })),
        };
      }),
  };
};

export type ManagerPortal = ReturnType<typeof createManagerPortal>;
