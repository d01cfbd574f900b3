import { expect } from 'chai';
import {
  complianceOf,
  countRequirements,
  REQUIREMENT_STATUSES,
  SMALLEST_HEALTH_GROUP,
} from '../../../../src/modules/fitness/compliance/compliance.ts';
import { withBulkMarks, withMarks } from '../../../../src/modules/fitness/requirements/marks.ts';
import { Requirement } from '../../../../src/modules/fitness/requirements/requirements.repository.ts';
import type { RequirementRow } from '../../../../src/modules/fitness/requirements/requirements.repository.ts';
import { createDayTotals } from '../../../../src/modules/fitness/compliance/compliance.days.ts';
import { complianceBy, levelsBy } from '../../../../src/modules/fitness/compliance/compliance.reads.ts';
import { addDays } from '../../../../src/platform/time/zone.ts';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import type { TestPerson } from '../../../support/people.ts';
import { DECISION, HOUR, startFitnessCompany } from '../company.ts';
import type { FitnessCompany } from '../company.ts';

interface Row {
  profile_id: string;
  shift_id: string;
  day: string;
  project_id: string;
  status: (typeof REQUIREMENT_STATUSES)[number];
  due_at: Date;
  had_invalid: boolean;
}

describe('compliance', () => {
  let company: FitnessCompany;
  let rows: Row[];

  /** Requirements of 60 shifts of five people over 12 days, in every status; some are not due yet. */
  before(async () => {
    company = await startFitnessCompany();
    const people: TestPerson[] = [company.worker, company.colleague];
    while (people.length < 5) people.push(await company.addWorker());
    const ids: string[] = [];
    for (const [n, worker] of people.entries())
      for (let index = 0; index < 12; index += 1) {
        const startsAt = new Date(company.start.getTime() + (index - 10) * 24 * HOUR + n * HOUR);
        ids.push(await company.addShift(worker, { startsAt }));
      }
    const scope = systemScope(company.companyId, 'test', 'trace');
    await company.app.platform.db.write(scope, (tx) => company.area.generation.forShiftIds(tx, ids));
    await company.client.query(
      `update requirement r set status = (array['due', 'done_on_time', 'done_late', 'missed', 'excused', 'blocked', 'done_on_time'])[n % 7 + 1],
         had_invalid = n % 5 = 0, level = (array['green', 'yellow', 'red'])[n % 3 + 1]
       from (select id, row_number() over (order by id)::int as n from requirement) x where x.id = r.id`,
    );
    rows = (
      await company.client.query<Row>(
        `select profile_id, shift_id, to_char(shift_date, 'YYYY-MM-DD') as day, project_id, status, due_at, had_invalid from requirement`,
      )
    ).rows;
  });
  after(() => company.close());

  const period = () => {
    const days = rows.map(({ day }) => day).toSorted();
    return { from: days[0]!, to: days.at(-1)!, now: company.start };
  };
  const oracle = (kept: readonly Row[]) =>
    complianceOf(
      countRequirements(
        kept.map(({ status, due_at, had_invalid }) => ({ status, dueAt: due_at, hadInvalid: had_invalid })),
        company.start,
      ),
    );
  const read = <T>(work: (reader: Parameters<typeof complianceBy>[0]) => Promise<T>): Promise<T> =>
    company.app.platform.db.read(systemScope(company.companyId, 'test', 'trace'), work);

  it('is the number of the rule, whole and in every group', async () => {
    const [total] = await read((reader) => complianceBy(reader, 'total', period()));
    expect(total).to.deep.equal({ key: null, ...oracle(rows) });
    expect(total!.rate.denominator).to.be.greaterThan(20);
    const keys = { day: 'day', project: 'project_id', shift: 'shift_id' } as const;
    for (const [group, column] of Object.entries(keys) as ['day', 'day'][]) {
      const lines = await read((reader) => complianceBy(reader, group, period()));
      const due = rows.filter(({ due_at }) => due_at <= company.start);
      const wanted = [...new Set(due.map((row) => row[column]))].toSorted();
      expect(lines).to.deep.equal(wanted.map((key) => ({ key, ...oracle(due.filter((row) => row[column] === key)) })));
    }
  });

  it('counts a night on the day that it starts on, at its site', async () => {
    const worker = await company.addWorker();
    const startsAt = new Date('2026-03-01T02:00:00Z');
    const shiftId = await company.addShift(worker, { startsAt, kind: 'night' });
    const scope = systemScope(company.companyId, 'test', 'trace');
    await company.app.platform.db.write(scope, (tx) => company.area.generation.forShiftIds(tx, [shiftId]));
    const days = { from: '2026-02-28', to: '2026-03-01', now: company.start };
    const lines = await read((reader) => complianceBy(reader, 'day', days));
    expect(lines.map(({ key, overdue }) => [key, overdue])).to.deep.equal([['2026-02-28', 1]]);
  });

  it('is the same number through the API, for what the caller reaches', async () => {
    const { from, to } = period();
    const path = `/fitness/compliance?from=${from}&to=${to}`;
    const all = await company.ask(company.manager, 'get', path);
    const [expected] = await read((reader) => complianceBy(reader, 'total', period()));
    expect(all.body['lines']).to.deep.equal([expected]);
    expect((await company.ask(company.worker, 'get', path)).status).to.equal(403);
    const { addPerson } = await import('../../../support/people.ts');
    const stranger = await addPerson(company.app, { companyId: company.companyId, roles: ['manager'] });
    expect((await company.ask(stranger, 'get', path)).body['lines']).to.deep.equal([]);
    expect((await company.ask(company.manager, 'get', `/fitness/compliance?from=${to}&to=${from}`)).status).to.equal(
      400,
    );
  });

  it('shows no levels where fewer than five people stand behind them', async () => {
    const [total] = await read((reader) => levelsBy(reader, 'total', period()));
    expect(total!.people).to.equal(SMALLEST_HEALTH_GROUP);
    const due = rows.filter(({ due_at }) => due_at <= company.start);
    const { green, yellow, red } = total!.levels!;
    expect(green + yellow + red).to.equal(due.length);
    const lines = await read((reader) => levelsBy(reader, 'shift', period()));
    expect(lines.every(({ levels }) => levels === null)).to.equal(true);
  });

  it('has beside it everything that went against the rules', async () => {
    const worker = await company.addWorker();
    const shiftId = await company.addShift(worker, { hours: 4 });
    await company.judge(worker, { level: 'orange', shiftId });
    const asked = { profileId: worker.profileId, purpose: 'shift_start', shiftId };
    const decision = await company.ask(company.manager, 'post', '/gate/decisions', asked);
    const [reason] = decision.body['reasons'] as { key: string }[];
    const override = await company.ask(company.manager, 'post', `/gate/decisions/${decision.body.id}/override`, {
      reasonKeys: [reason!.key],
      endsAt: new Date(company.start.getTime() + HOUR).toISOString(),
      reason: 'rescue',
    });
    expect(override.status).to.equal(201);
    await company.at(4 * HOUR);
    const late = new Date(company.start.getTime() - 30 * HOUR).toISOString();
    await company.judge(worker, { level: 'red', takenAt: late, arrivalFlags: ['LATE'] });
    const { id } = await company.caseOf(worker);
    await company.move(company.manager, id, 'decide', DECISION);
    const report = await company.ask(company.manager, 'get', `/fitness/breaches?profileId=${worker.profileId}`);
    const lines = report.body['items'] as { kind: string; shiftId: string | null; shiftDate: string; reason: string }[];
    expect(lines.map(({ kind }) => kind)).to.deep.equal(['undecided', 'override', 'late_result']);
    expect(lines[1]).to.include({ shiftId, reason: 'rescue' });
    for (const line of lines as unknown as { id: string }[]) {
      const one = await company.ask(company.manager, 'get', `/fitness/breaches/${line.id}`);
      expect([one.status, one.body]).to.deep.equal([200, line]);
    }
    const { addPerson } = await import('../../../support/people.ts');
    const stranger = await addPerson(company.app, { companyId: company.companyId, roles: ['manager'] });
    const [first] = report.body['items'] as { id: string }[];
    expect((await company.ask(stranger, 'get', `/fitness/breaches/${first!.id}`)).status).to.equal(404);
    expect(lines[1]!.shiftDate).to.equal(lines[0]!.shiftDate);
    const missed = await company.ask(company.manager, 'get', '/fitness/breaches?kind=missed_test&limit=200');
    expect(missed.body['items']).to.have.length(rows.filter(({ status }) => status === 'missed').length);
  });

  describe('from the totals of days', () => {
    const GROUPS = ['total', 'day', 'month', 'project', 'site'] as const;
    const scope = () => systemScope(company.companyId, 'test', 'trace');
    const keepTotals = () => createDayTotals(company.app.platform)(scope(), new AbortController().signal);
    /** The month of the last day, from its beginning to its end. */
    const month = () => {
      const from = `${period().to.slice(0, 7)}-01`;
      return { from, to: addDays(`${addDays(from, 31).slice(0, 7)}-01`, -1) };
    };
    /** Every group, with and without filters, at instants before, in and after what is due: whole, and from the rows. */
    const expectOneNumber = () =>
      read(async (reader) => {
        const { from, to, now } = period();
        for (const group of GROUPS)
          for (const hours of [0, -30, 60, 24 * 40])
            for (const only of [
              {},
              { siteId: company.siteId },
              { projectId: company.projectId },
              { to: month().to },
              { ...month(), siteId: company.siteId },
            ]) {
              const asked = { from, to, now: new Date(now.getTime() + hours * HOUR), ...only };
              const whole = await complianceBy(reader, group, asked);
              const live = await complianceBy(reader, group, asked, () => 'r.profile_id is not null');
              expect(whole, `${group} ${hours} ${JSON.stringify(only)}`).to.deep.equal(live);
            }
      });
    const onTimeOf = async (day: string) => {
      const [line] = await read((reader) => complianceBy(reader, 'total', { from: day, to: day, now: period().now }));
      return line?.onTime ?? 0;
    };
    const firstDay = () => period().from;
    const marks = async () =>
      (await company.client.query<{ n: number }>('select count(*)::int as n from compliance_mark')).rows[0]!.n;
    const idsOf = async (day: string) =>
      (await company.client.query<{ id: string }>('select id from requirement where shift_date = $1', [day])).rows.map(
        ({ id }) => id,
      );
    /** Writes the requirements of a day as the program does: by their repository, or many at once. */
    const write = (day: string, patch: Partial<RequirementRow>, meanwhile = () => Promise.resolve()) =>
      company.app.platform.db.write(scope(), async (tx) => {
        const rowsOf = withMarks(company.app.platform.repository(Requirement));
        for (const id of await idsOf(day)) await rowsOf.update(tx, await rowsOf.lock(tx, id), patch);
        await meanwhile();
      });
    const writeMany = (day: string, patch: Partial<RequirementRow>) =>
      company.app.platform.db.write(scope(), async (tx) => {
        const bulk = withBulkMarks(company.app.platform.bulk(Requirement));
        const locked = await bulk.lockMany(tx, await idsOf(day));
        await bulk.updateMany(
          tx,
          locked.map((row) => ({ row, patch })),
        );
      });

    it('is the same number before any was kept, when all are, and when days were written since', async () => {
      expect(await marks()).to.be.greaterThan(0);
      await expectOneNumber();
      await keepTotals();
      expect(await marks()).to.equal(0);
      await expectOneNumber();
      await write(firstDay(), { status: 'excused' });
      await writeMany(period().to, { status: 'missed' });
      expect(await marks()).to.equal(2);
      await expectOneNumber();
      await keepTotals();
      await expectOneNumber();
    });

    it('is read from them, and no longer once something of the day was written', async () => {
      await company.client.query('update compliance_day set on_time = 1000 where shift_date = $1', [firstDay()]);
      expect(await onTimeOf(firstDay())).to.equal(1000);
      await write(firstDay(), { attempts: 3 });
      expect(await onTimeOf(firstDay()), 'nothing that counts was written').to.equal(1000);
      await writeMany(firstDay(), { hadInvalid: true });
      expect(await onTimeOf(firstDay())).to.equal(0);
      await keepTotals();
      expect(await onTimeOf(firstDay())).to.equal(0);
    });

    it('is read from those of a month that is over and in the period as a whole, until something in it was written', async () => {
      const now = new Date(period().now.getTime() + 40 * 24 * HOUR);
      const onTime = async (asked: object, group: (typeof GROUPS)[number] = 'total') => {
        const lines = await read((reader) => complianceBy(reader, group, { ...month(), now, ...asked }));
        return Math.max(...lines.map((line) => line.onTime));
      };
      await company.client.query('update compliance_month set on_time = 1000 where month = $1', [month().from]);
      expect([await onTime({}), await onTime({}, 'month'), await onTime({}, 'site')]).to.deep.equal([1000, 1000, 1000]);
      expect(await onTime({}, 'day')).to.be.lessThan(1000);
      expect(await onTime({ to: addDays(month().to, -1) }), 'not as a whole').to.be.lessThan(1000);
      expect(await onTime({ now: period().now }), 'not over').to.be.lessThan(1000);
      await writeMany(period().to, { status: 'excused' });
      expect(await onTime({}), 'written since').to.be.lessThan(1000);
      await keepTotals();
      expect(await onTime({})).to.be.lessThan(1000);
      await expectOneNumber();
    });

    it('misses nothing that is committed while they are kept', async () => {
      await write(firstDay(), { status: 'done_on_time' }, async () => {
        await writeMany(period().to, { hadInvalid: true });
        await keepTotals();
      });
      expect(await onTimeOf(firstDay())).to.be.greaterThan(0);
      await expectOneNumber();
      await keepTotals();
      expect(await marks()).to.equal(0);
      await expectOneNumber();
    });

    it('follows requirements that move to another day or are deleted', async () => {
      await write(firstDay(), { shiftDate: period().to });
      await expectOneNumber();
      await company.app.platform.db.write(scope(), async (tx) => {
        const rowsOf = withMarks(company.app.platform.repository(Requirement));
        for (const id of await idsOf(period().to)) await rowsOf.remove(tx, await rowsOf.lock(tx, id));
      });
      await expectOneNumber();
      await keepTotals();
      await expectOneNumber();
    });
  });
});
