import { conflict, createCrud, Problem } from '../../../platform/module.ts';
import type { MovingParts, Repository, Tx } from '../../../platform/module.ts';
import type { Caller } from '../caller.ts';
import { visibleProfiles } from '../reach.ts';
import { activeResidencyOf, isResident, profileOfResident } from './residents.repository.ts';
import type { ResidentRow } from './residents.repository.ts';

interface ResidentsDependencies extends MovingParts<ResidentRow> {
  /** Throws 409 when the plan has no room for so many more. */
  readonly mustHaveRoom: (tx: Tx, more: number) => Promise<void>;
  /** Throws 403 for somebody who holds what the caller could not give. */
  readonly mayManage: (tx: Tx, caller: Caller, profileId: string) => Promise<void>;
  /** Throws 403 for oneself, but for owners. */
  readonly mustNotBeOwn: (tx: Tx, caller: Caller, profileId: string) => Promise<void>;
  /** Locks a profile that the caller may see. Throws 422, 409. */
  readonly lockNamed: (tx: Tx, caller: Caller, profileId: string) => Promise<void>;
  /** Throws 422 for somebody who left. */
  readonly mustBeHere: (tx: Tx, profileId: string) => Promise<void>;
}

type LockProfile = (tx: Tx, id: string) => Promise<{ readonly status: string }>;

/** Throws 422 for a profile that ended; it stays what it is until this unit of work is over. */
export const mustBeHereBy =
  (lock: LockProfile) =>
  async (tx: Tx, profileId: string): Promise<void> => {
    if ((await lock(tx, profileId)).status === 'ended') throw new Problem(422, 'PROFILE_ENDED');
  };

/** Locks a resident after their profile, as whoever ends the profile does. */
export const lockedAfterProfile =
  (lock: LockProfile) =>
  (rows: Repository<ResidentRow>): Repository<ResidentRow> => ({
    ...rows,
    lock: async (tx, id, version) => {
      const profileId = await profileOfResident(tx, id);
      if (profileId !== undefined) await lock(tx, profileId);
      return rows.lock(tx, id, version);
    },
  });

/** Residents: kept by hand, or made by an invitation that is accepted. */
export const createResidents = (dependencies: ResidentsDependencies) => {
  const { mustHaveRoom, mayManage, mustNotBeOwn, lockNamed, mustBeHere, ...parts } = dependencies;
  const { repository, mover } = parts;
  const mayDecide = async (tx: Tx, caller: Caller, profileId: string): Promise<void> => {
    await mustNotBeOwn(tx, caller, profileId);
    await mayManage(tx, caller, profileId);
  };
  const mayKeep = async (tx: Tx, caller: Caller, profileId: string): Promise<void> => {
    await lockNamed(tx, caller, profileId);
    await mustBeHere(tx, profileId);
    await mayDecide(tx, caller, profileId);
  };
  return {
    ...createCrud<ResidentRow>({
      ...parts,
      restrict: (context) => (bind) => visibleProfiles(context, 't.profile_id', bind),
      onCreate: async (tx, { profileId }, context) => {
        await mayKeep(tx, context, profileId);
        await mustHaveRoom(tx, 1);
      },
      mayChange: async (tx, id, context) => mayDecide(tx, context, (await repository.get(tx, id)).profileId),
    }),
    /** Throws 403 where the caller may not make a resident of this profile, 409 where it is one. */
    mayBecome: async (tx: Tx, caller: Caller, profileId: string): Promise<void> => {
      await mayKeep(tx, caller, profileId);
      if (await isResident(tx, profileId))
        throw conflict('DUPLICATE', { errors: [{ pointer: '/profileId', code: 'DUPLICATE', in: 'body' }] });
    },
    /**
     * Makes a resident of who was asked to become one; who was made one by hand meanwhile stays as they are. Their place is
     * counted since they were asked: throws 409 when the plan has shrunk below that.
     */
    become: async (tx: Tx, profileId: string, pgyLevel: number): Promise<void> => {
      if (await isResident(tx, profileId)) return;
      await mustHaveRoom(tx, 0);
      await repository.insert(tx, { profileId, pgyLevel, status: 'active', graduatedAt: null });
    },
    /** Somebody left: they are no active resident any more. */
    leave: async (tx: Tx, profileId: string): Promise<void> => {
      const id = await activeResidencyOf(tx, profileId);
      if (id !== undefined) await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, id), 'leave');
    },
  };
};

export type Residents = ReturnType<typeof createResidents>;
