import { expect } from 'chai';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import { storeResult } from '../../../portals/results.ts';
import type { TestPerson } from '../../../support/people.ts';
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
  beforeEach(() => company.at(0));

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
      const { worker, shiftId, row } = await requiring.withShift();
      await company.at(125 * MINUTE);
      const resultId = await taken(worker, row.id, 'green');
      expect((await requiring.rowsOf(worker))[0]!.status).to.equal('done_late');
      const startedAt = await startAt(shiftId, 130);
      expect((await requiring.rowsOf(worker))[0]).to.deep.include({
        status: 'done_on_time',
        due_at: startedAt,
        result_id: resultId,
      });
    });

    it('stay late when they were taken after it', async () => {
      const { worker, shiftId, row } = await requiring.withShift();
      await company.at(125 * MINUTE);
      await taken(worker, row.id, 'green');
      await startAt(shiftId, 124);
      expect((await requiring.rowsOf(worker))[0]!.status).to.equal('done_late');
    });

    it('stay late when they were taken more than twice their window before it', async () => {
      const { worker, shiftId, row } = await requiring.withShift();
      await company.at(125 * MINUTE);
      await taken(worker, row.id, 'green');
      await startAt(shiftId, 366);
      expect((await requiring.rowsOf(worker))[0]!.status).to.equal('done_late');
      await startAt(shiftId, 365);
      expect((await requiring.rowsOf(worker))[0]!.status).to.equal('done_on_time');
    });

    it('were in time too when they were missed as planned; what a human has to decide stays', async () => {
      const { worker, shiftId, row } = await requiring.withShift(true);
      await company.at(123 * MINUTE);
      await requiring.tick('close');
      expect((await requiring.rowsOf(worker))[0]!.status).to.equal('missed');
      await taken(worker, row.id, 'invalid');
      await startAt(shiftId, 124);
      expect((await requiring.rowsOf(worker))[0]!.status).to.equal('missed');
      await company.at(125 * MINUTE);
      await taken(worker, row.id, 'green');
      await startAt(shiftId, 130);
      expect((await requiring.rowsOf(worker))[0]!.status).to.equal('done_on_time');
      expect(await company.caseOf(worker)).to.include({ status: 'open' });
      expect(await company.holdsOf(worker)).to.deep.equal([{ kind: 'hold', level: 'none', ended_because: null }]);
    });
  });

  it('are blocked by devices that somebody put out of service in time and that were silent since, by nothing less', async () => {
    const closed = async (devices: { since: number | null; seen: number | null }[]) => {
      await company.at(0);
      const { worker } = await requiring.withShift();
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
      await requiring.tick('close');
      const [row] = await requiring.rowsOf(worker);
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
      const made = await requiring.withShift(true);
      await company.client.query(`update requirement set status = 'blocked' where id = $1`, [made.row.id]);
      const startable = async () => {
        const scope = systemScope(company.companyId, 'test', 'trace');
        const [verdict] = await company.app.platform.db.read(scope, (reader) =>
          company.gate.look(reader, [
            {
              profileId: made.worker.profileId,
              purpose: 'shift_start',
              at: requiring.inHours(2).toISOString(),
              assignmentId: null,
              shiftId: made.shiftId,
              siteId: null,
              taskKindIds: [],
              equipmentKindIds: [],
            },
          ]),
        );
        return verdict!.reasons.map(({ code }) => code);
      };
      return { ...made, startable };
    };
    const fit = await blocked();
    expect(await fit.startable()).to.include('ASSESSMENT_MISSING');
    expect((await requiring.move(fit.worker, fit.row, 'assess', { fit: true, assessment })).status).to.equal(403);
    expect((await requiring.move(company.supervisor, fit.row, 'assess', { assessment })).status).to.equal(422);
    expect((await requiring.move(company.supervisor, fit.row, 'assess', { fit: true, assessment })).body).to.include({
      status: 'blocked',
      assessedFit: true,
      assessedBy: company.supervisor.profileId,
    });
    expect(await fit.startable()).to.not.include.members(['ASSESSMENT_MISSING']);
    expect(await company.holdsOf(fit.worker)).to.deep.equal([]);

    const drunk = await blocked();
    expect((await requiring.move(company.supervisor, drunk.row, 'assess', { fit: false, assessment })).body).to.include(
      {
        assessedFit: false,
      },
    );
    expect(await company.caseOf(drunk.worker)).to.deep.include({
      status: 'open',
      trigger_requirement_id: drunk.row.id,
    });
    expect(await drunk.startable()).to.include('HOLD_UNDECIDED');
    await requiring.move(company.supervisor, drunk.row, 'assess', { fit: true, assessment });
    expect(await drunk.startable()).to.include('HOLD_UNDECIDED');
    const { rows } = await company.client.query<{ sealed: string }>(
      'select texts_sealed as sealed from fitness_decision where requirement_id = $1',
      [drunk.row.id],
    );
    expect(rows).to.have.length(2);
    for (const { sealed } of rows) expect(sealed).to.not.contain('slurred');
    const notes = await company.ask(company.manager, 'get', `/fitness/requirements/${drunk.row.id}/notes`);
    const decisions = notes.body['decisions'] as Record<string, unknown>[];
    expect(decisions.map(({ decision }) => decision)).to.deep.equal(['unfit', 'fit']);
    expect(decisions[0]).to.deep.include({ assessment, note: null, decidedBy: company.supervisor.profileId });
    const read = await company.client.query(
      `select actor_id from change where entity_id = $1 and action = 'requirement.read_notes'`,
      [drunk.row.id],
    );
    expect(read.rows).to.deep.equal([{ actor_id: company.manager.profileId }]);
  });
});
