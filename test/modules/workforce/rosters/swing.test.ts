import { expect } from 'chai';
import * as fc from 'fast-check';
import { addDays, dateAt, toLocal } from '../../../../src/platform/time/zone.ts';
import {
  checkPattern,
  expandPattern,
  swing14x14,
  swing7D7N,
  swing7x7,
} from '../../../../src/modules/workforce/rosters/swing.ts';
import type { PatternDay, PlannedShift, ShiftPattern } from '../../../../src/modules/workforce/rosters/swing.ts';

const SANTIAGO = 'America/Santiago';
const pattern = (days: PatternDay[], anchorDate = '2025-01-06', zone = SANTIAGO): ShiftPattern => ({
  days,
  zone,
  anchorDate,
});
const hours = ({ startsAt, endsAt }: PlannedShift) => (endsAt.getTime() - startsAt.getTime()) / 3_600_000;
const problems = (broken: ShiftPattern) => checkPattern(broken).map(({ problem }) => problem);
const codes = (days: PatternDay[]) => days.map(({ kind }) => kind[0]).join('');

const dates = (from: string, to: string) => expandPattern(pattern(swing7x7()), { from, to }).map(({ date }) => date);
const onSpringNight = (start: string, minutes: number) =>
  expandPattern(pattern([{ kind: 'travel', start, minutes }]), { from: '2025-09-07', to: '2025-09-08' });

/** Patterns without overlap: a work day ends before the next day's earliest start, 06:00, or takes any length before a day off. */
const patternDay = fc.oneof(
  fc.constant<PatternDay>({ kind: 'off' }),
  fc.record({
    kind: fc.constantFrom('day' as const, 'night' as const, 'travel' as const),
    start: fc.integer({ min: 6, max: 23 }).map((hour) => `${String(hour).padStart(2, '0')}:30`),
    minutes: fc.integer({ min: 1, max: 390 }),
  }),
  fc.constantFrom<PatternDay>(
    { kind: 'night', start: '19:00', minutes: 660 },
    { kind: 'day', start: '06:00', minutes: 1440 },
  ),
);
const patternOf = fc.record({
  days: fc.array(patternDay, { minLength: 1, maxLength: 30 }),
  zone: fc.constantFrom(SANTIAGO, 'Europe/Paris', 'Africa/Casablanca', 'Pacific/Chatham', 'UTC'),
  anchorDate: fc.integer({ min: 0, max: 1500 }).map((day) => addDays('2023-01-01', day)),
});

describe('rosters: swings', () => {
  it('names the swings of the field', () => {
    expect(codes(swing7x7())).to.equal('d'.repeat(7) + 'o'.repeat(7));
    expect(codes(swing14x14())).to.equal('d'.repeat(14) + 'o'.repeat(14));
    expect(codes(swing7D7N())).to.equal('d'.repeat(7) + 'o'.repeat(7) + 'n'.repeat(7) + 'o'.repeat(7));
    const travel = { start: '09:00', minutes: 300 };
    expect(codes(swing7x7({ travel }))).to.equal('dddddddtooooot');
    expect(codes(swing7D7N({ travel }))).to.equal('dddddddtoooootnnnnnnntooooot');
    for (const days of [swing7x7({ travel }), swing14x14({ travel }), swing7D7N({ travel })]) {
      expect(problems(pattern(days))).to.deep.equal([]);
    }
  });

  it('takes the times it is given', () => {
    expect(swing7x7({ day: { start: '08:00', minutes: 600 } })[0]).to.deep.equal({
      kind: 'day',
      start: '08:00',
      minutes: 600,
    });
    expect(swing7D7N({ night: { start: '20:00', minutes: 660 } })[14]).to.deep.equal({
      kind: 'night',
      start: '20:00',
      minutes: 660,
    });
  });

  it('expands around the anchor in both directions', () => {
    expect(dates('2025-01-06', '2025-01-20')).to.deep.equal(
      ['06', '07', '08', '09', '10', '11', '12'].map((day) => `2025-01-${day}`),
    );
    expect(dates('2024-12-23', '2025-01-06')).to.have.length(7).and.include('2024-12-23').and.not.include('2024-12-30');
    expect(dates('2025-01-12', '2025-01-13')).to.deep.equal(['2025-01-12']);
    expect(dates('2025-01-13', '2025-01-13')).to.deep.equal([]);
    expect(dates('2025-01-13', '2025-01-06')).to.deep.equal([]);
  });

  it('keeps a night on its start day past midnight', () => {
    const [night] = expandPattern(pattern(swing7D7N(), '2025-06-02'), { from: '2025-06-16', to: '2025-06-17' });
    expect(night).to.deep.equal({
      date: '2025-06-16',
      kind: 'night',
      startsAt: new Date('2025-06-16T23:00:00Z'),
      endsAt: new Date('2025-06-17T11:00:00Z'),
    });
  });

  it('ends nights by the wall clock: 13 real hours in autumn, 11 in spring, 12 else', () => {
    const nights = pattern([{ kind: 'night', start: '19:00', minutes: 720 }], '2025-04-01');
    const lengths = (from: string, to: string) => expandPattern(nights, { from, to }).map(hours);
    expect(lengths('2025-04-04', '2025-04-07')).to.deep.equal([12, 13, 12]);
    expect(lengths('2025-09-05', '2025-09-08')).to.deep.equal([12, 11, 12]);
    for (const shift of expandPattern(nights, { from: '2025-04-01', to: '2025-10-01' })) {
      expect(toLocal(shift.startsAt, SANTIAGO)).to.deep.equal({ date: shift.date, time: '19:00' });
      expect(toLocal(shift.endsAt, SANTIAGO)).to.deep.equal({ date: addDays(shift.date, 1), time: '07:00' });
    }
  });

  it('starts after the gap where the clock skips the start, and leaves out a shift that it skips whole', () => {
    expect(onSpringNight('00:30', 120)).to.deep.equal([
      {
        date: '2025-09-07',
        kind: 'travel',
        startsAt: new Date('2025-09-07T04:00:00Z'),
        endsAt: new Date('2025-09-07T05:30:00Z'),
      },
    ]);
    expect(onSpringNight('00:15', 30)).to.deep.equal([]);
  });

  it('names every fault of a pattern, and refuses to expand it', () => {
    expect(problems(pattern([]))).to.deep.equal(['PATTERN_EMPTY']);
    expect(problems(pattern(Array.from({ length: 367 }, (): PatternDay => ({ kind: 'off' }))))).to.deep.equal([
      'PATTERN_TOO_LONG',
    ]);
    expect(problems(pattern([{ kind: 'off' }], '2025-02-30', 'Chile'.repeat(3)))).to.deep.equal([
      'PATTERN_ZONE',
      'PATTERN_ANCHOR',
      'PATTERN_ALL_OFF',
    ]);
    expect(
      checkPattern(
        pattern([
          { kind: 'day', start: '7:00', minutes: 720 },
          { kind: 'day', start: '07:00', minutes: 0 },
          { kind: 'day', start: '07:00', minutes: 720.5 },
          { kind: 'day', start: '07:00', minutes: 1441 },
        ]),
      ),
    ).to.deep.equal([
      { problem: 'PATTERN_START', day: 0 },
      { problem: 'PATTERN_LENGTH', day: 1 },
      { problem: 'PATTERN_LENGTH', day: 2 },
      { problem: 'PATTERN_LENGTH', day: 3 },
    ]);
    expect(() => expandPattern(pattern([]), { from: '2025-01-01', to: '2025-02-01' })).to.throw(
      RangeError,
      'PATTERN_EMPTY',
    );
  });

  it('finds overlaps, the one from the last day to the first too', () => {
    const late: PatternDay = { kind: 'night', start: '19:00', minutes: 721 };
    const early: PatternDay = { kind: 'day', start: '07:00', minutes: 60 };
    expect(checkPattern(pattern([late, early]))).to.deep.equal([{ problem: 'PATTERN_OVERLAP', day: 0 }]);
    expect(checkPattern(pattern([early, late]))).to.deep.equal([{ problem: 'PATTERN_OVERLAP', day: 1 }]);
    expect(problems(pattern([{ ...late, minutes: 720 }, early]))).to.deep.equal([]);
    expect(problems(pattern([{ kind: 'day', start: '07:00', minutes: 1440 }]))).to.deep.equal([]);
  });

  it('never overlaps, keeps the order, and gives the same shifts whichever way the range is cut', () => {
    fc.assert(
      fc.property(patternOf, fc.integer({ min: -400, max: 400 }), fc.nat(60), fc.nat(60), (given, shift, one, two) => {
        fc.pre(checkPattern(given).length === 0);
        const from = addDays(given.anchorDate, shift);
        const middle = addDays(from, one);
        const to = addDays(middle, two);
        const whole = expandPattern(given, { from, to });
        expect([
          ...expandPattern(given, { from, to: middle }),
          ...expandPattern(given, { from: middle, to }),
        ]).to.deep.equal(whole);
        whole.forEach((current, index) => {
          expect(current.endsAt.getTime()).to.be.greaterThan(current.startsAt.getTime());
          expect(dateAt(current.startsAt, given.zone)).to.equal(current.date);
          const previous = whole[index - 1];
          if (previous) expect(previous.endsAt.getTime()).to.be.at.most(current.startsAt.getTime());
        });
      }),
    );
  });
});
