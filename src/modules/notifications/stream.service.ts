import type { Tx } from '../../platform/db/database.ts';
import type { UnitOfWork } from '../../platform/db/unit-of-work.ts';
import type { Context } from '../../platform/http/context.ts';
import type { StreamBody } from '../../platform/http/route.ts';
import type { Hub } from '../../platform/stream/hub.ts';
import type { Tickets } from '../../platform/stream/tickets.ts';
import { ownProfile } from './own-profile.ts';

interface StreamDependencies {
  readonly work: UnitOfWork;
  readonly hub: Pick<Hub, 'openStream'>;
  readonly tickets: Tickets;
}

/** The live stream of what concerns the caller: ids only, whatever happened is fetched through guarded routes. */
export const createStreamService = ({ work, hub, tickets }: StreamDependencies) => {
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
      const { companyId, sessionId, epoch } = context.principal;
      const session = { id: sessionId, epoch };
      return { stream: (response) => hub.openStream({ response, profileId, companyId, lastEventId, session }) };
    },
  };
};

export type StreamService = ReturnType<typeof createStreamService>;
