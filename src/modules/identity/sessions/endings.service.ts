import type { Logger } from 'pino';
import type { Directory, LiveSession } from '../../../platform/access/directory.ts';
import type { Database } from '../../../platform/db/database.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import { systemScope } from '../../../platform/db/scope.ts';
import type { Actor, Scope } from '../../../platform/db/scope.ts';
import type { IdentityProvider } from '../../../platform/identity-provider/port.ts';
import type { SessionRow } from './sessions.repository.ts';

interface EndingsDependencies {
  readonly db: Database;
  readonly directory: Pick<Directory, 'sessions' | 'sessionOf'>;
  readonly repository: Repository<SessionRow>;
  readonly identityProvider: Pick<IdentityProvider, 'endSession'>;
  /** Drops what this process remembers of a session; the database decides anyway. */
  readonly forget: (sid: string) => void;
  readonly log: Pick<Logger, 'warn'>;
}

/** How a session ends: by its own person, by somebody else, or (without `by`) by the system. */
export interface Ending {
  readonly because: string;
  readonly traceId: string;
  readonly by?: 'self' | Actor;
}

/** What has to be known of a session to end it. */
export type Endable = Pick<LiveSession, 'id' | 'companyId' | 'profileId' | 'kind' | 'sid'>;

/** The ways in which sessions end, in whatever company they are. */
export interface Endings {
  /** Live sessions of a person in every company. */
  of(personId: string): Promise<LiveSession[]>;
  /**
   * Ends one session here and at the identity provider. One that ended already stays as it is, there too: its person may have
   * gone on in another company under the same sid.
   */
  end(session: Endable, ending: Ending): Promise<void>;
  /** Ends every session of a person, save those that `isKept`. Answers how many. */
  endAll(personId: string, ending: Ending, isKept?: (session: LiveSession) => boolean): Promise<number>;
  /** Ends the session of a sid, when it lives; the provider knows already. */
  endBySid(sid: string, ending: Ending): Promise<void>;
  /** Ends the provider's session only; when it does not answer, ours has ended all the same. */
  endAtProvider(sid: string): Promise<void>;
}

const scopeFor = ({ companyId, profileId }: Endable, { traceId, by }: Ending): Scope => {
  const self: Actor | undefined = profileId === null ? undefined : { kind: 'profile', id: profileId };
  const actor = by === 'self' ? self : by;
  return actor === undefined ? systemScope(companyId, 'sessions', traceId) : { companyId, actor, traceId };
};

/** Ends sessions: their row is what counts, and the next request of each sees it. */
export const createEndings = (dependencies: EndingsDependencies): Endings => {
  const { db, directory, repository, identityProvider, forget, log } = dependencies;

  /** Whether it was this that ended it. */
  const endRow = async (session: Endable, ending: Ending): Promise<boolean> => {
    const isEnded = await db.write(scopeFor(session, ending), async (tx) => {
      const row = await repository.lock(tx, session.id);
      if (row.revokedAt !== null) return false;
      const patch = { revokedAt: tx.now.toISOString(), revokedBecause: ending.because };
      await repository.update(tx, row, patch, { action: 'revoke' });
      return true;
    });
    forget(session.sid);
    return isEnded;
  };

  const endAtProvider = async (sid: string): Promise<void> => {
    try {
      await identityProvider.endSession(sid);
    } catch (error) {
      log.warn({ err: error }, 'a session ended here and not at the identity provider');
    }
  };

  const end = async (session: Endable, ending: Ending): Promise<void> => {
    const isEnded = await endRow(session, ending);
    if (isEnded && session.kind !== 'machine') await endAtProvider(session.sid);
  };

  return {
    of: (personId) => directory.sessions(personId),
    end,
    endAtProvider,
    endAll: async (personId, ending, isKept = () => false) => {
      const others = (await directory.sessions(personId)).filter((session) => !isKept(session));
      for (const session of others) await end(session, ending);
      return others.length;
    },
    endBySid: async (sid, ending) => {
      const session = await directory.sessionOf(sid);
      if (session !== undefined) await endRow(session, ending);
    },
  };
};
