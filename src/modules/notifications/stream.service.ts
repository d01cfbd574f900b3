import { StaleSession, SessionEnded } from '../../platform/db/errors.ts';
import type { Database, Tx } from '../../platform/db/database.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import type { Context } from '../../platform/http/context.ts';
import type { StreamBody } from '../../platform/http/route.ts';
import type { Hub } from '../../platform/stream/hub.ts';
import type { Tickets } from '../../platform/stream/tickets.ts';
import { ownProfile } from './own-profile.ts';

interface StreamDependencies {
  readonly db: Database;
  readonly work: UnitOfWork;
  readonly hub: Pick<Hub, 'openStream'>;
  readonly tickets: Tickets;
}

/** The live stream of what concerns the caller: ids only, whatever happened is fetched through guarded routes. */
export const createStreamService = ({ db, work, hub, tickets }: StreamDependencies) => {
  /** Whether the session is still what it was when the stream opened; the client of one that changed comes back. */
  const isUnchanged = async ({ scope }: Context): Promise<boolean> => {
    try {
      await db.read(scope, () => Promise.resolve());
      return true;
    } catch (error) {
      if (error instanceof StaleSession || error instanceof SessionEnded) return false;
      throw error;
    }
  };
  return {
    /** A ticket for one opening of the stream within 30 s, for clients that cannot send a header. */
    issue: (context: Context) =>
      work.write(context, (tx: Tx) =>
        tickets.issue(tx, { sessionId: context.principal.sessionId, profileId: ownProfile(context) }),
      ),
    open: async (context: Context, lastEventId: string | undefined): Promise<StreamBody> => {
      const profileId = ownProfile(context);
      // What this process knows of the caller may be a minute old: the database says whether it still holds.
      await work.read(context, () => Promise.resolve());
      const { companyId } = context.principal;
      const stillValid = () => isUnchanged(context);
      return { stream: (response) => hub.openStream({ response, profileId, companyId, lastEventId, stillValid }) };
    },
  };
};

export type StreamService = ReturnType<typeof createStreamService>;
