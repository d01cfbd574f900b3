import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import type { ShiftGate } from '../ports.ts';
import { Shift } from './shifts.repository.ts';
import type { ShiftRow } from './shifts.repository.ts';

/** A shift may be started this long before its planned start, in ms: the way to the place of work and the tests before. */
const EARLIEST_START = 4 * 3_600_000;

const own = ({ profileId }: ShiftRow): readonly string[] => [profileId];

/** planned → started (self or a superior, if the gate allows) → done (self, or the system at its end); planned → cancelled. */
export const createShiftLifecycle = (gate: ShiftGate) =>
  lifecycle<ShiftRow>({
    entity: Shift,
    initial: 'planned',
    moves: {
      start: move({
        from: ['planned'],
        to: 'started',
        permission: 'workforce:shift:start',
        summary: 'Start a shift',
        when: ({ startsAt, endsAt }, now) => {
          if (now.getTime() >= new Date(endsAt).getTime()) return 'SHIFT_OVER';
          return now.getTime() < new Date(startsAt).getTime() - EARLIEST_START ? 'SHIFT_TOO_EARLY' : undefined;
        },
        check: async (tx, { row }) => gate.askForShift(tx, { profileId: row.profileId, shift: row }),
        set: (_about, now) => ({ actualStartAt: now.toISOString() }),
        audience: own,
      }),
      finish: move({
        from: ['started'],
        to: 'done',
        permission: 'workforce:shift:finish',
        system: true,
        summary: 'Finish one’s own shift',
        when: ({ profileId }, _now, caller) =>
          caller !== undefined && caller.principal.profileId !== profileId ? 'SHIFT_NOT_OWN' : undefined,
        set: ({ row, caller }, now) => ({ actualEndAt: caller === undefined ? row.endsAt : now.toISOString() }),
        dueAt: ({ endsAt }) => new Date(endsAt),
        audience: own,
      }),
      cancel: move({
        from: ['planned'],
        to: 'cancelled',
        permission: 'workforce:shift:cancel',
        summary: 'Cancel a planned shift',
        fields: exact({ reason: text(500) }),
        set: () => ({ cancelledBecause: 'manager' }),
        audience: own,
      }),
      withdraw: move({
        from: ['planned'],
        to: 'cancelled',
        system: true,
        summary: 'A planned shift falls away with its assignment',
        set: () => ({ cancelledBecause: 'ended' }),
        audience: own,
      }),
      pause: move({
        from: ['planned'],
        to: 'cancelled',
        system: true,
        summary: 'A planned shift falls away while its assignment is suspended',
        set: () => ({ cancelledBecause: 'suspension' }),
        audience: own,
      }),
      give_away: move({
        from: ['planned'],
        to: 'cancelled',
        system: true,
        summary: 'A planned shift is given to a colleague',
        set: () => ({ cancelledBecause: 'swap' }),
        audience: own,
      }),
    },
  });
