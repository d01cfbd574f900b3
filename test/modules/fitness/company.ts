import { v7 as uuidv7 } from 'uuid';
import type pg from 'pg';
import { pino } from 'pino';
import { DEFAULT_FITNESS_POLICY } from '../../../src/modules/fitness/classification/policy.ts';
import type { FitnessPolicy } from '../../../src/modules/fitness/classification/policy.ts';
import type { FitnessNotice } from '../../../src/modules/fitness/notices.ts';
import type { JudgedResult } from '../../../src/modules/fitness/ports.ts';
import { systemScope } from '../../../src/platform/db/scope.ts';
import { createSweeper } from '../../../src/platform/jobs/sweeper.ts';
import { reaches, visibleProfiles } from '../../../src/modules/organization/reach.ts';
import { createZones } from '../../../src/modules/organization/zones.ts';
import { createPeople } from '../../../src/modules/workforce/people.ts';
import { wireFitnessCases } from '../../../src/wiring/fitness-cases.ts';
import type { CasesArea } from '../../../src/wiring/fitness-cases.ts';
import type { Gate } from '../../../src/modules/gate/ports.ts';
import { wireGate } from '../../../src/wiring/gate.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson, addReportingLine } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly id: string; readonly version: number };
}

export interface ShiftOptions {
  readonly startsAt?: Date;
  readonly hours?: number;
  readonly kind?: 'day' | 'night';
  readonly assignmentId?: string;
  readonly status?: 'planned' | 'started' | 'done';
}

/** A company at work: worker → supervisor → manager, a safety admin, one project at one site, the clock at `start`. */
export interface FitnessCompany {
  readonly app: TestApp;
  readonly area: CasesArea;
  readonly gate: Gate;
  readonly client: pg.Client;
  readonly companyId: string;
  readonly worker: TestPerson;
  readonly colleague: TestPerson;
  readonly supervisor: TestPerson;
  readonly manager: TestPerson;
  readonly safety: TestPerson;
  readonly start: Date;
  readonly notices: FitnessNotice[];
  readonly siteId: string;
  readonly projectId: string;
  /** Moves the clock to so many ms after the start, and makes the timed moves that fell due. */
  readonly at: (ms: number) => Promise<void>;
  /** Who reports to the supervisor, or to somebody else. */
  readonly addWorker: (high?: boolean, superior?: TestPerson) => Promise<TestPerson>;
  readonly addAssignment: (worker: TestPerson, taskKindIds?: readonly string[]) => Promise<string>;
  readonly addShift: (worker: TestPerson, options?: ShiftOptions) => Promise<string>;
  /** A worker with a shift in an hour, its test done. */
  readonly addReady: () => Promise<{ readonly worker: TestPerson; readonly shiftId: string }>;
  readonly setHighRisk: (worker: TestPerson) => Promise<void>;
  /** Puts somebody into a risk group, not a high one, with a policy of its own; answers the policy's id. */
  readonly givePolicy: (worker: TestPerson, values: Partial<FitnessPolicy>) => Promise<string>;
  /** Makes what shifts require, or what follows from tests that are not there. */
  readonly tick: (name: 'generate' | 'close') => Promise<void>;
  /** Stores nothing: hands a judged result to what follows from results. */
  readonly judge: (worker: TestPerson, result?: Partial<JudgedResult>) => Promise<JudgedResult>;
  /** Many at once, in their order. */
  readonly judgeAll: (results: readonly (readonly [TestPerson, Partial<JudgedResult>])[]) => Promise<void>;
  readonly ask: (
    person: TestPerson,
    method: 'get' | 'post' | 'put',
    path: string,
    body?: object,
    version?: number,
  ) => Promise<Answer>;
  /** A move of a case, with its present version. */
  readonly move: (person: TestPerson, id: string, name: string, body?: object) => Promise<Answer>;
  readonly caseOf: (
    worker: TestPerson,
  ) => Promise<Record<string, unknown> & { id: string; status: string; level: string }>;
  readonly holdsOf: (worker: TestPerson) => Promise<{ kind: string; level: string; ended_because: string | null }[]>;
  readonly close: () => Promise<void>;
}

export const DECISION = {
  decision: 'cleared',
  assessment: { sleepHistory: 'slept seven hours', observation: 'awake and steady' },
  note: 'fit after rest',
} as const;

const judged = (worker: TestPerson, now: Date, given: Partial<JudgedResult>): JudgedResult => {
  const level = given.level ?? 'red';
  const holds = level === 'red' || level === 'orange' || given.action === 'hold';
  return {
    id: uuidv7(),
    profileId: worker.profileId,
    shiftId: null,
    source: 'SAFER',
    definitionCode: 'PVT-B',
    takenAt: now.toISOString(),
    receivedAt: now.toISOString(),
    arrivalFlags: [],
    level,
    action: holds ? 'hold' : level === 'yellow' ? 'second_signal' : 'may_work',
    reasons: [],
    opensCase: holds && given.attempt !== 'retest',
    escalates: level === 'red',
    highRisk: false,
    requirementId: null,
    caseId: null,
    attempt: 'first',
    attemptNo: 1,
    practice: false,
    isValid: level !== 'invalid' && level !== 'none',
    secondSignal: level === 'green' ? 'reaction' : null,
    policyId: null,
    isAlert: false,
    supersedes: null,
    ...given,
  };
};

/** Builds the company; every row that other modules own is written as they would. */
export const startFitnessCompany = async (): Promise<FitnessCompany> => {
  const app = await startApp();
  // The morning in Santiago, whatever the hour of the run: a night before it belongs to the day before.
  const start = new Date(new Date().setUTCHours(10, 0, 0, 0));
  app.clock.set(start);
  const companyId = await addCompany(app.database);
  const person = (roles: readonly string[]) => addPerson(app, { companyId, roles });
  const manager = await person(['manager']);
  const supervisor = await person(['supervisor']);
  const safety = await person(['safety_admin']);
  const worker = await person(['worker']);
  const colleague = await person(['worker']);
  await addReportingLine(app, manager, supervisor);
  await addReportingLine(app, supervisor, worker);
  await addReportingLine(app, supervisor, colleague);
  const client = await app.database.superuser();
  const [siteId, projectId, groupId] = [uuidv7(), uuidv7(), uuidv7()];
  await client.query(
    `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at) values ($1, $2, '/' || $2::uuid || '/', 1, 'S', 'Faena', 'America/Santiago', $3, $3)`,
    [companyId, siteId, start],
  );
  await client.query(
    `insert into project (company_id, id, code, name, site_id, status, created_at, updated_at) values ($1, $2, 'P', 'Rajo', $3, 'active', $4, $4)`,
    [companyId, projectId, siteId, start],
  );
  await client.query(
    `insert into risk_group (company_id, id, name, high_risk, created_at, updated_at) values ($1, $2, 'Haul', true, $3, $3)`,
    [companyId, groupId, start],
  );
  const notices: FitnessNotice[] = [];
  const notify = (_tx: unknown, notice: FitnessNotice) => {
    notices.push(notice);
    return Promise.resolve();
  };
  const area = wireFitnessCases(app.platform, { notices: [{ notify }] });
  const { gate } = wireGate(app.platform, {
    zones: createZones(),
    people: createPeople({ visible: visibleProfiles, reaches }),
    requirements: area.generation,
  });
  const { db, system, movers } = app.platform;
  const { now } = app.clock;
  const sweeper = createSweeper({
    system,
    db,
    movers,
    now,
    log: pino({ level: 'silent' }),
    cut: new AbortController().signal,
  });
  const scope = systemScope(companyId, 'test', 'trace');

  const ask: FitnessCompany['ask'] = async (who, method, path, body, version) => {
    const headers = {
      authorization: await who.bearer(),
      'accept-language': 'en',
      ...(version !== undefined && { 'if-match': `"${version}"` }),
    };
    const sent = app.http[method](`/angelis${path}`).set(headers);
    const { status, body: answer } = await (body === undefined ? sent : sent.send(body));
    return { status, body: answer as Answer['body'] };
  };

  const setHighRisk: FitnessCompany['setHighRisk'] = async ({ profileId }) => {
    await client.query('update profile set risk_group_id = $3 where company_id = $1 and id = $2', [
      companyId,
      profileId,
      groupId,
    ]);
  };

  const addAssignment: FitnessCompany['addAssignment'] = async ({ profileId }, taskKindIds = []) => {
    const known = await client.query<{ id: string }>(
      'select id from work_assignment where company_id = $1 and profile_id = $2 and project_id = $3',
      [companyId, profileId, projectId],
    );
    if (known.rows[0] !== undefined) return known.rows[0].id;
    const id = uuidv7();
    await client.query(
      `insert into work_assignment (company_id, id, profile_id, project_id, role, task_kind_ids, starts_on, status, created_at, updated_at)
       values ($1, $2, $3, $4, 'operator', $5, '2020-01-01', 'active', $6, $6)`,
      [companyId, id, profileId, projectId, taskKindIds, start],
    );
    return id;
  };

  const addShift: FitnessCompany['addShift'] = async (who, options = {}) => {
    const { startsAt = start, hours = 12, kind = 'day', status = 'planned' } = options;
    const assignmentId = options.assignmentId ?? (await addAssignment(who));
    const id = uuidv7();
    await client.query(
      `insert into shift (company_id, id, assignment_id, profile_id, project_id, work_date, kind, source, timezone, starts_at, ends_at,
         actual_start_at, status, created_at, updated_at)
       values ($1, $2, $3, $4, $5, ($6::timestamptz at time zone 'America/Santiago')::date, $7, 'pattern', 'America/Santiago', $6, $8,
         $9, $10, $11, $11)`,
      [
        companyId,
        id,
        assignmentId,
        who.profileId,
        projectId,
        startsAt,
        kind,
        new Date(startsAt.getTime() + hours * HOUR),
        status === 'planned' ? null : startsAt,
        status,
        start,
      ],
    );
    return id;
  };

  const addWorker: FitnessCompany['addWorker'] = async (high = false, superior = supervisor) => {
    const made = await person(['worker']);
    await addReportingLine(app, superior, made);
    if (high) await setHighRisk(made);
    return made;
  };

  const judge: FitnessCompany['judge'] = async (who, given = {}) => {
    const result = judged(who, now(), given);
    await db.write(scope, (tx) => area.outcome.onResults(tx, [result]));
    return result;
  };

  return {
    app,
    area,
    gate,
    client,
    companyId,
    worker,
    colleague,
    supervisor,
    manager,
    safety,
    start,
    notices,
    siteId,
    projectId,
    at: async (ms) => {
      app.clock.set(new Date(start.getTime() + ms));
      await sweeper.sweep();
    },
    addWorker,
    addAssignment,
    addShift,
    addReady: async () => {
      const made = await addWorker();
      const shiftId = await addShift(made, { startsAt: new Date(start.getTime() + HOUR) });
      await db.write(scope, (tx) => area.generation.forShiftIds(tx, [shiftId]));
      const { rows } = await client.query<{ id: string }>('select id from requirement where shift_id = $1', [shiftId]);
      await judge(made, { level: 'green', requirementId: rows[0]!.id, shiftId });
      return { worker: made, shiftId };
    },
    setHighRisk,
    givePolicy: async ({ profileId }, values) => {
      const group = await ask(safety, 'post', '/fitness/risk-group', { name: uuidv7(), highRisk: false });
      await client.query('update profile set risk_group_id = $2 where id = $1', [profileId, group.body.id]);
      const policy = { ...DEFAULT_FITNESS_POLICY, ...values };
      const made = await ask(safety, 'post', '/fitness/policies', { riskGroupId: group.body.id, policy });
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
      return made.body.id;
    },
    tick: async (name) => {
      const { run } = area.modules
        .flatMap((module) => module.ticks ?? [])
        .find((one) => one.name === `fitness.requirements.${name}`)!;
      await run(scope, { now: now(), signal: new AbortController().signal });
    },
    judge,
    judgeAll: async (results) => {
      const all = results.map(([who, given]) => judged(who, now(), given));
      await db.write(scope, (tx) => area.outcome.onResults(tx, all));
    },
    ask,
    move: async (who, id, name, body) => {
      const { rows } = await client.query<{ version: number }>(
        'select version from fitness_case where company_id = $1 and id = $2',
        [companyId, id],
      );
      return ask(who, 'post', `/fitness/cases/${id}/${name}`, body, rows[0]!.version);
    },
    caseOf: async ({ profileId }) => {
      const { rows } = await client.query<Awaited<ReturnType<FitnessCompany['caseOf']>>>(
        'select * from fitness_case where company_id = $1 and profile_id = $2 order by opened_at desc, id desc limit 1',
        [companyId, profileId],
      );
      return rows[0]!;
    },
    holdsOf: async ({ profileId }) =>
      (
        await client.query<{ kind: string; level: string; ended_because: string | null }>(
          'select kind, level, ended_because from hold where company_id = $1 and profile_id = $2 order by starts_at, id',
          [companyId, profileId],
        )
      ).rows,
    close: async () => {
      await client.end();
      await app.close();
    },
  };
};
