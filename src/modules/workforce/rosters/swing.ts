import { addDays, daysBetween, isDate, isTime, isZone, toInstant } from '../../../platform/time/zone.ts';
import type { Period } from '../../../platform/time/zone.ts';

export const WORK_KINDS = ['day', 'night', 'travel'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

/** One day of a pattern. `start` is wall time `HH:MM`; `minutes` is the length on the wall clock, past midnight too. */
export type PatternDay = { kind: 'off' } | { kind: WorkKind; start: string; minutes: number };

/** Days that repeat for ever in both directions; `days[0]` falls on `anchorDate`. */
export interface ShiftPattern {
  days: PatternDay[];
  /** IANA zone of the site. */
  zone: string;
  anchorDate: string;
}

/** `date` is the day it starts on in the site's zone; a night belongs to it past midnight too. */
export interface PlannedShift {
  date: string;
  kind: WorkKind;
  startsAt: Date;
  endsAt: Date;
}

export type PatternProblem =
  | 'PATTERN_EMPTY'
  | 'PATTERN_TOO_LONG'
  | 'PATTERN_ALL_OFF'
  | 'PATTERN_ZONE'
  | 'PATTERN_ANCHOR'
  | 'PATTERN_START'
  | 'PATTERN_LENGTH'
  | 'PATTERN_OVERLAP';

const DAY_MINUTES = 24 * 60;
/** The longest that a shift may be with all its extensions, ms; the table holds it. What started longer ago does not go on. */
export const LONGEST_SHIFT_MS = 72 * 3_600_000;
/** The same as an interval of SQL: reads of what goes on look no further back, whatever years of shifts a person has. */
export const LONGEST_SHIFT = `interval '72 hours'`;

const LONGEST_PATTERN = 366;

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

const problemOfDay = (day: PatternDay, next: PatternDay): PatternProblem | undefined => {
  if (day.kind === 'off') return undefined;
  if (!isTime(day.start)) return 'PATTERN_START';
  if (!Number.isInteger(day.minutes) || day.minutes < 1 || day.minutes > DAY_MINUTES) return 'PATTERN_LENGTH';
  if (next.kind === 'off' || !isTime(next.start)) return undefined;
  const past = minuteOf(day.start) + day.minutes - DAY_MINUTES;
  return past > minuteOf(next.start) ? 'PATTERN_OVERLAP' : undefined;
};

/** What is wrong with a pattern, with the index of the day where it is one day's fault; empty when it can be expanded. */
export const checkPattern = (pattern: ShiftPattern): { problem: PatternProblem; day?: number }[] => {
  const { days, zone, anchorDate } = pattern;
  if (days.length === 0) return [{ problem: 'PATTERN_EMPTY' }];
  if (days.length > LONGEST_PATTERN) return [{ problem: 'PATTERN_TOO_LONG' }];
  const problems: { problem: PatternProblem; day?: number }[] = [];
  if (!isZone(zone)) problems.push({ problem: 'PATTERN_ZONE' });
  if (!isDate(anchorDate)) problems.push({ problem: 'PATTERN_ANCHOR' });
  if (days.every(({ kind }) => kind === 'off')) problems.push({ problem: 'PATTERN_ALL_OFF' });
  days.forEach((day, index) => {
    const problem = problemOfDay(day, days[(index + 1) % days.length] ?? day);
    if (problem) problems.push({ problem, day: index });
  });
  return problems;
};

/**
 * The shifts of a pattern that start on the dates `from` to `to` (not included), in order and never overlapping.
 * Start and end are wall times, as crews hand over by the clock on the wall: on the night of a clock change 19:00–07:00 lasts 11 or 13 real
 * hours. A shift of which the clock skips every minute is left out. Throws RangeError for a pattern that `checkPattern` refuses.
 */
export const expandPattern = (pattern: ShiftPattern, { from, to }: Period<string>): PlannedShift[] => {
  const [fault] = checkPattern(pattern);
  if (fault)
    throw new RangeError(`${fault.problem} at day ${fault.day ?? '-'}: correct the pattern before expanding it`);
  const { days, zone, anchorDate } = pattern;
  const shifts: PlannedShift[] = [];
  const first = daysBetween(anchorDate, from);
  for (let offset = first; offset < first + daysBetween(from, to); offset += 1) {
    const day = days[((offset % days.length) + days.length) % days.length];
    if (day === undefined || day.kind === 'off') continue;
    const date = addDays(anchorDate, offset);
    const startsAt = toInstant(date, day.start, zone);
    const endsAt = toInstant(date, day.start, zone, day.minutes);
    if (endsAt > startsAt) shifts.push({ date, kind: day.kind, startsAt, endsAt });
  }
  return shifts;
};

/** Wall start and length in minutes of one kind of shift. */
export interface ShiftTimes {
  start: string;
  minutes: number;
}

export interface SwingTimes {
  day?: ShiftTimes;
  night?: ShiftTimes;
  /** When given, the first and the last day off become the travel home and the travel back. */
  travel?: ShiftTimes;
}

const DAY_SHIFT: ShiftTimes = { start: '07:00', minutes: 720 };
const NIGHT_SHIFT: ShiftTimes = { start: '19:00', minutes: 720 };

/** `count` days in a row of one kind. */
const block = (count: number, day: PatternDay): PatternDay[] => Array.from({ length: count }, () => ({ ...day }));

const restBlock = (count: number, travel: ShiftTimes | undefined): PatternDay[] =>
  travel === undefined
    ? block(count, { kind: 'off' })
    : [{ kind: 'travel', ...travel }, ...block(count - 2, { kind: 'off' }), { kind: 'travel', ...travel }];

const days = (count: number, times: SwingTimes) => block(count, { kind: 'day', ...(times.day ?? DAY_SHIFT) });
const nights = (count: number, times: SwingTimes) => block(count, { kind: 'night', ...(times.night ?? NIGHT_SHIFT) });

/** 7x7: seven day shifts, seven days off. */
export const swing7x7 = (times: SwingTimes = {}): PatternDay[] => [...days(7, times), ...restBlock(7, times.travel)];

/** 14x14: fourteen day shifts, fourteen days off. */
export const swing14x14 = (times: SwingTimes = {}): PatternDay[] => [
  ...days(14, times),
  ...restBlock(14, times.travel),
];

/** 7D/7N: seven day shifts, seven days off, seven nights, seven days off. */
export const swing7D7N = (times: SwingTimes = {}): PatternDay[] => [
  ...days(7, times),
  ...restBlock(7, times.travel),
  ...nights(7, times),
  ...restBlock(7, times.travel),
];
