import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  REQUIREMENT_STATUSES,
  addCounts,
  complianceOf,
  countRequirements,
  percentOf,
  suppressSmall,
} from '../../../../src/modules/fitness/compliance/compliance.ts';
import type { CountedRequirement, RequirementStatus } from '../../../../src/modules/fitness/compliance/compliance.ts';

const now = new Date('2025-06-01T12:00:00Z');
const requirement = (status: RequirementStatus, minutesAgo = 60, hadInvalid = false): CountedRequirement => ({
  status,
  dueAt: new Date(now.getTime() - minutesAgo * 60_000),
  hadInvalid,
});
const times = (count: number, status: RequirementStatus) => Array.from({ length: count }, () => requirement(status));
const groupOf = (key: string, people: number) => ({ key, people, values: { red: 1 } });
const hiddenIn = (...groups: [string, number][]) =>
  suppressSmall(groups.map(([key, people]) => groupOf(key, people)))
    .filter(({ suppressed }) => suppressed)
    .map(({ key }) => key);

const anyRequirement = fc.record({
  status: fc.constantFrom(...REQUIREMENT_STATUSES),
  dueAt: fc.integer({ min: -10, max: 10 }).map((minutes) => new Date(now.getTime() + minutes * 60_000)),
  hadInvalid: fc.boolean(),
});

describe('compliance', () => {
  it('divides done on time by what fell due, without excused and blocked, and shows the rest beside it', () => {
    const requirements = [
      ...times(7, 'done_on_time'),
      ...times(2, 'done_late'),
      ...times(3, 'missed'),
      ...times(4, 'excused'),
      ...times(5, 'blocked'),
      ...times(1, 'due'),
      requirement('done_on_time', 60, true),
      requirement('missed', 60, true),
    ];
    expect(complianceOf(countRequirements(requirements, now))).to.deep.equal({
      onTime: 8,
      late: 2,
      missed: 4,
      overdue: 1,
      excused: 4,
      blocked: 5,
      invalid: 2,
      required: 24,
      rate: { numerator: 8, denominator: 15 },
    });
  });

  it('leaves out what is not due yet, done early or not, and counts what is due this instant', () => {
    const ahead = [requirement('due', -1), requirement('done_on_time', -1), requirement('excused', -1)];
    expect(complianceOf(countRequirements(ahead, now)).required).to.equal(0);
    expect(countRequirements([requirement('due', 0)], now).overdue).to.equal(1);
  });

  it('has no rate without a denominator', () => {
    const { rate } = complianceOf(countRequirements(times(3, 'excused'), now));
    expect(rate).to.deep.equal({ numerator: 0, denominator: 0 });
    expect(percentOf(rate)).to.equal(null);
  });

  it('rounds half to even, exactly', () => {
    const percents = (
      [
        [0, 7],
        [1, 3],
        [2, 3],
        [7, 7],
        [1, 16],
        [3, 16],
        [1, 2000],
        [3, 2000],
        [999, 1000],
        [1999, 2000],
      ] as const
    ).map(([numerator, denominator]) => percentOf({ numerator, denominator }));
    expect(percents).to.deep.equal([0, 33.3, 66.7, 100, 6.2, 18.8, 0, 0.2, 99.9, 100]);
  });

  it('adds up: the parts of a period make the same numbers as the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyRequirement, { maxLength: 10 }), { maxLength: 8 }), (parts) => {
        const whole = countRequirements(parts.flat(), now);
        expect(addCounts(parts.map((part) => countRequirements(part, now)))).to.deep.equal(whole);
        const { rate, required, onTime, late, missed, overdue, excused, blocked } = complianceOf(whole);
        expect(required).to.equal(parts.flat().filter(({ dueAt }) => dueAt <= now).length);
        expect(rate.denominator).to.equal(required - excused - blocked);
        expect(rate.denominator).to.equal(onTime + late + missed + overdue);
        expect(rate.numerator).to.be.at.most(rate.denominator);
      }),
    );
  });
});

describe('suppression of small groups', () => {
  it('shows groups of five and more, and empty ones', () => {
    const groups = [groupOf('A', 5), groupOf('B', 0), groupOf('C', 80)];
    expect(suppressSmall(groups)).to.deep.equal(groups.map((group) => ({ ...group, suppressed: false })));
  });

  it('hides a small group without its size, and the next smallest with it', () => {
    expect(suppressSmall([groupOf('A', 50), groupOf('B', 4), groupOf('C', 9)])).to.deep.equal([
      { key: 'A', suppressed: false, people: 50, values: { red: 1 } },
      { key: 'B', suppressed: true, people: null, values: null },
      { key: 'C', suppressed: true, people: null, values: null },
    ]);
  });

  it('hides no more than is needed', () => {
    expect(hiddenIn(['A', 4], ['B', 3], ['C', 9])).to.deep.equal(['A', 'B']);
    expect(hiddenIn(['A', 1], ['B', 1], ['C', 9], ['D', 7])).to.deep.equal(['A', 'B', 'D']);
    expect(hiddenIn(['A', 4])).to.deep.equal(['A']);
    expect(hiddenIn(['A', 4], ['B', 0])).to.deep.equal(['A']);
  });

  it('never leaves a small group to be told from the total', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 12 }), (sizes) => {
        const groups = sizes.map((people, index) => groupOf(String(index), people));
        const shown = suppressSmall(groups);
        const hidden = groups.filter((_, index) => shown[index]?.suppressed);
        const people = hidden.reduce((sum, group) => sum + group.people, 0);
        for (const group of groups) {
          if (group.people > 0 && group.people < 5) expect(hidden).to.include(group);
        }
        if (hidden.length > 0 && hidden.length < groups.filter((group) => group.people > 0).length) {
          expect(hidden.length).to.be.at.least(2);
          expect(people).to.be.at.least(5);
        }
      }),
    );
  });
});
