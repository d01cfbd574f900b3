import type { Repository, Tx } from '../../../platform/module.ts';
import { liveSessionOf } from './sessions.repository.ts';
import type { SessionRow } from './sessions.repository.ts';
import { SEEN } from './sessions.service.ts';

/** The one session of a machine client: it lives as long as the client may act, and ends with it. */
export interface MachineSessions {
  /** Opens it, or brings it in line: whoever acts with it learns of the change with the next request. */
  align(tx: Tx, clientId: string, expiresAt: string | null): Promise<void>;
  end(tx: Tx, clientId: string): Promise<void>;
}

const NEVER = '9999-12-31T00:00:00.000Z';
/** As if it had been seen so long before it was made that the first use is written down, whenever it comes. */
const unseen = ({ now }: Tx): string => new Date(now.getTime() - SEEN).toISOString();

/** Sessions of machine clients, named like the client. */
export const createMachineSessions = (repository: Repository<SessionRow>): MachineSessions => ({
  align: async (tx, clientId, expiresAt) => {
    const end = expiresAt ?? NEVER;
    const id = await liveSessionOf(tx, clientId);
    if (id !== undefined) {
      const row = await repository.lock(tx, id);
      await repository.update(tx, row, { epoch: row.epoch + 1, expiresAt: end });
      return;
    }
    await repository.insert(
      tx,
      {
        personId: null,
        profileId: null,
        kind: 'machine',
        client: 'machine',
        sid: clientId,
        device: null,
        reason: null,
        address: null,
        agent: null,
        epoch: 1,
        lastSeenAt: unseen(tx),
        expiresAt: end,
        revokedAt: null,
        revokedBecause: null,
      },
      { action: 'open' },
    );
  },
  end: async (tx, clientId) => {
    const id = await liveSessionOf(tx, clientId);
    if (id === undefined) return;
    const row = await repository.lock(tx, id);
    const patch = { revokedAt: tx.now.toISOString(), revokedBecause: 'client_revoked' };
    await repository.update(tx, row, patch, { action: 'revoke' });
  },
});
