import { expect } from 'chai';
import * as fc from 'fast-check';
import { expandPattern, swing7D7N } from '../../../src/modules/workforce/rosters/swing.ts';
import { hoursOf } from '../../../src/modules/gate/hours.ts';
import type { ActualShift, DeclaredHours, ShiftAhead } from '../../../src/modules/gate/hours.ts';

const instant = (text: string) => new Date(`2025-06-${text}:00Z`);
const worked = (from: string, to: string | null, change: Partial<ActualShift> = {}): ActualShift => ({
  date: `2025-06-${from.slice(0, 2)}`,
  kind: 'day',
  startedAt: instant(from),
  endedAt: to === null ? null : instant(to),
  callOut: false,
  ...change,
});
const night = (day: number) =>
  worked(`${String(day).padStart(2, '0')}T19:00`, `${String(day + 1).padStart(2, '0')}T07:00`, { kind: 'night' });
const ahead: ShiftAhead = {
  shift: 'shift',
  date: '2025-06-20',
  kind: 'day',
  startsAt: instant('20T07:00'),
  plannedAt: instant('20T07:00'),
  endsAt: instant('20T19:00'),
  extensionAuthorized: false,
};
const hours = (shifts: ActualShift[], declared: DeclaredHours[] = [], change: Partial<ShiftAhead> = {}) =>
  hoursOf({ ...ahead, ...change }, shifts, declared, { restMinutes: 600, handoverMinutes: 30 });

describe('gate: working time', () => {
  it('knows nothing before of somebody who starts', () => {
    expect(hours([])).to.deep.equal({
      shift: 'shift',
      shiftMinutes: 720,
      night: false,
      restMinutes: null,
      sevenDayMinutes: 0,
      nightsBefore: 0,
      travelMinutes: 0,
      callOuts: 0,
      elsewhereDayMinutes: 0,
      elsewhereSevenDayMinutes: 0,
      openShift: false,
      extensionAuthorized: false,
    });
  });

  it('rests from the latest real end, whatever the order', () => {
    const shifts = [worked('19T07:00', '19T21:10'), worked('18T07:00', '18T19:00')];
    expect(hours(shifts).restMinutes).to.equal(590);
    expect(hours([worked('19T22:00', '20T08:00')])).to.include({ restMinutes: 0, sevenDayMinutes: 540 });
  });

  it('counts the seven days up to the end of this shift, in part where a shift reaches in', () => {
    expect(hours([worked('13T12:00', '14T00:00')]).sevenDayMinutes).to.equal(300);
    expect(hours([worked('13T07:00', '13T19:00')]).sevenDayMinutes).to.equal(0);
    expect(hours([worked('14T07:00', '14T19:00'), worked('19T07:00', '19T19:00')]).sevenDayMinutes).to.equal(1440);
    expect(hours([worked('20T07:00', '20T09:00'), worked('21T07:00', '21T19:00')]).sevenDayMinutes).to.equal(0);
  });

  it('grows no longer by the handover before its plan, and rest no longer either', () => {
    const early = (minutes: number) =>
      hours([worked('19T07:00', '19T21:00')], [], { startsAt: new Date(ahead.startsAt.getTime() - minutes * 60_000) });
    expect(early(10)).to.include({ shiftMinutes: 720, restMinutes: 590 });
    expect(early(30)).to.include({ shiftMinutes: 720, restMinutes: 570 });
    expect(early(31)).to.include({ shiftMinutes: 721, restMinutes: 569 });
  });

  it('counts nights in a row up to the day before, across nothing else', () => {
    const nights = [15, 17, 18, 19].map(night);
    const tonight = { kind: 'night' as const, startsAt: instant('20T19:00'), endsAt: instant('21T07:00') };
    expect(hours(nights, [], tonight)).to.include({ nightsBefore: 3, night: true });
    expect(hours([15, 16, 17].map(night), [], tonight).nightsBefore).to.equal(0);
    expect(hours([...nights, worked('16T07:00', '16T19:00')], [], tonight).nightsBefore).to.equal(3);
  });

  it('counts travel that leaves no full rest, and neither as work nor as rest broken', () => {
    const travel = worked('20T01:00', '20T05:00', { kind: 'travel' });
    expect(hours([travel])).to.include({ travelMinutes: 240, restMinutes: null, sevenDayMinutes: 0 });
    expect(hours([worked('19T12:00', '19T21:00', { kind: 'travel' })]).travelMinutes).to.equal(0);
    expect(hours([worked('19T12:00', '19T21:01', { kind: 'travel' })]).travelMinutes).to.equal(541);
  });

  it('counts call-outs of the seven days', () => {
    const calls = ['12', '14', '18'].map((day) => worked(`${day}T22:00`, `${day}T23:00`, { callOut: true }));
    expect(hours(calls).callOuts).to.equal(2);
  });

  it('counts hours declared elsewhere by date', () => {
    const declared = [
      { date: '2025-06-13', minutes: 60 },
      { date: '2025-06-14', minutes: 120 },
      { date: '2025-06-20', minutes: 180 },
      { date: '2025-06-20', minutes: 30 },
      { date: '2025-06-21', minutes: 240 },
    ];
    expect(hours([], declared)).to.include({ elsewhereDayMinutes: 210, elsewhereSevenDayMinutes: 330 });
  });

  it('tells a shift that was never ended', () => {
    expect(hours([worked('18T07:00', null)])).to.include({ openShift: true, restMinutes: null });
    expect(hours([worked('21T07:00', null)]).openShift).to.equal(false);
  });

  it('keeps a swing of 12-hour shifts within the defaults, over the clock change but for its long night', () => {
    const pattern = { days: swing7D7N(), zone: 'America/Santiago', anchorDate: '2025-03-17' };
    const shifts = expandPattern(pattern, { from: '2025-03-17', to: '2025-04-14' });
    const actual = shifts.map(({ date, kind, startsAt, endsAt }): ActualShift => ({
      date,
      kind,
      startedAt: startsAt,
      endedAt: endsAt,
      callOut: false,
    }));
    const lengths = shifts.map(({ date, kind, startsAt, endsAt }) =>
      hoursOf(
        { shift: 'shift', date, kind, startsAt, plannedAt: startsAt, endsAt, extensionAuthorized: false },
        actual,
        [],
        {
          restMinutes: 600,
          handoverMinutes: 30,
        },
      ),
    );
    expect(lengths.map(({ nightsBefore }) => nightsBefore)).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect(lengths.filter(({ shiftMinutes }) => shiftMinutes === 780)).to.have.length(1);
    expect(lengths[13]).to.include({ sevenDayMinutes: 6 * 720 + 60, restMinutes: 720 });
  });

  it('never counts more work than there was, nor less rest than none', () => {
    const shift = fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 16 })).map(([hour, length]): ActualShift => {
      const startedAt = new Date(instant('01T00:00').getTime() + hour * 3_600_000);
      const endedAt = new Date(startedAt.getTime() + length * 3_600_000);
      return { date: startedAt.toISOString().slice(0, 10), kind: 'day', startedAt, endedAt, callOut: false };
    });
    fc.assert(
      fc.property(fc.array(shift, { maxLength: 12 }), (shifts) => {
        const facts = hours(shifts);
        const total = shifts.reduce((sum, { startedAt, endedAt }) => sum + (Number(endedAt) - Number(startedAt)), 0);
        expect(facts.sevenDayMinutes).to.be.within(0, total / 60_000);
        expect(facts.restMinutes ?? 0).to.be.at.least(0);
        expect(hours(shifts.toReversed())).to.deep.equal(facts);
      }),
    );
  });
});
