import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import type { Context, Lifecycle, Tx } from '../../../platform/module.ts';
import { FeatureGrant } from './grants.repository.ts';
import type { FeatureGrantRow } from './grants.repository.ts';

const audience = ({ profileId }: FeatureGrantRow): readonly string[] => (profileId === null ? [] : [profileId]);
const instantOf = (at: string | null): Date | null => (at === null ? null : new Date(at));

/**
 * scheduled -> active -> expired by time; revoked by whoever stands at its giver's level or above: `mayRevoke` throws
 * otherwise. What grants a company no longer has a use for waits without a state of its own.
 */
export const createGrantLifecycle = (
  mayRevoke: (tx: Tx, caller: Context, row: FeatureGrantRow) => Promise<void>,
): Lifecycle<FeatureGrantRow> =>
  lifecycle<FeatureGrantRow>({
    entity: FeatureGrant,
    initial: 'scheduled',
    moves: {
      start: move({
        from: ['scheduled'],
        to: 'active',
        system: true,
        summary: 'The time of a grant begins',
        dueAt: ({ startsAt }) => instantOf(startsAt),
        audience,
      }),
      expire: move({
        from: ['active'],
        to: 'expired',
        system: true,
        summary: 'The time of a grant is over',
        dueAt: ({ endsAt }) => instantOf(endsAt),
        audience,
      }),
      revoke: move({
        from: ['scheduled', 'active'],
        to: 'revoked',
        permission: 'organization:feature-grant:revoke',
        summary: 'Take a grant back',
        fields: exact({ reason: text(500) }),
        check: async (tx, { row, caller }) => {
          if (caller !== undefined) await mayRevoke(tx, caller, row);
        },
        audience,
      }),
    },
  });
