/// <reference lib="es2025.intl" />
import type { Locale } from './locales.ts';

/** Dates, numbers and durations in a person's language; instants are shown in one IANA zone. */
export interface Formatters {
  /** The day of an instant in the zone, with the month as a word: `21 nov 2026`. */
  date: (instant: Date) => string;
  /** Day and time of an instant in the zone, 24 h: `21 nov 2026, 06:31`. */
  dateTime: (instant: Date) => string;
  /** Time of day of an instant in the zone, 24 h: `06:31`. */
  time: (instant: Date) => string;
  /** A calendar day `YYYY-MM-DD` (a shift date), whatever the zone: `21 nov 2026`. Throws RangeError on anything else. */
  day: (isoDay: string) => string;
  /** A calendar day `YYYY-MM-DD` without its year, for axes: `21 nov`. Throws RangeError on anything else. */
  shortDay: (isoDay: string) => string;
  /** The month of a calendar day `YYYY-MM-DD`: `nov 2026`. Throws RangeError on anything else. */
  month: (isoDay: string) => string;
  /** A number with exactly `decimals` decimals (default 0) and grouping: `1.234,5`. */
  number: (value: number, decimals?: number) => string;
  /** A ratio as a percentage (0.923 → `92,3 %`) with exactly `decimals` decimals (default 1). */
  percent: (ratio: number, decimals?: number) => string;
  /** Milliseconds as days, hours, minutes and, under a minute, seconds: `8 h y 5 min`. Rounded to the minute above one. */
  duration: (milliseconds: number) => string;
}

/**
 * Formatters of one language and zone. Creating `Intl` objects is slow: keep the result.
 * @param zone IANA time zone; an unknown one throws RangeError
 */
export function createFormatters(locale: Locale, zone: string): Formatters {
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const date = { day: 'numeric', month: 'short', year: 'numeric' } as const;
  const inZone = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
  const dateFormat = inZone(date);
  const dateTimeFormat = inZone({ ...date, ...time });
  const timeFormat = inZone(time);
  const dayFormat = new Intl.DateTimeFormat(locale, { ...date, timeZone: 'UTC' });
  const shortDayFormat = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const monthFormat = new Intl.DateTimeFormat(locale, { month: 'short', year: 'numeric', timeZone: 'UTC' });
  const durationFormat = new Intl.DurationFormat(locale, { style: 'short' });
  const zeroFormat = new Intl.DurationFormat(locale, { style: 'short', secondsDisplay: 'always' });
  const numberFormats = new Map<string, Intl.NumberFormat>();

  const numberFormat = (style: 'decimal' | 'percent', decimals: number) => {
    const key = `${style}:${decimals}`;
    let format = numberFormats.get(key);
    if (!format) {
      format = new Intl.NumberFormat(locale, {
        style,
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
        useGrouping: 'always',
      });
      numberFormats.set(key, format);
    }
    return format;
  };

  return {
    date: (instant) => dateFormat.format(instant),
    dateTime: (instant) => dateTimeFormat.format(instant),
    time: (instant) => timeFormat.format(instant),
    day: (isoDay) => dayFormat.format(parseDay(isoDay)),
    shortDay: (isoDay) => shortDayFormat.format(parseDay(isoDay)),
    month: (isoDay) => monthFormat.format(parseDay(isoDay)),
    number: (value, decimals = 0) => numberFormat('decimal', decimals).format(value),
    percent: (ratio, decimals = 1) => numberFormat('percent', decimals).format(ratio),
    duration: (milliseconds) =>
      Math.abs(milliseconds) < 500 ? zeroFormat.format({ seconds: 0 }) : durationFormat.format(toUnits(milliseconds)),
  };
}

function parseDay(isoDay: string): Date {
  const day = new Date(`${isoDay}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(isoDay) || Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== isoDay) {
    throw new RangeError(`"${isoDay}" is not a calendar day; write it as YYYY-MM-DD`);
  }
  return day;
}

function toUnits(milliseconds: number): Partial<Record<Intl.DurationFormatUnit, number>> {
  const sign = milliseconds < 0 ? -1 : 1;
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds < 60) return { seconds: sign * seconds };
  const minutes = Math.round(seconds / 60);
  return {
    days: sign * Math.floor(minutes / 1440),
    hours: sign * (Math.floor(minutes / 60) % 24),
    minutes: sign * (minutes % 60),
  };
}
