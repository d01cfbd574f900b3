import { expect } from 'chai';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import type { TestPerson } from '../../../support/people.ts';
import { DEFAULT_FITNESS_POLICY } from '../../../../src/modules/fitness/classification/policy.ts';
import { HOUR, MINUTE, startFitnessCompany } from '../company.ts';
import type { FitnessCompany } from '../company.ts';
import { storeResult } from '../../../portals/results.ts';

interface Row {
  id: string;
  kind: string;
  status: string;
  due_at: Date;
  version: number;
  level: string | null;
  had_invalid: boolean;
  review_drawn: boolean;
  blocked_because: string | null;
  detected: object | null;
}

describe('required tests', () => {
  let company: FitnessCompany;

  before(async () => {
    company = await startFitnessCompany();
  });
  after(() => company.close());
  beforeEach(async () => {
    company.notices.length = 0;
    await company.at(0);
  });

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
  const withShift = async (high = false) => {
    const worker = await company.addWorker(high);
    const shiftId = await company.addShift(worker, { startsAt: inHours(2), hours: 8 });
    await tick('generate');
    const [row] = await rowsOf(worker);
    return { worker, shiftId, row: row! };
  };

  it('are made with the roster, once however often it is run', async () => {
    const { worker, row } = await withShift();
    await tick('generate');
    expect(await rowsOf(worker)).to.have.length(1);
    expect(row).to.deep.include({ kind: 'pre_shift', status: 'due', due_at: inHours(2) });
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
    await company.addShift(worker, { startsAt: inHours(3), kind: 'night' });
    await company.addShift(worker, { startsAt: inHours(20), hours: 2 });
    await tick('generate');
    const made = (await rowsOf(worker)).map(({ kind, due_at }) => [kind, due_at.toISOString()]);
    expect(made).to.deep.equal([
      ['pre_shift', inHours(3).toISOString()],
      ['mid_shift', inHours(9).toISOString()],
      ['pre_shift', inHours(20).toISOString()],
    ]);
    await company.client.query("update fitness_policy set status = 'superseded', superseded_at = created_at");
  });

  it('are done on time by a valid result before the first exposure, in the transaction of the result', async () => {
    const { worker, row } = await withShift();
    await company.at(HOUR);
    await company.judge(worker, { level: 'invalid', requirementId: row.id });
    expect((await rowsOf(worker))[0]).to.deep.include({ status: 'due', had_invalid: true });
    await company.judge(worker, { level: 'green', requirementId: row.id, attemptNo: 2, attempt: 'repeat' });
    expect((await rowsOf(worker))[0]).to.deep.include({ status: 'done_on_time', level: 'green' });
  });

  it('are never made better by a retake, only worse', async () => {
    const { worker, row } = await withShift();
    await company.judge(worker, { level: 'yellow', requirementId: row.id });
    await company.judge(worker, { level: 'green', requirementId: row.id, attempt: 'retake' });
    expect((await rowsOf(worker))[0]).to.deep.include({ level: 'yellow' });
    await company.judge(worker, { level: 'orange', requirementId: row.id, attempt: 'retake' });
    expect((await rowsOf(worker))[0]).to.deep.include({ status: 'done_on_time', level: 'orange' });
  });

  it('count many attempts that arrive at once in their order: invalid, standing, worse', async () => {
    const [one, other] = [await withShift(), await withShift()];
    await company.judgeAll([
      [one.worker, { level: 'invalid', requirementId: one.row.id }],
      [other.worker, { level: 'green', requirementId: other.row.id }],
      [one.worker, { level: 'yellow', requirementId: one.row.id, attempt: 'repeat' }],
      [one.worker, { level: 'green', requirementId: one.row.id, attempt: 'retake' }],
      [other.worker, { level: 'orange', requirementId: other.row.id, attempt: 'retake' }],
    ]);
    const [first, second] = [(await rowsOf(one.worker))[0]!, (await rowsOf(other.worker))[0]!];
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
    const { worker, row } = await withShift();
    await company.at(2 * HOUR + MINUTE);
    await company.judge(worker, { level: 'green', requirementId: row.id });
    expect((await rowsOf(worker))[0]!.status).to.equal('done_late');
  });

  it('count from the actual start of the shift', async () => {
    const { worker, shiftId, row } = await withShift();
    const scope = systemScope(company.companyId, 'test', 'trace');
    const startedAt = new Date(company.start.getTime() + 150 * MINUTE);
    await company.app.platform.db.write(scope, (tx) => company.area.generation.shiftStarted(tx, shiftId, startedAt));
    await company.at(149 * MINUTE);
    await company.judge(worker, { level: 'green', requirementId: row.id });
    expect((await rowsOf(worker))[0]).to.deep.include({ status: 'done_on_time', due_at: startedAt });
  });

  describe('of a shift that begins later than planned', () => {
    const startAt = async (shiftId: string, minutes: number) => {
      const startedAt = new Date(company.start.getTime() + minutes * MINUTE);
      const scope = systemScope(company.companyId, 'test', 'trace');
      await company.app.platform.db.write(scope, (tx) => company.area.generation.shiftStarted(tx, shiftId, startedAt));
      return startedAt;
    };
    /** A result as ingest stores it, and what follows from it. */
    const taken = async (worker: TestPerson, requirementId: string, level: 'green' | 'invalid') => {
      const id = await storeResult(company.client, {
        companyId: company.companyId,
        profileId: worker.profileId,
        takenAt: company.app.clock.now(),
        level,
      });
      await company.client.query('update test_result set requirement_id = $2, reasons = $3 where id = $1', [
        id,
        requirementId,
        level === 'invalid' ? ['QUALITY_FLAG'] : [],
      ]);
      await company.client.query(
        `insert into test_result_key (company_id, source, external_id, content_hash, is_duplicate, result_id, profile_id)
         select company_id, source, external_id, decode(md5(external_id), 'hex'), false, id, profile_id from test_result where id = $1`,
        [id],
      );
      await company.judge(worker, { id, level, requirementId });
      return id;
    };

    it('were in time when they were taken before it', async () => {
      const { worker, shiftId, row } = await withShift();
      await company.at(125 * MINUTE);
      const resultId = await taken(worker, row.id, 'green');
      expect((await rowsOf(worker))[0]!.status).to.equal('done_late');
      const startedAt = await startAt(shiftId, 130);
      expect((await rowsOf(worker))[0]).to.deep.include({
        status: 'done_on_time',
        due_at: startedAt,
        result_id: resultId,
      });
    });

    it('stay late when they were taken after it', async () => {
      const { worker, shiftId, row } = await withShift();
      await company.at(125 * MINUTE);
      await taken(worker, row.id, 'green');
      await startAt(shiftId, 124);
      expect((await rowsOf(worker))[0]!.status).to.equal('done_late');
    });

    it('were in time too when they were missed as planned; what a human has to decide stays', async () => {
      const { worker, shiftId, row } = await withShift(true);
      await company.at(123 * MINUTE);
      await tick('close');
      expect((await rowsOf(worker))[0]!.status).to.equal('missed');
      await taken(worker, row.id, 'invalid');
      await startAt(shiftId, 124);
      expect((await rowsOf(worker))[0]!.status).to.equal('missed');
      await company.at(125 * MINUTE);
      await taken(worker, row.id, 'green');
      await startAt(shiftId, 130);
      expect((await rowsOf(worker))[0]!.status).to.equal('done_on_time');
      expect(await company.caseOf(worker)).to.include({ status: 'open' });
      expect(await company.holdsOf(worker)).to.deep.equal([{ kind: 'hold', level: 'none', ended_because: null }]);
    });
  });

  it('are missed: in high-risk groups a case that holds, as a red would', async () => {
    const { worker } = await withShift(true);
    await company.at(2 * HOUR + MINUTE);
    await tick('close');
    expect((await rowsOf(worker))[0]!.status).to.equal('due');
    await company.at(2 * HOUR + 2 * MINUTE);
    await tick('close');
    await tick('close');
    expect((await rowsOf(worker))[0]!.status).to.equal('missed');
    expect(await company.caseOf(worker)).to.deep.include({ status: 'open', level: 'none', trigger: 'missing_test' });
    expect(await company.holdsOf(worker)).to.deep.equal([{ kind: 'hold', level: 'none', ended_because: null }]);
    const kinds = company.notices.filter(({ profileId }) => profileId === worker.profileId).map(({ kind }) => kind);
    expect(kinds).to.deep.equal(['test_missed', 'test_alert']);
  });

  it('are missed elsewhere when the shift is over, without a case', async () => {
    const { worker } = await withShift();
    await company.at(9 * HOUR);
    await tick('close');
    expect((await rowsOf(worker))[0]!.status).to.equal('due');
    await company.at(10 * HOUR + 2 * MINUTE);
    await tick('close');
    expect((await rowsOf(worker))[0]!.status).to.equal('missed');
    expect(await company.caseOf(worker)).to.equal(undefined);
  });

  it('wait for a source that was not read since, and are blocked by one that is down', async () => {
    const { worker } = await withShift(true);
    const cursor = (status: string, at: Date) =>
      company.client.query(
        `insert into ingest_cursor (source, position, succeeded_at, rows_read, rows_taken, rows_quarantined, status)
         values ('SAFER', 0, $2, 0, 0, 0, $1) on conflict (source) do update set status = excluded.status, succeeded_at = excluded.succeeded_at`,
        [status, at],
      );
    await cursor('up', inHours(1));
    await company.at(3 * HOUR);
    await tick('close');
    expect((await rowsOf(worker))[0]!.status).to.equal('due');
    await cursor('down', inHours(1));
    await tick('close');
    expect((await rowsOf(worker))[0]).to.deep.include({
      status: 'blocked',
      blocked_because: 'SOURCE_DOWN',
      detected: { by: 'source', since: inHours(1).toISOString(), devices: [] },
    });
    expect(await company.caseOf(worker)).to.equal(undefined);
    await company.client.query('delete from ingest_cursor');
  });

  it('are blocked by devices that somebody put out of service in time and that were silent since, by nothing less', async () => {
    const closed = async (devices: { since: number | null; seen: number | null }[]) => {
      await company.at(0);
      const { worker } = await withShift();
      await company.client.query('delete from device where company_id = $1', [company.companyId]);
      const instant = (minutes: number | null) =>
        minutes === null ? null : new Date(company.start.getTime() + minutes * MINUTE);
      for (const [index, { since, seen }] of devices.entries())
        await company.client.query(
          `insert into device (company_id, id, serial, model, kind, site_id, status, out_since, last_seen_at, created_at, updated_at)
           values ($1, gen_random_uuid(), $2, 'M', 'kiosk', $3, $4, $5, $6, $7, $7)`,
          [
            company.companyId,
            `K-${index}`,
            company.siteId,
            since === null ? 'active' : 'out_of_service',
            instant(since),
            instant(seen),
            company.start,
          ],
        );
      await company.at(10 * HOUR + 2 * MINUTE);
      await tick('close');
      const [row] = await rowsOf(worker);
      return row!;
    };
    const due = 120;
    const silent = { since: due - 60, seen: due - 70 };
    expect(await closed([])).to.include({ status: 'missed', detected: null });
    expect(await closed([{ since: null, seen: due - 600 }])).to.include({ status: 'missed' });
    expect(await closed([silent, { since: null, seen: null }])).to.include({ status: 'missed' });
    expect(await closed([{ since: due + 1, seen: due - 70 }])).to.include({ status: 'missed' });
    expect(await closed([{ since: due - 60, seen: due - 59 }])).to.include({ status: 'missed' });
    const blocked = await closed([silent, { since: due - 90, seen: null }]);
    expect(blocked).to.deep.include({
      status: 'blocked',
      blocked_because: 'DEVICE_OUTAGE',
      detected: {
        by: 'devices',
        since: new Date(company.start.getTime() + 50 * MINUTE).toISOString(),
        devices: ['K-0', 'K-1'],
      },
    });
    await company.client.query('delete from device where company_id = $1', [company.companyId]);
  });

  it('that an outage blocked ask for a face-to-face assessment, whose verdict decides', async () => {
    const assessment = { sleepHistory: 'slept four hours', observation: 'slurred speech' };
    const blocked = async () => {
      const made = await withShift(true);
      await company.client.query(`update requirement set status = 'blocked' where id = $1`, [made.row.id]);
      const startable = async () => {
        const scope = systemScope(company.companyId, 'test', 'trace');
        const [verdict] = await company.app.platform.db.read(scope, (reader) =>
          company.gate.look(reader, [
            {
              profileId: made.worker.profileId,
              purpose: 'shift_start',
              at: inHours(2).toISOString(),
              assignmentId: null,
              shiftId: made.shiftId,
              siteId: null,
              taskKindIds: [],
            },
          ]),
        );
        return verdict!.reasons.map(({ code }) => code);
      };
      return { ...made, startable };
    };
    const fit = await blocked();
    expect(await fit.startable()).to.include('ASSESSMENT_MISSING');
    expect((await move(fit.worker, fit.row, 'assess', { fit: true, assessment })).status).to.equal(403);
    expect((await move(company.supervisor, fit.row, 'assess', { assessment })).status).to.equal(422);
    expect((await move(company.supervisor, fit.row, 'assess', { fit: true, assessment })).body).to.include({
      status: 'blocked',
      assessedFit: true,
      assessedBy: company.supervisor.profileId,
    });
    expect(await fit.startable()).to.not.include.members(['ASSESSMENT_MISSING']);
    expect(await company.holdsOf(fit.worker)).to.deep.equal([]);

    const drunk = await blocked();
    expect((await move(company.supervisor, drunk.row, 'assess', { fit: false, assessment })).body).to.include({
      assessedFit: false,
    });
    expect(await company.caseOf(drunk.worker)).to.deep.include({
      status: 'open',
      trigger_requirement_id: drunk.row.id,
    });
    expect(await drunk.startable()).to.include('HOLD_UNDECIDED');
    await move(company.supervisor, drunk.row, 'assess', { fit: true, assessment });
    expect(await drunk.startable()).to.include('HOLD_UNDECIDED');
    const { rows } = await company.client.query<{ sealed: string }>(
      'select assessment_sealed as sealed from requirement where id = $1',
      [drunk.row.id],
    );
    expect(rows[0]!.sealed).to.not.contain('slurred');
  });

  it('fall away with a cancelled shift', async () => {
    const { worker, shiftId } = await withShift();
    await company.client.query(`update shift set status = 'cancelled', cancelled_because = 'manager' where id = $1`, [
      shiftId,
    ]);
    await tick('close');
    expect(await rowsOf(worker)).to.deep.equal([]);
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
    expect((await rowsOf(worker)).map(({ kind }) => kind)).to.have.members(['post_incident', 'for_cause']);
    expect(await company.holdsOf(worker)).to.deep.equal([
      { kind: 'restrictions', level: 'yellow', ended_because: null },
    ]);
  });

  describe('are excused', () => {
    it('by the supervisor within a day, by a manager after it, with a reason code', async () => {
      const { worker, row } = await withShift();
      await company.at(2 * HOUR + 24 * HOUR + 1);
      const late = await move(company.supervisor, row, 'excuse', { reason: 'absent' });
      expect([late.status, late.body['code']]).to.deep.equal([409, 'EXCUSE_NEEDS_MANAGER']);
      expect((await move(company.manager, row, 'excuse', { reason: 'because' })).status).to.equal(422);
      expect((await move(company.manager, row, 'excuse', { reason: 'absent' })).body).to.include({
        status: 'excused',
        reason: 'absent',
        excusedBy: company.manager.profileId,
      });
      expect((await rowsOf(worker))[0]!.status).to.equal('excused');
    });

    it('never for oneself', async () => {
      const { supervisor } = company;
      await company.addShift(supervisor, { startsAt: inHours(2) });
      await tick('generate');
      const [row] = await rowsOf(supervisor);
      const refused = await move(supervisor, row!, 'excuse', { reason: 'absent' });
      expect([refused.status, refused.body['code']]).to.deep.equal([409, 'REQUIREMENT_OWN']);
      expect((await move(company.manager, row!, 'excuse', { reason: 'absent' })).status).to.equal(200);
    });

    it('and one in ten is drawn for the manager, who reviews no excuse of their own', async () => {
      const { row } = await withShift();
      await move(company.supervisor, row, 'excuse', { reason: 'absent' });
      await company.client.query('update requirement set review_drawn = false where id = $1', [row.id]);
      const refused = await move(company.manager, row, 'review');
      expect(refused.body['code']).to.equal('REVIEW_NOT_DRAWN');
      await company.client.query('update requirement set review_drawn = true where id = $1', [row.id]);
      expect((await move(company.supervisor, row, 'review')).status).to.equal(403);
      expect((await move(company.manager, row, 'review')).body).to.include({ reviewedBy: company.manager.profileId });
    });
  });

  it('are listed by reach', async () => {
    const { worker } = await withShift();
    const listed = async (who: TestPerson) => {
      const { body } = await company.ask(who, 'get', `/fitness/requirements?profileId=${worker.profileId}`);
      return (body['items'] as unknown[]).length;
    };
    expect(await listed(company.supervisor)).to.equal(1);
    expect(await listed(company.manager)).to.equal(1);
    const { addPerson } = await import('../../../support/people.ts');
    const other = await addPerson(company.app, { companyId: company.companyId, roles: ['supervisor'] });
    expect(await listed(other)).to.equal(0);
  });
});
