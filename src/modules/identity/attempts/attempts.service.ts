import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Database, Tx } from '../../../platform/db/database.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { IdentityProvider, ProviderEvent } from '../../../platform/identity-provider/port.ts';
import { BRUTE_FORCE } from '../../../platform/identity-provider/realm.ts';
import type { TickDefinition } from '../../../platform/jobs/definitions.ts';
import { retention } from '../../../platform/module.ts';
import type { Context, List, Retention } from '../../../platform/module.ts';
import type { ListQuery } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { NoticeKind, Notices } from '../notices/notices.service.ts';
import type { Alignment } from '../persons/alignment.service.ts';
import type { PersonRow, Persons } from '../persons/persons.service.ts';
import type { Endings } from '../sessions/endings.service.ts';
import { insertAttempt, knownEvents, markEvent, newestEvent, purgeAttempts } from './attempts.repository.ts';
import type { Attempt } from './attempts.repository.ts';

interface AttemptsDependencies {
  readonly db: Database;
  readonly identityProvider: Pick<IdentityProvider, 'events' | 'users'>;
  readonly persons: Persons;
  readonly endings: Pick<Endings, 'endAll' | 'endBySid' | 'endAtProvider' | 'followAll'>;
  readonly alignment: Pick<Alignment, 'dropSecondFactor'>;
  readonly notices: Pick<Notices, 'send'>;
  readonly changes: Pick<ChangeRecorder, 'event'>;
  readonly work: UnitOfWork;
  readonly list: List;
}

export interface Attempts {
  /** A page of the sign-ins that were tried for a person, as JSON text. 404 when there is nobody. */
  page(context: Context, personId: string, query: ListQuery & object): Promise<string>;
  readonly ticks: readonly TickDefinition[];
}

const DAY = 86_400_000;
/** Events may be committed late: this stretch is read again. */
const OVERLAP = 10_000;
const FIRST_LOOK = 3_600_000;
const PURGE = 'identity.sign-in-attempts.purge';
const ATTEMPTS = retention({ of: 'sign_in_attempt', by: PURGE, ms: 365 * DAY });
const MARKS = retention({ of: 'provider_event', by: PURGE, ms: 2 * DAY });
export const attemptRetentions: readonly Retention[] = [ATTEMPTS, MARKS];

const OUTCOMES: Readonly<Partial<Record<ProviderEvent['type'], Attempt['outcome']>>> = {
  sign_in: 'succeeded',
  sign_in_failed: 'failed',
  locked: 'locked',
};

/** What somebody did with their credentials at the provider's page, as the log and the mail to them have it. */
type AtThePage = 'set_up_second_factor' | 'refuse_second_factor' | 'set_password_elsewhere';
const TOLD: Readonly<Record<AtThePage, NoticeKind>> = {
  set_up_second_factor: 'secondFactorSetUp',
  refuse_second_factor: 'secondFactorRefused',
  set_password_elsewhere: 'passwordChanged',
};

/** Until when the provider locks an account that failed so often; see brute-force protection of the realm. */
const lockedUntil = (failed: number, at: Date): Date => {
  const fives = Math.floor(failed / BRUTE_FORCE.failures);
  const seconds = Math.min(fives * BRUTE_FORCE.waitStep, BRUTE_FORCE.waitMax) || BRUTE_FORCE.quickLoginWait;
  return new Date(at.getTime() + seconds * 1000);
};

/** What the identity provider saw becomes attempts, the last sign-in, locks, and ends of sessions. */
export const createAttempts = (dependencies: AttemptsDependencies): Attempts => {
  const { db, identityProvider, persons, alignment, endings, notices, changes, work, list } = dependencies;

  const move = async (tx: Tx, id: string, name: 'lock' | 'unlock', input = {}): Promise<void> => {
    const row = await persons.repository.lock(tx, id);
    await persons.mover.moveAs(tx, { scope: tx.scope }, row, name, input);
  };

  /** How a sign-in went, for the person behind it. */
  const count = async (tx: Tx, { type, at }: ProviderEvent, { id, status, failedLogins }: PersonRow): Promise<void> => {
    if (type === 'sign_in') {
      await persons.countSignIns(tx, id, { failed: 0, lastAt: at });
      if (status === 'locked') await move(tx, id, 'unlock');
    } else if (type === 'sign_in_failed') {
      await persons.countSignIns(tx, id, { failed: failedLogins + 1, lastAt: null });
    } else if (status === 'active') {
      await move(tx, id, 'lock', { until: lockedUntil(failedLogins, at).toISOString() });
      await notices.send(tx, id, 'locked');
    }
  };

  const record = (scope: Scope, event: ProviderEvent, personId: string | null, done?: AtThePage): Promise<void> =>
    db.write(scope, async (tx) => {
      if (!(await markEvent(tx, event.id, event.at))) return;
      if (personId !== null && done !== undefined) {
        await changes.event(tx, { entity: 'person', entityId: personId, action: done });
        await notices.send(tx, personId, TOLD[done]);
      }
      const outcome = OUTCOMES[event.type];
      if (outcome === undefined) return;
      const { id, at, clientId: client = null, address = null, error = null } = event;
      await insertAttempt(tx, { id, at, personId, outcome, client, address, error });
      const person = personId === null ? undefined : await persons.repository.find(tx, personId);
      if (person !== undefined) await count(tx, event, person);
    });

  /** Whether somebody whom the provider changed may come in no more. */
  const isShutOut = async ({ type, userId: id }: ProviderEvent): Promise<boolean> =>
    type === 'user_changed' && id !== undefined && (await identityProvider.users.find({ id }))?.enabled !== true;

  /** Sessions that ended at the provider end here, those that came later stay: done again it changes nothing. */
  const endSessions = async (event: ProviderEvent, personId: string | null, traceId: string): Promise<void> => {
    const { type, sid, at } = event;
    const ending = { because: 'ended_at_provider', traceId };
    if ((type === 'session_ended' || type === 'refresh_failed') && sid !== undefined)
      await endings.endBySid(sid, ending);
    if (personId === null) return;
    if (type === 'sessions_ended' || type === 'user_removed') await endings.followAll(personId, ending, at);
    // There they would live again once their person is let in.
    else if (await isShutOut(event)) await endings.endAll(personId, ending, { at });
  };

  /**
   * What somebody did with their credentials at the page, if they did: a second factor goes that they do not need, with the
   * session in which it was set up; else their other sessions end. Done again it changes nothing. See
   * docs/decisions/what-may-be-done-at-the-sign-in-page.md.
   */
  const followPage = async (
    { type, sid, at }: ProviderEvent,
    personId: string | null,
    traceId: string,
  ): Promise<AtThePage | undefined> => {
    if (personId === null || (type !== 'second_factor_set_up' && type !== 'password_chosen')) return undefined;
    if (type === 'second_factor_set_up' && (await alignment.dropSecondFactor(personId, traceId)) !== 'kept') {
      if (sid !== undefined) {
        await endings.endBySid(sid, { because: 'second_factor_refused', traceId });
        await endings.endAtProvider(sid);
      }
      return 'refuse_second_factor';
    }
    await endings.endAll(personId, { because: type, traceId }, { at, sid });
    return type === 'password_chosen' ? 'set_password_elsewhere' : 'set_up_second_factor';
  };

  /** Reads the beginning of what happened since; answers from where it goes on, so that none waits for all of them. */
  const readFrom = async (scope: Scope, since: Date, signal: AbortSignal): Promise<Date | undefined> => {
    const { events, next } = await identityProvider.events({ since });
    const known = await db.read(scope, (reader) =>
      knownEvents(
        reader,
        events.map(({ id }) => id),
      ),
    );
    for (const event of events) {
      if (signal.aborted) return undefined;
      if (known.has(event.id)) continue;
      const { traceId } = scope;
      const person = event.userId === undefined ? undefined : await persons.byKeycloakId(event.userId, traceId);
      const personId = person?.id ?? null;
      await endSessions(event, personId, traceId);
      await record(scope, event, personId, await followPage(event, personId, traceId));
    }
    return next;
  };

  const readEvents: TickDefinition = {
    name: 'identity.provider-events.read',
    every: 2,
    timeout: 30_000,
    for: 'once',
    run: async (scope, { now, signal }) => {
      const newest = await db.read(scope, newestEvent);
      const latest = Math.min(newest?.getTime() ?? Infinity, now.getTime());
      const since = new Date(latest - (newest === undefined ? FIRST_LOOK : OVERLAP));
      for (let from: Date | undefined = since; from !== undefined && !signal.aborted;)
        from = await readFrom(scope, from, signal);
    },
  };

  const purge: TickDefinition = {
    name: PURGE,
    every: 86_400,
    for: 'once',
    run: async (scope, { now }) => {
      await db.write(scope, (tx) => purgeAttempts(tx, ATTEMPTS.before(now), MARKS.before(now)));
    },
  };

  return {
    page: (context, personId, query) =>
      work.read(context, async (reader) => {
        await persons.repository.get(reader, personId);
        return list.page(reader, query, (bind) => `a.person_id = ${bind(personId)}`);
      }),
    ticks: [readEvents, purge],
  };
};
