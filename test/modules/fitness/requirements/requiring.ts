import type { TestPerson } from '../../../support/people.ts';
import { HOUR } from '../company.ts';
import type { FitnessCompany } from '../company.ts';

interface Row {
  id: string;
  kind: string;
  status: string;
  window_from: Date;
  due_at: Date;
  version: number;
  level: string | null;
  had_invalid: boolean;
  review_drawn: boolean;
  blocked_because: string | null;
  detected: object | null;
}

/** Required tests of a company that is under test. */
export const requiringOf = (company: FitnessCompany) => {
  const tick: FitnessCompany['tick'] = (name) => company.tick(name);
  const rowsOf = async ({ profileId }: TestPerson): Promise<Row[]> =>
    (
      await company.client.query<Row>(
        'select * from requirement where company_id = $1 and profile_id = $2 and deleted_at is null order by due_at, id',
        [company.companyId, profileId],
      )
    ).rows;
  const inHours = (hours: number) => new Date(company.start.getTime() + hours * HOUR);
  const move = async (who: TestPerson, row: Row, name: string, body?: object) => {
    const { rows } = await company.client.query<Row>('select version from requirement where id = $1', [row.id]);
    return company.ask(who, 'post', `/fitness/requirements/${row.id}/${name}`, body, rows[0]!.version);
  };
  /** A worker with one shift in two hours, and what it requires. */
  const withShift = async (high = false, superior?: TestPerson) => {
    const worker = await company.addWorker(high, superior);
    const shiftId = await company.addShift(worker, { startsAt: inHours(2), hours: 8 });
    await tick('generate');
    const [row] = await rowsOf(worker);
    return { worker, shiftId, row: row! };
  };
  return { tick, rowsOf, inHours, move, withShift };
};
