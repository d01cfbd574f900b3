import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import type { Lifecycle, Tx } from '../../../platform/module.ts';
import { Resident } from './residents.repository.ts';
import type { ResidentRow } from './residents.repository.ts';

interface ResidentLifecycleDependencies {
  /** Throws 409 when the plan takes no more residents. */
  readonly mustHaveRoom: (tx: Tx) => Promise<void>;
  /** Throws 422 for somebody who left. */
  readonly mustBeHere: (tx: Tx, profileId: string) => Promise<void>;
  /** Ends what somebody was given as a resident. */
  readonly endGrants: (tx: Tx, profileId: string) => Promise<void>;
}

const MOVE = 'organization:resident:move';
const reason = exact({ reason: text(500) });

/** active <-> inactive, active -> graduated; back from there only by whoever may reinstate. Nobody who left is active. */
export const createResidentLifecycle = ({
  mustHaveRoom,
  mustBeHere,
  endGrants,
}: ResidentLifecycleDependencies): Lifecycle<ResidentRow> =>
  lifecycle<ResidentRow>({
    entity: Resident,
    initial: 'active',
    moves: {
      deactivate: move({
        from: ['active'],
        to: 'inactive',
        permission: MOVE,
        summary: 'Let a resident pause',
        fields: reason,
      }),
      activate: move({
        from: ['inactive'],
        to: 'active',
        permission: MOVE,
        summary: 'Let a resident who paused go on',
        check: (tx, { row }) => mustBeHere(tx, row.profileId),
      }),
      leave: move({
        from: ['active'],
        to: 'inactive',
        system: true,
        summary: 'Their time in the institution is over: they count among its residents no more',
      }),
      graduate: move({
        from: ['active'],
        to: 'graduated',
        permission: MOVE,
        summary: 'The residency is over: the role of a resident ends, and the features given to them',
        set: (_about, now) => ({ graduatedAt: now.toISOString() }),
        effect: (tx, { row }) => endGrants(tx, row.profileId),
      }),
      reinstate: move({
        from: ['graduated'],
        to: 'active',
        permission: 'organization:resident:reinstate',
        summary: 'Make somebody who graduated a resident again; what they were given as one is not given back',
        fields: reason,
        check: async (tx, { row }) => {
          await mustBeHere(tx, row.profileId);
          await mustHaveRoom(tx);
        },
        set: (): Partial<ResidentRow> => ({ graduatedAt: null }),
      }),
    },
  });
