import { expect } from 'chai';
import { FitnessCase } from '../../src/modules/fitness/cases/cases.repository.ts';
import { createBoard } from '../../src/portals/supervisor/board.reads.ts';
import { scopeOf } from '../support/companies.ts';
import { addDepartment, addPerson, addReportingLine, giveWithin } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';
import { DECISION, HOUR, MINUTE, startFitnessCompany } from '../modules/fitness/company.ts';
import type { FitnessCompany } from '../modules/fitness/company.ts';
import { storeRequirement } from './requirements.ts';
import { storeResult } from './results.ts';

interface Line {
  readonly profileId: string;
  readonly shift: { readonly id: string; readonly status: string } | null;
  readonly requirements: readonly { readonly kind: string; readonly status: string }[];
  readonly missing: number;
  readonly latest: { readonly level: string } | null;
  readonly hold: { readonly level: string } | null;
  readonly restrictions: readonly object[];
  readonly trend: readonly { readonly day: string; readonly level: string }[];
  readonly case: { readonly id: string; readonly version: number; readonly status: string } | null;
  readonly actions: readonly { readonly move: string; readonly allowed: boolean; readonly reason: string | null }[];
}
interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

describe('the screens of workers and supervisors', () => {
  let company: FitnessCompany;

  before(async () => {
    company = await startFitnessCompany();
  });
  beforeEach(() => company.at(0));
  after(() => company.close());

  /** Two workers below a supervisor below a manager: nobody another test has touched. */
  const team = async () => {
    const person = (role: string) => addPerson(company.app, { companyId: company.companyId, roles: [role] });
    const [manager, supervisor] = [await person('manager'), await person('supervisor')];
    await addReportingLine(company.app, manager, supervisor);
    const addWorker = async () => {
      const made = await person('worker');
      await addReportingLine(company.app, supervisor, made);
      return made;
    };
    return { manager, supervisor, worker: await addWorker(), colleague: await addWorker(), addWorker };
  };

  const board = async (who: TestPerson, query = ''): Promise<Page<Line>> => {
    const { status, body } = await company.ask(who, 'get', `/supervisor/board${query}`);
    expect(status, JSON.stringify(body)).to.equal(200);
    return body as unknown as Page<Line>;
  };
  const idsOf = ({ items }: Page<Line>): string[] => items.map(({ profileId }) => profileId);
  const today = async (who: TestPerson) => {
    const { status, body } = await company.ask(who, 'get', '/worker/today');
    expect(status, JSON.stringify(body)).to.equal(200);
    return body as unknown as {
      shift: { id: string; version: number; status: string; actions: Line['actions'] } | null;
      requirements: Line['requirements'];
      hold: { level: string } | null;
      case: { id: string; next: { step: string; until: string | null } } | null;
      restrictions: readonly object[];
      unread: number;
    };
  };
  const later = (ms: number): Date => new Date(company.start.getTime() + ms);
  const store = (
    who: TestPerson,
    level: string,
    takenAt: Date,
    more: { practice?: boolean; supersedes?: string; receivedAt?: Date } = {},
  ) =>
    storeResult(company.client, {
      companyId: company.companyId,
      profileId: who.profileId,
      takenAt,
      level,
      ...more,
    });
  const addRequirement = (who: TestPerson, shiftId: string | null, dueAt: Date, status: string) =>
    storeRequirement(company.client, {
      companyId: company.companyId,
      profileId: who.profileId,
      day: dueAt.toISOString().slice(0, 10),
      dueAt,
      status,
      shiftId,
    });

  describe('a worker', () => {
    it('sees the own day and nobody else’s', async () => {
      const { worker, colleague } = await team();
      const shiftId = await company.addShift(worker, { startsAt: later(HOUR) });
      await company.addShift(colleague, { startsAt: later(HOUR) });
      await addRequirement(worker, shiftId, later(HOUR), 'due');
      await addRequirement(colleague, null, later(HOUR), 'missed');
      const day = await today(worker);
      expect(day.shift).to.include({ id: shiftId, status: 'planned' });
      expect(day.shift!.actions.find(({ move }) => move === 'start')).to.include({ allowed: true });
      expect(day.shift!.actions.find(({ move }) => move === 'cancel')).to.include({ reason: 'FORBIDDEN' });
      expect(day.requirements.map(({ status }) => status)).to.deep.equal(['due']);
      expect(day).to.include({ hold: null, case: null, unread: 0 });
    });

    it('sees once what two yellows restrict alike', async () => {
      const { worker } = await team();
      await company.addShift(worker);
      for (const attempt of ['first', 'retake'] as const) await company.judge(worker, { level: 'yellow', attempt });
      expect((await company.holdsOf(worker)).map(({ kind }) => kind)).to.deep.equal(['restrictions', 'restrictions']);
      expect((await today(worker)).restrictions).to.have.length(1);
    });

    it('starts the shift from the worker client, through the gate', async () => {
      const { worker } = await team();
      const id = await company.addShift(worker);
      await company.judge(worker, { level: 'red' });
      const { shift } = await today(worker);
      const authorization = await worker.bearer('angelis-worker');
      const start = () =>
        company.app.http
          .post(`/angelis/admin/assignment/shift/${id}/start`)
          .set({ authorization, 'if-match': `"${shift!.version}"` });
      const refused = await start();
      expect(refused.status).to.equal(409);
      expect(refused.body).to.include({ code: 'GATE_BLOCKED' });
      expect(JSON.stringify(refused.body)).to.include('RED_UNDECIDED');
      await company.client.query('update hold set ended_at = starts_at, ended_because = $2 where profile_id = $1', [
        worker.profileId,
        'cleared',
      ]);
      expect((await start()).status).to.equal(200);
      expect((await today(worker)).shift).to.include({ id, status: 'started' });
    });

    it('is told what happens next in the own case, step by step', async () => {
      const { worker, supervisor } = await team();
      await company.addShift(worker);
      await company.judge(worker, { level: 'orange' });
      const { id } = await company.caseOf(worker);
      const next = async () => (await today(worker)).case!.next;
      expect(await next()).to.deep.equal({ step: 'WAIT_FOR_SUPERVISOR', until: null });
      await company.move(supervisor, id, 'acknowledge');
      expect(await next()).to.deep.equal({ step: 'WAIT_FOR_REST_OR_DECISION', until: null });
      await company.move(supervisor, id, 'rest', { nap: false });
      expect(await next()).to.deep.equal({ step: 'REST', until: later(20 * MINUTE).toISOString() });
      await company.at(20 * MINUTE);
      expect(await next()).to.deep.equal({ step: 'TAKE_RETEST', until: later(50 * MINUTE).toISOString() });
      await company.at(50 * MINUTE);
      expect(await next()).to.deep.equal({ step: 'WAIT_FOR_DECISION', until: null });
      await company.move(supervisor, id, 'decide', { ...DECISION, decision: 'sent_home', transportArranged: true });
      expect(await next()).to.deep.equal({ step: 'DO_NOT_WORK', until: null });
    });

    it('sees the own results that stand, by level only', async () => {
      const { worker, colleague } = await team();
      const first = await store(worker, 'red', later(-3 * HOUR));
      await store(worker, 'green', later(-3 * HOUR), { supersedes: first });
      await store(worker, 'yellow', later(-HOUR), { practice: true });
      await store(colleague, 'orange', later(-HOUR));
      const { status, body } = await company.ask(worker, 'get', '/worker/results');
      expect(status).to.equal(200);
      const { items } = body as unknown as Page<{ level: string; practice: boolean }>;
      expect(items.map(({ level, practice }) => [level, practice])).to.deep.equal([
        ['yellow', true],
        ['green', false],
      ]);
      expect(JSON.stringify(body)).to.not.match(/metrics|sealed|deviation/);
    });

    it('has no board', async () => {
      expect((await company.ask(company.worker, 'get', '/supervisor/board')).status).to.equal(403);
      expect((await company.ask(company.worker, 'get', '/supervisor/cases')).status).to.equal(403);
    });
  });

  describe('a supervisor', () => {
    it('sees direct reports, a manager everyone below, nobody themselves', async () => {
      const { worker, colleague, supervisor, manager } = await team();
      const { safety } = company;
      const foreign = await addPerson(company.app, { companyId: company.companyId, roles: ['worker'] });
      const other = await addPerson(company.app, { companyId: company.companyId, roles: ['supervisor'] });
      await addReportingLine(company.app, other, foreign);
      const below = await addPerson(company.app, { companyId: company.companyId, roles: ['worker'] });
      await addReportingLine(company.app, worker, below);
      expect(idsOf(await board(supervisor))).to.have.members([worker.profileId, colleague.profileId]);
      expect(idsOf(await board(other))).to.deep.equal([foreign.profileId]);
      expect(idsOf(await board(manager))).to.have.members(
        [supervisor, worker, colleague, below].map(({ profileId }) => profileId),
      );
      expect(idsOf(await board(safety)))
        .to.include(foreign.profileId)
        .and.not.include(safety.profileId);
    });

    it('sees the most urgent first, with what may be done, by the pages of one order', async () => {
      const { worker, colleague, supervisor, addWorker } = await team();
      const third = await addWorker();
      const fourth = await addWorker();
      await company.judge(worker, { level: 'orange' });
      await company.judge(colleague, { level: 'red' });
      await addRequirement(third, null, later(-HOUR), 'missed');
      const all = await board(supervisor);
      expect(idsOf(all)).to.deep.equal([colleague, worker, third, fourth].map(({ profileId }) => profileId));
      const [red, orange, missing, calm] = all.items;
      expect(red).to.deep.include({ hold: { level: 'red', since: company.start.toISOString() } });
      expect(red!.case).to.include({ status: 'open', level: 'red' });
      expect(red!.actions.find(({ move }) => move === 'acknowledge')).to.include({ allowed: true, reason: null });
      expect(red!.actions.find(({ move }) => move === 'decide')).to.include({ allowed: false, reason: 'STATE' });
      expect(orange!.case).to.include({ status: 'open', level: 'orange' });
      expect(missing).to.include({ missing: 1, case: null });
      expect(calm).to.deep.include({ missing: 0, case: null, actions: [], hold: null });
      const pages: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: Page<Line> = await board(
          supervisor,
          `?limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        pages.push(...idsOf(page));
        cursor = page.next;
      }
      expect(pages).to.deep.equal(idsOf(all));
      const foreign = await company.ask(
        supervisor,
        'get',
        `/supervisor/board?held=true&cursor=${(await board(supervisor, '?limit=1')).next}`,
      );
      expect(foreign.status).to.equal(400);
    });

    it('is told by the list what the route would say: the decision of a red is a manager’s', async () => {
      const { worker, supervisor, manager } = await team();
      await company.judge(worker, { level: 'red' });
      const { id } = await company.caseOf(worker);
      await company.move(supervisor, id, 'acknowledge');
      const decideFor = async (who: TestPerson) =>
        (await board(who)).items
          .find(({ profileId }) => profileId === worker.profileId)!
          .actions.find(({ move }) => move === 'decide');
      expect(await decideFor(supervisor)).to.include({ allowed: false, reason: 'CASE_RED_NEEDS_MANAGER' });
      expect((await company.move(supervisor, id, 'decide', DECISION)).status).to.equal(409);
      expect(await decideFor(manager)).to.include({ allowed: true, reason: null });
      expect((await company.move(manager, id, 'decide', DECISION)).status).to.equal(200);
    });

    it('filters by shift, level, hold, case and missing tests', async () => {
      const { worker, colleague, supervisor } = await team();
      await company.addShift(worker, { startsAt: later(-HOUR), status: 'started' });
      await company.addShift(colleague, { startsAt: later(HOUR) });
      await store(worker, 'green', later(-HOUR));
      await store(colleague, 'red', later(-2 * HOUR));
      await company.judge(colleague, { level: 'red' });
      const only = async (query: string) => idsOf(await board(supervisor, query));
      expect(await only('?shift=started')).to.deep.equal([worker.profileId]);
      expect(await only('?shift=planned')).to.deep.equal([colleague.profileId]);
      expect(await only('?shift=none')).to.deep.equal([]);
      expect(await only('?level=red&level=orange')).to.deep.equal([colleague.profileId]);
      expect(await only('?held=true')).to.deep.equal([colleague.profileId]);
      expect(await only('?openCase=false')).to.deep.equal([worker.profileId]);
      expect(await only('?missing=true')).to.deep.equal([]);
      expect(await only(`?siteId=${company.siteId}`)).to.deep.equal([]);
    });

    it('sees levels over 30 days, the worst of each day, and no raw values', async () => {
      const { worker, supervisor } = await team();
      const day = (days: number, hours = 0) => later(-days * 24 * HOUR + hours * MINUTE);
      await store(worker, 'green', day(3));
      await store(worker, 'yellow', day(3, 1));
      await store(worker, 'red', day(2), { practice: true });
      const wrong = await store(worker, 'orange', day(1));
      await store(worker, 'green', day(1), { supersedes: wrong });
      await store(worker, 'red', day(31));
      const text = JSON.stringify(await board(supervisor));
      const line = (await board(supervisor)).items.find(({ profileId }) => profileId === worker.profileId)!;
      expect(line.trend.map(({ level }) => level)).to.deep.equal(['yellow', 'green']);
      expect(line.latest).to.include({ level: 'green' });
      expect(text).to.not.match(/metrics|sealed|deviation/i);
    });

    it('shows as the latest what came last, not what a clock ahead says of itself', async () => {
      const { worker, supervisor } = await team();
      const latest = async () =>
        (await board(supervisor)).items.find(({ profileId }) => profileId === worker.profileId)!.latest!.level;
      await store(worker, 'yellow', later(-2 * HOUR));
      await store(worker, 'green', new Date('2099-01-01T00:00:00Z'), { receivedAt: later(-HOUR) });
      expect(await latest()).to.equal('green');
      await store(worker, 'red', later(-50 * MINUTE));
      expect(await latest()).to.equal('red');
      await store(worker, 'yellow', later(-20 * MINUTE), { receivedAt: later(-40 * MINUTE) });
      await store(worker, 'orange', later(-30 * MINUTE));
      expect(await latest()).to.equal('orange');
    });

    it('shows a company, read at once, as it shows a team, person by person', async () => {
      const { worker, colleague } = await team();
      await company.addShift(worker, { startsAt: later(-HOUR), status: 'started' });
      await company.addShift(worker, { startsAt: later(22 * HOUR) });
      await company.judge(worker, { level: 'red' });
      await addRequirement(colleague, null, later(-HOUR), 'missed');
      await store(colleague, 'yellow', later(-2 * HOUR));
      await store(colleague, 'green', later(-HOUR));
      const boardOf = (oneByOne: number) =>
        company.app.platform.db.read(scopeOf(company.companyId), (reader) =>
          createBoard((alias) => FitnessCase.json(alias), oneByOne)(reader, {
            now: company.app.clock.now(),
            me: null,
            visible: () => 'true',
            filters: {},
            limit: 1_000,
          }),
        );
      const people = await boardOf(1_000);
      const of = ({ profileId }: TestPerson) => people.find(({ id }) => id === profileId)!.item;
      expect([of(worker)['hold'], of(worker)['case'], of(worker)['shift']]).to.not.include(null);
      expect(of(colleague)).to.deep.include({ missing: 1 }).and.have.nested.property('latest.level', 'green');
      expect(await boardOf(0)).to.deep.equal(people);
    });

    it('says that a case may be moved only where the permission to move it reaches, however far one sees', async () => {
      const { app, companyId } = company;
      const both = await addPerson(app, { companyId, roles: ['auditor'] });
      const [near, far] = [await company.addWorker(false, both), await company.addWorker(false, both)];
      await giveWithin(app, both, await addDepartment(app, companyId, [near]), { systemRole: 'manager' });
      const acknowledge = (actions: Line['actions']) => actions.find(({ move }) => move === 'acknowledge');
      const items = async <T>(path: string): Promise<readonly T[]> =>
        ((await company.ask(both, 'get', path)).body as unknown as Page<T>).items;
      for (const worker of [near, far]) await company.judge(worker, { level: 'red' });
      for (const [worker, said, status] of [
        [far, { move: 'acknowledge', allowed: false, reason: 'FORBIDDEN' }, 404],
        [near, { move: 'acknowledge', allowed: true, reason: null }, 200],
      ] as const) {
        const { id } = await company.caseOf(worker);
        const one = await items<Line['actions'][number]>(`/fitness/cases/${id}/actions`);
        const listed = await items<Line>('/supervisor/cases?limit=200');
        for (const actions of [one, listed.find(({ profileId }) => profileId === worker.profileId)!.actions])
          expect(acknowledge(actions)).to.deep.equal(said);
        expect((await company.move(both, id, 'acknowledge')).status).to.equal(status);
      }
    });

    it('lists the cases of the own people, never the own one', async () => {
      const { worker, supervisor, manager } = await team();
      await company.judge(worker, { level: 'orange' });
      await company.judge(supervisor, { level: 'orange' });
      const casesOf = async (who: TestPerson) => {
        const { status, body } = await company.ask(who, 'get', '/supervisor/cases');
        expect(status).to.equal(200);
        return (body as unknown as Page<{ profileId: string; actions: Line['actions'] }>).items;
      };
      expect((await casesOf(supervisor)).map(({ profileId }) => profileId)).to.deep.equal([worker.profileId]);
      expect((await casesOf(manager)).map(({ profileId }) => profileId)).to.have.members([
        worker.profileId,
        supervisor.profileId,
      ]);
      const own = await company.caseOf(supervisor);
      const refused = await company.move(supervisor, own.id, 'acknowledge');
      expect(refused.body).to.include({ code: 'CASE_OWN' });
    });
  });
});
