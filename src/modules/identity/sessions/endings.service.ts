import type { Logger } from 'pino';
import type { Directory, LiveSession } from '../../../platform/access/directory.ts';
import type { Database, Reader, Tx } from '../../../platform/db/database.ts';
import { inCompany } from '../../../platform/db/in-company.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { Actor, Scope } from '../../../platform/db/scope.ts';
import type { IdentityProvider, LiveProviderSession } from '../../../platform/identity-provider/port.ts';
import type { Outbox } from '../../../platform/jobs/outbox.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition } from '../../../platform/module.ts';
import { CLOCKS_APART, holdSessions, holdSid } from './openings.ts';
import { rememberEnded } from './sessions.repository.ts';
import type { SessionRow } from './sessions.repository.ts';

interface EndingsDependencies {
  readonly db: Database;
  readonly directory: Pick<Directory, 'sessions' | 'sessionOf' | 'hasEnded'>;
  readonly repository: Repository<SessionRow>;
  readonly identityProvider: Pick<IdentityProvider, 'endSession' | 'users'>;
  readonly marks: EndedMarks;
  readonly outbox: Pick<Outbox, 'enqueue' | 'cancel'>;
  /** Drops what this process remembers of a session; the database decides anyway. */
  readonly forget: (sid: string) => void;
  readonly log: Pick<Logger, 'warn'>;
  readonly now: () => Date;
}

/** What stands at a person of their sessions that were ended, in the operator's transaction. */
export interface EndedMarks {
  /** From now on their tokens of before open no session; `isAhead` where the provider ends theirs only now. Answers their id there. */
  readonly ended: (
    tx: Tx,
    personId: string,
    mark: { readonly at: Date; readonly isAhead: boolean; readonly kept?: string | undefined },
  ) => Promise<string | null>;
  /** Whom the provider knows them as. */
  readonly userOf: (reader: Reader, personId: string) => Promise<string | null>;
  /** The provider has ended what was to end by then. */
  readonly settled: (tx: Tx, personId: string, at: Date) => Promise<void>;
}

/** How a session ends: by its own person, by somebody else, or (without `by`) by the system. */
export interface Ending {
  readonly because: string;
  readonly traceId: string;
  readonly by?: 'self' | Actor;
}

/** What has to be known of a session to end it. */
export type Endable = Pick<LiveSession, 'id' | 'companyId' | 'profileId' | 'kind' | 'sid'>;

/** Which sessions of a person stay when the others end. */
export interface Kept {
  /** Of those that have a row. */
  readonly isKept?: (session: LiveSession) => boolean;
  /** One that may have none. */
  readonly sid?: string | undefined;
  /** Those that began later; default: now. */
  readonly at?: Date;
}

/** The ways in which sessions end, in whatever company they are. */
export interface Endings {
  /** Live sessions of a person in every company. */
  of(personId: string): Promise<LiveSession[]>;
  /**
   * Ends one session here and at the identity provider. One that ended already stays as it is, there too: its person may have
   * gone on in another company under the same sid.
   */
  end(session: Endable, ending: Ending): Promise<void>;
  /**
   * Ends every session of a person, here and at the provider, save those that are kept: also those that made no request yet, for which no row stands. Their tokens open none any more. What the provider did not answer
   * to is done by a job once it does. Answers how many had a row.
   */
  endAll(personId: string, ending: Ending, kept?: Kept): Promise<number>;
  /** The same, soon after the transaction, which is the operator's, is committed. */
  endSoon(tx: Tx, personId: string, because: string): Promise<void>;
  /** Ends what stands here of a person's sessions that began by `at`; the provider ended them all. */
  followAll(personId: string, ending: Ending, at: Date): Promise<void>;
  /** Ends the session of a sid; the provider knows already. Where no request of it was seen yet, none is let in any more. */
  endBySid(sid: string, ending: Ending): Promise<void>;
  /** Ends the provider's session only; when it does not answer, ours has ended all the same. */
  endAtProvider(sid: string): Promise<void>;
  readonly jobs: readonly JobDefinition[];
}

/** Ends, at the provider too, all sessions of a person that began by an instant; `kept` are sids. */
const END_SESSIONS = 'identity.sessions.end';
interface EndSessions {
  readonly personId: string;
  readonly because: string;
  readonly at: string;
  readonly kept: readonly string[];
}
/** When the job does what the request should have done long since; milliseconds. */
const ENDED_AFTER = 10_000;

const scopeFor = ({ companyId, profileId }: Endable, { traceId, by }: Ending): Scope => {
  const self: Actor | undefined = profileId === null ? undefined : { kind: 'profile', id: profileId };
  const actor = by === 'self' ? self : by;
  return actor === undefined ? systemScope(companyId, 'sessions', traceId) : { companyId, actor, traceId };
};

/** Ends sessions: their row is what counts, and the next request of each sees it. */
export const createEndings = (dependencies: EndingsDependencies): Endings => {
  const { db, directory, repository, identityProvider, marks, outbox, forget, log, now } = dependencies;

  const scopeOf = ({ traceId }: Ending): Scope => systemScope(OPERATOR_COMPANY, 'sessions', traceId);

  /** Whether it was this that ended it; in its company's transaction. */
  const revoke = async (tx: Tx, session: Endable, ending: Ending): Promise<boolean> => {
    const row = await repository.lock(tx, session.id);
    if (row.revokedAt !== null) return false;
    const patch = { revokedAt: tx.now.toISOString(), revokedBecause: ending.because };
    await repository.update(tx, row, patch, { action: 'revoke' });
    return true;
  };

  const endRow = async (session: Endable, ending: Ending): Promise<boolean> => {
    const isEnded = await db.write(scopeFor(session, ending), (tx) => revoke(tx, session, ending));
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

  const endBySid: Endings['endBySid'] = async (sid, ending) => {
    await db.write(scopeOf(ending), async (tx) => {
      await holdSid(tx, sid);
      const session = await directory.sessionOf(sid);
      if (session !== undefined)
        await inCompany(tx, scopeFor(session, ending), (there) => revoke(there, session, ending));
      else if (!(await directory.hasEnded(sid))) await rememberEnded(tx, sid);
    });
    forget(sid);
  };

  const endRows = async ({ personId, at, kept }: EndSessions, ending: Ending): Promise<number> => {
    const live = await directory.sessions(personId);
    const ended = live.filter(({ sid, createdAt }) => !kept.includes(sid) && Date.parse(createdAt) <= Date.parse(at));
    for (const session of ended) await endRow(session, ending);
    return ended.length;
  };

  /** Whether a session of the provider's began after an instant; by its clock alone where nothing here says so too. */
  const isLater = async ({ sid, startedAt }: LiveProviderSession, at: number): Promise<boolean> => {
    const ahead = startedAt.getTime() - at;
    if (ahead <= 0 || ahead > CLOCKS_APART) return ahead > 0;
    const session = await directory.sessionOf(sid);
    return session !== undefined && Date.parse(session.createdAt) > at;
  };

  /** What was opened here meanwhile with a session that ends there ends with it. */
  const endThere = async ({ at, kept }: EndSessions, userId: string | null, ending: Ending): Promise<void> => {
    for (const { sid, startedAt } of userId === null ? [] : await identityProvider.users.sessions(userId)) {
      if (kept.includes(sid) || (await isLater({ sid, startedAt }, Date.parse(at)))) continue;
      await identityProvider.endSession(sid);
      await endBySid(sid, ending);
    }
  };

  return {
    of: (personId) => directory.sessions(personId),
    end,
    endAtProvider,
    endBySid,
    endAll: async (personId, ending, { isKept = () => false, sid, at = now() } = {}) => {
      const begun = await db.write(scopeOf(ending), async (tx) => {
        await holdSessions(tx, personId);
        const live = (await directory.sessions(personId)).filter(isKept);
        const kept = [...live.map((session) => session.sid), ...(sid === undefined ? [] : [sid])];
        const task: EndSessions = { personId, because: ending.because, at: at.toISOString(), kept };
        const userId = await marks.ended(tx, personId, { at, isAhead: true, kept: sid });
        const jobId = await outbox.enqueue(tx, END_SESSIONS, task, { runAt: new Date(tx.now.getTime() + ENDED_AFTER) });
        return { task, userId, jobId };
      });
      const { task, userId, jobId = '' } = begun;
      const count = await endRows(task, ending);
      try {
        await endThere(task, userId, ending);
      } catch (error) {
        log.warn({ err: error }, 'sessions ended here and not yet at the identity provider');
        return count;
      }
      await db.write(scopeOf(ending), async (tx) => {
        await marks.settled(tx, personId, at);
        await outbox.cancel(tx, jobId);
      });
      return count;
    },
    endSoon: async (tx, personId, because) => {
      await marks.ended(tx, personId, { at: tx.now, isAhead: true });
      const task: EndSessions = { personId, because, at: tx.now.toISOString(), kept: [] };
      await outbox.enqueue(tx, END_SESSIONS, task);
    },
    followAll: async (personId, ending, at) => {
      await db.write(scopeOf(ending), async (tx) => {
        await holdSessions(tx, personId);
        await marks.ended(tx, personId, { at, isAhead: false });
      });
      await endRows({ personId, because: ending.because, at: at.toISOString(), kept: [] }, ending);
    },
    jobs: [
      job<EndSessions>({
        name: END_SESSIONS,
        run: async (task, { scope }) => {
          const ending = { because: task.because, traceId: scope.traceId };
          const at = new Date(task.at);
          // They are marked since it was written, and what was settled since then is not open again.
          const userId = await db.read(scope, (reader) => marks.userOf(reader, task.personId));
          await endRows(task, ending);
          await endThere(task, userId, ending);
          await db.write(scope, (tx) => marks.settled(tx, task.personId, at));
        },
      }),
    ],
  };
};
