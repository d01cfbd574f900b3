import { addCounts, complianceOf, percentOf } from '../../modules/fitness/compliance/compliance.ts';
import type { Compliance } from '../../modules/fitness/compliance/compliance.ts';
import { isUnbounded } from '../../platform/access/allowance.ts';
import type { Allowance } from '../../platform/access/allowance.ts';
import type { Decide } from '../../platform/access/decision.ts';
import type { Reader } from '../../platform/db/database.ts';
import type { Bind, Restriction } from '../../platform/db/list.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import type { Context } from '../../platform/http/context.ts';
import { addDays, dateAt } from '../../platform/time/zone.ts';
import { boardFigures, caseFigures, companyFigures, ownFigures } from './dashboard.reads.ts';

type Caller = Pick<Context, 'principal' | 'allowance'>;

interface DashboardDependencies {
  readonly work: UnitOfWork;
  readonly decide: Decide;
  readonly visible: (caller: Caller, idExpression: string, bind: Bind) => string;
  readonly complianceByDay: (
    reader: Reader,
    asked: { from: string; to: string; now: Date },
    restrict: Restriction,
  ) => Promise<(Compliance & { readonly key: string | null })[]>;
  readonly now: () => Date;
}

/** Days of the trend, today included. */
const DAYS = 30;
const WEEK = 7;
const DAY_MS = 86_400_000;

/** The figures of a role's first screen: each part is there when its permission is, bound by how far that reaches. */
export const createDashboard = ({ work, decide, visible, complianceByDay, now }: DashboardDependencies) => {
  const held = ({ principal }: Context, permission: string): Allowance | undefined => {
    const decision = decide(principal, permission);
    return decision.allowed ? decision : undefined;
  };
  const within =
    (context: Context, allowance: Allowance, column: string): Restriction =>
    (bind) =>
      visible({ principal: context.principal, allowance }, column, bind);

  const compliance = async (reader: Reader, context: Context, allowance: Allowance, at: Date) => {
    const to = dateAt(at, context.principal.timezone);
    const asked = { from: addDays(to, 1 - DAYS), to, now: at };
    const lines = await complianceByDay(reader, asked, within(context, allowance, 'r.profile_id'));
    const since = (days: number) => lines.filter(({ key }) => (key ?? '') >= addDays(to, 1 - days));
    const percent = (some: typeof lines) => percentOf(complianceOf(addCounts(some)).rate);
    return {
      from: asked.from,
      to,
      today: percent(since(1)),
      week: percent(since(WEEK)),
      month: percent(lines),
      days: lines.map(({ key, rate }) => ({ day: key ?? '', percent: percentOf(rate) })),
    };
  };

  return {
    read: (context: Context) =>
      work.read(context, async (reader) => {
        const at = now();
        const month = new Date(at.getTime() - DAYS * DAY_MS);
        const { profileId } = context.principal;
        const board = held(context, 'fitness:board:read');
        const cases = held(context, 'fitness:case:read');
        const counted = held(context, 'fitness:compliance:read');
        const admin = held(context, 'organization:profile:write');
        return {
          at: at.toISOString(),
          timezone: context.principal.timezone,
          own: profileId === null ? null : await ownFigures(reader, profileId, at),
          board: board && (await boardFigures(reader, profileId, at, within(context, board, 'p.id'))),
          cases: cases && (await caseFigures(reader, month, within(context, cases, 'c.profile_id'))),
          compliance: counted && (await compliance(reader, context, counted, at)),
          company: admin !== undefined && isUnbounded(admin) ? await companyFigures(reader, month) : undefined,
        };
      }),
  };
};

export type Dashboard = ReturnType<typeof createDashboard>;
