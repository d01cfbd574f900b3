import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  addDays,
  addDaysAt,
  dateAt,
  datesOf,
  dayBounds,
  daysBetween,
  isDate,
  isTime,
  isZone,
  monthOf,
  periodBounds,
  startOfDay,
  toInstant,
  toLocal,
  weekOf,
} from '../../../src/platform/time/zone.ts';

const SANTIAGO = 'America/Santiago';
const PARIS = 'Europe/Paris';
const CASABLANCA = 'Africa/Casablanca';
const ZONES = [SANTIAGO, PARIS, CASABLANCA, 'UTC', 'America/Punta_Arenas', 'Pacific/Chatham', 'America/Havana'];
const utc = (date: string, time: string, zone: string) => toInstant(date, time, zone).toISOString().slice(0, 16);
const hours = ({ from, to }: { from: Date; to: Date }) => (to.getTime() - from.getTime()) / 3_600_000;

const pad = (part: number) => String(part).padStart(2, '0');
const night = (day: string) =>
  hours({ from: toInstant(day, '19:00', SANTIAGO), to: toInstant(day, '19:00', SANTIAGO, 720) });

const date = fc.integer({ min: 0, max: 4000 }).map((days) => addDays('2019-06-01', days));
const time = fc.integer({ min: 0, max: 1439 }).map((minute) => {
  return `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}`;
});
const zone = fc.constantFrom(...ZONES);

describe('zones', () => {
  it('knows IANA names and refuses offsets and inventions', () => {
    expect([...ZONES, 'Etc/GMT+3'].filter((name) => !isZone(name))).to.deep.equal([]);
    expect(['', '+03:00', '-0300', 'Mars/Olympus', 'America/', 'Santiago', ' UTC'].filter(isZone)).to.deep.equal([]);
    expect(['america/santiago', 'utc', 'IST', 'EST', 'SystemV/EST5', 'Etc/gmt+3'].filter(isZone)).to.deep.equal([]);
  });

  it('knows dates and times of day', () => {
    expect(['2024-02-29', '2025-12-31'].every(isDate)).to.equal(true);
    expect(['2025-02-29', '2025-13-01', '2025-1-1', '20250101', '2025-01-01T00:00', ''].filter(isDate)).to.deep.equal(
      [],
    );
    expect(['00:00', '23:59'].every(isTime)).to.equal(true);
    expect(['24:00', '7:00', '07:60', '07:00:00', ''].filter(isTime)).to.deep.equal([]);
  });

  it('refuses malformed dates and times, saying how to write them', () => {
    expect(() => toInstant('2025-02-30', '07:00', 'UTC')).to.throw(RangeError, 'YYYY-MM-DD');
    expect(() => toInstant('2025-02-20', '24:00', 'UTC')).to.throw(RangeError, 'HH:MM');
    expect(() => addDays('today', 1)).to.throw(RangeError, 'YYYY-MM-DD');
    expect(() => toInstant('2025-02-20', '07:00', 'Mars/Olympus')).to.throw(RangeError);
  });

  describe('America/Santiago, which changes at midnight', () => {
    it('spring: 00:00 to 01:00 does not exist and becomes 01:00', () => {
      expect(utc('2025-09-06', '23:59', SANTIAGO)).to.equal('2025-09-07T03:59');
      for (const skipped of ['00:00', '00:30', '00:59', '01:00']) {
        expect(utc('2025-09-07', skipped, SANTIAGO), skipped).to.equal('2025-09-07T04:00');
      }
      expect(startOfDay('2025-09-07', SANTIAGO).toISOString()).to.equal('2025-09-07T04:00:00.000Z');
      expect(toLocal(startOfDay('2025-09-07', SANTIAGO), SANTIAGO)).to.deep.equal({
        date: '2025-09-07',
        time: '01:00',
      });
      expect(hours(dayBounds('2025-09-07', SANTIAGO))).to.equal(23);
      expect(hours(dayBounds('2025-09-06', SANTIAGO))).to.equal(24);
    });

    it('autumn: 23:00 to 24:00 occurs twice and means the first', () => {
      expect(utc('2025-04-05', '23:30', SANTIAGO)).to.equal('2025-04-06T02:30');
      expect(dateAt(new Date('2025-04-06T03:30:00Z'), SANTIAGO)).to.equal('2025-04-05');
      expect(startOfDay('2025-04-06', SANTIAGO).toISOString()).to.equal('2025-04-06T04:00:00.000Z');
      expect(hours(dayBounds('2025-04-05', SANTIAGO))).to.equal(25);
    });

    it('counts minutes on the wall clock', () => {
      expect(night('2025-04-04')).to.equal(12);
      expect(night('2025-04-05')).to.equal(13);
      expect(night('2025-09-06')).to.equal(11);
    });
  });

  it('Europe/Paris: 02:00 to 03:00 is skipped in March and repeated in October', () => {
    expect(utc('2025-03-30', '02:30', PARIS)).to.equal('2025-03-30T01:00');
    expect(utc('2025-10-26', '02:30', PARIS)).to.equal('2025-10-26T00:30');
    expect(hours(dayBounds('2025-03-30', PARIS))).to.equal(23);
    expect(hours(dayBounds('2025-10-26', PARIS))).to.equal(25);
  });

  it('Africa/Casablanca: the offset drops for Ramadan and comes back after it', () => {
    expect(utc('2025-02-20', '07:00', CASABLANCA)).to.equal('2025-02-20T06:00');
    expect(utc('2025-03-10', '07:00', CASABLANCA)).to.equal('2025-03-10T07:00');
    expect(utc('2025-05-10', '07:00', CASABLANCA)).to.equal('2025-05-10T06:00');
    expect(utc('2025-04-06', '02:15', CASABLANCA)).to.equal('2025-04-06T02:00');
    expect(hours(dayBounds('2025-02-23', CASABLANCA))).to.equal(25);
    expect(hours(dayBounds('2025-04-06', CASABLANCA))).to.equal(23);
  });

  it('moves an instant by days on the wall clock', () => {
    const start = toInstant('2025-04-05', '07:00', SANTIAGO);
    const next = addDaysAt(start, 1, SANTIAGO);
    expect(toLocal(next, SANTIAGO)).to.deep.equal({ date: '2025-04-06', time: '07:00' });
    expect(hours({ from: start, to: next })).to.equal(25);
    expect(addDaysAt(next, -1, SANTIAGO).getTime()).to.equal(start.getTime());
    const second = new Date('2025-04-06T03:30:00Z');
    expect(addDaysAt(second, 0, SANTIAGO).getTime()).to.equal(second.getTime());
    expect(toLocal(addDaysAt(toInstant('2025-09-06', '00:30', SANTIAGO), 1, SANTIAGO), SANTIAGO).time).to.equal(
      '01:00',
    );
  });

  it('gives weeks from Monday and calendar months', () => {
    expect(weekOf('2025-09-07')).to.deep.equal({ from: '2025-09-01', to: '2025-09-08' });
    expect(weekOf('2025-09-08')).to.deep.equal({ from: '2025-09-08', to: '2025-09-15' });
    expect(weekOf('2026-01-01')).to.deep.equal({ from: '2025-12-29', to: '2026-01-05' });
    expect(monthOf('2024-02-29')).to.deep.equal({ from: '2024-02-01', to: '2024-03-01' });
    expect(monthOf('2025-12-31')).to.deep.equal({ from: '2025-12-01', to: '2026-01-01' });
    expect(hours(periodBounds(monthOf('2025-09-15'), SANTIAGO))).to.equal(30 * 24 - 1);
    expect(datesOf(weekOf('2025-03-01')))
      .to.have.length(7)
      .and.include('2025-02-28');
    expect(datesOf({ from: '2025-03-02', to: '2025-03-01' })).to.deep.equal([]);
    expect(daysBetween('2025-03-02', '2025-02-28')).to.equal(-2);
  });

  it('days follow each other without gap or overlap, and hold their own instants', () => {
    fc.assert(
      fc.property(date, zone, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (day, name, part) => {
        const bounds = dayBounds(day, name);
        expect(bounds.to.getTime()).to.equal(dayBounds(addDays(day, 1), name).from.getTime());
        const inside = new Date(
          bounds.from.getTime() + Math.floor(part * (bounds.to.getTime() - bounds.from.getTime())),
        );
        expect(dateAt(inside, name)).to.equal(day);
      }),
    );
  });

  it('never lets a later wall time come earlier, and reads back all that exist', () => {
    fc.assert(
      fc.property(date, time, fc.nat(2000), zone, (day, clock, minutes, name) => {
        const from = toInstant(day, clock, name);
        expect(toInstant(day, clock, name, minutes).getTime()).to.be.at.least(from.getTime());
        const shown = toLocal(from, name);
        expect(`${shown.date} ${shown.time}` >= `${day} ${clock}`).to.equal(true);
        expect(toInstant(shown.date, shown.time, name).getTime()).to.equal(from.getTime());
      }),
    );
  });
});
