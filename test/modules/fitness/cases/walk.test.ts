import { expect } from 'chai';
import * as fc from 'fast-check';
import type { TestPerson } from '../../../support/people.ts';
import { DECISION, MINUTE, startFitnessCompany } from '../company.ts';
import type { FitnessCompany } from '../company.ts';

type Who = 'worker' | 'supervisor' | 'manager' | 'safety';
type Step =
  | { do: 'judge'; level: 'green' | 'yellow' | 'orange' | 'red' | 'invalid'; retest: boolean }
  | { do: 'wait'; minutes: number }
  | { do: 'move'; who: Who; name: string; body?: object };

interface CaseRow {
  id: string;
  profile_id: string;
  status: string;
  level: string;
  decision: string | null;
  decided_by: string | null;
  acknowledged_by: string | null;
  returned_by: string | null;
  rest_until: Date | null;
  holds: number;
}

interface Transition {
  action: string;
  from: string | null;
  to: string;
}

/** domain.md 4a, the states of a case: every pair that may be seen. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  open: ['open', 'acknowledged', 'lapsed'],
  acknowledged: ['resting', 'decided', 'lapsed'],
  resting: ['awaiting_retest', 'lapsed'],
  awaiting_retest: ['retested', 'not_retested', 'lapsed'],
  retested: ['decided', 'lapsed'],
  not_retested: ['decided', 'lapsed'],
  lapsed: ['decided'],
  decided: ['closed', 'returned', 'open'],
  closed: ['open'],
  returned: [],
};
const UNDECIDED = ['open', 'acknowledged', 'resting', 'awaiting_retest', 'retested', 'not_retested'];
const STAYING = ['reassigned', 'sent_home', 'referred'];

const restrictions = { noDriving: true, accompanied: false, noHeights: false, until: null, recheckAt: null };
const bodies = [
  DECISION,
  { ...DECISION, decision: 'cleared_with_restrictions', restrictions },
  { ...DECISION, decision: 'reassigned' },
  { ...DECISION, decision: 'sent_home', transportArranged: true },
  { ...DECISION, decision: 'sent_home' },
  { ...DECISION, decision: 'referred' },
];

const who = fc.constantFrom<Who>('worker', 'supervisor', 'supervisor', 'manager', 'manager', 'safety');
const judging: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('judge'),
  level: fc.constantFrom('green', 'yellow', 'orange', 'red', 'invalid'),
  retest: fc.boolean(),
});
const waiting: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('wait'),
  minutes: fc.constantFrom(1, 10, 20, 30, 60, 500),
});
const moving = (name: string, body: fc.Arbitrary<object | undefined> = fc.constant(undefined)): fc.Arbitrary<Step> =>
  fc.record({ do: fc.constant('move'), who, name: fc.constant(name), body });
const step = fc.oneof(
  { weight: 3, arbitrary: judging },
  { weight: 4, arbitrary: waiting },
  { weight: 4, arbitrary: moving('acknowledge') },
  { weight: 3, arbitrary: moving('rest', fc.record({ nap: fc.boolean() })) },
  { weight: 6, arbitrary: moving('decide', fc.constantFrom(...bodies)) },
  { weight: 1, arbitrary: moving('return') },
  { weight: 2, arbitrary: moving('reopen', fc.constant({ reason: 'new facts' })) },
);

/** One walk through the states that chance seldom reaches, so that the invariants are always held against them. */
const EXAMPLE: Step[] = [
  { do: 'move', who: 'supervisor', name: 'acknowledge' },
  { do: 'move', who: 'supervisor', name: 'rest', body: { nap: false } },
  { do: 'wait', minutes: 20 },
  { do: 'judge', level: 'green', retest: true },
  { do: 'move', who: 'supervisor', name: 'decide', body: DECISION },
  { do: 'wait', minutes: 1_000 },
  { do: 'move', who: 'manager', name: 'reopen', body: { reason: 'new facts' } },
  { do: 'move', who: 'safety', name: 'reopen', body: { reason: 'new facts' } },
  { do: 'wait', minutes: 1_000 },
];

describe('a random walk over fitness cases', () => {
  let company: FitnessCompany;

  before(async () => {
    company = await startFitnessCompany();
  });
  after(() => company.close());

  const casesOf = async ({ profileId }: TestPerson): Promise<CaseRow[]> =>
    (
      await company.client.query<CaseRow>(
        `select c.*, (select count(*)::int from hold h where h.company_id = c.company_id and h.case_id = c.id and h.kind = 'hold'
           and h.ended_at is null) as holds
         from fitness_case c where c.company_id = $1 and c.profile_id = $2 order by c.opened_at desc, c.id desc`,
        [company.companyId, profileId],
      )
    ).rows;

  const transitionsOf = async (id: string): Promise<Transition[]> =>
    (
      await company.client.query<Transition>(
        `select action, before->>'status' as from, after->>'status' as to from change
         where company_id = $1 and entity_id = $2 and after ? 'status' order by id`,
        [company.companyId, id],
      )
    ).rows;

  /** What must hold after any step, whatever was tried. */
  const check = async (worker: TestPerson): Promise<void> => {
    const rows = await casesOf(worker);
    expect(rows.filter(({ status }) => UNDECIDED.includes(status))).to.have.length.lessThan(2);
    for (const row of rows) {
      const isHeld =
        UNDECIDED.includes(row.status) ||
        row.status === 'lapsed' ||
        (row.status === 'decided' && STAYING.includes(row.decision!));
      expect(row.holds, `${row.status} ${row.decision}`).to.equal(isHeld ? 1 : 0);
      for (const actor of [row.decided_by, row.acknowledged_by, row.returned_by])
        expect(actor).to.not.equal(worker.profileId);
      if (row.decision !== null && row.level === 'red')
        expect([company.manager.profileId, company.safety.profileId]).to.include(row.decided_by);
      for (const { from, to, action } of await transitionsOf(row.id))
        if (from !== null) expect(TABLE[from], `${action}: ${from} -> ${to}`).to.include(to);
    }
    const [verdict] = await company.app.platform.db.read(
      { companyId: company.companyId, actor: { kind: 'system', id: null }, traceId: 'trace' },
      (reader) =>
        company.gate.look(reader, [
          {
            profileId: worker.profileId,
            purpose: 'crew',
            at: company.app.clock.now().toISOString(),
            assignmentId: null,
            shiftId: null,
            siteId: null,
            taskKindIds: [],
            equipmentKindIds: [],
          },
        ]),
    );
    const isBlocked = verdict!.reasons.some(({ severity }) => severity === 'block');
    expect(isBlocked).to.equal(rows.some(({ holds }) => holds > 0));
  };

  const take = async (worker: TestPerson, clock: { ms: number }, { ...next }: Step): Promise<void> => {
    const [current] = await casesOf(worker);
    if (next.do === 'wait') {
      clock.ms += next.minutes * MINUTE;
      await company.at(clock.ms);
    } else if (next.do === 'judge') {
      const isRetest = next.retest && current?.status === 'awaiting_retest';
      await company.judge(worker, { level: next.level, ...(isRetest && { attempt: 'retest', caseId: current.id }) });
    } else if (current !== undefined) {
      const person = next.who === 'worker' ? worker : company[next.who];
      const { status } = await company.move(person, current.id, next.name, next.body);
      expect([200, 403, 404, 409, 422]).to.include(status);
      if (next.who === 'worker') expect(status).to.not.equal(200);
      if (next.name === 'reopen' && status === 200) expect(next.who).to.equal('safety');
    }
  };

  it('keeps the table of moves, the holds, and who may decide', async function walk() {
    this.timeout(120_000);
    const reached = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 25 }), async (steps) => {
        const clock = { ms: 0 };
        await company.at(0);
        const worker = await company.addWorker();
        await company.judge(worker, { level: 'orange' });
        for (const each of steps) {
          await take(worker, clock, each);
          await check(worker);
          for (const { status } of await casesOf(worker)) reached.add(status);
        }
      }),
      { numRuns: 12, endOnFailure: true, examples: [[EXAMPLE]] },
    );
    expect([...reached]).to.include.members(
      Object.keys(TABLE).filter((state) => !['not_retested', 'returned'].includes(state)),
    );
  });
});
