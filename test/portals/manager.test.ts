import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { dateAt } from '../../src/platform/time/zone.ts';
import { DECISION, HOUR, MINUTE, startFitnessCompany } from '../modules/fitness/company.ts';
import type { FitnessCompany } from '../modules/fitness/company.ts';
import { addPerson, addReportingLine } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';
import { storeRequirement } from './requirements.ts';

interface Counts {
  readonly onTime: number;
  readonly missed: number;
  readonly required: number;
  readonly excused: number;
  readonly percent: number | null;
}
interface Comparison {
  readonly total: Counts;
  readonly previous: { readonly from: string; readonly to: string; readonly total: Counts };
  readonly lines: readonly (Counts & {
    readonly key: string | null;
    readonly name: string | null;
    readonly previousPercent: number | null;
    readonly change: number | null;
  })[];
}

describe('the screens of managers', () => {
  let company: FitnessCompany;
  let otherSite: string;
  /** Ten workers at the site of the company, two at another. */
  let workers: TestPerson[];
  const PERIOD = 'from=2026-03-09&to=2026-03-15';

  const require = (
    who: TestPerson,
    day: string,
    status: string,
    over: { siteId?: string; level?: string; dueAt?: string } = {},
  ) =>
    storeRequirement(company.client, {
      companyId: company.companyId,
      profileId: who.profileId,
      day,
      dueAt: new Date(over.dueAt ?? `${day}T10:00:00Z`),
      status,
      projectId: company.projectId,
      siteId: over.siteId ?? company.siteId,
      level: over.level ?? null,
    });

  before(async () => {
    company = await startFitnessCompany();
    otherSite = uuidv7();
    await company.client.query(
      `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at) values ($1, $2, '/' || $2::uuid || '/', 1, 'S2', 'Planta', 'America/Santiago', $3, $3)`,
      [company.companyId, otherSite, company.start],
    );
    workers = [];
    for (let n = 0; n < 12; n += 1) workers.push(await company.addWorker());
    for (const [n, worker] of workers.entries()) {
      const siteId = n < 10 ? company.siteId : otherSite;
      await require(worker, '2026-03-03', n % 2 === 0 ? 'done_on_time' : 'missed', { siteId });
      await require(worker, '2026-03-10', n === 0 ? 'done_late' : 'done_on_time', { siteId, level: 'green' });
    }
    await require(workers[1]!, '2026-03-11', 'excused');
    await require(workers[1]!, '2026-03-12', 'blocked');
    // 22:00 in Santiago: the day after by the clock of UTC.
    await require(workers[2]!, '2026-03-15', 'missed', { dueAt: '2026-03-16T01:00:00Z' });
  });
  after(() => company.close());

  const read = async <T>(path: string, who: TestPerson = company.manager): Promise<T> => {
    const { status, body } = await company.ask(who, 'get', path);
    expect(status, JSON.stringify(body)).to.equal(200);
    return body as unknown as T;
  };

  it('compare each month with the one before', async () => {
    const { total, lines } = await read<Comparison>('/manager/compliance?by=month&from=2026-02-01&to=2026-03-31');
    const [march] = lines.filter(({ key }) => key === '2026-03');
    expect(march).to.deep.include({ required: total.required, percent: total.percent, previousPercent: null });
    await require(workers[0]!, '2026-02-27', 'done_on_time');
    await require(workers[0]!, '2026-02-28', 'missed');
    const both = await read<Comparison>('/manager/compliance?by=month&from=2026-02-01&to=2026-03-31');
    expect(both.lines.map(({ key, previousPercent }) => [key, previousPercent])).to.deep.equal([
      ['2026-02', null],
      ['2026-03', 50],
    ]);
    const alone = await read<Comparison>('/manager/compliance?by=month&from=2026-03-01&to=2026-03-31');
    expect(alone.lines[0]).to.deep.include(both.lines[1]);
    await company.client.query(`delete from requirement where shift_date < '2026-03-01'`);
  });

  it('compare compliance with as many days before, by the one count', async () => {
    const { total, previous, lines } = await read<Comparison>(`/manager/compliance?by=site&${PERIOD}`);
    expect(total).to.include({ onTime: 11, late: 1, missed: 1, excused: 1, blocked: 1, required: 15, percent: 84.6 });
    expect(previous).to.deep.include({ from: '2026-03-02', to: '2026-03-08' });
    expect(previous.total).to.include({ onTime: 6, missed: 6, percent: 50 });
    const byKey = new Map(lines.map((line) => [line.key, line]));
    expect(byKey.get(company.siteId)).to.include({ name: 'Faena', percent: 81.8, previousPercent: 50, change: 31.8 });
    expect(byKey.get(otherSite)).to.include({ name: 'Planta', percent: 100, previousPercent: 50, change: 50 });
    const api = await read<{ lines: readonly Counts[] }>(`/fitness/compliance?by=total&${PERIOD}`);
    expect(api.lines[0]).to.include({ onTime: total.onTime, required: total.required, excused: total.excused });
  });

  it('give the same whole by day, project, shift and hour of the week', async () => {
    const { total } = await read<Comparison>(`/manager/compliance?by=site&${PERIOD}`);
    for (const by of ['day', 'project', 'shift'])
      expect((await read<Comparison>(`/manager/compliance?by=${by}&${PERIOD}`)).total, by).to.deep.equal(total);
    const { cells } = await read<{ cells: readonly (Counts & { weekday: number; hour: number })[] }>(
      `/manager/heat-map?${PERIOD}`,
    );
    expect(cells.reduce((sum, { required }) => sum + required, 0)).to.equal(total.required);
    const places = cells.map(({ weekday, hour, required }) => `${weekday} ${hour}: ${required}`);
    // Due at 10:00 UTC: 7:00 in Santiago's summer; what fell due on Sunday night stays on Sunday.
    expect(places).to.deep.equal(['2 7: 12', '3 7: 1', '4 7: 1', '7 22: 1']);
  });

  it('narrow to a project or a site', async () => {
    const { total } = await read<Comparison>(`/manager/compliance?by=day&siteId=${otherSite}&${PERIOD}`);
    expect(total).to.include({ required: 2, onTime: 2 });
    const none = await read<Comparison>(`/manager/compliance?by=day&projectId=${uuidv7()}&${PERIOD}`);
    expect(none.total).to.include({ required: 0, percent: null });
  });

  it('hide the levels of groups in which a person could be told', async () => {
    const levels = () =>
      read<{ lines: readonly { key: string; suppressed: boolean; people: number | null; levels: object | null }[] }>(
        `/manager/levels?by=site&${PERIOD}`,
      );
    const hidden = { suppressed: true, people: null, levels: null };
    for (const line of (await levels()).lines) expect(line).to.deep.include(hidden);
    const third = uuidv7();
    await company.client.query(
      `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at) values ($1, $2, '/' || $2::uuid || '/', 1, 'S3', 'Puerto', 'America/Santiago', $3, $3)`,
      [company.companyId, third, company.start],
    );
    for (const worker of workers.slice(0, 6))
      await require(worker, '2026-03-13', 'done_on_time', { siteId: third, level: 'yellow' });
    const { lines } = await levels();
    const shown = lines.filter(({ suppressed }) => !suppressed);
    expect(shown.map(({ key, people, levels: mix }) => ({ key, people, mix }))).to.deep.equal([
      { key: company.siteId, people: 10, mix: { green: 10, yellow: 0, orange: 0, red: 0, invalid: 0, none: 0 } },
    ]);
    expect(lines.filter(({ suppressed }) => suppressed)).to.have.length(2);
  });

  it('count the lines of the breach report', async () => {
    const { total, lines } = await read<{ total: number; lines: readonly object[] }>(`/manager/breaches?${PERIOD}`);
    expect(lines).to.deep.equal([{ kind: 'missed_test', siteId: company.siteId, name: 'Faena', count: 1, people: 1 }]);
    const { items } = await read<{ items: readonly object[] }>(`/fitness/breaches?${PERIOD}`);
    expect(items).to.have.length(total);
  });

  it('end where the caller’s people end', async () => {
    const manager = await addPerson(company.app, { companyId: company.companyId, roles: ['manager'] });
    await addReportingLine(
      company.app,
      manager,
      await addPerson(company.app, { companyId: company.companyId, roles: ['worker'] }),
    );
    expect((await read<Comparison>(`/manager/compliance?by=day&${PERIOD}`, manager)).total.required).to.equal(0);
    expect((await read<{ cells: object[] }>(`/manager/heat-map?${PERIOD}`, manager)).cells).to.deep.equal([]);
    expect((await read<{ total: number }>(`/manager/breaches?${PERIOD}`, manager)).total).to.equal(0);
    for (const path of ['compliance?by=day&', 'heat-map?', 'levels?by=site&', 'breaches?'])
      expect((await company.ask(company.worker, 'get', `/manager/${path}${PERIOD}`)).status).to.equal(403);
  });

  it('refuse a period that runs backwards, or over a year', async () => {
    for (const period of ['from=2026-03-15&to=2026-03-09', 'from=2025-01-01&to=2026-03-09'])
      expect((await company.ask(company.manager, 'get', `/manager/heat-map?${period}`)).body).to.include({
        code: 'PERIOD_INVALID',
      });
  });

  describe('the first screen', () => {
    interface Dashboard {
      readonly own: { testsDue: number; held: boolean } | null;
      readonly board?: {
        people: number;
        onShift: number;
        held: number;
        undecided: number;
        unacknowledged: number;
        missing: number;
      };
      readonly cases?: { opened: number; minutesToAcknowledge: number | null };
      readonly compliance?: { today: number | null; week: number | null; days: readonly object[] };
      readonly company?: { activeProfiles: number; seats: readonly object[] };
    }
    const screen = (who: TestPerson) => read<Dashboard>('/dashboard', who);

    it('shows each role what it may see', async () => {
      const person = (role: string) => addPerson(company.app, { companyId: company.companyId, roles: [role] });
      const partsOf = async (who: TestPerson) =>
        Object.keys(await screen(who)).filter((name) => !['at', 'timezone'].includes(name));
      expect(await partsOf(company.worker)).to.deep.equal(['own']);
      expect(await partsOf(company.supervisor)).to.deep.equal(['own', 'board', 'cases']);
      expect(await partsOf(company.manager)).to.deep.equal(['own', 'board', 'cases', 'compliance']);
      expect(await partsOf(await person('admin'))).to.deep.equal(['own', 'company']);
      expect(await partsOf(await person('auditor'))).to.deep.equal(['own', 'board', 'cases', 'compliance']);
    });

    it('counts the people whom the caller reaches, now', async () => {
      const person = (role: string) => addPerson(company.app, { companyId: company.companyId, roles: [role] });
      const [manager, supervisor] = [await person('manager'), await person('supervisor')];
      const [first, second] = [await person('worker'), await person('worker')];
      await addReportingLine(company.app, manager, supervisor);
      for (const worker of [first, second]) await addReportingLine(company.app, supervisor, worker);
      await company.addShift(first, { startsAt: new Date(company.start.getTime() - HOUR), status: 'started' });
      await company.judge(second, { level: 'orange' });
      const { id } = await company.caseOf(second);
      expect((await screen(supervisor)).board).to.deep.equal({
        people: 2,
        onShift: 1,
        held: 1,
        undecided: 1,
        unacknowledged: 1,
        missing: 0,
      });
      expect((await screen(manager)).board).to.include({ people: 3, held: 1 });
      expect((await screen(second)).own).to.include({ held: true });
      await company.at(7 * MINUTE);
      await company.move(supervisor, id, 'acknowledge');
      expect((await screen(supervisor)).cases).to.include({ opened: 1, minutesToAcknowledge: 7 });
      await company.move(supervisor, id, 'decide', DECISION);
      expect((await screen(supervisor)).board).to.include({ held: 0, undecided: 0 });
      await company.at(0);
    });

    it('has the same compliance as everywhere', async () => {
      const day = dateAt(company.start, 'America/Santiago');
      const manager = await addPerson(company.app, { companyId: company.companyId, roles: ['manager'] });
      const worker = await addPerson(company.app, { companyId: company.companyId, roles: ['worker'] });
      await addReportingLine(company.app, manager, worker);
      const { companyId, client } = company;
      const due = { companyId, profileId: worker.profileId, day, dueAt: new Date(company.start.getTime() - HOUR) };
      for (const status of ['done_on_time', 'done_on_time', 'missed'])
        await storeRequirement(client, { ...due, status });
      const { compliance } = await screen(manager);
      expect(compliance).to.include({ month: 66.7, week: 66.7 });
      const { total } = await read<Comparison>(`/manager/compliance?by=day&from=${day}&to=${day}`, manager);
      expect(total.percent).to.equal(66.7);
      const board = await read<{ compliance: readonly Counts[] }>('/supervisor/board', manager);
      expect(board.compliance).to.deep.equal([{ ...total, day }]);
      const { lines } = await read<{ lines: readonly Counts[] }>(`/fitness/compliance?from=${day}&to=${day}`, manager);
      expect(board.compliance[0]).to.include({ onTime: lines[0]!.onTime, missed: lines[0]!.missed, required: 3 });
    });
  });
});
