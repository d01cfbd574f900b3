import type { Database } from '../../../platform/db/database.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import { retention } from '../../../platform/module.ts';
import type { Repository, TickDefinition } from '../../../platform/module.ts';
import { purgeEnded, staleSessions } from './sessions.repository.ts';
import type { SessionRow } from './sessions.repository.ts';

const BATCH = 100;

/** As long as a session lives at the identity provider, and its tokens with it. */
export const ENDED_SIDS = retention({ of: 'ended_sid', by: 'identity.ended-sids.purge', ms: 30 * 86_400_000 });

/** Ends the rows of sessions whose time is over: they act no more anyway, now they say so. Those that ended without a row are forgotten. */
export const staleSessionTicks = (db: Database, repository: Repository<SessionRow>): TickDefinition[] => {
  const run = async (scope: Scope, { now, signal }: { now: Date; signal: AbortSignal }): Promise<void> => {
    for (let left = BATCH; left === BATCH && !signal.aborted;) {
      left = await db.write(scope, async (tx) => {
        const ids = await staleSessions(tx, now, BATCH);
        for (const id of ids) {
          const row = await repository.lock(tx, id);
          const patch = { revokedAt: tx.now.toISOString(), revokedBecause: 'expired' };
          await repository.update(tx, row, patch, { action: 'revoke' });
        }
        return ids.length;
      });
    }
  };
  return [
    { name: 'identity.sessions.stale', every: 3_600, for: 'each-company', run },
    { name: 'identity.sessions.stale-staff', every: 3_600, for: 'once', run },
    {
      name: ENDED_SIDS.by,
      every: 86_400,
      for: 'once',
      run: (scope, { now }) => db.write(scope, (tx) => purgeEnded(tx, ENDED_SIDS.before(now))),
    },
  ];
};
