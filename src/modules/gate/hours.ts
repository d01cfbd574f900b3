import { addDays } from '../../platform/time/zone.ts';
import type { HourFacts } from './facts.ts';

/** A shift as it was worked: `endedAt` null while it is open. `date` is its start day in the site's zone. */
export interface ActualShift {
  date: string;
  kind: 'day' | 'night' | 'travel';
  startedAt: Date;
  endedAt: Date | null;
  callOut: boolean;
}

/** The shift the question is about: it starts at `startsAt`, now or as planned (`plannedAt`), and is to end at `endsAt`. */
export interface ShiftAhead {
  /** Its id. */
  shift: string;
  date: string;
  kind: 'day' | 'night' | 'travel';
  startsAt: Date;
  plannedAt: Date;
  endsAt: Date;
  extensionAuthorized: boolean;
}

export interface DeclaredHours {
  date: string;
  minutes: number;
}

const MINUTE = 60_000;
const SEVEN_DAYS = 7 * 24 * 60 * MINUTE;

const minutesOf = (from: number, to: number): number => Math.max(0, Math.round((to - from) / MINUTE));

/** How many nights in a row end with the one on the day before `date`. */
const nightsUpTo = (date: string, nights: ReadonlySet<string>): number => {
  let count = 0;
  while (nights.has(addDays(date, -count - 1))) count += 1;
  return count;
};

/**
 * Working time from what was really worked, for `decide`; minutes, rounded. The seven days end with this shift, so a shift that reaches
 * into them counts in part. Travel is not work there; it counts with the shift before which it leaves no full rest (`restMinutes`).
 * The handover before its plan makes a shift no longer, up to `handoverMinutes`; rest it does shorten.
 * A shift that overlaps this one's start leaves a rest of 0; hours declared elsewhere count on the seven dates up to this shift's.
 */
export const hoursOf = (
  ahead: ShiftAhead,
  worked: readonly ActualShift[],
  declared: readonly DeclaredHours[],
  limits: { restMinutes: number; handoverMinutes: number },
): Omit<HourFacts, 'policy' | 'authorization'> => {
  const start = ahead.startsAt.getTime();
  const handover = Math.min(Math.max(0, ahead.plannedAt.getTime() - start), limits.handoverMinutes * MINUTE);
  const windowStart = ahead.endsAt.getTime() - SEVEN_DAYS;
  const before = worked.filter(({ startedAt }) => startedAt.getTime() < start);
  const ended = before.flatMap((shift) =>
    shift.endedAt === null ? [] : [{ ...shift, endedAt: shift.endedAt.getTime() }],
  );
  const work = ended.filter(({ kind }) => kind !== 'travel');
  const lastEnd = work.length === 0 ? null : Math.max(...work.map(({ endedAt }) => endedAt));
  const recent = declared.filter(({ date }) => date <= ahead.date && date > addDays(ahead.date, -7));
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return {
    shift: ahead.shift,
    shiftMinutes: minutesOf(start + handover, ahead.endsAt.getTime()),
    night: ahead.kind === 'night',
    restMinutes: lastEnd === null ? null : minutesOf(lastEnd, start),
    sevenDayMinutes: sum(
      work.map(({ startedAt, endedAt }) =>
        minutesOf(Math.max(startedAt.getTime(), windowStart), Math.min(endedAt, start)),
      ),
    ),
    nightsBefore: nightsUpTo(ahead.date, new Set(work.filter(({ kind }) => kind === 'night').map(({ date }) => date))),
    travelMinutes: sum(
      ended
        .filter(({ kind, endedAt }) => kind === 'travel' && start - endedAt < limits.restMinutes * MINUTE)
        .map(({ startedAt, endedAt }) => minutesOf(startedAt.getTime(), Math.min(endedAt, start))),
    ),
    callOuts: before.filter(({ callOut, startedAt }) => callOut && startedAt.getTime() >= windowStart).length,
    elsewhereDayMinutes: sum(recent.filter(({ date }) => date === ahead.date).map(({ minutes }) => minutes)),
    elsewhereSevenDayMinutes: sum(recent.map(({ minutes }) => minutes)),
    openShift: before.some(({ endedAt }) => endedAt === null),
    extensionAuthorized: ahead.extensionAuthorized,
  };
};
