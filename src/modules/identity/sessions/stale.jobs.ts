import type { Database } from '../../../platform/db/database.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { Repository, TickDefinition } from '../../../platform/module.ts';
import { staleSessions } from './sessions.repository.ts';
import type { SessionRow } from './sessions.repository.ts';

const BATCH = 100;

/** Ends the rows of sessions whose time is over: they act no more anyway, now they say so. */
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
  ];
};
