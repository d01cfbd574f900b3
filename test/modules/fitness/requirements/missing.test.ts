import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { classify } from '../../../../src/modules/fitness/classification/classify.ts';
import { missingTerms } from '../../../../src/modules/fitness/classification/missing.ts';
import { DEFAULT_FITNESS_POLICY } from '../../../../src/modules/fitness/classification/policy.ts';
import type { FitnessPolicy } from '../../../../src/modules/fitness/classification/policy.ts';
import type { TestPerson } from '../../../support/people.ts';
import { HOUR, MINUTE, startFitnessCompany } from '../company.ts';
import type { FitnessCompany } from '../company.ts';

describe('a test that nobody took, as exposure starts', () => {
  let company: FitnessCompany;
  let driving: string;

  before(async () => {
    company = await startFitnessCompany();
    driving = uuidv7();
    await company.client.query(
      `insert into task_kind (company_id, id, code, name, required_credentials, required_tests, hazards, created_at, updated_at)
       values ($1, $2, 'HAUL', 'Haul truck', '{}', '{}', '{driving}', $3, $3)`,
      [company.companyId, driving, company.start],
    );
  });
  after(() => company.close());
  beforeEach(() => company.at(0));

  const inHours = (hours: number): Date => new Date(company.start.getTime() + hours * HOUR);
  /** A worker whose shift of eight hours begins in two, with its test. */
  const withShift = async ({ high = false, taskKindIds = [] as string[] } = {}) => {
    const worker = await company.addWorker(high);
    await company.addAssignment(worker, taskKindIds);
    const shiftId = await company.addShift(worker, { startsAt: inHours(2), hours: 8 });
    await company.tick('generate');
    const { rows } = await company.client.query<{ id: string }>('select id from requirement where shift_id = $1', [
      shiftId,
    ]);
    company.notices.length = 0;
    return { worker, shiftId, requirementId: rows[0]!.id };
  };
  const reasonsOf = async ({ worker, shiftId }: { worker: TestPerson; shiftId: string }): Promise<string[]> => {
    const body = { profileId: worker.profileId, purpose: 'shift_start', shiftId };
    const { body: answer } = await company.ask(company.supervisor, 'post', '/gate/decisions', body);
    const reasons = answer['reasons'] as { code: string; severity: string }[];
    return reasons.map(({ code, severity }) => `${severity} ${code}`);
  };
  const noticesOf = ({ profileId }: TestPerson) =>
    company.notices
      .filter((notice) => notice.profileId === profileId)
      .map(({ kind, recipients }) => [kind, recipients]);

  it('restricts at the gate from that instant as a yellow does, and forbids the work that it forbids', async () => {
    const [plain, haul] = [await withShift(), await withShift({ taskKindIds: [driving] })];
    const restricted = ['restrict ACCOMPANIED', 'restrict NO_DRIVING', 'restrict NO_HEIGHTS'];
    await company.at(2 * HOUR);
    expect((await reasonsOf(plain)).toSorted()).to.deep.equal([...restricted, 'restrict TEST_MISSING']);
    expect((await reasonsOf(haul))[0]).to.equal('block DRIVING_FORBIDDEN');
    const sleepy = await withShift({ taskKindIds: [driving] });
    await company.judge(sleepy.worker, { level: 'yellow', ...sleepy });
    expect((await reasonsOf(sleepy))[0]).to.equal('block DRIVING_FORBIDDEN');
  });

  it('restricts outside high-risk groups until a test comes, and the supervisor is told once', async () => {
    const { worker, requirementId } = await withShift();
    const restrictions = { kind: 'restrictions', level: 'none', ended_because: null };
    await company.at(2 * HOUR + MINUTE);
    await company.tick('close');
    expect(await company.holdsOf(worker)).to.deep.equal([]);
    await company.at(2 * HOUR + 2 * MINUTE);
    await company.tick('close');
    await company.tick('close');
    expect(await company.holdsOf(worker)).to.deep.equal([restrictions]);
    expect(noticesOf(worker)).to.deep.equal([['test_missed', [company.supervisor.profileId]]]);
    expect(await company.caseOf(worker)).to.equal(undefined);
    const { rows } = await company.client.query<{ ends_at: Date; restrictions: object }>(
      'select ends_at, restrictions from hold where requirement_id = $1',
      [requirementId],
    );
    expect(rows).to.deep.equal([{ ends_at: inHours(10), restrictions: DEFAULT_FITNESS_POLICY.missingRestrictions }]);
    await company.judge(worker, { level: 'invalid', requirementId });
    expect(await company.holdsOf(worker)).to.deep.equal([restrictions]);
    await company.judge(worker, { level: 'green', requirementId, attempt: 'repeat' });
    expect(await company.holdsOf(worker)).to.deep.equal([{ ...restrictions, ended_because: 'done' }]);
  });

  it('is missed when the shift is over; nobody hears of it twice', async () => {
    const { worker, requirementId } = await withShift();
    await company.at(3 * HOUR);
    await company.tick('close');
    await company.at(10 * HOUR + 2 * MINUTE);
    await company.tick('close');
    expect(noticesOf(worker)).to.have.length(1);
    const { rows } = await company.client.query('select status, level from requirement where id = $1', [requirementId]);
    expect(rows).to.deep.equal([{ status: 'missed', level: 'none' }]);
    expect(await company.caseOf(worker)).to.equal(undefined);
  });

  it('holds in high-risk groups', async () => {
    const made = await withShift({ high: true });
    await company.at(2 * HOUR);
    expect(await reasonsOf(made)).to.deep.equal(['block TEST_MISSING']);
    await company.at(2 * HOUR + 2 * MINUTE);
    await company.tick('close');
    expect(await company.holdsOf(made.worker)).to.deep.equal([{ kind: 'hold', level: 'none', ended_because: null }]);
  });

  it('asks for an assessment where an outage is to blame, at once, and restricts until there is one', async () => {
    const made = await withShift();
    await company.client.query(
      `insert into ingest_cursor (source, position, rows_read, rows_taken, rows_quarantined, status)
       values ('SAFER', 0, 0, 0, 0, 'down')`,
    );
    await company.at(2 * HOUR + 2 * MINUTE);
    await company.tick('close');
    await company.client.query('delete from ingest_cursor');
    const { rows } = await company.client.query<{ status: string; version: number }>(
      'select status, version from requirement where id = $1',
      [made.requirementId],
    );
    expect(rows[0]!.status).to.equal('blocked');
    expect(await reasonsOf(made)).to.include.members(['restrict ASSESSMENT_MISSING', 'restrict NO_DRIVING']);
    const body = { fit: true, assessment: { sleepHistory: 'slept seven hours', observation: 'awake and steady' } };
    const path = `/fitness/requirements/${made.requirementId}/assess`;
    await company.ask(company.supervisor, 'post', path, body, rows[0]!.version);
    expect(await reasonsOf(made)).to.deep.equal([]);
  });

  it('means what the decision table says of it, with the policy of when it was asked for', async () => {
    const policy: FitnessPolicy = {
      ...DEFAULT_FITNESS_POLICY,
      missingRestrictions: { noDriving: false, accompanied: false, noHeights: true },
    };
    const { riskGroupId } = (
      await company.client.query<{ riskGroupId: string }>(
        `insert into risk_group (company_id, id, name, high_risk, created_at, updated_at)
         values ($1, gen_random_uuid(), 'Office', false, $2, $2) returning id as "riskGroupId"`,
        [company.companyId, company.start],
      )
    ).rows[0]!;
    await company.client.query(
      `insert into fitness_policy (company_id, id, risk_group_id, revision, policy, status, created_at, updated_at)
       values ($1, gen_random_uuid(), $2, 1, $3, 'active', $4, $4)`,
      [company.companyId, riskGroupId, policy, company.start],
    );
    const worker = await company.addWorker();
    await company.client.query('update profile set risk_group_id = $2 where id = $1', [worker.profileId, riskGroupId]);
    const shiftId = await company.addShift(worker, { startsAt: inHours(2) });
    await company.tick('generate');
    const { rows } = await company.client.query<{ terms: { missing: object } }>(
      'select terms from requirement where shift_id = $1',
      [shiftId],
    );
    expect(rows[0]!.terms.missing).to.deep.equal(missingTerms(policy, 'pre_shift'));
    await company.at(2 * HOUR);
    expect((await reasonsOf({ worker, shiftId })).toSorted()).to.deep.equal([
      'restrict NO_HEIGHTS',
      'restrict TEST_MISSING',
    ]);
    const signals = { reaction: null, ocular: null, selfReport: null, alerts: [], clearance: null, baseline: null };
    for (const [missing, by] of [
      ['test', missingTerms(policy, 'pre_shift').test],
      ['device_outage', missingTerms(policy, 'pre_shift').outage],
    ] as const)
      for (const highRisk of [false, true]) {
        const { action } = classify({ ...signals, retest: null, earlierInvalid: false, missing, highRisk }, policy);
        expect(by[highRisk ? 'highRisk' : 'other']).to.equal(action);
      }
  });
});
