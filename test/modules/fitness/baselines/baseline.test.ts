import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  advanceBaseline,
  driftOf,
  eligibleTests,
  firstBaseline,
  pooledSd,
  sampleSd,
  supersede,
} from '../../../../src/modules/fitness/baselines/baseline.ts';
import { DEFAULT_FITNESS_POLICY } from '../../../../src/modules/fitness/classification/policy.ts';
import type { BaselineTest } from '../../../../src/modules/fitness/baselines/baseline.ts';
import { addDays } from '../../../../src/platform/time/zone.ts';

const START = '2025-01-01';
const test = (day: number, speed: number, change: Partial<BaselineTest> = {}): BaselineTest => {
  const date = addDays(START, day);
  return {
    id: `t${day}-${speed}`,
    date,
    takenAt: new Date(`${date}T10:00:00Z`),
    speed,
    valid: true,
    supervised: true,
    practice: false,
    rested: true,
    passed: true,
    ...change,
  };
};
const series = (from: number, count: number, speed: number | ((index: number) => number)) =>
  Array.from({ length: count }, (_, index) => test(from + index, typeof speed === 'number' ? speed : speed(index)));
const wavy = (index: number) => (index % 2 === 0 ? 3.8 : 4.2);
const active = firstBaseline(series(0, 10, wavy));

const anyTest = fc
  .record({
    day: fc.nat(60),
    speed: fc.double({ min: 1, max: 6, noNaN: true }),
    valid: fc.boolean(),
    supervised: fc.boolean(),
    practice: fc.boolean(),
    rested: fc.boolean(),
    passed: fc.boolean(),
  })
  .map(({ day, speed, ...rest }) => test(day, speed, rest));

describe('fitness baselines', () => {
  it('collects, serves provisionally from 3 tests on and is active from 10 on', () => {
    const states = [0, 2, 3, 9, 10].map((count) => {
      const { status, provisional, mean, sd, n } = firstBaseline(series(0, count, 4));
      return [n, status, provisional, mean, sd];
    });
    expect(states).to.deep.equal([
      [0, 'collecting', false, null, null],
      [2, 'collecting', false, null, null],
      [3, 'collecting', true, 4, null],
      [9, 'collecting', true, 4, null],
      [10, 'active', false, 4, 0],
    ]);
  });

  it('takes mean and sample sd of the first ten', () => {
    const baseline = firstBaseline([...series(0, 10, wavy), ...series(10, 20, 5)]);
    expect(baseline).to.include({ version: 1, status: 'active', n: 10, from: '2025-01-10', capped: false });
    expect(baseline.mean).to.be.closeTo(4, 1e-12);
    expect(baseline.sd).to.be.closeTo(Math.sqrt((10 * 0.04) / 9), 1e-12);
    expect(baseline.testIds).to.have.length(10).and.include('t9-4.2');
    expect(sampleSd([4])).to.equal(null);
    expect(sampleSd([2, 4, 4, 4, 5, 5, 7, 9])).to.be.closeTo(Math.sqrt(32 / 7), 1e-12);
  });

  it('drops what is invalid, unsupervised, practice, unrested, failed or unreadable', () => {
    const bad: Partial<BaselineTest>[] = [
      { valid: false },
      { supervised: false },
      { practice: true },
      { rested: false },
      { passed: false },
      { speed: Number.NaN },
    ];
    for (const change of bad) {
      const tests = [...series(0, 9, 4), test(9, 4, change)];
      expect(firstBaseline(tests), JSON.stringify(change)).to.include({ n: 9, status: 'collecting' });
    }
  });

  it('takes the first fitting test of each day, in whatever order they come', () => {
    const morning = test(0, 4);
    const evening = test(0, 6, { takenAt: new Date('2025-01-01T20:00:00Z') });
    const practice = test(0, 1, { practice: true, takenAt: new Date('2025-01-01T05:00:00Z') });
    expect(eligibleTests([evening, practice, morning])).to.deep.equal([morning]);
  });

  it('pools the sd within people, not between them, from 30 people on', () => {
    const group = Array.from({ length: 30 }, (_, index) => [index, index + 2]);
    expect(pooledSd(group)).to.be.closeTo(Math.SQRT2, 1e-12);
    expect(pooledSd(group.slice(1))).to.equal(null);
    expect(pooledSd([...group.slice(1), [7]])).to.equal(null);
    expect(
      pooledSd(
        [
          [1, 3],
          [10, 10, 10],
        ],
        2,
      ),
    ).to.be.closeTo(Math.sqrt(2 / 3), 1e-12);
    expect(pooledSd([], 0)).to.equal(null);
  });

  it('is stale 180 days after its last test, not before, and stays so', () => {
    const last = '2025-01-10';
    expect(advanceBaseline(active, [], addDays(last, 179)).status).to.equal('active');
    const stale = advanceBaseline(active, [], addDays(last, 180));
    expect(stale).to.deep.equal({ ...active, status: 'stale' });
    expect(advanceBaseline(stale, series(200, 10, 4), addDays(START, 210))).to.equal(stale);
  });

  it('is stale when ten later tests drift by more than a tenth, either way', () => {
    const date = addDays(START, 60);
    expect(driftOf(active, series(20, 9, 3))).to.equal(null);
    expect(driftOf(active, series(20, 10, 3))).to.be.closeTo(-0.25, 1e-12);
    expect(driftOf(active, [...series(20, 10, 3), ...series(40, 10, 4.2)])).to.be.closeTo(0.05, 1e-12);
    expect(advanceBaseline(active, series(20, 10, 3.65), date).status).to.equal('active');
    expect(advanceBaseline(active, series(20, 10, 3.55), date).status).to.equal('stale');
    expect(advanceBaseline(active, series(20, 10, 4.5), date).status).to.equal('stale');
    expect(driftOf(firstBaseline([]), series(20, 10, 3))).to.equal(null);
  });

  it('goes on collecting until it is active, then stays as it is', () => {
    const three = firstBaseline(series(0, 3, 4));
    expect(advanceBaseline(three, series(0, 5, 4), '2025-01-05')).to.include({
      n: 5,
      status: 'collecting',
      version: 1,
    });
    expect(advanceBaseline(three, series(0, 12, 4), '2025-01-12')).to.include({ n: 10, status: 'active' });
    expect(advanceBaseline(three, series(0, 10, 4), '2026-01-12').status).to.equal('stale');
    expect(advanceBaseline(active, series(0, 15, 4.1), '2025-01-20')).to.equal(active);
  });

  describe('a new version', () => {
    const at = { date: addDays(START, 100), minimumSpeed: 2.5 };

    it('supersedes the old one with the latest ten tests', () => {
      const { old, next } = supersede(active, [...series(0, 10, wavy), ...series(50, 20, 4.1)], at);
      expect(old).to.deep.equal({ ...active, status: 'superseded' });
      expect(next).to.include({ version: 2, status: 'active', n: 10, from: addDays(START, 69), capped: false });
      expect(next.mean).to.be.closeTo(4.1, 1e-12);
    });

    it('holds the mean within a tenth of the old one, and above the standard', () => {
      expect(supersede(active, series(50, 10, 3), at).next).to.include({ capped: true });
      expect(supersede(active, series(50, 10, 3), at).next.mean).to.be.closeTo(3.6, 1e-12);
      expect(supersede(active, series(50, 10, 6), at).next.mean).to.be.closeTo(4.4, 1e-12);
      expect(supersede(active, series(50, 10, 3), { ...at, minimumSpeed: 3.8 }).next.mean).to.equal(3.8);
      expect(supersede(active, series(50, 10, 3), { ...at, minimumSpeed: 5 }).next.mean).to.equal(5);
    });

    it('collects anew when the last 180 days hold too few tests, and takes none from the future', () => {
      expect(supersede(active, series(0, 10, 4), { ...at, date: addDays(START, 185) }).next).to.include({
        n: 4,
        status: 'collecting',
        provisional: true,
      });
      expect(supersede(active, series(101, 10, 4), at).next).to.include({ n: 0, mean: null });
    });

    it('goes on collecting from where it began, held by the old mean, and never turns back into the old one', () => {
      const january = series(0, 10, wavy);
      const recent = series(200, 4, 3);
      const { next } = supersede(active, [...january, ...recent], { ...at, date: addDays(START, 205) });
      expect(next).to.include({ n: 4, status: 'collecting', mean: 3.6, capped: true });
      const night = advanceBaseline(next, [...january, ...recent], addDays(START, 206));
      expect(night).to.deep.equal(next);
      const later = series(206, 6, 3.2);
      const ten = advanceBaseline(night, [...january, ...recent, ...later], addDays(START, 212));
      expect(ten).to.include({
        version: 2,
        n: 10,
        status: 'active',
        mean: 3.6,
        capped: true,
        from: addDays(START, 211),
      });
      expect(ten.testIds).to.deep.equal([...recent, ...later].map(({ id }) => id));
      const empty = supersede(active, january, { ...at, date: addDays(START, 300) }).next;
      expect(advanceBaseline(empty, [...january, ...series(301, 3, 3)], addDays(START, 304)).mean).to.equal(3.6);
    });

    it('comes of active and stale ones only', () => {
      expect(supersede({ ...active, status: 'stale' }, [], at).next.version).to.equal(2);
      expect(() => supersede(firstBaseline([]), [], at)).to.throw(RangeError, 'collecting');
      expect(() => supersede({ ...active, status: 'superseded' }, [], at)).to.throw(RangeError, 'superseded');
    });
  });

  it('is never moved by a test that failed, at no stage', () => {
    fc.assert(
      fc.property(fc.array(anyTest, { maxLength: 40 }), fc.array(anyTest, { maxLength: 10 }), (tests, more) => {
        const failed = more.map((given) => ({ ...given, passed: false }));
        expect(firstBaseline([...tests, ...failed])).to.deep.equal(firstBaseline(tests));
        const options = { ...DEFAULT_FITNESS_POLICY.baseline, driftTests: 3 };
        const date = addDays(START, 61);
        expect(advanceBaseline(active, [...tests, ...failed], date, options)).to.deep.equal(
          advanceBaseline(active, tests, date, options),
        );
      }),
    );
  });

  it('does not depend on the order of the tests, and never drifts past its cap', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyTest, { maxLength: 40, selector: ({ date }) => date }), (tests) => {
        expect(firstBaseline(tests.toReversed())).to.deep.equal(firstBaseline(tests));
        const { next } = supersede(active, tests, { date: addDays(START, 61), minimumSpeed: 2.5 });
        if (next.mean !== null) expect(next.mean).to.be.within(3.6 - 1e-9, 4.4 + 1e-9);
      }),
    );
  });
});
