import { exact, forbidden, lifecycle, move, text } from '../../../platform/module.ts';
import type { Context, Tx } from '../../../platform/module.ts';
import type { ExceptionEffects } from './roster-exceptions.effects.ts';
import { RosterExceptionEntity } from './roster-exceptions.repository.ts';
import type { RosterExceptionRow } from './roster-exceptions.repository.ts';

const permission = 'workforce:roster-exception:decide';

/** Who asked for it, or works by it, does not decide it. */
const notOwn = (
  { profileId, withProfileId, requestedBy }: RosterExceptionRow,
  _now: Date,
  caller?: Context,
): string | undefined => {
  const me = caller?.principal.profileId ?? undefined;
  return me !== undefined && [profileId, withProfileId, requestedBy].includes(me) ? 'OWN_REQUEST' : undefined;
};

const decided = ({ caller }: { readonly caller?: Context }, now: Date): Partial<RosterExceptionRow> => ({
  decidedBy: caller?.principal.profileId ?? null,
  decidedAt: now.toISOString(),
});

const audience = ({ profileId, withProfileId }: RosterExceptionRow): readonly string[] =>
  withProfileId === null ? [profileId] : [profileId, withProfileId];

/** Whether the caller reaches a person by the permission of the route. */
type Reaches = (tx: Tx, caller: Context, profileId: string) => Promise<boolean>;

/** requested → approved (its shifts change with it) or rejected by a manager, never one's own; requested → cancelled. */
export const createRosterExceptionLifecycle = (effects: ExceptionEffects, reaches: Reaches) =>
  lifecycle<RosterExceptionRow>({
    entity: RosterExceptionEntity,
    initial: 'requested',
    moves: {
      approve: move({
        from: ['requested'],
        to: 'approved',
        permission,
        summary: 'Approve a roster exception: the shifts change with it',
        when: notOwn,
        check: async (tx, { row: { withProfileId }, caller }) => {
          if (caller === undefined || withProfileId === null) return;
          if (!(await reaches(tx, caller, withProfileId))) throw forbidden('OUT_OF_REACH');
        },
        set: decided,
        effect: (tx, { row, worker }) => effects(tx, worker, row),
        audience,
      }),
      reject: move({
        from: ['requested'],
        to: 'rejected',
        permission,
        summary: 'Reject a roster exception',
        fields: exact({ reason: text(500) }),
        when: notOwn,
        set: decided,
        audience,
      }),
      cancel: move({
        from: ['requested'],
        to: 'cancelled',
        permission: 'workforce:roster-exception:write',
        summary: 'Withdraw a roster exception',
        audience,
      }),
    },
  });
