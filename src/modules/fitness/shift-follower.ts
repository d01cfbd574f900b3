import type { Tx } from '../../platform/db/database.ts';
import type { Repository } from '../../platform/db/repository.ts';
import type { Mover } from '../../platform/lifecycle/mover.ts';
import { casesOfShift } from './cases/cases.repository.ts';
import type { FitnessCaseRow } from './cases/cases.repository.ts';
import type { Holds } from './cases/holds.repository.ts';
import type { Generation } from './requirements/generation.ts';

/** A shift as the roster writes it; instants are ISO text. */
export interface RosterShift {
  readonly id: string;
  readonly profileId: string;
  readonly status: string;
  readonly endsAt: string;
  readonly actualEndAt: string | null;
}

interface FollowerDependencies {
  readonly generation: Pick<Generation, 'forShiftIds' | 'forExtension' | 'shiftCancelled'>;
  readonly cases: Repository<FitnessCaseRow>;
  readonly mover: Mover<FitnessCaseRow>;
  readonly holds: Pick<Holds, 'prolong'>;
}

/**
 * Follows the roster in the roster's own transactions: a new shift has its required tests at once, an extension its own, a
 * cancelled one none, cases lapse or close when the shift really ends, and restrictions until its end last as long as it does. Wraps the repository that writes shifts.
 */
export const createShiftFollower = ({ generation, cases, mover, holds }: FollowerDependencies) => {
  const endsAnew = async (tx: Tx, { id: shiftId, profileId }: RosterShift, from: string, to: string): Promise<void> => {
    const isLonger = Date.parse(to) > Date.parse(from);
    for (const id of await casesOfShift(tx, shiftId)) {
      const row = await cases.lock(tx, id);
      const { restrictions } = row;
      const lapseAt = row.reopened === 0 ? to : row.lapseAt;
      await mover.schedule(
        tx,
        await cases.update(tx, row, {
          shiftEndsAt: to,
          lapseAt,
          ...(isLonger && restrictions?.until === from && { restrictions: { ...restrictions, until: to } }),
        }),
      );
    }
    if (isLonger) await holds.prolong(tx, profileId, from, to);
  };

  const follow = async (tx: Tx, before: RosterShift, after: RosterShift): Promise<void> => {
    if (before.status !== 'cancelled' && after.status === 'cancelled') await generation.shiftCancelled(tx, after.id);
    if (Date.parse(after.endsAt) > Date.parse(before.endsAt))
      await generation.forExtension(tx, after.id, new Date(before.endsAt));
    const end = after.actualEndAt ?? after.endsAt;
    const endBefore = before.actualEndAt ?? before.endsAt;
    if (end !== endBefore) await endsAnew(tx, after, endBefore, end);
  };

  return <Row extends RosterShift>(base: Repository<Row>): Repository<Row> => ({
    ...base,
    insert: async (tx, values, note) => {
      const row = await base.insert(tx, values, note);
      await generation.forShiftIds(tx, [row.id]);
      return row;
    },
    update: async (tx, row, patch, note) => {
      const after = await base.update(tx, row, patch, note);
      await follow(tx, row, after);
      return after;
    },
  });
};

export type FollowShifts = ReturnType<typeof createShiftFollower>;
