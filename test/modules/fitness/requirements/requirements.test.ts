import { expect } from 'chai';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import { addDepartment, addPerson, giveWithin } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { DEFAULT_FITNESS_POLICY } from '../../../../src/modules/fitness/classification/policy.ts';
import { HOUR, MINUTE, startFitnessCompany } from '../company.ts';
import type { FitnessCompany } from '../company.ts';
import { requiringOf } from './requiring.ts';

describe('required tests', () => {
  let company: FitnessCompany;
  let requiring: ReturnType<typeof requiringOf>;

  before(async () => {
    company = await startFitnessCompany();
    requiring = requiringOf(company);
  });
  after(() => company.close());
  beforeEach(async () => {
    company.notices.length = 0;
    await company.at(0);
  });

  it('are made with the roster, once however often it is run', async () => {
    const { worker, row } = await requiring.withShift();
    await requiring.tick('generate');
    expect(await requiring.rowsOf(worker)).to.have.length(1);
    expect(row).to.deep.include({ kind: 'pre_shift', status: 'due', due_at: requiring.inHours(2) });
  });

  it('ask for a test in the middle of a night, by the policy of the risk group', async () => {
    const worker = await company.addWorker(true);
    const required = [
      ...DEFAULT_FITNESS_POLICY.required,
      { kind: 'mid_shift', test: 'PVT-B', windowMinutes: 60, graceMinutes: 30 },
    ];
    await company.client.query(
      `insert into fitness_policy (company_id, id, risk_group_id, revision, policy, status, created_at, updated_at)
       select company_id, gen_random_uuid(), risk_group_id, 1, $3, 'active', created_at, created_at from profile
       where company_id = $1 and id = $2`,
      [company.companyId, worker.profileId, { ...DEFAULT_FITNESS_POLICY, required }],
    );
    await company.addShift(worker, { startsAt: requiring.inHours(3), kind: 'night' });
    await company.addShift(worker, { startsAt: requiring.inHours(20), hours: 2 });
    await requiring.tick('generate');
    const made = (await requiring.rowsOf(worker)).map(({ kind, due_at }) => [kind, due_at.toISOString()]);
    expect(made).to.deep.equal([
      ['pre_shift', requiring.inHours(3).toISOString()],
      ['mid_shift', requiring.inHours(9).toISOString()],
      ['pre_shift', requiring.inHours(20).toISOString()],
    ]);
    await company.client.query("update fitness_policy set status = 'superseded', superseded_at = created_at");
  });

  it('are done on time by a valid result before the first exposure, in the transaction of the result', async () => {
    const { worker, row } = await requiring.withShift();
    await company.at(HOUR);
    await company.judge(worker, { level: 'invalid', requirementId: row.id });
    expect((await requiring.rowsOf(worker))[0]).to.deep.include({ status: 'due', had_invalid: true });
    await company.judge(worker, { level: 'green', requirementId: row.id, attemptNo: 2, attempt: 'repeat' });
    expect((await requiring.rowsOf(worker))[0]).to.deep.include({ status: 'done_on_time', level: 'green' });
  });

  it('are never made better by a retake, only worse', async () => {
    const { worker, row } = await requiring.withShift();
    await company.judge(worker, { level: 'yellow', requirementId: row.id });
    await company.judge(worker, { level: 'green', requirementId: row.id, attempt: 'retake' });
    expect((await requiring.rowsOf(worker))[0]).to.deep.include({ level: 'yellow' });
    await company.judge(worker, { level: 'orange', requirementId: row.id, attempt: 'retake' });
    expect((await requiring.rowsOf(worker))[0]).to.deep.include({ status: 'done_on_time', level: 'orange' });
  });

  it('count many attempts that arrive at once in their order: invalid, standing, worse', async () => {
    const [one, other] = [await requiring.withShift(), await requiring.withShift()];
    await company.judgeAll([
      [one.worker, { level: 'invalid', requirementId: one.row.id }],
      [other.worker, { level: 'green', requirementId: other.row.id }],
      [one.worker, { level: 'yellow', requirementId: one.row.id, attempt: 'repeat' }],
      [one.worker, { level: 'green', requirementId: one.row.id, attempt: 'retake' }],
      [other.worker, { level: 'orange', requirementId: other.row.id, attempt: 'retake' }],
    ]);
    const [first, second] = [(await requiring.rowsOf(one.worker))[0]!, (await requiring.rowsOf(other.worker))[0]!];
    expect(first).to.deep.include({ status: 'done_on_time', level: 'yellow', attempts: 3, had_invalid: true });
    expect(second).to.deep.include({ status: 'done_on_time', level: 'orange', attempts: 2, had_invalid: false });
    const { rows } = await company.client.query<{ action: string; told: boolean }>(
      `select c.action, exists (select 1 from change_recipient r where r.company_id = $1 and r.change_id = c.id
         and r.profile_id = $3) as told
       from change c where c.company_id = $1 and c.entity_id = $2 and c.action <> 'requirement.create' order by c.id`,
      [company.companyId, one.row.id, company.manager.profileId],
    );
    expect(rows).to.deep.equal([
      { action: 'requirement.update', told: true },
      { action: 'requirement.complete_on_time', told: true },
      { action: 'requirement.update', told: true },
    ]);
  });

  it('are done late by a result after exposure', async () => {
    const { worker, row } = await requiring.withShift();
    await company.at(2 * HOUR + MINUTE);
    await company.judge(worker, { level: 'green', requirementId: row.id });
    expect((await requiring.rowsOf(worker))[0]!.status).to.equal('done_late');
  });

  it('count from the actual start of the shift', async () => {
    const { worker, shiftId, row } = await requiring.withShift();
    const scope = systemScope(company.companyId, 'test', 'trace');
    const startedAt = new Date(company.start.getTime() + 150 * MINUTE);
    await company.app.platform.db.write(scope, (tx) => company.area.generation.shiftStarted(tx, shiftId, startedAt));
    await company.at(149 * MINUTE);
    await company.judge(worker, { level: 'green', requirementId: row.id });
    expect((await requiring.rowsOf(worker))[0]).to.deep.include({ status: 'done_on_time', due_at: startedAt });
  });

  it('take no result that was taken more than twice the window before the actual start', async () => {
    const { worker, shiftId } = await requiring.withShift();
    const scope = systemScope(company.companyId, 'test', 'trace');
    const startedAt = requiring.inHours(9);
    await company.app.platform.db.write(scope, (tx) => company.area.generation.shiftStarted(tx, shiftId, startedAt));
    expect((await requiring.rowsOf(worker))[0]).to.deep.include({
      status: 'due',
      window_from: requiring.inHours(5),
      due_at: startedAt,
    });
  });

  it('are missed: in high-risk groups a case that holds, as a red would', async () => {
    const { worker } = await requiring.withShift(true);
    await company.at(2 * HOUR + MINUTE);
    await requiring.tick('close');
    expect((await requiring.rowsOf(worker))[0]!.status).to.equal('due');
    await company.at(2 * HOUR + 2 * MINUTE);
    await requiring.tick('close');
    await requiring.tick('close');
    expect((await requiring.rowsOf(worker))[0]!.status).to.equal('missed');
    expect(await company.caseOf(worker)).to.deep.include({ status: 'open', level: 'none', trigger: 'missing_test' });
    expect(await company.holdsOf(worker)).to.deep.equal([{ kind: 'hold', level: 'none', ended_because: null }]);
    const kinds = company.notices.filter(({ profileId }) => profileId === worker.profileId).map(({ kind }) => kind);
    expect(kinds).to.deep.equal(['test_missed', 'test_alert']);
  });

  it('are missed elsewhere when the shift is over, without a case', async () => {
    const { worker } = await requiring.withShift();
    await company.at(9 * HOUR);
    await requiring.tick('close');
    expect((await requiring.rowsOf(worker))[0]!.status).to.equal('due');
    await company.at(10 * HOUR + 2 * MINUTE);
    await requiring.tick('close');
    expect((await requiring.rowsOf(worker))[0]!.status).to.equal('missed');
    expect(await company.caseOf(worker)).to.equal(undefined);
  });

  it('wait for a source that was not read since, and are blocked by one that is down', async () => {
    const { worker } = await requiring.withShift(true);
    const cursor = (status: string, at: Date) =>
      company.client.query(
        `insert into ingest_cursor (source, position, succeeded_at, rows_read, rows_taken, rows_quarantined, status)
         values ('SAFER', 0, $2, 0, 0, 0, $1) on conflict (source) do update set status = excluded.status, succeeded_at = excluded.succeeded_at`,
        [status, at],
      );
    await cursor('up', requiring.inHours(1));
    await company.at(3 * HOUR);
    await requiring.tick('close');
    expect((await requiring.rowsOf(worker))[0]!.status).to.equal('due');
    await cursor('down', requiring.inHours(1));
    await requiring.tick('close');
    expect((await requiring.rowsOf(worker))[0]).to.deep.include({
      status: 'blocked',
      blocked_because: 'SOURCE_DOWN',
      detected: { by: 'source', since: requiring.inHours(1).toISOString(), devices: [] },
    });
    expect(await company.caseOf(worker)).to.equal(undefined);
    await company.client.query('delete from ingest_cursor');
  });

  it('come at random in as many shifts, and for cause within as many minutes, as the policy of the group says', async () => {
    const worker = await company.addWorker();
    const random = { kind: 'random', test: 'PVT-B', windowMinutes: 30, graceMinutes: 10 } as const;
    await company.givePolicy(worker, { required: [random], randomOneIn: 1, forCauseMinutes: 45 });
    await company.addShift(worker, { startsAt: requiring.inHours(2) });
    await requiring.tick('generate');
    expect((await requiring.rowsOf(worker)).map(({ kind }) => kind)).to.deep.equal(['random']);
    const body = { profileId: worker.profileId, kind: 'for_cause' };
    const asked = await company.ask(company.supervisor, 'post', '/fitness/requirements', body);
    const dueAt = new Date(company.start.getTime() + 45 * MINUTE).toISOString();
    expect([asked.status, asked.body['dueAt']]).to.deep.equal([201, dueAt]);
  });

  it('come at random without a word to whom they are for, until they may be taken', async () => {
    const worker = await company.addWorker();
    const random = { kind: 'random', test: 'PVT-B', windowMinutes: 30, graceMinutes: 10 } as const;
    await company.givePolicy(worker, { required: [random], randomOneIn: 1 });
    const shiftId = await company.addShift(worker, { startsAt: requiring.inHours(2) });
    await requiring.tick('generate');
    const [planned] = await requiring.rowsOf(worker);
    const told = async (): Promise<number[]> => {
      const today = await company.ask(worker, 'get', '/worker/today');
      const glance = await company.ask(worker, 'get', '/dashboard');
      const asked = { profileId: worker.profileId, purpose: 'shift_start', shiftId };
      const { body } = await company.ask(worker, 'post', '/gate/decisions', asked);
      const decision = await company.ask(company.manager, 'get', `/gate/decisions/${body.id}`);
      const facts = decision.body['facts'] as { requirements: object[] };
      const own = glance.body['own'] as { testsDue: number };
      return [(today.body['requirements'] as object[]).length, own.testsDue, facts.requirements.length];
    };
    await company.at(planned!.window_from.getTime() - company.start.getTime() - 1_000);
    expect(await told()).to.deep.equal([0, 0, 0]);
    await company.at(planned!.window_from.getTime() - company.start.getTime());
    expect(await told()).to.deep.equal([1, 1, 1]);
    await company.at(0);
  });

  it('fall away with a cancelled shift', async () => {
    const { worker, shiftId } = await requiring.withShift();
    await company.client.query(`update shift set status = 'cancelled', cancelled_because = 'manager' where id = $1`, [
      shiftId,
    ]);
    await requiring.tick('close');
    expect(await requiring.rowsOf(worker)).to.deep.equal([]);
  });

  it('are asked for by a superior after an incident, and follow an alert', async () => {
    const worker = await company.addWorker();
    const body = { profileId: worker.profileId, kind: 'post_incident' };
    expect((await company.ask(company.supervisor, 'post', '/fitness/requirements', body)).status).to.equal(201);
    const own = { ...body, profileId: company.supervisor.profileId };
    expect((await company.ask(company.supervisor, 'post', '/fitness/requirements', own)).status).to.equal(403);
    const above = { ...body, profileId: company.manager.profileId };
    expect((await company.ask(company.supervisor, 'post', '/fitness/requirements', above)).status).to.equal(404);
    await company.judge(worker, { level: 'yellow', source: 'SIGNAL', isAlert: true });
    expect((await requiring.rowsOf(worker)).map(({ kind }) => kind)).to.have.members(['post_incident', 'for_cause']);
    expect(await company.holdsOf(worker)).to.deep.equal([
      { kind: 'restrictions', level: 'yellow', ended_because: null },
    ]);
  });

  describe('are excused', () => {
    it('late by whoever is a manager where the person is, whatever else they are', async () => {
      const { app, companyId } = company;
      const both = await addPerson(app, { companyId, roles: ['supervisor'] });
      const here = await requiring.withShift(false, both);
      const there = await requiring.withShift(false, both);
      await giveWithin(app, both, await addDepartment(app, companyId, [here.worker]), { systemRole: 'manager' });
      await company.at(2 * HOUR + 24 * HOUR + 1);
      const excuse = async ({ row }: typeof here) =>
        (await requiring.move(both, row, 'excuse', { reason: 'absent' })).status;
      expect([await excuse(here), await excuse(there)]).to.deep.equal([200, 409]);
    });

    it('by the supervisor within a day, by a manager after it, with a reason code', async () => {
      const { worker, row } = await requiring.withShift();
      await company.at(2 * HOUR + 24 * HOUR + 1);
      const late = await requiring.move(company.supervisor, row, 'excuse', { reason: 'absent' });
      expect([late.status, late.body['code']]).to.deep.equal([409, 'EXCUSE_NEEDS_MANAGER']);
      expect((await requiring.move(company.manager, row, 'excuse', { reason: 'because' })).status).to.equal(422);
      expect((await requiring.move(company.manager, row, 'excuse', { reason: 'absent' })).body).to.include({
        status: 'excused',
        reason: 'absent',
        excusedBy: company.manager.profileId,
      });
      expect((await requiring.rowsOf(worker))[0]!.status).to.equal('excused');
    });

    it('never for oneself', async () => {
      const { supervisor } = company;
      await company.addShift(supervisor, { startsAt: requiring.inHours(2) });
      await requiring.tick('generate');
      const [row] = await requiring.rowsOf(supervisor);
      const refused = await requiring.move(supervisor, row!, 'excuse', { reason: 'absent' });
      expect([refused.status, refused.body['code']]).to.deep.equal([409, 'REQUIREMENT_OWN']);
      expect((await requiring.move(company.manager, row!, 'excuse', { reason: 'absent' })).status).to.equal(200);
    });

    it('and as many are drawn as the policy of the group says', async () => {
      const worker = await company.addWorker();
      await company.givePolicy(worker, { excuse: { supervisorHours: 24, reviewOneIn: 1 } });
      await company.addShift(worker, { startsAt: requiring.inHours(2) });
      await requiring.tick('generate');
      const [row] = await requiring.rowsOf(worker);
      const excused = await requiring.move(company.supervisor, row!, 'excuse', { reason: 'absent' });
      expect(excused.body).to.include({ reviewDrawn: true });
    });

    it('and one in ten is drawn for the manager, who reviews no excuse of their own', async () => {
      const { row } = await requiring.withShift();
      const every = `update requirement set terms = jsonb_set(terms, '{reviewOneIn}', '1') where id = $1`;
      await company.client.query(every, [row.id]);
      const excused = await requiring.move(company.supervisor, row, 'excuse', { reason: 'absent' });
      expect(excused.body).to.include({ reviewDrawn: true });
      await company.client.query('update requirement set review_drawn = false where id = $1', [row.id]);
      const refused = await requiring.move(company.manager, row, 'review');
      expect(refused.body['code']).to.equal('REVIEW_NOT_DRAWN');
      await company.client.query('update requirement set review_drawn = true where id = $1', [row.id]);
      expect((await requiring.move(company.supervisor, row, 'review')).status).to.equal(403);
      expect((await requiring.move(company.manager, row, 'review')).body).to.include({
        reviewedBy: company.manager.profileId,
      });
    });
  });

  it('are listed by reach', async () => {
    const { worker } = await requiring.withShift();
    const listed = async (who: TestPerson) => {
      const { body } = await company.ask(who, 'get', `/fitness/requirements?profileId=${worker.profileId}`);
      return (body['items'] as unknown[]).length;
    };
    expect(await listed(company.supervisor)).to.equal(1);
    expect(await listed(company.manager)).to.equal(1);
    const other = await addPerson(company.app, { companyId: company.companyId, roles: ['supervisor'] });
    expect(await listed(other)).to.equal(0);
  });
});
