import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { readReaction, REACTION_PROTOCOLS } from '../../../../src/modules/fitness/classification/metrics.ts';
import { DEFAULT_FITNESS_POLICY } from '../../../../src/modules/fitness/classification/policy.ts';
import type { OwnedTest, TestContent } from '../../../../src/modules/fitness/intake/content.ts';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import { trialsOf } from '../../../support/sources.ts';
import { createIngestHarness } from '../ingest/harness.ts';
import type { Company, IngestHarness, Person } from '../ingest/harness.ts';

const MINUTE = 60_000;
const EYES = { pupilDiameter: null, constrictionAmplitude: null, constrictionLatency: null, saccadicVelocity: null };
const NOTHING = { kss: null, sleep24h: null, sleep48h: null, awakeHours: null, symptoms: null };

describe('intake', () => {
  let h: IngestHarness;
  let company: Company;
  let ana: Person;
  before(async () => {
    h = await createIngestHarness();
  });
  after(() => h.close());
  beforeEach(async () => {
    h.clock.set(new Date('2026-11-10T12:00:00.000Z'));
    h.told.length = 0;
    company = await h.addCompany();
    ana = await h.addPerson(company, 'P-1');
  });

  const at = (minutes: number): Date => new Date(Date.parse('2026-11-10T12:00:00.000Z') + minutes * MINUTE);
  const test = (content: TestContent, minutes: number, values: Partial<OwnedTest> = {}): OwnedTest => {
    const externalId = uuidv7();
    return {
      source: content.kind === 'ocular' ? 'FIT2000' : content.kind === 'reaction' ? 'SAFER' : 'SELF_REPORT',
      externalId,
      contentHash: createHash('sha256').update(externalId).digest(),
      definitionCode: content.kind === 'reaction' ? 'PVT-B' : content.kind === 'ocular' ? 'OCULAR' : 'SELF-REPORT',
      startedAt: null,
      takenAt: at(minutes),
      deviceSerial: null,
      qualityFlags: [],
      supervised: true,
      practice: false,
      profileId: ana.profileId,
      content,
      ...values,
    };
  };
  const pvt = (mean: number, minutes: number, values: Partial<OwnedTest> = {}): OwnedTest => {
    const trials = trialsOf(mean);
    const reading = readReaction({ trials, falseStarts: 0, durationMs: 180_000 }, REACTION_PROTOCOLS['PVT-B']);
    if (!reading.ok) throw new Error(reading.problem);
    const content = { protocol: 'PVT-B', trials, metrics: reading.metrics, timing: 'unknown', report: null } as const;
    return test({ kind: 'reaction', ...content }, minutes, values);
  };
  const report = (answers: object, minutes: number) =>
    test({ kind: 'self_report', report: { ...NOTHING, ...answers } }, minutes);
  const ocular = (risk: 'HIGH' | 'LOW', minutes: number, values: Partial<OwnedTest> = {}) =>
    test({ kind: 'ocular', ...EYES, risk, index: null, quality: 9 }, minutes, values);
  const take = (...tests: OwnedTest[]) =>
    h.db.write(systemScope(company.id, 'test', '0'.repeat(32)), (tx) => h.intake.take(tx, tests));
  const levels = async (all = false) => (await h.results(company, all)).map(({ level }) => level);
  const requirement = async (values: {
    window: number;
    due: number;
    code?: string;
    kind?: string;
    trigger?: string;
    status?: string;
  }) => {
    const id = uuidv7();
    const { window, due, code = 'PVT-B', kind = 'random', trigger = null, status = 'due' } = values;
    await h.root.query(
      `insert into requirement (company_id, id, profile_id, shift_date, kind, definition_code, window_from, due_at, grace_until,
         miss_at, terms, status, high_risk, trigger_result_id, created_at, updated_at)
       values ($1, $2, $3, '2026-11-10', $4, $5, $6, $7, $7, $7, '{}', $8, false, $9, $6, $6)`,
      [company.id, id, ana.profileId, kind, code, at(window), at(due), status, trigger],
    );
    return id;
  };

  it('numbers attempts: a repeat follows an invalid one, a retake one that stands', async () => {
    const invalid = { qualityFlags: ['ABORTED'] };
    await take(pvt(270, -50, invalid));
    await take(pvt(270, -40), pvt(270, -30));
    expect(
      (await h.results(company)).map(({ attempt, attempt_no, level }) => [attempt, attempt_no, level]),
    ).to.deep.equal([
      ['first', 1, 'invalid'],
      ['repeat', 2, 'green'],
      ['retake', 3, 'green'],
    ]);
  });

  it('counts a second invalid attempt as a missing test', async () => {
    const invalid = { qualityFlags: ['ABORTED'] };
    await take(pvt(270, -20, invalid), pvt(270, -10, invalid));
    const [, second] = await h.results(company);
    expect(second).to.include({ level: 'none', attempt: 'repeat' });
    expect(second!.reasons).to.include('SECOND_INVALID');
  });

  it('finds the requirement whose window it falls in, and counts attempts within it', async () => {
    const early = await requirement({ window: -600, due: -480 });
    const mine = await requirement({ window: -120, due: -10 });
    await requirement({ window: -120, due: -10, code: 'PVT-10' });
    await requirement({ window: 30, due: 60 });
    await take(pvt(270, -700), pvt(270, -500), pvt(270, -100), pvt(270, -5));
    expect((await h.results(company)).map(({ requirement_id, attempt }) => [requirement_id, attempt])).to.deep.equal([
      [null, 'first'],
      [early, 'first'],
      [mine, 'first'],
      [mine, 'retake'],
    ]);
    expect(h.told.map(({ requirementId, isValid }) => [requirementId, isValid])).to.deep.include([mine, true]);
  });

  it('gives practice a level and no consequence', async () => {
    const mine = await requirement({ window: -120, due: -10 });
    await take(pvt(900, -60, { practice: true }));
    await take(pvt(270, -50));
    const [practice, real] = await h.results(company);
    expect(practice).to.include({ level: 'red', opens_case: false, requirement_id: null });
    expect(real).to.include({ level: 'green', attempt: 'first', requirement_id: mine });
    expect(h.told[0]).to.include({ practice: true, opensCase: false, escalates: false });
  });

  it('weighs what is known of the last 12 hours together, and nothing older', async () => {
    await take(report({ kss: 8 }, -13 * 60), pvt(270, -30));
    expect((await h.results(company)).at(-1)).to.include({ level: 'green' });
    await take(report({ kss: 8 }, -20), ocular('HIGH', -10));
    expect((await h.results(company)).at(-1)).to.include({ level: 'red' });
    expect((await h.results(company)).at(-1)!.reasons).to.include('OCULAR_HIGH_CONFIRMED');
  });

  it('never takes a result from its person: the same id of another is refused, and nothing of it is written', async () => {
    const bea = await h.addPerson(company, 'P-2');
    const hers = { externalId: '7', profileId: bea.profileId };
    await take(pvt(900, -20, { externalId: '7' }));
    for (const batch of [
      [pvt(270, -10, hers)],
      [pvt(270, -9, { externalId: '8' }), pvt(270, -8, { ...hers, externalId: '8' })],
    ])
      expect(await take(...batch).catch((error: unknown) => (error as Error).message)).to.equal('RESULT_OF_ANOTHER');
    expect((await h.results(company, true)).map(({ level, profile_id }) => [level, profile_id])).to.deep.equal([
      ['red', ana.profileId],
    ]);
  });

  it('keeps to the times of the company’s policy', async () => {
    const times = { ...DEFAULT_FITNESS_POLICY.times, combineHours: 1, lateAnswerHours: 0, arrivalMinutes: 60 };
    await h.root.query(
      `insert into fitness_policy (company_id, id, revision, policy, status, created_at, updated_at)
       values ($1, $2, 1, $3, 'active', $4, $4)`,
      [company.id, uuidv7(), { ...DEFAULT_FITNESS_POLICY, times }, at(-60)],
    );
    const over = await requirement({ window: -120, due: -50 });
    await take(report({ kss: 8 }, -100), pvt(270, -61), pvt(270, -45), pvt(270, -35), pvt(270, 61));
    const [, early, second, third, ahead] = await h.results(company);
    expect(early).to.include({ level: 'yellow', requirement_id: over });
    expect([early, second, ahead].map((row) => row!.arrival_flags)).to.deep.equal([['LATE'], [], ['SKEWED']]);
    expect([second, third].map((row) => [row!.level, row!.requirement_id])).to.deep.equal([
      ['yellow', null],
      ['green', null],
    ]);
  });

  it('counts a test to the shift that begins within the policy’s minutes', async () => {
    const [assignmentId, projectId, shiftId] = [uuidv7(), uuidv7(), uuidv7()];
    await h.root.query(
      `insert into project (company_id, id, code, name, status, created_at, updated_at) values ($1, $2, 'P', 'P', 'active', $3, $3)`,
      [company.id, projectId, at(0)],
    );
    await h.root.query(
      `insert into work_assignment (company_id, id, profile_id, project_id, role, task_kind_ids, starts_on, status, created_at, updated_at)
       values ($1, $2, $3, $4, 'driver', '{}', '2026-01-01', 'active', $5, $5)`,
      [company.id, assignmentId, ana.profileId, projectId, at(0)],
    );
    await h.root.query(
      `insert into shift (company_id, id, assignment_id, profile_id, project_id, work_date, kind, source, timezone, starts_at,
         ends_at, status, created_at, updated_at)
       values ($1, $2, $3, $4, $5, '2026-11-10', 'day', 'pattern', 'Etc/UTC', $6, $7, 'planned', $6, $6)`,
      [company.id, shiftId, assignmentId, ana.profileId, projectId, at(100), at(700)],
    );
    await take(pvt(270, -21), pvt(270, -19));
    expect((await h.results(company)).map(({ shift_id }) => shift_id)).to.deep.equal([null, shiftId]);
  });

  it('leaves one ocular reading alone at yellow, however often it is HIGH', async () => {
    await take(ocular('HIGH', -30), ocular('HIGH', -20));
    expect(await levels()).to.deep.equal(['yellow', 'yellow']);
  });

  describe('lets a retake worsen and never improve', () => {
    const slow = 380;
    const baseline = async (mean: number) => {
      const id = uuidv7();
      const seal = await h.db.write(systemScope(company.id, 'test', '0'.repeat(32)), (tx) => h.vault.sealer(tx));
      await h.root.query(
        `insert into baseline (company_id, id, profile_id, definition_code, revision, status, provisional, n, capped, values_sealed,
           created_at, updated_at) values ($1, $2, $3, 'PVT-B', 1, 'active', false, 10, false, $4, $5, $5)`,
        [
          company.id,
          id,
          ana.profileId,
          seal(`baseline.values:${id}`, JSON.stringify({ mean, sd: 0.4, testIds: [] })),
          at(-60),
        ],
      );
    };

    it('of a reaction test, also where it is weighed with another kind later', async () => {
      await baseline(3.7);
      await take(pvt(slow, -50), pvt(270, -40));
      expect(await levels()).to.deep.equal(['yellow', 'yellow']);
      await take(ocular('HIGH', -30));
      expect((await h.results(company)).at(-1)).to.include({ level: 'red' });
    });

    it('of what was said, answer by answer', async () => {
      await take(report({ kss: 8, sleep24h: 7 }, -50), report({ kss: 2, symptoms: false }, -40), pvt(270, -30));
      expect(await levels()).to.deep.equal(['yellow', 'yellow', 'yellow']);
      await take(report({ sleep24h: 4 }, -20), report({ sleep24h: 9 }, -10));
      expect((await levels()).slice(-2)).to.deep.equal(['orange', 'orange']);
    });

    it('until a human cleared the person', async () => {
      await take(report({ kss: 8 }, -50));
      await h.root.query(
        `insert into fitness_case (company_id, id, profile_id, trigger, level, status, high_risk, opened_at, terms, lapse_at,
           decision, decided_at, created_at, updated_at)
         values ($1, $2, $3, 'result', 'yellow', 'decided', false, $4, '{}', $5, 'cleared', $5, $4, $4)`,
        [company.id, uuidv7(), ana.profileId, at(-50), at(-30)],
      );
      await take(report({ kss: 3 }, -20), pvt(270, -10));
      expect((await levels()).at(-1)).to.equal('green');
    });
  });

  it('tells of a measurement that is green by itself, whatever else is known, that it is a second signal', async () => {
    await take(
      report({ kss: 8 }, -50),
      pvt(270, -40),
      ocular('LOW', -30),
      pvt(900, -20),
      pvt(270, -10, { practice: true }),
    );
    expect(h.told.map(({ level, secondSignal }) => [level, secondSignal])).to.deep.equal([
      ['yellow', null],
      ['yellow', 'reaction'],
      ['yellow', 'ocular'],
      ['red', null],
      ['yellow', null],
    ]);
  });

  it('makes of the test after a rest the retest of its case: HIGH again is red, and lifts nothing', async () => {
    await take(ocular('HIGH', -60));
    const [first] = await h.results(company);
    const caseId = uuidv7();
    await h.root.query(
      `insert into fitness_case (company_id, id, profile_id, trigger, trigger_result_id, level, status, high_risk, opened_at,
         terms, lapse_at, rest_until, created_at, updated_at)
       values ($1, $2, $3, 'result', $4, 'yellow', 'resting', false, $5, '{}', $6, $6, $5, $5)`,
      [company.id, caseId, ana.profileId, first!.id, at(-60), at(-20)],
    );
    await take(ocular('LOW', -30));
    await take(ocular('HIGH', -10));
    const [, tooEarly, retest] = await h.results(company);
    expect(tooEarly).to.include({ attempt: 'retake', case_id: null });
    expect(retest).to.include({ attempt: 'retest', case_id: caseId, level: 'red', action: 'hold', opens_case: false });
    expect(retest!.reasons).to.include('OCULAR_HIGH_AGAIN');
  });

  it('lets an alert weigh until its test for cause is done', async () => {
    const alert = test({ kind: 'signal', signal: 'in_cab', cleared: null }, -60, {
      source: 'SIGNAL',
      definitionCode: 'SIGNAL',
    });
    await take(alert);
    const [row] = await h.results(company);
    const id = await requirement({ window: -60, due: 0, kind: 'for_cause', trigger: row!.id });
    await take(ocular('LOW', -55));
    expect((await h.results(company)).at(-1)).to.include({ level: 'yellow' });
    await take(pvt(270, -50));
    expect((await h.results(company)).at(-1)).to.include({ level: 'green', requirement_id: id });
    h.clock.set(at(1));
    await take(ocular('LOW', -40));
    expect(await levels()).to.deep.equal(['yellow', 'yellow', 'green', 'green']);
  });

  it('lets an alert weigh in the test for its cause where that speaks against the person too', async () => {
    await take(test({ kind: 'signal', signal: 'in_cab', cleared: null }, -60, { source: 'SIGNAL' }));
    await requirement({ window: -60, due: 0, kind: 'for_cause', code: 'OCULAR' });
    await take(ocular('HIGH', -50));
    expect(await levels()).to.deep.equal(['yellow', 'red']);
    h.clock.set(at(1));
    await take(report({ kss: 3 }, -55));
    expect((await levels()).at(-1)).to.equal('red');
  });

  const clearing = `insert into fitness_case (company_id, id, profile_id, trigger, level, status, high_risk, opened_at, terms,
    lapse_at, decision, decided_at, created_at, updated_at)
    values ($1, $2, $3, 'result', 'yellow', 'decided', true, $4, '{}', $4, 'cleared', $4, $4, $4)`;
  for (const [ending, end] of [
    ['the test is taken nevertheless', () => take(pvt(270, -40))],
    ['a human clears the person', () => h.root.query(clearing, [company.id, uuidv7(), ana.profileId, h.clock.now()])],
  ] as const)
    it(`lets an alert whose test was excused weigh until ${ending}`, async () => {
      await take(test({ kind: 'signal', signal: 'in_cab', cleared: null }, -60, { source: 'SIGNAL' }));
      await requirement({ window: -60, due: 0, kind: 'for_cause', status: 'excused' });
      await h.root.query('update requirement set excused_at = $2 where company_id = $1', [company.id, h.clock.now()]);
      await take(ocular('LOW', -50));
      await end();
      h.clock.set(at(1));
      await take(ocular('LOW', -30));
      const [, before, ...after] = (await h.results(company)).map(({ level }) => level);
      expect([before, after.at(-1)]).to.deep.equal(['yellow', 'green']);
    });

  it('judges again what came after late data, as rows of their own, and keeps the old ones', async () => {
    await take(pvt(270, -30), ocular('HIGH', -10));
    expect(await levels()).to.deep.equal(['green', 'yellow']);
    const before = await h.results(company, true);
    h.told.length = 0;
    await take(report({ kss: 8 }, -60));
    expect((await levels()).at(-1)).to.equal('red');
    const all = await h.results(company, true);
    expect(all.filter(({ id }) => before.some((old) => old.id === id))).to.deep.equal(before);
    const again = all.filter(({ superseding }) => superseding === 'reevaluation');
    expect(again.map(({ supersedes }) => supersedes)).to.have.members(before.map(({ id }) => id));
    expect(h.told.filter(({ supersedes }) => supersedes !== null).map(({ level }) => level)).to.have.members([
      'yellow',
      'red',
    ]);
    await take(report({ kss: 3 }, -5));
    expect(await h.results(company, true)).to.have.length(all.length + 1);
  });

  it('serializes what arrives for one person at once: two yellows of different kinds make an orange or a red', async () => {
    const others: Person[] = [];
    for (const code of ['P-2', 'P-3', 'P-4', 'P-5']) others.push(await h.addPerson(company, code));
    await Promise.all(
      others.flatMap(({ profileId }) => [
        take({ ...report({ kss: 8 }, -20), profileId }),
        take({ ...ocular('HIGH', -10), profileId }),
      ]),
    );
    const rows = await h.results(company);
    for (const { profileId } of others)
      expect(rows.filter((row) => row.profile_id === profileId).map(({ level }) => level)).to.deep.equal([
        'yellow',
        'red',
      ]);
  });

  it('knows work as high-risk by what the person is assigned to, too', async () => {
    const ids = { project: uuidv7(), group: uuidv7(), kind: uuidv7() };
    const { id: companyId } = company;
    await h.root.query(
      `insert into project (company_id, id, code, name, status, created_at, updated_at) values ($1, $2, 'P', 'P', 'active', $3, $3)`,
      [companyId, ids.project, at(0)],
    );
    await h.root.query(
      `insert into risk_group (company_id, id, name, high_risk, created_at, updated_at) values ($1, $2, 'G', true, $3, $3)`,
      [companyId, ids.group, at(0)],
    );
    await h.root.query(
      `insert into task_kind (company_id, id, code, name, risk_group_id, required_credentials, required_tests, hazards, created_at, updated_at)
       values ($1, $2, 'T', 'T', $3, '{}', '{}', '{}', $4, $4)`,
      [companyId, ids.kind, ids.group, at(0)],
    );
    await take(report({ kss: 8 }, -30));
    await h.root.query(
      `insert into work_assignment (company_id, id, profile_id, project_id, role, task_kind_ids, starts_on, status, created_at, updated_at)
       values ($1, $2, $3, $4, 'driver', array[$5::uuid], '2026-01-01', 'active', $6, $6)`,
      [companyId, uuidv7(), ana.profileId, ids.project, ids.kind, at(0)],
    );
    await take(report({ kss: 8 }, -20));
    expect((await h.results(company)).map(({ level, action }) => [level, action])).to.deep.equal([
      ['yellow', 'second_signal'],
      ['yellow', 'hold'],
    ]);
  });

  it('writes nothing when what follows from results fails', async () => {
    const keep = h.outcome;
    h.outcome = () => Promise.reject(new Error('no'));
    const failed = await take(pvt(270, -10)).catch((error: unknown) => (error as Error).message);
    h.outcome = keep;
    expect(failed).to.equal('no');
    expect(await h.results(company, true)).to.deep.equal([]);
    const { rows } = await h.root.query('select 1 from change where company_id = $1', [company.id]);
    expect(rows).to.have.length(0);
  });
});
