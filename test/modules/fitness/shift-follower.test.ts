import { expect } from 'chai';
import { Shift } from '../../../src/modules/workforce/rosters/shifts.repository.ts';
import type { ShiftRow } from '../../../src/modules/workforce/rosters/shifts.repository.ts';
import type { Tx } from '../../../src/platform/db/database.ts';
import type { Repository } from '../../../src/platform/db/repository.ts';
import { systemScope } from '../../../src/platform/db/scope.ts';
import type { TestPerson } from '../../support/people.ts';
import { HOUR, startFitnessCompany } from './company.ts';
import type { FitnessCompany } from './company.ts';

describe('what fitness does with the roster', () => {
  let company: FitnessCompany;
  let shifts: Repository<ShiftRow>;

  before(async () => {
    company = await startFitnessCompany();
    shifts = company.area.followShifts(company.app.platform.repository(Shift));
  });
  after(() => company.close());
  beforeEach(() => company.at(0));

  const write = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    company.app.platform.db.write(systemScope(company.companyId, 'test', 'trace'), work);
  const at = (hours: number): string => new Date(company.start.getTime() + hours * HOUR).toISOString();
  const roster = async (worker: TestPerson): Promise<ShiftRow> => {
    const assignmentId = await company.addAssignment(worker);
    return write((tx) =>
      shifts.insert(tx, {
        assignmentId,
        profileId: worker.profileId,
        projectId: company.projectId,
        workDate: at(0).slice(0, 10),
        kind: 'day',
        source: 'pattern',
        timezone: 'America/Santiago',
        startsAt: at(0),
        endsAt: at(8),
        actualStartAt: null,
        actualEndAt: null,
        status: 'planned',
        cancelledBecause: null,
      }),
    );
  };
  const change = (id: string, patch: Partial<ShiftRow>) =>
    write(async (tx) => shifts.update(tx, await shifts.lock(tx, id), patch));
  const requiredOf = async ({ id }: ShiftRow): Promise<string[]> =>
    (
      await company.client.query<{ status: string }>(
        'select status from requirement where shift_id = $1 and deleted_at is null',
        [id],
      )
    ).rows.map(({ status }) => status);

  it('asks for the tests of a shift in the transaction that makes it, and for none of a cancelled one', async () => {
    const shift = await roster(await company.addWorker());
    expect(await requiredOf(shift)).to.deep.equal(['due']);
    await change(shift.id, { status: 'cancelled', cancelledBecause: 'manager' });
    expect(await requiredOf(shift)).to.deep.equal([]);
  });

  it('lets a case lapse when the shift really ends: later with an extension, earlier when it is over', async () => {
    const worker = await company.addWorker();
    const shift = await roster(worker);
    await company.judge(worker, { level: 'orange', shiftId: shift.id });
    await change(shift.id, { endsAt: at(10) });
    await company.at(9 * HOUR);
    expect((await company.caseOf(worker)).status).to.equal('open');
    await change(shift.id, { status: 'done', actualStartAt: at(0), actualEndAt: at(9) });
    await company.at(9 * HOUR);
    expect((await company.caseOf(worker)).status).to.equal('lapsed');
  });

  it('prolongs restrictions until the end of the shift with the shift', async () => {
    const worker = await company.addWorker();
    const shift = await roster(worker);
    await company.judge(worker, { level: 'orange', shiftId: shift.id });
    const { id } = await company.caseOf(worker);
    await company.move(company.supervisor, id, 'acknowledge');
    const decided = await company.move(company.supervisor, id, 'decide', {
      decision: 'cleared_with_restrictions',
      assessment: { sleepHistory: 'slept well', observation: 'awake and steady' },
      note: 'May work beside others',
      restrictions: { noDriving: false, accompanied: true, noHeights: false, until: null, recheckAt: null },
    });
    expect(decided.status).to.equal(200);
    const until = async (): Promise<unknown[]> => {
      const { rows } = await company.client.query<{ ends_at: Date; until: string }>(
        `select h.ends_at, c.restrictions ->> 'until' as until from hold h join fitness_case c on c.id = h.case_id
         where h.case_id = $1 and h.kind = 'restrictions'`,
        [id],
      );
      return rows.flatMap(({ ends_at, until: told }) => [ends_at.toISOString(), told]);
    };
    expect(await until()).to.deep.equal([at(8), at(8)]);
    await change(shift.id, { endsAt: at(10) });
    expect(await until()).to.deep.equal([at(10), at(10)]);
    await change(shift.id, { status: 'done', actualStartAt: at(0), actualEndAt: at(9) });
    expect(await until()).to.deep.equal([at(10), at(10)]);
  });
});
