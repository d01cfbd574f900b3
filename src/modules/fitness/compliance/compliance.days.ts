import type { Scope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { COUNTS, NIL } from './compliance.reads.ts';

/** Days that are counted in one unit of work. */
const AT_ONCE = 31;

/** Days with a requirement that was written since the day was last counted. */
const MARKED = `select distinct shift_date as day from compliance_mark where company_id = $1 order by 1`;
const UNMARK = `delete from compliance_mark where company_id = $1 and shift_date = any($2)`;
const FORGET = `delete from compliance_day where company_id = $1 and shift_date = any($2)`;
/** What is not due yet is counted, too: until `settled_at` nobody reads the day. */
const COUNT = `insert into compliance_day
    (company_id, shift_date, site_id, project_id, settled_at, on_time, late, missed, overdue, excused, blocked, invalid)
  select $1, g.shift_date, coalesce(g.site_id, '${NIL}'), coalesce(g.project_id, '${NIL}'), max(g.due_at) over (partition by g.shift_date),
    g."onTime", g.late, g.missed, g.overdue, g.excused, g.blocked, g.invalid
  from (select r.shift_date, r.site_id, r.project_id, max(r.due_at) as due_at, ${COUNTS}
    from requirement r where r.company_id = $1 and r.deleted_at is null and r.shift_date = any($2)
    group by r.shift_date, r.site_id, r.project_id) g`;

const FORGET_MONTHS = `delete from compliance_month where company_id = $1 and month = any($2)`;
const COUNT_MONTHS = `insert into compliance_month
    (company_id, month, site_id, project_id, settled_at, on_time, late, missed, overdue, excused, blocked, invalid)
  select $1, m.month, d.site_id, d.project_id, max(max(d.settled_at)) over (partition by m.month), sum(d.on_time), sum(d.late),
    sum(d.missed), sum(d.overdue), sum(d.excused), sum(d.blocked), sum(d.invalid)
  from unnest($2::date[]) m(month) join compliance_day d on d.company_id = $1
    and d.shift_date >= m.month and d.shift_date < m.month + interval '1 month'
  group by m.month, d.site_id, d.project_id`;

/**
 * Keeps the totals of a company's days, and of the months that they lie in: counts those anew on which a requirement was written since they were last counted
 * (`withMarks`). Marks go before the count: what is committed in between leaves its own, so the
 * day is counted from its rows until the next run.
 */
export const createDayTotals =
  ({ work }: { readonly work: UnitOfWork }) =>
  async (scope: Scope, signal: AbortSignal): Promise<void> => {
    const marked = await work.read({ scope }, (reader) => reader.prepared<{ day: string }>(MARKED, [reader.companyId]));
    for (let from = 0; from < marked.length; from += AT_ONCE) {
      signal.throwIfAborted();
      const days = marked.slice(from, from + AT_ONCE).map(({ day }) => day);
      await work.write({ scope }, async (tx) => {
        for (const statement of [UNMARK, FORGET, COUNT]) await tx.prepared(statement, [tx.companyId, days]);
        const months = [...new Set(days.map((day) => `${day.slice(0, 7)}-01`))];
        for (const statement of [FORGET_MONTHS, COUNT_MONTHS]) await tx.prepared(statement, [tx.companyId, months]);
      });
    }
  };
