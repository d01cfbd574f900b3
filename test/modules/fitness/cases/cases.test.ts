import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { DECISION, HOUR, MINUTE, startFitnessCompany } from '../company.ts';
import type { FitnessCompany } from '../company.ts';
import { addDepartment, addPerson, giveWithin } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';

describe('fitness cases', () => {
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

  it('hold at once, and tell the supervisor in the same transaction', async () => {
    const { worker, row } = await openCase('red');
    expect(row).to.include({ status: 'open', level: 'red', trigger: 'result' });
    expect(await company.holdsOf(worker)).to.deep.equal([{ kind: 'hold', level: 'red', ended_because: null }]);
    expect(company.notices).to.have.length(1);
    expect(company.notices[0]).to.deep.include({
      kind: 'test_alert',
      recipients: [company.supervisor.profileId],
      entityId: row.id,
    });
  });

  it('tell the streams of the worker and of everyone above', async () => {
    const { worker, row } = await openCase();
    const { rows } = await company.client.query<{ profile_id: string }>(
      `select r.profile_id from change c join change_recipient r on r.company_id = c.company_id and r.change_id = c.id
       where c.entity_id = $1 and c.action = 'fitness_case.open'`,
      [row.id],
    );
    expect(rows.map(({ profile_id }) => profile_id)).to.have.members([
      worker.profileId,
      company.supervisor.profileId,
      company.manager.profileId,
    ]);
  });

  it('go from rest to retest to a decision, each move at its time', async () => {
    const { worker, row } = await openCase();
    const { supervisor } = company;
    expect((await company.move(supervisor, row.id, 'acknowledge')).body).to.include({
      status: 'acknowledged',
      acknowledgedBy: supervisor.profileId,
    });
    expect((await company.move(supervisor, row.id, 'rest', { nap: false })).body).to.include({
      status: 'resting',
      restUntil: new Date(company.start.getTime() + 20 * MINUTE).toISOString(),
    });
    await company.at(20 * MINUTE - 1);
    expect((await company.caseOf(worker)).status).to.equal('resting');
    await company.at(20 * MINUTE);
    expect((await company.caseOf(worker)).status).to.equal('awaiting_retest');
    await company.judge(worker, { level: 'green', attempt: 'retest', caseId: row.id });
    expect(await company.caseOf(worker)).to.include({ status: 'retested', retest_level: 'green', level: 'orange' });
    expect((await company.holdsOf(worker))[0]).to.include({ ended_because: null });
    const decided = await company.move(supervisor, row.id, 'decide', DECISION);
    expect(decided.status).to.equal(200);
    expect(decided.body).to.include({ status: 'decided', decidedBy: supervisor.profileId });
    expect(await company.holdsOf(worker)).to.deep.equal([{ kind: 'hold', level: 'orange', ended_because: 'cleared' }]);
  });

  it('take a retest that comes as soon as the rest is over, before any timer ran', async () => {
    const { worker, row } = await openCase();
    await company.move(company.supervisor, row.id, 'acknowledge');
    await company.move(company.supervisor, row.id, 'rest', { nap: false });
    company.app.clock.set(new Date(company.start.getTime() + 20 * MINUTE));
    await company.judge(worker, { level: 'red', attempt: 'retest', caseId: row.id });
    expect(await company.caseOf(worker)).to.include({ status: 'retested', level: 'red', retests: 1 });
    expect(await company.holdsOf(worker)).to.deep.equal([{ kind: 'hold', level: 'red', ended_because: null }]);
    await company.at(60 * MINUTE);
    expect((await company.caseOf(worker)).status).to.equal('retested');
    const refused = await company.move(company.supervisor, row.id, 'decide', DECISION);
    expect(refused.body['code']).to.equal('CASE_RED_NEEDS_MANAGER');
  });

  it('rise to what a retest shows that they no longer wait for, or that is invalid', async () => {
    for (const given of [{}, { isValid: false }]) {
      const { worker, row } = await openCase();
      await company.judge(worker, { level: 'red', attempt: 'retest', caseId: row.id, ...given });
      expect(await company.caseOf(worker)).to.include({ id: row.id, status: 'open', level: 'red', retests: 0 });
    }
  });

  it('rest longer after a nap, and wait half an hour for the retest', async () => {
    const { worker, row } = await openCase();
    await company.move(company.supervisor, row.id, 'acknowledge');
    await company.move(company.supervisor, row.id, 'rest', { nap: true });
    await company.at(30 * MINUTE - 1);
    expect((await company.caseOf(worker)).status).to.equal('resting');
    await company.at(30 * MINUTE);
    await company.at(60 * MINUTE - 1);
    expect((await company.caseOf(worker)).status).to.equal('awaiting_retest');
    await company.at(60 * MINUTE);
    expect((await company.caseOf(worker)).status).to.equal('not_retested');
    expect((await company.move(company.supervisor, row.id, 'decide', DECISION)).status).to.equal(200);
  });

  it('are decided by nobody for themselves', async () => {
    const { supervisor } = company;
    await company.judge(supervisor, { level: 'orange' });
    const row = await company.caseOf(supervisor);
    for (const [name, body] of [['acknowledge'], ['rest', { nap: false }]] as const) {
      const refused = await company.move(supervisor, row.id, name, body);
      expect(refused.status).to.equal(409);
    }
    await company.move(company.manager, row.id, 'acknowledge');
    const refused = await company.move(supervisor, row.id, 'decide', DECISION);
    expect([refused.status, refused.body['code']]).to.deep.equal([409, 'CASE_OWN']);
    expect((await company.move(company.manager, row.id, 'decide', DECISION)).status).to.equal(200);
  });

  it('are opened again by no safety admin for themselves', async () => {
    const { safety, app, companyId } = company;
    const colleague = await addPerson(app, { companyId, roles: ['safety_admin'] });
    await company.judge(safety, { level: 'orange' });
    const row = await company.caseOf(safety);
    for (const [name, body] of [['acknowledge'], ['decide', DECISION]] as const)
      expect((await company.move(colleague, row.id, name, body)).status).to.equal(200);
    const refused = await company.move(safety, row.id, 'reopen', { reason: 'new facts' });
    expect([refused.status, refused.body['code']]).to.deep.equal([409, 'CASE_OWN']);
    expect(await company.caseOf(safety)).to.include({ id: row.id, status: 'decided' });
  });

  it('are not there for a supervisor of others', async () => {
    const { row } = await openCase();
    const other = await addPerson(company.app, { companyId: company.companyId, roles: ['supervisor'] });
    expect((await company.ask(other, 'get', `/fitness/cases/${row.id}`)).status).to.equal(404);
    expect((await company.move(other, row.id, 'acknowledge')).status).to.equal(404);
  });

  it('are decided once, of ten decisions at the same time', async () => {
    const { worker, row } = await openCase();
    await company.move(company.supervisor, row.id, 'acknowledge');
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => company.move(company.manager, row.id, 'decide', DECISION)),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses[0]).to.equal(200);
    expect(statuses.slice(1).every((status) => status === 412 || status === 409)).to.equal(true);
    expect(await company.holdsOf(worker)).to.have.length(1);
  });

  it('leave a red to the manager or the safety admin', async () => {
    const { row } = await openCase('red');
    await company.move(company.supervisor, row.id, 'acknowledge');
    const refused = await company.move(company.supervisor, row.id, 'decide', DECISION);
    expect([refused.status, refused.body['code']]).to.deep.equal([409, 'CASE_RED_NEEDS_MANAGER']);
    expect((await company.move(company.safety, row.id, 'decide', DECISION)).status).to.equal(200);
  });

  it('send nobody home without transport, and name restrictions where there are some', async () => {
    const { worker, row } = await openCase();
    await company.move(company.supervisor, row.id, 'acknowledge');
    const home = { ...DECISION, decision: 'sent_home' };
    const pointers = async (body: object) => {
      const { status, body: answer } = await company.move(company.supervisor, row.id, 'decide', body);
      expect(status).to.equal(422);
      return (answer['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
    };
    expect(await pointers(home)).to.deep.equal(['/transportArranged']);
    expect(await pointers({ ...DECISION, decision: 'cleared_with_restrictions' })).to.deep.equal(['/restrictions']);
    expect(
      (await company.move(company.supervisor, row.id, 'decide', { ...home, transportArranged: true })).status,
    ).to.equal(200);
    expect((await company.holdsOf(worker))[0]!.ended_because).to.equal(null);
  });

  it('let a cleared person work under restrictions until the shift ends, and close then', async () => {
    const worker = await company.addWorker();
    const shiftId = await company.addShift(worker, { hours: 8 });
    await company.judge(worker, { level: 'orange', shiftId });
    const { id } = await company.caseOf(worker);
    await company.move(company.supervisor, id, 'acknowledge');
    const restrictions = { noDriving: true, accompanied: false, noHeights: false, until: null, recheckAt: null };
    const body = { ...DECISION, decision: 'cleared_with_restrictions', restrictions };
    expect((await company.move(company.supervisor, id, 'decide', body)).status).to.equal(200);
    expect(await company.holdsOf(worker)).to.deep.equal([
      { kind: 'hold', level: 'orange', ended_because: 'cleared_with_restrictions' },
      { kind: 'restrictions', level: 'orange', ended_because: null },
    ]);
    await company.at(8 * HOUR - 1);
    expect((await company.caseOf(worker)).status).to.equal('decided');
    await company.at(8 * HOUR);
    expect((await company.caseOf(worker)).status).to.equal('closed');
  });

  it('tell the supervisor to look again at the restrictions when the human who set them said, once', async () => {
    const worker = await company.addWorker();
    const shiftId = await company.addShift(worker, { hours: 8 });
    await company.judge(worker, { level: 'orange', shiftId });
    const { id } = await company.caseOf(worker);
    await company.move(company.supervisor, id, 'acknowledge');
    const at = (minutes: number) => new Date(company.start.getTime() + minutes * MINUTE).toISOString();
    const decide = (recheckAt: string) => {
      const restrictions = { noDriving: true, accompanied: false, noHeights: false, until: at(600), recheckAt };
      const body = { ...DECISION, decision: 'cleared_with_restrictions', restrictions };
      return company.move(company.supervisor, id, 'decide', body);
    };
    const past = await decide('2020-01-01T00:00:00.000Z');
    expect([past.status, past.body['errors']]).to.have.nested.property('[1][0].pointer', '/restrictions/recheckAt');
    expect((await decide(at(540))).status).to.equal(200);
    company.notices.length = 0;
    await company.at(540 * MINUTE - 1);
    expect((await company.caseOf(worker)).status).to.equal('closed');
    expect(company.notices).to.deep.equal([]);
    await company.at(540 * MINUTE);
    await company.at(560 * MINUTE);
    expect(company.notices.map(({ kind, recipients, entityId }) => [kind, recipients, entityId])).to.deep.equal([
      ['case_recheck', [company.supervisor.profileId], id],
    ]);
  });

  it('are decided by a manager where they are one, and not where they are a supervisor', async () => {
    const { app, companyId } = company;
    const both = await addPerson(app, { companyId, roles: [] });
    const [managed, supervised] = [await company.addWorker(false, both), await company.addWorker(false, both)];
    for (const [worker, systemRole] of [
      [managed, 'manager'],
      [supervised, 'supervisor'],
    ] as const) {
      await giveWithin(app, both, await addDepartment(app, companyId, [worker]), { systemRole });
      await company.judge(worker, { level: 'red' });
    }
    const decide = async (worker: TestPerson) => {
      const { id } = await company.caseOf(worker);
      await company.move(both, id, 'acknowledge');
      const { body } = await company.ask(both, 'get', `/fitness/cases/${id}/actions`);
      const { items } = body as unknown as { items: { move: string; reason: string | null }[] };
      const { status } = await company.move(both, id, 'decide', DECISION);
      return [items.find(({ move }) => move === 'decide')!.reason, status];
    };
    expect(await decide(managed)).to.deep.equal([null, 200]);
    expect(await decide(supervised)).to.deep.equal(['CASE_RED_NEEDS_MANAGER', 409]);
  });

  it('lapse when the shift ends undecided: a breach, the hold stays, a manager decides', async () => {
    const worker = await company.addWorker();
    const shiftId = await company.addShift(worker, { hours: 6 });
    await company.judge(worker, { level: 'orange', shiftId });
    const { id } = await company.caseOf(worker);
    await company.at(6 * HOUR);
    expect((await company.caseOf(worker)).status).to.equal('lapsed');
    expect((await company.holdsOf(worker))[0]!.ended_because).to.equal(null);
    const { rows } = await company.client.query('select kind, level from fitness_breach where case_id = $1', [id]);
    expect(rows).to.deep.equal([{ kind: 'undecided', level: 'orange' }]);
    const refused = await company.move(company.supervisor, id, 'decide', DECISION);
    expect(refused.body['code']).to.equal('CASE_LAPSED_NEEDS_MANAGER');
    expect((await company.move(company.manager, id, 'decide', DECISION)).status).to.equal(200);
  });

  it('decided after their shift restrict until the shift that runs ends, and need an end where none runs', async () => {
    const { worker, row } = await openCase('orange', await company.addShift(company.colleague, { hours: 6 }));
    await company.at(6 * HOUR);
    const restrictions = { noDriving: true, accompanied: false, noHeights: false, until: null, recheckAt: null };
    const body = { ...DECISION, decision: 'cleared_with_restrictions', restrictions };
    const refused = await company.move(company.manager, row.id, 'decide', body);
    expect([refused.status, refused.body['errors']]).to.have.nested.property('[1][0].code', 'UNTIL_NEEDED');
    expect(refused.body['errors']).to.have.nested.property('[0].pointer', '/restrictions/until');
    const startsAt = new Date(company.start.getTime() + 5 * HOUR);
    const soon = { startsAt: new Date(startsAt.getTime() + 2 * HOUR), hours: 8 };
    const later = await company.addShift(worker, soon);
    expect((await company.move(company.manager, row.id, 'decide', body)).status).to.equal(422);
    await company.client.query('update shift set starts_at = $2, actual_start_at = $2 where id = $1', [
      later,
      startsAt,
    ]);
    const until = new Date(startsAt.getTime() + 10 * HOUR).toISOString();
    const decided = await company.move(company.manager, row.id, 'decide', body);
    expect([decided.status, decided.body['restrictions']]).to.deep.equal([200, { ...restrictions, until }]);
    const { rows } = await company.client.query(
      `select ends_at from hold where case_id = $1 and kind = 'restrictions'`,
      [row.id],
    );
    expect(rows).to.deep.equal([{ ends_at: new Date(until) }]);
  });

  describe('that sent somebody home', () => {
    const hours = (count: number) => new Date(company.start.getTime() + count * HOUR);
    /** A result of a shift that begins an hour after it; `replaced`: another row stands in its place. */
    const result = async (
      worker: TestPerson,
      at: number,
      given: { level?: string; replaced?: boolean; code?: string } = {},
    ) => {
      const { level = 'green', replaced = false, code = 'PVT-B' } = given;
      const shiftId = await company.addShift(worker, { startsAt: hours(at + 1), hours: 8 });
      const id = uuidv7();
      await company.client.query(
        `insert into test_result (company_id, id, profile_id, shift_id, source, external_id, definition_code, definition_version, taken_at,
           received_at, device_state, metrics_sealed, quality_flags, arrival_flags, supervised, practice, attempt, attempt_no, level, action,
           opens_case, escalates, high_risk, rule_version, reasons, created_at)
         select $1, $2::uuid, $3, $4, 'SAFER', $2::text, code, version, $5, $5, 'qualified', 'x', '{}', '{}', true, false, 'first', 1, $6,
           'may_work', false, false, false, 'fitness-1', '{}', $5 from test_definition where code = $7 and current`,
        [company.companyId, id, worker.profileId, shiftId, hours(at), level, code],
      );
      await company.client.query(
        `insert into test_result_key (company_id, source, external_id, content_hash, is_duplicate, result_id, profile_id)
         values ($1, 'SAFER', $2, decode(md5($2), 'hex'), false, $3, $4)`,
        [company.companyId, id, replaced ? uuidv7() : id, worker.profileId],
      );
      return id;
    };
    const sentHome = async () => {
      const worker = await company.addWorker();
      const shiftId = await company.addShift(worker, { startsAt: hours(-1), hours: 8 });
      await company.judge(worker, { level: 'orange', shiftId });
      const row = await company.caseOf(worker);
      await company.move(company.supervisor, row.id, 'acknowledge');
      const home = { ...DECISION, decision: 'sent_home', transportArranged: true };
      expect((await company.move(company.supervisor, row.id, 'decide', home)).status).to.equal(200);
      return { worker, row };
    };
    const refused = async (id: string) => {
      const { status, body } = await company.move(company.supervisor, id, 'return');
      expect([status, body['code']]).to.deep.equal([409, 'CASE_GREEN_NEEDED']);
    };

    it('let them return on a green of a later shift, and say on which', async () => {
      const { worker, row } = await sentHome();
      await refused(row.id);
      const id = await result(worker, 19);
      await company.at(19 * HOUR);
      expect((await company.move(company.supervisor, row.id, 'return')).body).to.include({
        status: 'returned',
        returnedResultId: id,
      });
      expect((await company.holdsOf(worker))[0]!.ended_because).to.equal('returned');
    });

    it('hold them where the green stands no more, is of an earlier shift, or was only said', async () => {
      const { worker, row } = await sentHome();
      await result(worker, 19, { replaced: true });
      await result(worker, 43, { code: 'SELF-REPORT' });
      await result(worker, 67, { level: 'yellow' });
      const earlier = await result(worker, -30);
      await company.client.query('update test_result set taken_at = $2 where id = $1', [earlier, hours(2)]);
      await company.at(68 * HOUR);
      await refused(row.id);
      expect((await company.holdsOf(worker))[0]!.ended_because).to.equal(null);
    });
  });

  it('are opened again by the safety admin alone, with a reason, and hold again', async () => {
    const { worker, row } = await openCase();
    await company.move(company.supervisor, row.id, 'acknowledge');
    await company.move(company.supervisor, row.id, 'decide', DECISION);
    const reason = { reason: 'new facts' };
    expect((await company.move(company.manager, row.id, 'reopen', reason)).status).to.equal(403);
    expect((await company.move(company.safety, row.id, 'reopen', {})).status).to.equal(422);
    expect((await company.move(company.safety, row.id, 'reopen', reason)).body).to.include({
      status: 'open',
      decision: null,
      reopened: 1,
    });
    expect((await company.holdsOf(worker)).map(({ ended_because }) => ended_because)).to.deep.equal(['cleared', null]);
  });

  it('rise to the gravest level and stay one case', async () => {
    const { worker, row } = await openCase('orange');
    await company.judge(worker, { level: 'red' });
    await company.judge(worker, { level: 'orange' });
    const { rows } = await company.client.query('select id, level from fitness_case where profile_id = $1', [
      worker.profileId,
    ]);
    expect(rows).to.deep.equal([{ id: row.id, level: 'red' }]);
    expect(await company.holdsOf(worker)).to.deep.equal([{ kind: 'hold', level: 'red', ended_because: null }]);
  });
});
