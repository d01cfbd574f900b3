import { expect } from 'chai';
import { DISTRIBUTIONS } from '../../src/demo/alertness.ts';
import { createCase } from '../../src/demo/cases.ts';
import { askGate } from '../../src/demo/gate.ts';
import { createHistory } from '../../src/demo/history.ts';
import type { Outcome, PersonHistory } from '../../src/demo/history.ts';
import { createIds, planDemo } from '../../src/demo/plan.ts';
import { createRandom } from '../../src/demo/random.ts';
import { planWork } from '../../src/demo/work.ts';
import type { DemoAssignment, DemoShift } from '../../src/demo/work.ts';
import { createCaseLifecycle } from '../../src/modules/fitness/cases/cases.lifecycle.ts';
import type { CaseEffects } from '../../src/modules/fitness/cases/cases.lifecycle.ts';
import { CASE_DECISIONS } from '../../src/modules/fitness/cases/cases.repository.ts';
import { DEFAULT_FITNESS_POLICY } from '../../src/modules/fitness/classification/policy.ts';
import { asOverride } from '../../src/modules/gate/gate.service.ts';
import { replayDecision } from '../../src/modules/gate/replay.ts';
import type { StoredDecision } from '../../src/modules/gate/replay.ts';
import { DEFAULT_GATE_RULES } from '../../src/modules/gate/rules.ts';

/** Normal distribution function (Abramowitz & Stegun 26.2.17, error below 1e-7). */
const normalCdf = (z: number): number => {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z < 0 ? tail * series : 1 - tail * series;
};

const AT = new Date('2026-03-20T15:00:00Z');
const plan = planDemo(AT);
const company = plan.companies[1]!;
const work = planWork(plan, company, 365);

const historyOf = (assignment: DemoAssignment, { riskGroups, devices } = work): PersonHistory =>
  createHistory(assignment, {
    group: riskGroups[assignment.person.riskGroup!]!,
    devices,
    loadedAt: AT,
    makeId: createIds(createRandom('ids')),
    random: createRandom(assignment.person.number),
    factor: 1,
  });

describe('the demo’s history', () => {
  const people = work.assignments.map((assignment) => ({ assignment, history: historyOf(assignment) }));
  const shifts = people.flatMap(({ history }) => history.shifts);
  /** What happened in the last day holds nobody: it is drawn again until it does not. */
  const settled = shifts.filter(({ shift }) => shift.endsAt.getTime() < AT.getTime() - 86_400_000);
  const results = shifts.flatMap((shift) => shift.results);
  const part = (found: (outcome: Outcome) => boolean): number =>
    shifts.filter(({ outcome }) => found(outcome)).length / shifts.length;

  it('is the same from the same source of chance', () => {
    const [one] = work.assignments;
    expect(historyOf(one!)).to.deep.equal(historyOf(one!));
  });

  it('keeps the parts on time, late, missed and excused that it states', () => {
    expect(shifts.length).to.be.above(3_000);
    expect(part((outcome) => outcome === 'done_on_time')).to.be.within(0.95, 0.98);
    expect(part((outcome) => outcome === 'done_late')).to.be.closeTo(0.014, 0.006);
    expect(part((outcome) => outcome === 'missed')).to.be.closeTo(0.01, 0.005);
    expect(part((outcome) => outcome === 'excused')).to.be.closeTo(0.006, 0.004);
  });

  const first = results.filter(({ attempt, source }) => attempt === 'first' && source === 'SAFER');
  const share = (found: (result: (typeof first)[number]) => boolean): number =>
    first.filter(found).length / first.length;
  const has =
    (...codes: readonly string[]) =>
    ({ reasons }: (typeof first)[number]): boolean =>
      codes.some((code) => (reasons as readonly string[]).includes(code));

  it('breaks the sleep rule as often as the stated sleep does', () => {
    const { sleep, short, sleepless } = DISTRIBUTIONS;
    /** Two main sleeps in a row below 12 h; hours are told in quarters, so from 11.875 on they are 12. */
    const tooLittle = (mean: number) =>
      normalCdf((11.875 - 2 * mean) / Math.sqrt(2 * sleep.sd ** 2 + 4 * sleep.betweenPeople ** 2));
    const shortBroken = normalCdf((4.875 - short.mean) / short.sd);
    const expected = (kind: 'day' | 'night', mean: number) => {
      const always = sleepless[kind] + short[kind] * Math.max(shortBroken, tooLittle(mean));
      return always + (1 - sleepless[kind] - short[kind]) * tooLittle(mean);
    };
    const parts = [
      [(shift: DemoShift) => shift.kind === 'day', expected('day', sleep.day)],
      [({ kind, isFirst }: DemoShift) => kind === 'night' && !isFirst, expected('night', sleep.night)],
    ] as const;
    for (const [isOfPart, stated] of parts) {
      const ofPart = settled.filter(({ shift, results: [test] }) => isOfPart(shift) && test?.level !== 'invalid');
      const tests = ofPart.flatMap(({ results: [test] }) => (test === undefined ? [] : [test]));
      const broken = tests.filter(has('SLEEP_24H', 'SLEEP_48H', 'AWAKE_TOO_LONG')).length / tests.length;
      // People's own sleep makes tests of one person alike: twice the error of independent ones, four times over.
      expect(broken).to.be.closeTo(stated, 8 * Math.sqrt(stated / tests.length));
    }
  });

  it('is slower than the own limits about as often as chance and too short a baseline make it', () => {
    // With limits known exactly 2.3 % of rested tests lie 2 sd below; with limits from ten tests, of which failed ones are left out,
    // up to the 4.4 % of Student's t with 9 degrees of freedom, and as much again for the days when people slept badly.
    expect(share(has('SPEED_BELOW_YELLOW', 'SPEED_BELOW_ORANGE'))).to.be.within(0.023, 0.088);
    expect(share(has('SPEED_BELOW_ORANGE'))).to.be.below(share(has('SPEED_BELOW_YELLOW')));
  });

  it('is red no more often than people come without any sleep, and a device breaks off as often as stated', () => {
    const { sleepless } = DISTRIBUTIONS;
    expect(share(({ level }) => level === 'red')).to.be.within(0.1 * sleepless.day, sleepless.night);
    expect(share(({ level }) => level === 'invalid')).to.be.closeTo(0.007, 4 * Math.sqrt(0.007 / first.length));
  });

  it('is green nine times in ten under the default policy', () => {
    const { required } = DEFAULT_FITNESS_POLICY;
    for (const { policy } of work.riskGroups) expect({ ...policy, required }).to.deep.equal(DEFAULT_FITNESS_POLICY);
    expect(share(({ level }) => level === 'green')).to.be.within(0.88, 0.94);
    expect(share(({ level }) => level === 'yellow' || level === 'orange')).to.be.within(0.04, 0.09);
  });

  it('takes tests on time before the first exposure and late ones after it', () => {
    for (const { outcome, standing, dueAt } of shifts) {
      if (outcome === 'done_on_time') expect(Date.parse(standing!.takenAt)).to.be.below(dueAt.getTime());
      else if (outcome === 'done_late') expect(Date.parse(standing!.takenAt)).to.be.above(dueAt.getTime());
      else expect(standing).to.equal(undefined);
    }
    for (const { takenAt } of results) expect(Date.parse(takenAt)).to.be.below(AT.getTime());
  });

  it('draws operators for an ocular test as often as their policy says, which is taken in the shift or due in it still', () => {
    const able = eachShift.filter(({ group, history }) => group.highRisk && history.outcome !== 'missed');
    const drawn = able.flatMap(({ history }) => (history.random === undefined ? [] : [history]));
    expect(drawn.length / able.length).to.be.closeTo(0.1, 0.02);
    for (const { shift, random } of drawn) {
      const { dueAt, rule, outcome, standing } = random!;
      expect([rule.kind, rule.test]).to.deep.equal(['random', 'OCULAR']);
      expect(dueAt.getTime()).to.be.within(shift.startsAt.getTime(), shift.endsAt.getTime());
      if (dueAt < AT) expect(outcome).to.equal('done_on_time');
      expect(standing?.requirementId).to.equal(outcome === 'due' ? undefined : random!.requirementId);
    }
    for (const { group, history } of eachShift) if (!group.highRisk) expect(history.random).to.equal(undefined);
    const today = planWork(plan, plan.companies[0]!, 1);
    const now = today.assignments.flatMap((assignment) => historyOf(assignment, today).shifts);
    const outcomes = new Set(now.flatMap(({ random }) => (random === undefined ? [] : [random.outcome])));
    expect([...outcomes]).to.have.members(['done_on_time', 'due']);
  });

  it('has tests that are due in the day that begins', () => {
    const due = shifts.filter(({ outcome }) => outcome === 'due');
    expect(due).to.not.have.length(0);
    for (const { dueAt } of due) expect(dueAt.getTime()).to.be.within(AT.getTime(), AT.getTime() + 86_400_000);
  });

  it('gives everybody a baseline that serves now', () => {
    for (const { assignment, history } of people) {
      const revisions = history.baselines.map(({ baseline }) => baseline.version);
      expect(revisions, assignment.person.number).to.deep.equal(revisions.map((_, index) => index + 1));
      expect(history.baselines.at(-1)?.baseline.status).to.equal('active');
      for (const { baseline } of history.baselines.slice(0, -1)) expect(baseline.status).to.equal('superseded');
    }
  });

  const manager = company.people.find(({ roles }) => roles.includes('manager'))!;
  const safetyAdmin = company.people.find(({ roles }) => roles.includes('safety_admin'))!;
  const siteId = company.sites[0]!.id;
  const eachShift = people.flatMap(({ assignment, history }) =>
    history.shifts.map((shift) => {
      const group = work.riskGroups[assignment.person.riskGroup!]!;
      const random = createRandom(shift.requirementId);
      return { history: shift, assignment, group, siteId, manager, random, makeId: createIds(random.fork('ids')) };
    }),
  );
  const cases = eachShift.flatMap((about) => {
    const { course } = about.history;
    if (course === undefined) return [];
    const superior = company.people[about.assignment.person.superior!]!;
    return {
      course,
      about,
      ...createCase({ ...about, course, supervisor: superior, safetyAdmin, seal: () => 'sealed' }),
    };
  });

  it('opens a case for each hold of the past', () => {
    for (const { history, group } of eachShift) {
      const isHeld = history.results.some(({ judgement, attempt }) => judgement.opensCase && attempt !== 'retest');
      const isMissing = history.outcome === 'missed' && group.highRisk;
      expect(history.course !== undefined).to.equal(isHeld || isMissing);
    }
  });

  it('moves each case as the lifecycle allows, and says so in the trail', () => {
    const { moves } = createCaseLifecycle({} as CaseEffects);
    for (const { changes, fitnessCase, decision } of cases) {
      const { decision: decided, decidedBy } = fitnessCase;
      expect(decision.row).to.include({ caseId: fitnessCase.id, decision: decided, decidedBy, textsSealed: 'sealed' });
      expect(decision.change.event.entityId).to.equal(decision.row['id']);
      const [opened, ...moved] = changes;
      let state = opened!.event.after!['status'] as string;
      expect(`${opened!.event.action} ${state}`).to.equal('open open');
      for (const { event, by } of moved) {
        const { from, permission } = moves[event.action]!;
        expect(from, event.action).to.include(state);
        expect(by !== undefined, event.action).to.equal(permission !== undefined);
        state = (event.after?.['status'] as string | undefined) ?? state;
      }
      expect(state).to.equal(fitnessCase['status']).and.be.oneOf(['closed', 'returned']);
      const times = changes.map(({ at }) => at.getTime());
      expect(times).to.deep.equal(times.toSorted((a, b) => a - b));
      expect(times.at(-1)).to.be.below(AT.getTime());
    }
  });

  it('keeps the rest, escalates what nobody took on, and has a red decided by the manager, nobody by themselves', () => {
    const greens = new Map(
      eachShift.flatMap(({ history: { standing, shift } }) =>
        standing?.judgement.level === 'green' ? [[standing.id, shift]] : [],
      ),
    );
    for (const { course, about, fitnessCase, escalations, breach, holds } of cases) {
      const { rest, at, acknowledgedAt } = course;
      if (rest !== undefined) expect(rest.until - rest.from).to.be.at.least(20 * 60_000);
      const steps = escalations.map(({ step }) => step);
      const late = (acknowledgedAt - at) / 60_000;
      expect(steps).to.deep.equal([
        'supervisor',
        ...(late > 10 ? ['manager'] : []),
        ...(late > 20 ? ['safety_admin'] : []),
      ]);
      expect(fitnessCase['decidedBy']).to.not.equal(about.assignment.person.profileId);
      if (fitnessCase['level'] === 'red') expect(fitnessCase['decidedBy']).to.equal(manager.profileId);
      expect(breach !== undefined).to.equal(fitnessCase['lapsedAt'] !== null);
      for (const { endedAt } of holds) expect(endedAt).to.be.a('string');
      expect(fitnessCase['returnedAt'] !== null).to.equal(fitnessCase['status'] === 'returned');
      const needsGreen = fitnessCase['status'] === 'returned' && course.decision !== 'referred';
      const green = greens.get(String(fitnessCase['returnedResultId']));
      expect(green !== undefined, String(fitnessCase['decision'])).to.equal(needsGreen);
      if (green !== undefined) expect(green.startsAt).to.be.greaterThan(about.history.shift.startsAt);
    }
    const decisions = new Set(cases.map(({ fitnessCase }) => fitnessCase['decision']));
    expect([...decisions]).to.have.members([...CASE_DECISIONS]);
  });

  it('refuses at the gate for what held people, and each decision replays', () => {
    const asked = eachShift.map((about) => askGate({ ...about, ruleSetId: work.ruleSetId }));
    const overrides = asked.flatMap((one) => one.overrides);
    const decisions = asked.flatMap((one) => one.decisions) as unknown as (StoredDecision & {
      overrideIds: string[];
    })[];
    expect(overrides).to.not.have.length(0);
    for (const decision of decisions) {
      const given = overrides.filter(({ id }) => decision.overrideIds.includes(id as string));
      const under = given.map((one) => asOverride(one as unknown as Parameters<typeof asOverride>[0]));
      const replay = replayDecision(decision, DEFAULT_GATE_RULES, under);
      expect(replay.same).to.equal(true);
      expect([decision.outcome, decision.effectiveOutcome]).to.deep.equal([
        'block',
        under.length > 0 ? 'restrict' : 'block',
      ]);
      if (under.length > 0) expect(decision.reasons.map(({ code }) => code)).to.not.include('RED_UNDECIDED');
    }
    for (const { givenBy, profileId } of overrides) expect(givenBy).to.not.equal(profileId);
  });
});
