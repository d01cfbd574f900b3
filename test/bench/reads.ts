import { expect } from 'chai';
import { complianceBy } from '../../src/modules/fitness/compliance/compliance.reads.ts';
import type { ComplianceLine } from '../../src/modules/fitness/compliance/compliance.reads.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import type { Place } from './place.ts';
import { against, interleave, speed, timed } from './measure.ts';
import type { Row } from './measure.ts';
import { keepTotals, YEAR } from './pages.ts';

/** Ours in a round: together they take about as long as the baseline once. */
const TIMES = 50;

const NAIVE = `
  select site_id::text as key, count(*) filter (where status = 'done_on_time')::int as "onTime",
    count(*) filter (where status = 'done_late')::int as late, count(*) filter (where status = 'missed')::int as missed,
    count(*) filter (where status = 'excused')::int as excused, count(*) filter (where had_invalid)::int as invalid
  from requirement where company_id = $1 and deleted_at is null and shift_date between $2 and $3 and due_at <= $4
  group by site_id order by site_id`;

/** Read models as user `app`, under row level security. */
export const reads = async ({ database, client, companyId, rounds }: Place): Promise<Row[]> => {
  const db = openDatabase(database).open({ observed: false });
  try {
    const now = new Date();
    const period = { ...YEAR, now };
    const ours = () => db.read(scopeOf(companyId), (reader) => complianceBy(reader, 'site', period), { once: true });
    const often = async () => {
      for (let n = 0; n < TIMES; n += 1) await ours();
    };
    const naive = async () =>
      (await client.query<ComplianceLine>(NAIVE, [companyId, period.from, period.to, now])).rows;
    await keepTotals(database, client, [companyId]);
    const counts = ({ key, onTime, late, missed, excused, invalid }: ComplianceLine) => ({
      key,
      onTime,
      late,
      missed,
      excused,
      invalid,
    });
    expect((await ours()).map(counts)).to.deep.equal(await naive());
    const [own, theirs] = await interleave([async () => (await timed(often)) / TIMES, () => timed(naive)], rounds);
    return [
      speed(
        {
          work: 'compliance of a year by site',
          baseline: against('GROUP BY on raw rows', theirs!, ' ms', 1),
          unit: 'ms',
        },
        own!,
        theirs!,
        50,
      ),
    ];
  } finally {
    await db.close();
  }
};
