import { LONGEST_SHIFT_MS } from './swing.ts';
import type { PlannedShift } from './swing.ts';

/**
 * An approved change to one person's roster. A shift of that person is named by its start.
 * swap: gives a shift away and takes one (or none, where the colleague gives none back); call_out: one more shift; extension: a later end, in real minutes.
 */
export type RosterException =
  | { kind: 'swap'; gives: Date; takes: PlannedShift | null }
  | { kind: 'call_out'; shift: PlannedShift }
  | { kind: 'extension'; shift: Date; minutes: number };

export type ExceptionProblem = 'EXCEPTION_NO_SHIFT' | 'EXCEPTION_OVERLAP' | 'EXCEPTION_LENGTH';

export interface RefusedException {
  exception: RosterException;
  problem: ExceptionProblem;
}

const isFree = (shifts: PlannedShift[], wanted: PlannedShift): boolean =>
  shifts.every(({ startsAt, endsAt }) => endsAt <= wanted.startsAt || startsAt >= wanted.endsAt);

const place = (others: PlannedShift[], wanted: PlannedShift): PlannedShift[] | ExceptionProblem => {
  const length = wanted.endsAt.getTime() - wanted.startsAt.getTime();
  if (!(length > 0 && length <= LONGEST_SHIFT_MS)) return 'EXCEPTION_LENGTH';
  return isFree(others, wanted) ? [...others, wanted] : 'EXCEPTION_OVERLAP';
};

const apply = (shifts: PlannedShift[], exception: RosterException): PlannedShift[] | ExceptionProblem => {
  if (exception.kind === 'call_out') return place(shifts, exception.shift);
  const start = exception.kind === 'swap' ? exception.gives : exception.shift;
  const own = shifts.find(({ startsAt }) => startsAt.getTime() === start.getTime());
  if (own === undefined) return 'EXCEPTION_NO_SHIFT';
  const others = shifts.filter((shift) => shift !== own);
  if (exception.kind === 'swap') return exception.takes === null ? others : place(others, exception.takes);
  if (!Number.isInteger(exception.minutes) || exception.minutes < 1) return 'EXCEPTION_LENGTH';
  return place(others, { ...own, endsAt: new Date(own.endsAt.getTime() + exception.minutes * 60_000) });
};

/**
 * A person's shifts with the exceptions applied in their order. One that names no shift, has no length, is longer than any may be or would make two shifts overlap
 * changes nothing and comes back in `refused`. The shifts are ordered by start and never overlap when the ones given do not.
 */
export const applyExceptions = (
  planned: readonly PlannedShift[],
  exceptions: readonly RosterException[],
): { shifts: PlannedShift[]; refused: RefusedException[] } => {
  let shifts = [...planned];
  const refused: RefusedException[] = [];
  for (const exception of exceptions) {
    const changed = apply(shifts, exception);
    if (typeof changed === 'string') refused.push({ exception, problem: changed });
    else shifts = changed;
  }
  return { shifts: shifts.toSorted((a, b) => a.startsAt.getTime() - b.startsAt.getTime()), refused };
};
