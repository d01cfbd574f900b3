import { Temporal } from 'temporal-polyfill';

/** A stretch of time, `to` not included. */
export interface Period<T> {
  from: T;
  to: T;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
/** Names of zones begin with an area. Node knows more than these (`IST`, `AET`), which PostgreSQL reads otherwise or not at all. */
const IN_AREA = /^(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Chile|Etc|Europe|Indian|Pacific)\//;

/** Whether `zone` is an IANA name, of today or of before, as it is written there: `UTC`, or a place in an area. */
export const isZone = (zone: string): boolean => {
  if (zone !== 'UTC' && !IN_AREA.test(zone)) return false;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone).timeZoneId === zone;
  } catch {
    return false;
  }
};

/** Whether `text` is a day of the calendar written `YYYY-MM-DD`. */
export const isDate = (text: string): boolean => {
  if (!DATE.test(text)) return false;
  try {
    Temporal.PlainDate.from(text, { overflow: 'reject' });
    return true;
  } catch {
    return false;
  }
};

/** Whether `text` is a time of day written `HH:MM`, 00:00 to 23:59. */
export const isTime = (text: string): boolean => TIME.test(text);

const plainDate = (date: string): Temporal.PlainDate => {
  if (!isDate(date)) throw new RangeError(`${JSON.stringify(date)} is not a date: write YYYY-MM-DD`);
  return Temporal.PlainDate.from(date);
};

const toZoned = (instant: Date, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone);

const toDate = (zoned: Temporal.ZonedDateTime): Date => new Date(zoned.epochMilliseconds);

/** A skipped wall time is the first instant after the gap, one that occurs twice is the first: so later wall times never come earlier. */
const resolve = (local: Temporal.PlainDateTime, zone: string): Date => {
  const zoned = local.toZonedDateTime(zone, { disambiguation: 'earlier' });
  if (zoned.toPlainDateTime().equals(local)) return toDate(zoned);
  return toDate(zoned.getTimeZoneTransition('next') ?? zoned);
};

/**
 * The instant of a wall time: `date` `YYYY-MM-DD`, `time` `HH:MM`, `plusMinutes` counted on the wall clock (19:00 + 720 is 07:00).
 * A time that the clock skips is the first instant after the gap; one that occurs twice is the first. Throws RangeError on malformed input.
 */
export const toInstant = (date: string, time: string, zone: string, plusMinutes = 0): Date => {
  if (!isTime(time)) throw new RangeError(`${JSON.stringify(time)} is not a time of day: write HH:MM, 00:00 to 23:59`);
  const local = plainDate(date).toPlainDateTime(Temporal.PlainTime.from(time)).add({ minutes: plusMinutes });
  return resolve(local, zone);
};

/** What calendar and clock show in `zone` at `instant`: `YYYY-MM-DD` and `HH:MM`. */
export const toLocal = (instant: Date, zone: string): { date: string; time: string } => {
  const zoned = toZoned(instant, zone);
  return { date: zoned.toPlainDate().toString(), time: zoned.toPlainTime().toString({ smallestUnit: 'minute' }) };
};

/** The date in `zone` at `instant`. */
export const dateAt = (instant: Date, zone: string): string => toZoned(instant, zone).toPlainDate().toString();

/** First instant of `date` in `zone`; 01:00 where the clock skips midnight. */
export const startOfDay = (date: string, zone: string): Date => resolve(plainDate(date).toPlainDateTime(), zone);

/** The instants between which it is `date` in `zone`: 23, 24 or 25 hours. */
export const dayBounds = (date: string, zone: string): Period<Date> => ({
  from: startOfDay(date, zone),
  to: startOfDay(addDays(date, 1), zone),
});

/** The instants of the dates `from` to `to` (not included) in `zone`. */
export const periodBounds = (dates: Period<string>, zone: string): Period<Date> => ({
  from: startOfDay(dates.from, zone),
  to: startOfDay(dates.to, zone),
});

/** `date` moved by whole days, negative ones too. */
export const addDays = (date: string, days: number): string => plainDate(date).add({ days }).toString();

/** `instant` moved by whole days, keeping the wall clock of `zone`; a skipped time as in `toInstant`. */
export const addDaysAt = (instant: Date, days: number, zone: string): Date => {
  if (days === 0) return new Date(instant);
  return resolve(toZoned(instant, zone).toPlainDateTime().add({ days }), zone);
};

/** Days from `from` to `to`; negative when `to` comes first. */
export const daysBetween = (from: string, to: string): number => plainDate(from).until(plainDate(to)).days;

/** The dates of a period, in order. */
export const datesOf = (period: Period<string>): string[] =>
  Array.from({ length: Math.max(0, daysBetween(period.from, period.to)) }, (_, days) => addDays(period.from, days));

/** The week, Monday to Sunday (ISO 8601), that holds `date`. */
export const weekOf = (date: string): Period<string> => {
  const from = addDays(date, 1 - plainDate(date).dayOfWeek);
  return { from, to: addDays(from, 7) };
};

/** The calendar month that holds `date`. */
export const monthOf = (date: string): Period<string> => {
  const from = plainDate(date).with({ day: 1 });
  return { from: from.toString(), to: from.add({ months: 1 }).toString() };
};
