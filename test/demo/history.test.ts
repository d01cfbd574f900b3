import { expect } from 'chai';
import { createCase } from '../../src/demo/cases.ts';
import { createHistory } from '../../src/demo/history.ts';
import type { Outcome, PersonHistory } from '../../src/demo/history.ts';
import { createIds, planDemo } from '../../src/demo/plan.ts';
import { createRandom } from '../../src/demo/random.ts';
import { planWork } from '../../src/demo/work.ts';
import type { DemoAssignment } from '../../src/demo/work.ts';

const AT = new Date('2026-03-20T15:00:00Z');
const plan = planDemo(AT);
const company = plan.companies[2]!;
const work = planWork(plan, company, 365);

const historyOf = (assignment: DemoAssignment): PersonHistory =>
  createHistory(assignment, {
    group: work.riskGroups[assignment.person.riskGroup!]!,
    devices: work.devices,
    loadedAt: AT,
    makeId: createIds(createRandom('ids')),
    random: createRandom(assignment.person.number),
    factor: 1,
  });

describe('the demo’s history', () => {
  const people = work.assignments.map((assignment) => ({ assignment, history: historyOf(assignment) }));
  const shifts = people.flatMap(({ history }) => history.shifts);
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

  it('has levels like those of rested people, judged by the product’s own table', () => {
    const levels = (level: string) =>
      results.filter(({ judgement }) => judgement.level === level).length / results.length;
    expect(levels('green')).to.be.within(0.93, 0.99);
    expect(levels('yellow')).to.be.within(0.003, 0.04);
    expect(levels('orange')).to.be.within(0.003, 0.03);
    expect(levels('invalid')).to.be.closeTo(0.007, 0.005);
  });

  it('takes tests on time before the first exposure and late ones after it', () => {
    for (const { outcome, standing, dueAt } of shifts) {
      if (outcome === 'done_on_time') expect(Date.parse(standing!.takenAt)).to.be.below(dueAt.getTime());
      else if (outcome === 'done_late') expect(Date.parse(standing!.takenAt)).to.be.above(dueAt.getTime());
      else expect(standing).to.equal(undefined);
    }
    for (const { takenAt } of results) expect(Date.parse(takenAt)).to.be.below(AT.getTime());
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

  it('opens a case for each hold of the past, decided by somebody else, a red by the manager', () => {
    const manager = company.people.find(({ roles }) => roles.includes('manager'))!;
    const about = { manager, siteId: company.sites[0]!.id, seal: () => 'sealed' };
    const holds = people.flatMap(({ assignment, history }) =>
      history.shifts.flatMap((shift) => {
        const group = work.riskGroups[assignment.person.riskGroup!]!;
        const supervisor = company.people[assignment.person.superior!]!;
        const rest = {
          supervisor,
          makeId: createIds(createRandom('cases')),
          random: createRandom(shift.requirementId),
        };
        const rows = createCase({ ...about, ...rest, history: shift, assignment, group });
        const opens = shift.results.some(({ judgement }) => judgement.opensCase);
        expect(rows !== undefined).to.equal(opens || (shift.outcome === 'missed' && group.highRisk));
        return rows ?? [];
      }),
    );
    expect(holds).to.not.have.length(0);
    for (const { fitnessCase, hold, breach } of holds) {
      expect(fitnessCase['decidedBy']).to.not.equal(fitnessCase['profileId']);
      if (fitnessCase['level'] === 'red') expect(fitnessCase['decidedBy']).to.equal(manager.profileId);
      expect(hold['endedAt']).to.be.a('string');
      expect(breach !== undefined).to.equal(fitnessCase['lapsedAt'] !== null);
    }
  });
});
