import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { clientOf, version as versionOf } from '../../support/client.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { DECISION, HOUR, MINUTE, startFitnessCompany } from '../fitness/company.ts';
import type { Answer, FitnessCompany } from '../fitness/company.ts';

interface Reason {
  code: string;
  severity: string;
  key: string;
  params: Record<string, string>;
}

describe('the gate of a company', () => {
  let company: FitnessCompany;

  before(async () => {
    company = await startFitnessCompany();
  });
  after(() => company.close());
  beforeEach(() => company.at(0));

  const reasonsOf = ({ body }: Answer): Reason[] => body['reasons'] as Reason[];
  const codesOf = (answer: Answer): string[] => reasonsOf(answer).map(({ code }) => code);
  const askFor = (who: TestPerson, worker: TestPerson, shiftId: string): Promise<Answer> =>
    company.ask(who, 'post', '/gate/decisions', { profileId: worker.profileId, purpose: 'shift_start', shiftId });
  const start = async (shiftId: string): Promise<Answer> => {
    const { rows } = await company.client.query<{ version: number }>('select version from shift where id = $1', [
      shiftId,
    ]);
    return company.ask(company.supervisor, 'post', `/admin/assignment/shift/${shiftId}/start`, {}, rows[0]!.version);
  };
  it('allows who has everything, and stores facts, reasons and the version of the rules', async () => {
    const { worker, shiftId } = await company.addReady();
    await company.at(HOUR);
    const answer = await askFor(company.supervisor, worker, shiftId);
    expect([answer.status, answer.body['outcome'], answer.body['ruleVersion']]).to.deep.equal([
      201,
      'allow',
      'gate-1.1',
    ]);
    const detail = await company.ask(company.supervisor, 'get', `/gate/decisions/${answer.body.id}`);
    const facts = detail.body['facts'] as {
      requirements: unknown[];
      hours: { shiftMinutes: number };
      assignment: object;
    };
    expect(facts.requirements).to.have.length(1);
    expect(facts.hours.shiftMinutes).to.equal(12 * 60);
    expect(facts.assignment).to.include({ status: 'active' });
  });

  it('blocks the start of a shift for an orange and lets it go after clearance', async () => {
    const { worker, shiftId } = await company.addReady();
    await company.at(HOUR);
    await company.judge(worker, { level: 'orange', shiftId });
    const refused = await start(shiftId);
    expect([refused.status, refused.body['code'], codesOf(refused)]).to.deep.equal([
      409,
      'GATE_BLOCKED',
      ['HOLD_UNDECIDED'],
    ]);
    const { id } = await company.caseOf(worker);
    await company.move(company.supervisor, id, 'acknowledge');
    await company.move(company.supervisor, id, 'decide', DECISION);
    const started = await start(shiftId);
    expect([started.status, started.body['status']]).to.deep.equal([200, 'started']);
    const { rows } = await company.client.query<{ id: string }>(
      'select id, outcome, purpose from gate_decision where shift_id = $1 order by created_at, id',
      [shiftId],
    );
    expect(rows).to.deep.equal([
      { id: refused.body['decisionId'], outcome: 'block', purpose: 'shift_start' },
      { id: rows[1]!.id, outcome: 'allow', purpose: 'shift_start' },
    ]);
  });

  it('stores a refused start, its test with it, so that an override can name the reason', async () => {
    const worker = await company.addWorker(true);
    const shiftId = await company.addShift(worker);
    const refused = await start(shiftId);
    const decisionId = String(refused.body['decisionId']);
    const { rows } = await company.client.query<{ id: string; status: string }>(
      'select id, status from requirement where shift_id = $1',
      [shiftId],
    );
    expect(rows.map(({ status }) => status)).to.deep.equal(['due']);
    expect(reasonsOf(refused)[0]!.params).to.deep.include({ requirement: rows[0]!.id });
    const detail = await company.ask(company.manager, 'get', `/gate/decisions/${decisionId}`);
    expect([detail.status, detail.body['outcome'], reasonsOf(detail)]).to.deep.equal([
      200,
      'block',
      reasonsOf(refused),
    ]);
    const given = await company.ask(company.manager, 'post', `/gate/decisions/${decisionId}/override`, {
      reasonKeys: reasonsOf(detail).map(({ key }) => key),
      endsAt: new Date(company.app.clock.now().getTime() + 30 * MINUTE).toISOString(),
      reason: 'relief of a crew that is cut off',
    });
    expect(given.status).to.equal(201);
    expect((await start(shiftId)).status).to.equal(200);
  });

  it('refuses with a decision under an Idempotency-Key too, and keeps no answer of it', async () => {
    const { worker, shiftId } = await company.addReady();
    await company.at(HOUR);
    await company.judge(worker, { level: 'orange', shiftId });
    const send = async () =>
      company.app.http
        .post(`/angelis/admin/assignment/shift/${shiftId}/start`)
        .set({
          authorization: await company.supervisor.bearer(),
          'if-match': '"1"',
          'idempotency-key': 'start-of-a-shift',
        })
        .send({});
    const [first, second] = [await send(), await send()];
    expect([first.status, second.status]).to.deep.equal([409, 409]);
    const { rows } = await company.client.query<{ id: string }>('select id from gate_decision where shift_id = $1', [
      shiftId,
    ]);
    const ids = [first, second].map(({ body }) => (body as { decisionId: string }).decisionId);
    expect(rows.map(({ id }) => id)).to.have.members(ids);
  });

  it('holds restrictions of a cleared person against the hazards of the work', async () => {
    const kind = uuidv7();
    await company.client.query(
      `insert into task_kind (company_id, id, code, name, required_credentials, required_tests, hazards, created_at, updated_at)
       values ($1, $2, 'HAUL', 'Haul truck', '{}', '{}', '{driving}', $3, $3)`,
      [company.companyId, kind, company.start],
    );
    const { worker, shiftId } = await company.addReady();
    await company.judge(worker, { level: 'orange', shiftId });
    const { id } = await company.caseOf(worker);
    await company.move(company.supervisor, id, 'acknowledge');
    const restrictions = { noDriving: true, accompanied: false, noHeights: false, until: null, recheckAt: null };
    await company.move(company.supervisor, id, 'decide', {
      ...DECISION,
      decision: 'cleared_with_restrictions',
      restrictions,
    });
    const body = { profileId: worker.profileId, purpose: 'shift_start', shiftId };
    await company.at(HOUR);
    const plain = await company.ask(company.supervisor, 'post', '/gate/decisions', body);
    expect([plain.body['outcome'], codesOf(plain)]).to.deep.equal(['restrict', ['NO_DRIVING']]);
    const driving = await company.ask(company.supervisor, 'post', '/gate/decisions', { ...body, taskKindIds: [kind] });
    expect([driving.body['outcome'], codesOf(driving)]).to.deep.equal(['block', ['DRIVING_FORBIDDEN']]);
  });

  it('asks for the test of a shift that nobody planned it for yet', async () => {
    const worker = await company.addWorker(true);
    const shiftId = await company.addShift(worker);
    const refused = await start(shiftId);
    expect([refused.status, codesOf(refused)]).to.deep.equal([409, ['TEST_MISSING']]);
  });

  it('counts hours that were worked, not those of the roster', async () => {
    const { worker, shiftId } = await company.addReady();
    await company.at(HOUR);
    await company.addShift(worker, {
      startsAt: new Date(company.start.getTime() - 10 * HOUR),
      hours: 9,
      status: 'done',
    });
    const answer = await askFor(company.supervisor, worker, shiftId);
    expect(codesOf(answer)).to.deep.equal(['REST_TOO_SHORT']);
    expect(reasonsOf(answer)[0]!.params).to.deep.equal({ shift: shiftId, hours: 2, limit: 10 });
  });

  it('wants the credentials of the site on that day', async () => {
    const { worker, shiftId } = await company.addReady();
    await company.at(HOUR);
    await company.client.query(
      `insert into credential_requirement (company_id, id, kind, site_id, created_at, updated_at) values ($1, $2, 'induction', $3, $4, $4)`,
      [company.companyId, uuidv7(), company.siteId, company.start],
    );
    expect(codesOf(await askFor(company.supervisor, worker, shiftId))).to.deep.equal(['CREDENTIAL_MISSING']);
    await company.client.query(
      `insert into credential (company_id, id, profile_id, kind, issuer, valid_from, valid_to, has_evidence, evidence_sealed, status, created_at, updated_at)
       values ($1, $2, $3, 'induction', 'Mutual', '2020-01-01', '2020-12-31', true, 'x', 'valid', $4, $4)`,
      [company.companyId, uuidv7(), worker.profileId, company.start],
    );
    expect(codesOf(await askFor(company.supervisor, worker, shiftId))).to.deep.equal(['CREDENTIAL_EXPIRED']);
    await company.client.query('delete from credential_requirement');
  });

  it('finds the shift of who is asked about without one: the present, else the next within a day', async () => {
    const worker = await company.addWorker();
    const ask = async (purpose = 'shift_start', more: object = {}) =>
      company.ask(company.supervisor, 'post', '/gate/decisions', { profileId: worker.profileId, purpose, ...more });
    expect(codesOf(await ask())).to.deep.equal(['NO_ASSIGNMENT']);
    const inDays = (days: number) => ({ startsAt: new Date(company.start.getTime() + days * 24 * HOUR) });
    const next = await company.addShift(worker, inDays(1.95));
    expect(codesOf(await ask())).to.deep.equal(['NO_ASSIGNMENT']);
    const shiftId = await company.addShift(worker, inDays(0.9));
    expect((await ask()).body).to.include({ shiftId, assignmentId: await company.addAssignment(worker) });
    await company.at(0.95 * 24 * HOUR);
    expect((await ask('crew')).body).to.include({ shiftId });
    expect((await ask('crew', { shiftId: next })).body).to.include({ shiftId: next });
    expect((await ask('assignment')).body).to.include({ shiftId: null });
    const colleague = await company.addAssignment(company.colleague);
    expect((await ask('crew', { assignmentId: colleague })).body).to.include({ shiftId: null, assignmentId: null });
  });

  it('answers nobody about people out of reach, and a worker about themselves only', async () => {
    const { worker, shiftId } = await company.addReady();
    expect((await askFor(worker, worker, shiftId)).status).to.equal(201);
    expect((await askFor(company.colleague, worker, shiftId)).status).to.equal(404);
    const { body } = await askFor(company.manager, worker, shiftId);
    expect((await company.ask(company.supervisor, 'get', `/gate/decisions/${body.id}`)).status).to.equal(200);
    const mine = await company.ask(company.manager, 'get', `/gate/decisions?profileId=${worker.profileId}`);
    expect(mine.body['items']).to.have.length(2);
  });

  it('knows nobody of a department in which the asker is denied, nor does any screen, list or move', async () => {
    const { app, companyId, client, manager } = company;
    const [inside, outside] = [await company.addReady(), await company.addReady()];
    const boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    const made = async (path: string, body: object) =>
      ((await boss.post(path, body).expect(201)).body as { id: string }).id;
    const scopeId = await made('/admin/department', { code: 'SHUT', name: 'Shut' });
    await client.query('update profile set department_id = $1 where id = $2', [scopeId, inside.worker.profileId]);
    const seen = async () => {
      const items = async (path: string, key: string) =>
        ((await company.ask(manager, 'get', path)).body['items'] as Record<string, string>[]).map((row) => row[key]);
      const lists = await Promise.all([
        items('/supervisor/board', 'profileId'),
        items('/admin/profile?limit=200', 'id'),
        items('/admin/assignment/shift?limit=200', 'profileId'),
      ]);
      const of = async ({ worker, shiftId }: typeof inside) => {
        const row = await client.query<{ version: number }>('select version from shift where id = $1', [shiftId]);
        const answers = [
          await company.ask(manager, 'get', `/admin/profile/${worker.profileId}`),
          await company.ask(manager, 'get', `/admin/assignment/shift/${shiftId}`),
          await askFor(manager, worker, shiftId),
          await company.ask(manager, 'post', `/admin/assignment/shift/${shiftId}/start`, {}, row.rows[0]!.version + 9),
        ];
        return [...lists.map((ids) => ids.includes(worker.profileId)), ...answers.map(({ status }) => status)];
      };
      return [await of(inside), await of(outside)];
    };
    const open = [true, true, true, 200, 200, 201, 412];
    expect(await seen()).to.deep.equal([open, open]);
    const roleId = await made('/admin/role', {
      code: 'shut',
      name: 'S',
      reach: 'company',
      grants: [],
      denies: ['*:*:*'],
    });
    const { profileId } = manager;
    const given = await made('/admin/role/assignment', { profileId, roleId, scopeKind: 'department', scopeId });
    expect(await seen()).to.deep.equal([[false, false, false, 404, 404, 404, 404], open]);
    await boss.del(`/admin/role/assignment/${given}`, versionOf(1)).expect(204);
  });

  describe('is overridden', () => {
    const held = async (level: 'orange' | 'red' = 'orange') => {
      const { worker, shiftId } = await company.addReady();
      await company.at(HOUR);
      await company.judge(worker, { level, shiftId });
      const decision = await askFor(company.manager, worker, shiftId);
      const { id: caseId } = await company.caseOf(worker);
      return { worker, shiftId, decision, caseId, key: reasonsOf(decision)[0]!.key };
    };
    const override = (who: TestPerson, decision: Answer, given: object) =>
      company.ask(who, 'post', `/gate/decisions/${decision.body.id}/override`, {
        endsAt: new Date(company.app.clock.now().getTime() + 30 * MINUTE).toISOString(),
        reason: 'rescue under way',
        ...given,
      });

    it('by a manager, with a reason, for a stated time and what it names, and no longer', async () => {
      const { worker, shiftId, decision, key } = await held();
      expect((await override(company.supervisor, decision, { reasonKeys: [key] })).status).to.equal(403);
      expect((await override(company.manager, decision, { reasonKeys: [key] })).status).to.equal(201);
      const now = await askFor(company.manager, worker, shiftId);
      expect(now.body).to.include({ outcome: 'block', effectiveOutcome: 'restrict' });
      const replay = await company.ask(company.manager, 'get', `/gate/decisions/${now.body.id}/replay`);
      expect(replay.body).to.include({ same: true, outcome: 'block', effectiveOutcome: 'restrict' });
      await company.at(HOUR + 30 * MINUTE);
      expect((await askFor(company.manager, worker, shiftId)).body).to.include({ effectiveOutcome: 'block' });
    });

    it('lets the shift start', async () => {
      const { shiftId, decision, key } = await held();
      await override(company.manager, decision, { reasonKeys: [key] });
      expect((await start(shiftId)).status).to.equal(200);
    });

    it('until somebody decides: not for the same case opened again', async () => {
      const { worker, shiftId, decision, caseId, key } = await held();
      await override(company.manager, decision, { reasonKeys: [key] });
      await company.move(company.manager, caseId, 'acknowledge');
      const home = { ...DECISION, decision: 'sent_home', transportArranged: true };
      expect((await company.move(company.manager, caseId, 'decide', home)).status).to.equal(200);
      expect((await askFor(company.manager, worker, shiftId)).body).to.include({ effectiveOutcome: 'block' });
      const again = await company.move(company.safety, caseId, 'reopen', { reason: 'look again' });
      expect(again.body).to.include({ status: 'open', reopened: 1 });
      const now = await askFor(company.manager, worker, shiftId);
      expect(codesOf(now)).to.deep.equal(['HOLD_UNDECIDED']);
      expect(now.body).to.include({ effectiveOutcome: 'block' });
    });

    it('for the test that was, not for a worse one that comes after', async () => {
      const { worker, shiftId } = await company.addReady();
      await company.at(HOUR);
      await company.judge(worker, { level: 'yellow', action: 'hold', shiftId });
      const decision = await askFor(company.manager, worker, shiftId);
      await override(company.manager, decision, { reasonKeys: [reasonsOf(decision)[0]!.key] });
      expect((await askFor(company.manager, worker, shiftId)).body).to.include({ effectiveOutcome: 'restrict' });
      await company.judge(worker, { level: 'orange', shiftId });
      expect((await askFor(company.manager, worker, shiftId)).body).to.include({ effectiveOutcome: 'block' });
    });

    it('never by the subject', async () => {
      await company.judge(company.manager, { level: 'orange' });
      const body = { profileId: company.manager.profileId, purpose: 'crew' };
      const decision = await company.ask(company.manager, 'post', '/gate/decisions', body);
      const refused = await override(company.manager, decision, { reasonKeys: [reasonsOf(decision)[0]!.key] });
      expect([refused.status, refused.body['code']]).to.deep.equal([403, 'OVERRIDE_OWN']);
    });

    it('never while a red is undecided, also when it came after the decision', async () => {
      const red = await held('red');
      const refused = await override(company.manager, red.decision, { reasonKeys: [red.key] });
      expect([refused.status, refused.body['code']]).to.deep.equal([409, 'OVERRIDE_RED_UNDECIDED']);
      const orange = await held();
      await company.judge(orange.worker, { level: 'red', shiftId: orange.shiftId });
      const later = await override(company.manager, orange.decision, { reasonKeys: [orange.key] });
      expect([later.status, later.body['code']]).to.deep.equal([409, 'OVERRIDE_RED_UNDECIDED']);
    });

    it('only for reasons it has, and not for longer than the rules say', async () => {
      const { decision, key } = await held();
      expect((await override(company.manager, decision, { reasonKeys: ['ON_LEAVE'] })).status).to.equal(422);
      const endsAt = new Date(company.app.clock.now().getTime() + 13 * HOUR).toISOString();
      expect((await override(company.manager, decision, { reasonKeys: [key], endsAt })).status).to.equal(422);
      expect((await override(company.manager, decision, { reasonKeys: [key], reason: ' ' })).status).to.equal(422);
    });
  });

  it('replays to the same answer after its rules changed', async () => {
    const { worker, shiftId } = await company.addReady();
    await company.at(HOUR);
    const before = await askFor(company.supervisor, worker, shiftId);
    const rules = await company.ask(company.safety, 'get', '/gate/rules');
    expect(rules.body['version']).to.equal(1);
    const { version, ...given } = rules.body as unknown as { version: number; hours: object };
    const hours = { ...given.hours, maximumShiftMinutes: 8 * 60 };
    expect((await company.ask(company.safety, 'put', '/gate/rules', { ...given, hours }, 7)).status).to.equal(412);
    expect((await company.ask(company.manager, 'put', '/gate/rules', { ...given, hours }, version)).status).to.equal(
      403,
    );
    expect(
      (await company.ask(company.safety, 'put', '/gate/rules', { ...given, hours }, version)).body,
    ).to.deep.include({ version: 2, hours });
    const after = await askFor(company.supervisor, worker, shiftId);
    expect([codesOf(after), after.body['ruleVersion']]).to.deep.equal([['SHIFT_TOO_LONG'], 'gate-1.2']);
    for (const { body } of [before, after]) {
      const replay = await company.ask(company.supervisor, 'get', `/gate/decisions/${body.id}/replay`);
      expect(replay.body).to.deep.include({ same: true, outcome: body['outcome'], ruleVersion: body['ruleVersion'] });
    }
    await company.client.query(
      `update gate_decision set facts = jsonb_set(facts, '{hours,restMinutes}', '60') where id = $1`,
      [before.body.id],
    );
    const forged = await company.ask(company.supervisor, 'get', `/gate/decisions/${before.body.id}/replay`);
    expect(forged.body).to.include({ same: false, outcome: 'block' });
    const again = { ...given, hours: { ...given.hours } };
    expect((await company.ask(company.safety, 'put', '/gate/rules', again, 2)).status).to.equal(200);
  });
});
