import type { Worker } from '../../../platform/db/unit-of-work.ts';
import { addDays, dateAt } from '../../../platform/time/zone.ts';
import { conflict } from '../../../platform/module.ts';
import type { Mover, Repository, Tx } from '../../../platform/module.ts';
import type { Zones } from '../ports.ts';
import type { ShiftPatternRow } from './shift-patterns.repository.ts';
import { expandedDates, futureShifts, standingShifts } from './shifts.repository.ts';
import type { ShiftRow } from './shifts.repository.ts';
import { expandPattern } from './swing.ts';
import type { PatternDay, PlannedShift } from './swing.ts';

/** How far ahead rosters are expanded, in days after today. */
const DAYS_AHEAD = 14;

/** What the roster of an assignment is made from. */
export interface RosteredAssignment {
  readonly id: string;
  readonly profileId: string;
  readonly projectId: string;
  readonly shiftPatternId: string | null;
  /** The day that the pattern's first day falls on; absent: the assignment's first day. */
  readonly patternStartsOn: string | null;
  readonly startsOn: string;
  readonly endsOn: string | null;
}

/** The shifts of work assignments. Callers hold the lock of the assignment, so that one expansion runs at a time. */
export interface Rosters {
  /**
   * Plans the shifts of today and the fourteen days that follow which are not there yet, and answers how many. A shift that
   * would overlap another of the same person is refused (409) when `strict`, left out and counted when not.
   */
  expand(tx: Tx, assignment: RosteredAssignment, strict: boolean): Promise<{ added: number; overlapping: number }>;
  /** Cancels the planned shifts that start after `after` (default: now); an expansion brings them back. */
  clear(tx: Tx, worker: Worker, assignmentId: string, because: 'suspension' | 'ended', after?: Date): Promise<void>;
}

interface RostersDependencies {
  readonly shifts: Repository<ShiftRow>;
  readonly mover: Mover<ShiftRow>;
  readonly patterns: Pick<Repository<ShiftPatternRow>, 'get'>;
  readonly zones: Zones;
}

const latest = (a: string, b: string): string => (a > b ? a : b);
const earliest = (a: string, b: string): string => (a < b ? a : b);

export const createRosters = ({ shifts, mover, patterns, zones }: RostersDependencies): Rosters => {
  /** What the pattern gives in the window and nobody has planned yet. */
  const missing = async (tx: Tx, assignment: RosteredAssignment, patternId: string, zone: string) => {
    const today = dateAt(tx.now, zone);
    const from = latest(assignment.startsOn, today);
    const last = addDays(today, DAYS_AHEAD);
    const to = addDays(assignment.endsOn === null ? last : earliest(assignment.endsOn, last), 1);
    if (to <= from) return [];
    const { days } = await patterns.get(tx, patternId);
    const anchorDate = assignment.patternStartsOn ?? assignment.startsOn;
    const known = await expandedDates(tx, assignment.id, { from, to });
    return expandPattern({ days: days as PatternDay[], zone, anchorDate }, { from, to }).filter(
      ({ date, endsAt }) => !known.has(date) && endsAt > tx.now,
    );
  };

  const free = async (tx: Tx, profileId: string, wanted: readonly PlannedShift[]): Promise<PlannedShift[]> => {
    const [first, last] = [wanted[0], wanted.at(-1)];
    if (first === undefined || last === undefined) return [];
    const taken = await standingShifts(tx, profileId, first.startsAt, last.endsAt);
    return wanted.filter((shift) =>
      taken.every(({ startsAt, endsAt }) => new Date(endsAt) <= shift.startsAt || new Date(startsAt) >= shift.endsAt),
    );
  };

  return {
    expand: async (tx, assignment, strict) => {
      if (assignment.shiftPatternId === null) return { added: 0, overlapping: 0 };
      const zone = await zones.of(tx, { projectId: assignment.projectId });
      const wanted = await missing(tx, assignment, assignment.shiftPatternId, zone);
      const possible = await free(tx, assignment.profileId, wanted);
      const overlapping = wanted.length - possible.length;
      if (strict && overlapping > 0) throw conflict('SHIFT_OVERLAP');
      for (const { date, kind, startsAt, endsAt } of possible) {
        const { id: assignmentId, profileId, projectId } = assignment;
        await shifts.insert(
          tx,
          {
            assignmentId,
            profileId,
            projectId,
            workDate: date,
            kind,
            source: 'pattern',
            timezone: zone,
            startsAt: startsAt.toISOString(),
            endsAt: endsAt.toISOString(),
            actualStartAt: null,
            actualEndAt: null,
            status: 'planned',
            cancelledBecause: null,
          },
          { audience: [profileId] },
        );
      }
      return { added: possible.length, overlapping };
    },
    clear: async (tx, worker, assignmentId, because, after = tx.now) => {
      for (const id of await futureShifts(tx, assignmentId, after)) {
        const row = await shifts.lock(tx, id);
        if (row.status === 'planned') await mover.moveAs(tx, worker, row, because === 'ended' ? 'withdraw' : 'pause');
      }
    },
  };
};
