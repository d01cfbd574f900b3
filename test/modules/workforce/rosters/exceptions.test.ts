import { expect } from 'chai';
import * as fc from 'fast-check';
import { applyExceptions } from '../../../../src/modules/workforce/rosters/exceptions.ts';
import type { RosterException } from '../../../../src/modules/workforce/rosters/exceptions.ts';
import { expandPattern, swing7x7 } from '../../../../src/modules/workforce/rosters/swing.ts';
import type { PlannedShift } from '../../../../src/modules/workforce/rosters/swing.ts';

const HOUR = 3_600_000;
const planned = expandPattern(
  { days: swing7x7(), zone: 'UTC', anchorDate: '2025-01-06' },
  { from: '2025-01-06', to: '2025-01-27' },
);
const starting = (iso: string) => new Date(`2025-01-${iso}:00Z`);
const shift = (from: string, lasting: number, kind: PlannedShift['kind'] = 'day'): PlannedShift => ({
  date: `2025-01-${from.slice(0, 2)}`,
  kind,
  startsAt: starting(from),
  endsAt: new Date(starting(from).getTime() + lasting * HOUR),
});
const problems = (...exceptions: RosterException[]) =>
  applyExceptions(planned, exceptions).refused.map(({ problem }) => problem);

describe('rosters: exceptions', () => {
  it('swaps a shift for a colleague’s, or gives it away', () => {
    const takes = shift('13T19:00', 12, 'night');
    const { shifts, refused } = applyExceptions(planned, [
      { kind: 'swap', gives: starting('06T07:00'), takes },
      { kind: 'swap', gives: starting('07T07:00'), takes: null },
    ]);
    expect(refused).to.deep.equal([]);
    expect(shifts).to.have.length(planned.length - 1);
    expect(shifts.map(({ date }) => date).slice(0, 6)).to.deep.equal(
      ['08', '09', '10', '11', '12', '13'].map((day) => `2025-01-${day}`),
    );
    expect(shifts[5]).to.deep.equal(takes);
  });

  it('adds a call-out in its place, and extends an end by real minutes', () => {
    const callOut = shift('14T02:00', 4, 'night');
    const { shifts } = applyExceptions(planned, [
      { kind: 'call_out', shift: callOut },
      { kind: 'extension', shift: starting('12T07:00'), minutes: 120 },
    ]);
    expect(shifts.indexOf(callOut)).to.equal(7);
    expect(shifts[6]?.endsAt).to.deep.equal(starting('12T21:00'));
    expect(shifts[6]?.startsAt).to.deep.equal(starting('12T07:00'));
  });

  it('takes a shift that overlaps only the one given away', () => {
    const takes = shift('06T10:00', 12);
    expect(problems({ kind: 'swap', gives: starting('06T07:00'), takes })).to.deep.equal([]);
    expect(problems({ kind: 'swap', gives: starting('07T07:00'), takes })).to.deep.equal(['EXCEPTION_OVERLAP']);
  });

  it('refuses what names no shift, overlaps or has no length, and changes nothing then', () => {
    const exceptions: RosterException[] = [
      { kind: 'swap', gives: starting('13T07:00'), takes: null },
      { kind: 'extension', shift: starting('13T07:00'), minutes: 60 },
      { kind: 'call_out', shift: shift('06T18:59', 2) },
      { kind: 'extension', shift: starting('06T07:00'), minutes: 12 * 60 + 1 },
      { kind: 'extension', shift: starting('06T07:00'), minutes: 0 },
      { kind: 'extension', shift: starting('06T07:00'), minutes: 1.5 },
      { kind: 'call_out', shift: shift('14T02:00', 0) },
      { kind: 'call_out', shift: shift('14T02:00', 72.1) },
      { kind: 'extension', shift: starting('12T07:00'), minutes: 60 * 60 + 1 },
    ];
    expect(problems(...exceptions)).to.deep.equal([
      'EXCEPTION_NO_SHIFT',
      'EXCEPTION_NO_SHIFT',
      'EXCEPTION_OVERLAP',
      'EXCEPTION_OVERLAP',
      'EXCEPTION_LENGTH',
      'EXCEPTION_LENGTH',
      'EXCEPTION_LENGTH',
      'EXCEPTION_LENGTH',
      'EXCEPTION_LENGTH',
    ]);
    expect(applyExceptions(planned, exceptions).shifts).to.deep.equal(planned);
  });

  it('lets shifts touch', () => {
    expect(problems({ kind: 'call_out', shift: shift('06T19:00', 12, 'night') })).to.deep.equal([]);
    expect(problems({ kind: 'extension', shift: starting('06T07:00'), minutes: 12 * 60 })).to.deep.equal([]);
    expect(problems({ kind: 'call_out', shift: shift('14T02:00', 72) })).to.deep.equal([]);
  });

  it('never makes two shifts overlap, and accounts for every exception', () => {
    const start = fc.oneof(
      fc.constantFrom(...planned.map(({ startsAt }) => startsAt)),
      fc.nat(21 * 24).map((hour) => new Date(starting('06T00:00').getTime() + hour * HOUR)),
    );
    const anyShift = fc.tuple(start, fc.nat(20)).map(([startsAt, length]): PlannedShift => ({
      date: startsAt.toISOString().slice(0, 10),
      kind: 'day',
      startsAt,
      endsAt: new Date(startsAt.getTime() + length * HOUR),
    }));
    const exception = fc.oneof(
      fc.record({ kind: fc.constant('swap' as const), gives: start, takes: fc.option(anyShift) }),
      fc.record({ kind: fc.constant('call_out' as const), shift: anyShift }),
      fc.record({
        kind: fc.constant('extension' as const),
        shift: start,
        minutes: fc.integer({ min: -60, max: 1500 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(exception, { maxLength: 12 }), (exceptions) => {
        const { shifts, refused } = applyExceptions(planned, exceptions);
        shifts.forEach(({ startsAt, endsAt }, index) => {
          expect(endsAt.getTime()).to.be.greaterThan(startsAt.getTime());
          const next = shifts[index + 1];
          if (next) expect(endsAt.getTime()).to.be.at.most(next.startsAt.getTime());
        });
        const applied = exceptions.filter((given) => !refused.some(({ exception: back }) => back === given));
        const change = applied.reduce(
          (sum, given) => sum + (given.kind === 'call_out' ? 1 : given.kind === 'swap' && !given.takes ? -1 : 0),
          0,
        );
        expect(shifts).to.have.length(planned.length + change);
      }),
    );
  });
});
