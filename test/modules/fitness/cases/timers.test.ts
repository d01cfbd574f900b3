import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { DECISION, HOUR, MINUTE, startFitnessCompany } from '../company.ts';
import type { FitnessCompany } from '../company.ts';

describe('fitness cases in time', () => {
  let company: FitnessCompany;

  before(async () => {
    company = await startFitnessCompany();
  });
  after(() => company.close());
  beforeEach(async () => {
    company.notices.length = 0;
    await company.at(0);
  });

  const openCase = async (level: 'orange' | 'red' = 'orange', shiftId: string | null = null) => {
    const worker = await company.addWorker();
    await company.judge(worker, { level, shiftId });
    return { worker, row: await company.caseOf(worker) };
  };

  it('escalate at 10 and at 20 minutes, to the millisecond, and to nobody once acknowledged', async () => {
    const first = await openCase('red');
    const second = await openCase('red');
    company.notices.length = 0;
    await company.at(10 * MINUTE - 1);
    expect(company.notices).to.deep.equal([]);
    await company.at(10 * MINUTE);
    expect(company.notices.map(({ kind, recipients }) => [kind, recipients])).to.deep.equal([
      ['case_escalation', [company.manager.profileId]],
      ['case_escalation', [company.manager.profileId]],
    ]);
    await company.move(company.supervisor, first.row.id, 'acknowledge');
    company.notices.length = 0;
    await company.at(20 * MINUTE);
    expect(company.notices.map(({ entityId, recipients }) => [entityId, recipients])).to.deep.equal([
      [second.row.id, [company.safety.profileId]],
    ]);
    await company.at(3 * HOUR);
    expect(company.notices).to.have.length(1);
    const detail = await company.ask(company.supervisor, 'get', `/fitness/cases/${second.row.id}`);
    expect((detail.body['escalations'] as { step: string }[]).map(({ step }) => step)).to.deep.equal([
      'supervisor',
      'manager',
      'safety_admin',
    ]);
  });

  const stepsOf = async (id: string) => {
    const { body } = await company.ask(company.supervisor, 'get', `/fitness/cases/${id}`);
    return (body['escalations'] as { step: string }[]).map(({ step }) => step);
  };
  const STEPS = ['supervisor', 'manager', 'safety_admin'];

  it('escalate whatever holds: an orange, and in high-risk groups a yellow and a test that nobody took', async () => {
    const orange = await openCase();
    const others = [];
    for (const given of [{ level: 'yellow' }, { level: 'none', isValid: false }] as const) {
      const worker = await company.addWorker();
      await company.setHighRisk(worker);
      await company.judge(worker, { ...given, action: 'hold', highRisk: true });
      others.push(await company.caseOf(worker));
    }
    const rows = [orange.row, ...others];
    expect(rows.map(({ level }) => level)).to.deep.equal(['orange', 'yellow', 'none']);
    await company.at(10 * MINUTE - 1);
    for (const { id } of rows) expect(await stepsOf(id)).to.deep.equal(STEPS.slice(0, 1));
    await company.at(10 * MINUTE);
    for (const { id } of rows) expect(await stepsOf(id)).to.deep.equal(STEPS.slice(0, 2));
    await company.at(20 * MINUTE);
    for (const { id } of rows) expect(await stepsOf(id)).to.deep.equal(STEPS);
  });

  it('escalate from when they were opened: what rises to red is put before all who knew of it, and waits no longer', async () => {
    const { worker, row } = await openCase();
    await company.at(10 * MINUTE);
    company.notices.length = 0;
    await company.judge(worker, { level: 'red' });
    expect(company.notices.map(({ kind, recipients, params }) => [kind, recipients, params['level']])).to.deep.equal([
      ['test_alert', [company.supervisor.profileId], 'red'],
      ['case_escalation', [company.manager.profileId], 'red'],
    ]);
    await company.at(20 * MINUTE);
    expect(await stepsOf(row.id)).to.include('safety_admin');
    company.notices.length = 0;
    await company.at(40 * MINUTE);
    expect(company.notices).to.deep.equal([]);
  });

  it('that rise to red after somebody took them on are put before the manager, who decides reds', async () => {
    const told = () => company.notices.map(({ kind, recipients, params }) => [kind, recipients, params['level']]);
    const both = [
      ['test_alert', [company.supervisor.profileId], 'red'],
      ['case_escalation', [company.manager.profileId], 'red'],
    ];
    const { worker, row } = await openCase();
    await company.move(company.supervisor, row.id, 'acknowledge');
    company.notices.length = 0;
    await company.judge(worker, { level: 'red' });
    expect(told()).to.deep.equal(both);
    const retested = await openCase();
    await company.move(company.supervisor, retested.row.id, 'acknowledge');
    await company.move(company.supervisor, retested.row.id, 'rest', { nap: false });
    await company.at(20 * MINUTE);
    company.notices.length = 0;
    await company.judge(retested.worker, { level: 'red', attempt: 'retest', caseId: retested.row.id });
    expect(told()).to.deep.equal(both);
  });

  it('escalate afresh when they are opened again', async () => {
    const { worker, row } = await openCase();
    await company.at(5 * HOUR);
    await company.move(company.supervisor, row.id, 'acknowledge');
    await company.move(company.manager, row.id, 'decide', DECISION);
    await company.move(company.safety, row.id, 'reopen', { reason: 'new facts' });
    const due = await company.caseOf(worker);
    expect(due['manager_due_at']).to.deep.equal(new Date(company.start.getTime() + 5 * HOUR + 10 * MINUTE));
  });

  it('have the timers of their state only: nothing waits for what cannot come any more', async () => {
    const { row } = await openCase('red');
    const timers = async () =>
      (
        await company.client.query<{ move: string }>('select move from due_move where entity_id = $1 order by move', [
          row.id,
        ])
      ).rows.map(({ move }) => move);
    expect(await timers()).to.deep.equal(['escalate_manager', 'lapse']);
    await company.at(10 * MINUTE);
    expect(await timers()).to.deep.equal(['escalate_safety_admin', 'lapse']);
    await company.move(company.supervisor, row.id, 'acknowledge');
    expect(await timers()).to.deep.equal(['lapse']);
    await company.move(company.supervisor, row.id, 'rest', { nap: false });
    expect(await timers()).to.deep.equal(['end_rest', 'lapse']);
    await company.at(30 * MINUTE);
    expect(await timers()).to.deep.equal(['expire_retest', 'lapse']);
    await company.at(60 * MINUTE);
    expect(await timers()).to.deep.equal(['lapse']);
    await company.move(company.manager, row.id, 'decide', DECISION);
    expect(await timers()).to.deep.equal(['close']);
    const home = await openCase();
    await company.move(company.supervisor, home.row.id, 'acknowledge');
    const decision = { ...DECISION, decision: 'sent_home', transportArranged: true };
    await company.move(company.supervisor, home.row.id, 'decide', decision);
    const { rows } = await company.client.query('select move from due_move where entity_id = $1', [home.row.id]);
    expect(rows).to.deep.equal([]);
  });

  it('catch up on timers after a stop: both steps are told, once each', async () => {
    const { row } = await openCase('red');
    company.notices.length = 0;
    await company.at(25 * MINUTE);
    await company.at(26 * MINUTE);
    const steps = company.notices.filter(({ entityId }) => entityId === row.id).map(({ params }) => params['step']);
    expect(steps).to.deep.equal(['manager', 'safety_admin']);
  });

  describe('of results that come late or with a wrong clock', () => {
    it('hold now and alert safety while the shift runs', async () => {
      const worker = await company.addWorker();
      const shiftId = await company.addShift(worker, { startsAt: new Date(company.start.getTime() - HOUR) });
      const takenAt = new Date(company.start.getTime() - HOUR).toISOString();
      await company.judge(worker, { level: 'red', shiftId, takenAt, arrivalFlags: ['LATE'] });
      expect(await company.caseOf(worker)).to.deep.include({ status: 'open', arrival_flags: ['LATE'] });
      const told = company.notices.flatMap(({ recipients }) => recipients);
      expect(told).to.include.members([company.supervisor.profileId, company.safety.profileId]);
      expect(company.notices.map(({ params }) => params['takenAt'])).to.have.members([undefined, takenAt]);
    });

    it('stand in the breach report once, without a live case, when the shift has ended', async () => {
      const worker = await company.addWorker();
      const shiftId = await company.addShift(worker, {
        startsAt: new Date(company.start.getTime() - 14 * HOUR),
        status: 'done',
      });
      const takenAt = new Date(company.start.getTime() - 14 * HOUR).toISOString();
      const id = uuidv7();
      const result = { id, level: 'red', shiftId, takenAt, arrivalFlags: ['LATE'] } as const;
      await company.judge(worker, result);
      await company.judge(worker, result);
      expect(await company.caseOf(worker)).to.equal(undefined);
      expect(await company.holdsOf(worker)).to.deep.equal([]);
      const { rows } = await company.client.query(
        'select kind, level, result_id, arrival_flags from fitness_breach where profile_id = $1',
        [worker.profileId],
      );
      expect(rows).to.deep.equal([{ kind: 'late_result', level: 'red', result_id: id, arrival_flags: ['LATE'] }]);
      expect(company.notices[0]!.recipients).to.deep.equal([company.safety.profileId]);
    });

    it('stand in the breach report as orange too, and alert nobody; a yellow that would have held does neither', async () => {
      const worker = await company.addWorker();
      const takenAt = new Date(company.start.getTime() - 30 * HOUR).toISOString();
      for (const level of ['orange', 'yellow'] as const)
        await company.judge(worker, { level, action: 'hold', takenAt, arrivalFlags: ['LATE'] });
      const { rows } = await company.client.query('select level from fitness_breach where profile_id = $1', [
        worker.profileId,
      ]);
      expect(rows).to.deep.equal([{ level: 'orange' }]);
      expect(company.notices).to.deep.equal([]);
    });
  });
});
