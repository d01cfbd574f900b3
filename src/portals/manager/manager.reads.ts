import type { Reader } from '../../platform/db/database.ts';
import type { Restriction } from '../../platform/db/list.ts';

/** What a period of one portal's question is bound by; days are start days of shifts in the zones of their sites. */
export interface Asked {
  readonly from: string;
  readonly to: string;
  readonly now: Date;
  readonly projectId?: string | undefined;
  readonly siteId?: string | undefined;
}

/** Names of sites or projects. */
export const namesOf = async (
  reader: Reader,
  table: 'site' | 'project',
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> => {
  const rows = await reader.prepared<{ id: string; name: string }>(
    `select t.id, t.name from ${table} t where t.company_id = $1 and t.id = any($2::uuid[])`,
    [reader.companyId, ids],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
};

/** SQL that the owner of requirements gives out: which are counted, and what is counted of them. */
export interface Counting {
  readonly fallenDue: (asked: Asked, values: unknown[], restrict: Restriction | undefined) => string;
  readonly counts: string;
}

/** Requirements by the weekday (1: Monday) and hour at which they fell due, by the clock of their site. */
export const heatBy =
  <Counts extends object>({ fallenDue, counts }: Counting) =>
  async (
    reader: Reader,
    asked: Asked,
    restrict: Restriction,
  ): Promise<(Counts & { weekday: number; hour: number })[]> => {
    const values: unknown[] = [reader.companyId];
    const where = fallenDue(asked, values, restrict);
    return reader.prepared(
      `select extract(isodow from r.due_at at time zone coalesce(st.timezone, co.timezone))::int as weekday,
         extract(hour from r.due_at at time zone coalesce(st.timezone, co.timezone))::int as hour, ${counts}
       from requirement r join company co on co.id = $1
       left join site st on st.company_id = $1 and st.id = r.site_id
       where ${where} group by 1, 2 order by 1, 2`,
      values,
    );
  };

export interface BreachCount {
  readonly kind: string;
  readonly siteId: string | null;
  readonly count: number;
  readonly people: number;
}

/** Lines of the breach report, counted by kind and site; `lines` is its `from` with alias `l`. */
export const breachCounts =
  (lines: string) =>
  (reader: Reader, { from, to, siteId }: Asked, restrict: Restriction): Promise<BreachCount[]> => {
    const values: unknown[] = [reader.companyId, from, to];
    const bind = (value: unknown): string => `$${values.push(value)}`;
    const site = siteId === undefined ? '' : ` and l.site_id = ${bind(siteId)}`;
    return reader.prepared(
      `select l.kind, l.site_id as "siteId", count(*)::int as count, count(distinct l.profile_id)::int as people ${lines}
       where l.company_id = $1 and l.shift_date between $2 and $3${site} and ${restrict(bind)}
       group by l.kind, l.site_id order by l.kind, l.site_id`,
      values,
    );
  };
