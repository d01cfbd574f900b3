import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { TestPerson } from '../../support/people.ts';
import { storeResult } from '../../portals/results.ts';
import { DECISION, HOUR, startFitnessCompany } from '../fitness/company.ts';
import type { FitnessCompany } from '../fitness/company.ts';

/** Somebody who has all that a shift of eight hours, from two hours after the start on, takes. */
interface Ready {
  readonly worker: TestPerson;
  readonly shiftId: string;
  readonly assignmentId: string;
}

type Break = (ready: Ready) => Promise<unknown>;

describe('facts of the gate, from their tables', () => {
  let company: FitnessCompany;
  const [task, driving, heights, alone, highRisk, subscription] = Array.from({ length: 6 }, () => uuidv7());

  /** `$1` is the company, `$2` when it was written. */
  const sql = (text: string, values: readonly unknown[] = []) =>
    company.client.query(text, [company.companyId, company.start, ...values]);
  const addTaskKind = (
    id: string,
    hazards: string,
    {
      credentials = '{}',
      tests = '{}',
      group = null,
    }: { credentials?: string; tests?: string; group?: string | null } = {},
  ) =>
    sql(
      `insert into task_kind (company_id, id, code, name, required_credentials, required_tests, hazards, risk_group_id, created_at, updated_at)
       values ($1, $3::uuid, $3::uuid::text, $3::uuid::text, $4, $5, $6, $7, $2, $2)`,
      [id, credentials, tests, hazards, group],
    );

  before(async () => {
    company = await startFitnessCompany();
    const group = await sql('select id from risk_group where company_id = $1 and created_at = $2 and high_risk');
    await addTaskKind(task!, '{}', { credentials: '{first_aid}', tests: '{SAFER}' });
    await addTaskKind(driving!, '{driving}');
    await addTaskKind(heights!, '{heights}');
    await addTaskKind(alone!, '{alone}');
    await addTaskKind(highRisk!, '{}', { group: (group.rows[0] as { id: string }).id });
    await sql(
      `insert into credential_requirement (company_id, id, kind, site_id, role, created_at, updated_at)
       values ($1, gen_random_uuid(), 'altitude', $3, null, $2, $2), ($1, gen_random_uuid(), 'induction', null, 'operator', $2, $2)`,
      [company.siteId],
    );
    await sql(
      `insert into subscription (company_id, id, offering, seats, starts_on, payment_state, status, created_at, updated_at)
       values ($1, $3, 'SAFER', 100, $2::timestamptz::date, 'paid', 'active', $2, $2)`,
      [subscription],
    );
  });
  after(() => company.close());
  beforeEach(() => company.at(0));

  const ready = async (): Promise<Ready> => {
    const worker = await company.addWorker();
    const { profileId } = worker;
    const assignmentId = await company.addAssignment(worker, [task!]);
    const contract = uuidv7();
    await sql(
      `insert into contract (company_id, id, number, contractor_name, contractor_rut, starts_on, status, created_at, updated_at)
       values ($1, $3::uuid, $3::uuid::text, 'Contratista', '76000000-0', '2020-01-01', 'active', $2, $2)`,
      [contract],
    );
    await company.client.query('update work_assignment set contract_id = $2 where id = $1', [assignmentId, contract]);
    await sql(
      `insert into credential (company_id, id, profile_id, kind, issuer, valid_from, has_evidence, status, created_at, updated_at)
       select $1, gen_random_uuid(), $3, kind, 'Mutual', '2020-01-01', false, 'valid', $2, $2
       from unnest('{altitude,induction,first_aid}'::text[]) kind`,
      [profileId],
    );
    await sql(
      `insert into license (company_id, id, subscription_id, offering, profile_id, status, by_hand, holders, assigned_at, created_at, updated_at)
       values ($1, gen_random_uuid(), $3, 'SAFER', $4, 'active', true, '{}', $2, $2, $2)`,
      [subscription, profileId],
    );
    const shiftId = await company.addShift(worker, {
      startsAt: new Date(company.start.getTime() + 2 * HOUR),
      hours: 8,
    });
    await company.tick('generate');
    const found = await company.client.query<{ id: string }>('select id from requirement where shift_id = $1', [
      shiftId,
    ]);
    await company.judge(worker, { level: 'green', requirementId: found.rows[0]!.id, shiftId });
    return { worker, shiftId, assignmentId };
  };

  /** A shift that was worked, from so many hours before the planned start on. */
  const worked = (
    { worker, assignmentId }: Ready,
    hoursBefore: number,
    hours: number,
    { kind = 'day', source = 'swap', status = 'done', endedAfter = hours } = {},
  ) => {
    const from = company.start.getTime() + (2 - hoursBefore) * HOUR;
    const at = (after: number) => new Date(from + after * HOUR);
    return sql(
      `insert into shift (company_id, id, assignment_id, profile_id, project_id, work_date, kind, source, timezone, starts_at, ends_at,
         actual_start_at, actual_end_at, status, created_at, updated_at)
       values ($1, gen_random_uuid(), $3, $4, $5, ($6::timestamptz at time zone 'America/Santiago')::date, $7, $8, 'America/Santiago',
         $6, $9, $6, $10, $11, $2, $2)`,
      [
        assignmentId,
        worker.profileId,
        company.projectId,
        at(0),
        kind,
        source,
        at(hours),
        status === 'done' ? at(endedAfter) : null,
        status,
      ],
    );
  };
  const shiftOf = ({ shiftId }: Ready, set: string) =>
    company.client.query(`update shift set ${set} where id = $1`, [shiftId]);
  const personOf = ({ worker }: Ready, set: string) =>
    company.client.query(`update profile set ${set} where id = $1`, [worker.profileId]);
  const ofPerson = ({ worker }: Ready, text: string) => company.client.query(text, [worker.profileId]);
  const declare = ({ worker, shiftId }: Ready, daysBefore: number, minutes: number) =>
    sql(
      `insert into declared_hours (company_id, id, profile_id, employer, worked_on, minutes, created_at, updated_at)
       select $1, gen_random_uuid(), $3, 'Otro', work_date - $4::integer, $5, $2, $2 from shift where id = $6`,
      [worker.profileId, daysBefore, minutes, shiftId],
    );
  const taskKinds = ({ assignmentId }: Ready, id: string | undefined) =>
    company.client.query('update work_assignment set task_kind_ids = task_kind_ids || $2::uuid where id = $1', [
      assignmentId,
      id,
    ]);
  const authorize = ({ assignmentId, worker }: Ready, limits: object) =>
    sql(
      `insert into hour_authorization (company_id, id, reference, issuer, assignment_id, profile_id, limits, starts_on, ends_on, ends_at,
         status, created_at, updated_at)
       values ($1, gen_random_uuid(), 'R-1', 'DT', $3, $4, $5, '2020-01-01', '2099-01-01', '2099-01-02', 'active', $2, $2)`,
      [assignmentId, worker.profileId, limits],
    );

  const ask = async ({ worker, shiftId }: Ready, more: object = {}) => {
    const body = { profileId: worker.profileId, purpose: 'shift_start', shiftId, ...more };
    const { body: answer } = await company.ask(company.supervisor, 'post', '/gate/decisions', body);
    return answer['reasons'] as { code: string; severity: string; params: Record<string, unknown> }[];
  };
  const codesAt = async (person: Ready, hours = 2): Promise<string[]> => {
    await company.at(hours * HOUR);
    return (await ask(person)).map(({ code, severity }) => `${severity} ${code}`);
  };

  it('are all there for who may start', async () => {
    expect(await codesAt(await ready())).to.deep.equal([]);
  });

  const yellow: Break = ({ worker, shiftId }) => company.judge(worker, { level: 'yellow', shiftId });
  const decided: Break = async ({ worker, shiftId }) => {
    await company.judge(worker, { level: 'orange', shiftId });
    const { id } = await company.caseOf(worker);
    await company.move(company.supervisor, id, 'acknowledge');
    await company.move(company.supervisor, id, 'decide', {
      ...DECISION,
      decision: 'sent_home',
      transportArranged: true,
    });
  };
  const untested: Break = ({ shiftId }) =>
    company.client.query("update requirement set status = 'due', result_id = null where shift_id = $1", [shiftId]);
  const excuse: Break = ({ shiftId }) =>
    company.client.query("update requirement set status = 'excused', result_id = null where shift_id = $1", [shiftId]);
  const untestedInGroup: Break = async (person) => {
    await company.setHighRisk(person.worker);
    await untested(person);
  };
  const untestedInTask: Break = async (person) => {
    await taskKinds(person, highRisk);
    await untested(person);
  };
  const lacking =
    (kind: string): Break =>
    (person) =>
      ofPerson(person, `delete from credential where profile_id = $1 and kind = '${kind}'`);
  const each = async (count: number, act: (n: number) => Promise<unknown>) => {
    for (let n = 1; n <= count; n += 1) await act(n);
  };

  const BROKEN: readonly (readonly [string, Break, string])[] = [
    ['a suspended profile', (p) => personOf(p, "status = 'suspended'"), 'block PROFILE_NOT_ACTIVE'],
    ['a profile that ran out', (p) => personOf(p, "expires_at = '2020-01-01'"), 'block PROFILE_EXPIRED'],
    [
      'a suspended assignment',
      (p) => ofPerson(p, "update work_assignment set status = 'suspended' where profile_id = $1"),
      'block ASSIGNMENT_NOT_ACTIVE',
    ],
    [
      'an assignment that ended',
      (p) => ofPerson(p, "update work_assignment set ends_on = '2020-02-01' where profile_id = $1"),
      'block ASSIGNMENT_DATES',
    ],
    [
      'a suspended contract',
      (p) =>
        ofPerson(
          p,
          `update contract c set status = 'suspended' from work_assignment a where a.profile_id = $1 and c.id = a.contract_id`,
        ),
      'block CONTRACT_NOT_ACTIVE',
    ],
    [
      'a contract that ended',
      (p) =>
        ofPerson(
          p,
          `update contract c set ends_on = '2020-02-01' from work_assignment a where a.profile_id = $1 and c.id = a.contract_id`,
        ),
      'block CONTRACT_DATES',
    ],
    ['no license', (p) => ofPerson(p, 'delete from license where profile_id = $1'), 'block LICENSE_INACTIVE'],
    [
      'a suspended license',
      (p) => ofPerson(p, "update license set status = 'suspended' where profile_id = $1"),
      'block LICENSE_INACTIVE',
    ],
    [
      'leave',
      ({ worker, shiftId }) =>
        sql(
          `insert into leave (company_id, id, profile_id, kind, starts_on, ends_on, created_at, updated_at)
           select $1, gen_random_uuid(), $3, 'vacation', work_date, work_date, $2, $2 from shift where id = $4`,
          [worker.profileId, shiftId],
        ),
      'block ON_LEAVE',
    ],
    ['a credential of the site', lacking('altitude'), 'block CREDENTIAL_MISSING'],
    ['a credential of the role', lacking('induction'), 'block CREDENTIAL_MISSING'],
    ['a credential of the task', lacking('first_aid'), 'block CREDENTIAL_MISSING'],
    [
      'a revoked credential',
      (p) => ofPerson(p, "update credential set status = 'revoked' where profile_id = $1 and kind = 'altitude'"),
      'block CREDENTIAL_REVOKED',
    ],
    [
      'a credential of later',
      (p) => ofPerson(p, "update credential set valid_from = '2099-01-01' where profile_id = $1 and kind = 'altitude'"),
      'block CREDENTIAL_NOT_YET_VALID',
    ],
    ['an orange', ({ worker, shiftId }) => company.judge(worker, { level: 'orange', shiftId }), 'block HOLD_UNDECIDED'],
    ['a red', ({ worker, shiftId }) => company.judge(worker, { level: 'red', shiftId }), 'block RED_UNDECIDED'],
    ['being sent home', decided, 'block HOLD_UNTIL_RETURN'],
    ['a yellow, no driving', yellow, 'restrict NO_DRIVING'],
    ['a yellow, no heights', yellow, 'restrict NO_HEIGHTS'],
    ['a yellow, not alone', yellow, 'restrict ACCOMPANIED'],
    ['a yellow, driving', async (p) => [await yellow(p), await taskKinds(p, driving)], 'block DRIVING_FORBIDDEN'],
    ['a yellow, at height', async (p) => [await yellow(p), await taskKinds(p, heights)], 'block HEIGHTS_FORBIDDEN'],
    ['a yellow, alone', async (p) => [await yellow(p), await taskKinds(p, alone)], 'block ALONE_FORBIDDEN'],
    ['no test', untested, 'restrict TEST_MISSING'],
    ['no test, in a high-risk group', untestedInGroup, 'block TEST_MISSING'],
    ['no test, at high-risk work', untestedInTask, 'block TEST_MISSING'],
    ['an excused test', excuse, 'restrict TEST_MISSING'],
    ['a long shift', (p) => shiftOf(p, "ends_at = starts_at + interval '12 hours 1 minute'"), 'block SHIFT_TOO_LONG'],
    ['a short rest', (p) => worked(p, 17, 8, { endedAfter: 7.1 }), 'block REST_TOO_SHORT'],
    ['a week of work', (p) => each(6, (n) => worked(p, 24 * n, 13.6)), 'block SEVEN_DAY_HOURS'],
    ['work elsewhere all week', (p) => each(6, (n) => declare(p, n, 820)), 'block SEVEN_DAY_HOURS'],
    ['work elsewhere on the day', (p) => declare(p, 0, 361), 'block HOURS_ELSEWHERE'],
    [
      'an eighth night',
      async (p) => [await shiftOf(p, "kind = 'night'"), await each(7, (n) => worked(p, 24 * n, 8, { kind: 'night' }))],
      'block CONSECUTIVE_NIGHTS',
    ],
    [
      'planned travel before',
      (p) => worked(p, 7, 6.5, { kind: 'travel', status: 'planned' }),
      'block TRAVEL_AND_SHIFT',
    ],
    ['travel before', (p) => worked(p, 7, 6.5, { kind: 'travel' }), 'block TRAVEL_AND_SHIFT'],
    ['a third call-out', (p) => each(3, (n) => worked(p, 24 * n, 1, { source: 'call_out' })), 'restrict CALL_OUTS'],
    ['stricter hours by authority', (p) => authorize(p, { maximumShiftMinutes: 479 }), 'block SHIFT_TOO_LONG'],
  ];
  for (const [name, breaks, reason] of BROKEN)
    it(`tell of ${name}`, async () => {
      const person = await ready();
      await breaks(person);
      expect(await codesAt(person)).to.include(reason);
    });

  /** A green that stands, so many hours after the start. */
  const stands = async ({ worker: { profileId } }: Ready, hours: number, isKept = true) => {
    const { client, companyId, start } = company;
    const takenAt = new Date(start.getTime() + hours * HOUR);
    const id = await storeResult(client, { companyId, profileId, takenAt, level: 'green' });
    const keep = `insert into test_result_key (company_id, source, external_id, content_hash, is_duplicate, result_id, profile_id)
      values ($1, 'SAFER', $2::uuid::text, sha256($2::uuid::text::bytea), false, $2, $3)`;
    if (isKept) await client.query(keep, [companyId, id, profileId]);
  };

  it('count a result that came though its test was excused', async () => {
    const person = await ready();
    await excuse(person);
    await stands(person, 0, false);
    expect(await codesAt(person)).to.include('restrict TEST_MISSING');
    await stands(person, 0);
    expect(await codesAt(person)).to.deep.equal([]);
  });

  it('tell of no test where work begins more than twice its window after it, until there is one', async () => {
    const [late, excused, held] = [await ready(), await ready(), await ready()];
    await excuse(excused);
    await stands(excused, 0);
    await company.setHighRisk(held.worker);
    for (const person of [late, excused]) {
      expect(await codesAt(person, 4)).to.deep.equal([]);
      expect(await codesAt(person, 4.1)).to.include('restrict TEST_MISSING');
      await shiftOf(person, "status = 'started', actual_start_at = starts_at + interval '3 hours'");
      const codes = async () => (await ask(person, { purpose: 'intervention' })).map(({ code }) => code);
      await company.at(5 * HOUR);
      expect(await codes()).to.include('TEST_MISSING');
      await stands(person, 4.9);
      expect(await codes()).to.deep.equal([]);
    }
    expect(await codesAt(held, 4.1)).to.deep.equal(['block TEST_MISSING']);
  });

  it('tell of a project that rests', async () => {
    const person = await ready();
    const set = (status: string) =>
      company.client.query('update project set status = $2 where id = $1', [company.projectId, status]);
    await set('on_hold');
    const codes = await codesAt(person);
    await set('active');
    expect(codes).to.deep.equal(['block PROJECT_NOT_ACTIVE']);
  });

  it('tell of the tests of a shift that runs where work or the crew changes, and of none that is only planned', async () => {
    const person = await ready();
    await untestedInGroup(person);
    await company.at(3 * HOUR);
    const codes = async (purpose: string) =>
      (await ask(person, { purpose, shiftId: undefined })).map(({ code, severity }) => `${severity} ${code}`);
    expect(await codes('crew')).to.deep.equal([]);
    await shiftOf(person, "status = 'started', actual_start_at = starts_at");
    expect(await codes('crew')).to.deep.equal(['block TEST_MISSING']);
    expect(await codes('intervention')).to.deep.equal(['block TEST_MISSING']);
  });

  it('tell of another shift that still runs', async () => {
    const person = await ready();
    await worked(person, 20, 20, { status: 'started' });
    expect(await codesAt(person, 1.9)).to.include('block OPEN_SHIFT');
  });

  it('tell who asks for a credential', async () => {
    const person = await ready();
    await ofPerson(person, 'delete from credential where profile_id = $1');
    await company.at(2 * HOUR);
    expect((await ask(person)).map(({ params }) => params)).to.deep.equal([
      { credential: 'altitude', requiredBy: 'site' },
      { credential: 'first_aid', requiredBy: 'task' },
      { credential: 'induction', requiredBy: 'role' },
    ]);
  });

  it('tell of an extension that was approved, and of what an authority allows', async () => {
    const longer = "ends_at = starts_at + interval '13 hours'";
    const [extended, allowed] = [await ready(), await ready()];
    await shiftOf(extended, longer);
    await sql(
      `insert into roster_exception (company_id, id, kind, profile_id, shift_id, minutes, status, created_at, updated_at)
       values ($1, gen_random_uuid(), 'extension', $3, $4, 300, 'approved', $2, $2)`,
      [extended.worker.profileId, extended.shiftId],
    );
    await shiftOf(allowed, longer);
    await authorize(allowed, { maximumShiftMinutes: 13 * 60 });
    expect(await codesAt(extended)).to.deep.equal([]);
    expect(await codesAt(allowed)).to.deep.equal([]);
  });

  it('count hours and rest from when work really begins, before the plan and after it', async () => {
    const early = await ready();
    await shiftOf(early, "ends_at = starts_at + interval '12 hours'");
    await worked(early, 20, 8);
    expect(await codesAt(early)).to.deep.equal([]);
    expect(await codesAt(early, -0.5)).to.deep.equal(['block SHIFT_TOO_LONG', 'block REST_TOO_SHORT']);
    const reasons = await ask(early);
    expect(reasons.map(({ params }) => params['hours'])).to.deep.equal([14, 9.5]);
    const late = await ready();
    await shiftOf(late, "ends_at = starts_at + interval '13 hours'");
    await worked(late, 17, 8);
    expect(await codesAt(late)).to.deep.equal(['block SHIFT_TOO_LONG', 'block REST_TOO_SHORT']);
    expect(await codesAt(late, 3)).to.deep.equal([]);
    await shiftOf(late, `status = 'started', actual_start_at = starts_at - interval '30 minutes'`);
    expect((await ask(late, { purpose: 'intervention' })).map(({ code }) => code)).to.deep.equal([
      'SHIFT_TOO_LONG',
      'REST_TOO_SHORT',
    ]);
  });
});
