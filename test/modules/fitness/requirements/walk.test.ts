import { expect } from 'chai';
import * as fc from 'fast-check';
import { systemScope } from '../../../../src/platform/db/scope.ts';
import type { TestPerson } from '../../../support/people.ts';
import { HOUR, MINUTE, startFitnessCompany } from '../company.ts';
import type { FitnessCompany } from '../company.ts';

type Who = 'worker' | 'colleague' | 'supervisor' | 'manager' | 'safety';
type Level = 'green' | 'yellow' | 'orange' | 'red' | 'invalid';
type Step =
  | { do: 'judge'; levels: Level[]; skewed: boolean }
  | { do: 'wait'; minutes: number }
  | { do: 'close' }
  | { do: 'start' }
  | { do: 'outage'; is: boolean }
  | { do: 'move'; who: Who; name: string; body?: object };

interface Row {
  id: string;
  version: number;
  status: string;
  level: string | null;
  attempts: number;
  due_at: Date;
  grace_until: Date;
  miss_at: Date;
  done_at: Date | null;
  result_id: string | null;
  high_risk: boolean;
  excused_by: string | null;
  excused_at: Date | null;
  reviewed_by: string | null;
  review_drawn: boolean;
  assessed_by: string | null;
  blocked_because: string | null;
}

interface Walk {
  readonly worker: TestPerson;
  readonly shiftId: string;
  readonly id: string;
  ms: number;
  judged: number;
}

/** domain.md 4a, the states of a requirement: every pair that may be seen. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  due: ['due', 'done_on_time', 'done_late', 'missed', 'excused', 'blocked'],
  missed: ['missed', 'excused'],
  done_on_time: ['done_on_time'],
  done_late: ['done_late'],
  excused: ['excused'],
  blocked: ['blocked'],
};
const RANK = ['green', 'none', 'yellow', 'orange', 'red'];
const STEP_MINUTES = [5, 30, 60, 119, 121, 480, 1_500];

const who = fc.constantFrom<Who>('worker', 'colleague', 'supervisor', 'supervisor', 'manager', 'safety');
const moving = (name: string, body?: object): fc.Arbitrary<Step> =>
  fc.record({ do: fc.constant('move'), who, name: fc.constant(name), ...(body && { body: fc.constant(body) }) });
const level = fc.constantFrom<Level>('green', 'green', 'yellow', 'orange', 'red', 'invalid', 'invalid');
const ASSESSMENT = {
  fit: true,
  assessment: { sleepHistory: 'slept seven hours', observation: 'awake and steady' },
};
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('judge'),
      levels: fc.array(level, { minLength: 1, maxLength: 3 }),
      skewed: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait'), minutes: fc.constantFrom(...STEP_MINUTES) }) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'close' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'start' }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('outage'), is: fc.boolean() }) },
  { weight: 4, arbitrary: moving('excuse', { reason: 'absent' }) },
  { weight: 2, arbitrary: moving('assess', ASSESSMENT) },
  { weight: 2, arbitrary: moving('review') },
);

/** Walks through what chance seldom reaches. */
const EXAMPLES: Step[][] = [
  [{ do: 'wait', minutes: 1_500 }, { do: 'close' }, { do: 'judge', levels: ['green'], skewed: false }],
  [{ do: 'outage', is: true }, { do: 'wait', minutes: 1_500 }, { do: 'close' }, { do: 'outage', is: false }],
  [
    { do: 'wait', minutes: 121 },
    { do: 'judge', levels: ['invalid', 'green', 'red'], skewed: false },
  ],
  [{ do: 'judge', levels: ['green'], skewed: false }],
  [
    { do: 'move', who: 'supervisor', name: 'excuse', body: { reason: 'absent' } },
    { do: 'move', who: 'supervisor', name: 'review' },
    { do: 'move', who: 'manager', name: 'review' },
  ],
];

describe('a random walk over required tests', () => {
  let company: FitnessCompany;

  before(async () => {
    company = await startFitnessCompany();
  });
  after(() => company.close());

  const rowOf = async (id: string): Promise<Row> =>
    (
      await company.client.query<Row>('select * from requirement where company_id = $1 and id = $2', [
        company.companyId,
        id,
      ])
    ).rows[0]!;

  const begin = async (highRisk: boolean): Promise<Walk> => {
    await company.at(0);
    await company.client.query('delete from ingest_cursor');
    const worker = await company.addWorker(highRisk);
    const shiftId = await company.addShift(worker, { startsAt: new Date(company.start.getTime() + 2 * HOUR) });
    const scope = systemScope(company.companyId, 'test', 'trace');
    await company.app.platform.db.write(scope, (tx) => company.area.generation.forShiftIds(tx, [shiftId]));
    const { rows } = await company.client.query<{ id: string }>('select id from requirement where shift_id = $1', [
      shiftId,
    ]);
    return { worker, shiftId, id: rows[0]!.id, ms: 0, judged: 0 };
  };

  const tried = async (walk: Walk, next: Step & { do: 'move' }): Promise<void> => {
    const before = await rowOf(walk.id);
    const person = next.who === 'worker' ? walk.worker : company[next.who];
    const path = `/fitness/requirements/${walk.id}/${next.name}`;
    const { status } = await company.ask(person, 'post', path, next.body, before.version);
    expect([200, 403, 404, 409]).to.include(status);
    if (next.who === 'worker' || next.who === 'colleague') expect(status).to.not.equal(200);
    if (status !== 200) expect(await rowOf(walk.id)).to.deep.equal(before);
  };

  const take = async (walk: Walk, next: Step): Promise<void> => {
    if (next.do === 'wait') {
      walk.ms += next.minutes * MINUTE;
      await company.at(walk.ms);
    } else if (next.do === 'judge') {
      const { id: requirementId, shiftId, judged } = walk;
      const arrivalFlags = next.skewed ? (['SKEWED'] as const) : [];
      await company.judgeAll(
        next.levels.map((given, n) => [
          walk.worker,
          { level: given, requirementId, shiftId, arrivalFlags, attempt: judged + n === 0 ? 'first' : 'retake' },
        ]),
      );
      walk.judged += next.levels.length;
    } else if (next.do === 'start') {
      const scope = systemScope(company.companyId, 'test', 'trace');
      const at = company.app.clock.now();
      await company.app.platform.db.write(scope, (tx) => company.area.generation.shiftStarted(tx, walk.shiftId, at));
    } else if (next.do === 'outage') {
      await company.client.query('delete from ingest_cursor');
      if (next.is)
        await company.client.query(
          `insert into ingest_cursor (source, position, rows_read, rows_taken, rows_quarantined, status)
           values ('SAFER', 0, 0, 0, 0, 'down')`,
        );
    } else if (next.do === 'close') await company.tick('close');
    else await tried(walk, next);
  };

  /** What must hold between a row before and after any step, whatever was tried. */
  const check = async (walk: Walk, before: Row, after: Row): Promise<void> => {
    const { worker } = walk;
    expect(TABLE[before.status], `${before.status} -> ${after.status}`).to.include(after.status);
    expect(after.attempts).to.equal(walk.judged);
    if (before.status.startsWith('done')) {
      expect(after.result_id).to.equal(before.result_id);
      expect(RANK.indexOf(after.level!)).to.be.at.least(RANK.indexOf(before.level!));
    }
    if (after.status === 'done_on_time') expect(after.done_at!.getTime()).to.be.at.most(after.grace_until.getTime());
    if (after.status === 'done_late') expect(after.done_at!.getTime()).to.be.greaterThan(after.grace_until.getTime());
    if (before.status === 'due' && after.status === 'missed') {
      expect(after.level).to.equal('none');
      expect(company.app.clock.now().getTime()).to.be.at.least(after.miss_at.getTime());
      if (after.high_risk) expect((await company.caseOf(worker)).status).to.be.a('string');
    }
    expect(after.status === 'blocked').to.equal(after.blocked_because !== null);
    for (const actor of [after.excused_by, after.reviewed_by, after.assessed_by])
      expect(actor).to.not.equal(worker.profileId);
    if (after.excused_by === company.supervisor.profileId)
      expect(after.excused_at!.getTime()).to.be.at.most(after.due_at.getTime() + 24 * HOUR);
    if (after.reviewed_by !== null) {
      expect(after.review_drawn).to.equal(true);
      expect(after.reviewed_by).to.not.equal(after.excused_by);
    }
    if (after.assessed_by !== null) expect(after.status).to.equal('blocked');
  };

  it('keeps the table of moves, what stands, and who may excuse, review and assess', async function walk() {
    this.timeout(120_000);
    const reached = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 18 }), fc.boolean(), async (steps, highRisk) => {
        const walking = await begin(highRisk);
        for (const each of steps) {
          const before = await rowOf(walking.id);
          await take(walking, each);
          const after = await rowOf(walking.id);
          await check(walking, before, after);
          reached.add(after.status);
        }
      }),
      { numRuns: 25, endOnFailure: true, examples: EXAMPLES.map((steps) => [steps, true]) },
    );
    expect([...reached]).to.include.members(Object.keys(TABLE));
  });
});
