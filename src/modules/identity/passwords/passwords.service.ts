import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Database, Tx } from '../../../platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context, PublicContext } from '../../../platform/http/context.ts';
import { isProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider } from '../../../platform/identity-provider/port.ts';
import { job } from '../../../platform/module.ts';
import type { JobDefinition } from '../../../platform/module.ts';
import type { Outbox } from '../../../platform/jobs/outbox.ts';
import { invalid } from '../../../platform/problem.ts';
import type { Legacy } from '../legacy/legacy.service.ts';
import type { Notices } from '../notices/notices.service.ts';
import type { Otps } from '../otp/otp.service.ts';
import type { Alignment } from '../persons/alignment.service.ts';
import type { PersonRow, Persons } from '../persons/persons.service.ts';
import type { Endings } from '../sessions/endings.service.ts';
import { checkPassword } from './password-rules.ts';

interface PasswordsDependencies {
  readonly db: Database;
  readonly work: UnitOfWork;
  readonly changes: Pick<ChangeRecorder, 'event'>;
  readonly outbox: Pick<Outbox, 'enqueue' | 'cancel'>;
  readonly identityProvider: Pick<IdentityProvider, 'users' | 'verifyPassword'>;
  readonly persons: Persons;
  readonly legacy: Pick<Legacy, 'first'>;
  readonly otps: Pick<Otps, 'redeem' | 'giveBack'>;
  readonly alignment: Pick<Alignment, 'dropSecondFactor' | 'renewPassword'>;
  readonly endings: Pick<Endings, 'endAll'>;
  readonly notices: Notices;
}

export interface Passwords {
  /**
   * Sets a new password for whoever verified a code for it; all their sessions end, and a second factor goes that they do not
   * need. 422 for a ticket that is not good.
   */
  reset(request: { ticket: string; password: string }, context: PublicContext): Promise<void>;
  /**
   * Changes the caller's password; their other sessions end. 422 when the one they have is wrong, or without the code of a
   * second factor that they have: nothing is asked of the provider then, which would count it as a wrong one.
   */
  change(
    context: Context,
    request: { currentPassword: string; newPassword: string; totp?: string | undefined },
  ): Promise<void>;
  readonly jobs: readonly JobDefinition[];
}

/** What follows once somebody has a new password. */
interface Following {
  readonly personId: string;
  readonly because: 'password_reset' | 'password_changed';
  /** The session that goes on. */
  readonly keptId: string | null;
  readonly openedBefore: string;
}

/** A new password that is written down, and not yet at the identity provider. */
interface Begun {
  readonly person: PersonRow;
  readonly following: Following;
  readonly jobId: string | undefined;
}

const FOLLOW = 'identity.password.follow';
/** When the job does what the request should have done long since; milliseconds. */
const FOLLOWED_AFTER = 60_000;
/** How far the provider's clock may be behind ours; milliseconds. */
const CLOCKS_APART = 5_000;

/**
 * Passwords live at the identity provider; what they must be is decided here. Rows first: that a password is set, and the job
 * that ends the sessions and tells the person, are committed before the provider is asked. See
 * docs/decisions/rows-first-then-the-identity-provider.md.
 */
export const createPasswords = (dependencies: PasswordsDependencies): Passwords => {
  const { db, work, changes, outbox, identityProvider, persons, legacy, otps } = dependencies;
  const { alignment, endings, notices } = dependencies;

  const begin = async (
    tx: Tx,
    { personId, password, pointer, ...rest }: Omit<Following, 'openedBefore'> & { password: string; pointer: string },
  ): Promise<Begun> => {
    const person = await persons.repository.lock(tx, personId);
    checkPassword(password, [person.firstName, person.lastName], pointer);
    await changes.event(tx, { entity: 'person', entityId: personId, action: 'set_password' });
    const following = { personId, ...rest, openedBefore: tx.now.toISOString() };
    const runAt = new Date(tx.now.getTime() + FOLLOWED_AFTER);
    return { person, following, jobId: await outbox.enqueue(tx, FOLLOW, following, { runAt }) };
  };

  /** Calls the job off, where it has not run: what it would do is done, or there is nothing to do. */
  const callOff = async (tx: Tx, { jobId }: Begun): Promise<boolean> =>
    jobId !== undefined && (await outbox.cancel(tx, jobId));

  const setAtProvider = async (begun: Begun, password: string, pointer: string, traceId: string): Promise<void> => {
    const { person, following } = begun;
    try {
      // Whoever has only the one before chooses none that is required.
      if (following.because === 'password_reset') await alignment.renewPassword(person, password, traceId);
      else await identityProvider.users.setPassword(person.keycloakId ?? '', password);
    } catch (error) {
      if (!isProviderError(error, 'password_refused')) throw error;
      await persons.asSystem(traceId, (tx) => callOff(tx, begun));
      throw invalid(pointer, 'PASSWORD_REFUSED');
    }
  };

  /** Whoever proved their mailbox is asked for no second factor that their account does not need; true where one went. */
  const dropsFactor = async ({ personId, because }: Following, traceId: string): Promise<boolean> =>
    because === 'password_reset' && (await alignment.dropSecondFactor(personId, traceId)) === 'dropped';
  const tell = async (tx: Tx, personId: string, droppedFactor: boolean): Promise<void> => {
    await notices.send(tx, personId, 'passwordChanged');
    if (!droppedFactor) return;
    await changes.event(tx, { entity: 'person', entityId: personId, action: 'remove_second_factor' });
    await notices.send(tx, personId, 'secondFactorRemoved');
  };

  const follow = async (begun: Begun, traceId: string): Promise<void> => {
    const { personId, because, keptId } = begun.following;
    const droppedFactor = await dropsFactor(begun.following, traceId);
    await endings.endAll(personId, { because, traceId }, { isKept: ({ id }) => id === keptId });
    await persons.asSystem(traceId, async (tx) => {
      if (await callOff(tx, begun)) await tell(tx, personId, droppedFactor);
    });
  };

  /** Whether the provider has a password that was set since: what it never took has nothing that follows. */
  const wasSet = async (scope: Scope, personId: string, since: string): Promise<boolean> => {
    const person = await db.read(scope, (reader) => persons.repository.find(reader, personId));
    if (person?.keycloakId == null) return false;
    const at = await identityProvider.users.passwordSetAt(person.keycloakId);
    return at !== undefined && at.getTime() >= Date.parse(since) - CLOCKS_APART;
  };

  return {
    reset: async ({ ticket, password }, { traceId, address, agent }) => {
      checkPassword(password, [], '/password');
      const scope = { ...systemScope(OPERATOR_COMPANY, 'reset', traceId), address, agent };
      const { spent, begun } = await db.write(scope, async (tx) => {
        const redeemed = await otps.redeem(tx, ticket, 'reset', '/ticket');
        const { personId } = redeemed;
        if (personId === null) throw invalid('/ticket', 'WRONG_TICKET');
        const asked = { personId, because: 'password_reset', keptId: null, password, pointer: '/password' } as const;
        return { spent: redeemed, begun: await begin(tx, asked) };
      });
      try {
        await setAtProvider(begun, password, '/password', traceId);
      } catch (error) {
        await persons.asSystem(traceId, (tx) => otps.giveBack(tx, spent, ticket));
        throw error;
      }
      await follow(begun, traceId);
    },
    change: async (context, { currentPassword, newPassword, totp }) => {
      const { personId, sessionId: keptId } = context.principal;
      const { address, traceId } = context;
      const username = persons.usernameOf(personId);
      await work.read(context, () => Promise.resolve());
      if (totp === undefined && (await identityProvider.users.hasSecondFactor(username)))
        throw invalid('/totp', 'SECOND_FACTOR_NEEDED');
      const ask = () => identityProvider.verifyPassword({ username, password: currentPassword, totp, address });
      if (!(await legacy.first({ personId, password: currentPassword, traceId }, ask)))
        throw invalid('/currentPassword', 'WRONG_PASSWORD');
      const asked = { personId, because: 'password_changed', keptId, password: newPassword } as const;
      const begun = await work.write(context, (tx) =>
        persons.asSelf(tx, context, (own) => begin(own, { ...asked, pointer: '/newPassword' })),
      );
      await setAtProvider(begun, newPassword, '/newPassword', traceId);
      await follow(begun, traceId);
    },
    jobs: [
      job<Following>({
        name: FOLLOW,
        run: async (following, { scope }) => {
          const { personId, because, keptId, openedBefore } = following;
          if (!(await wasSet(scope, personId, openedBefore))) return;
          const droppedFactor = await dropsFactor(following, scope.traceId);
          const kept = { isKept: ({ id }: { id: string }) => id === keptId, at: new Date(openedBefore) };
          await endings.endAll(personId, { because, traceId: scope.traceId }, kept);
          await db.write(scope, (tx) => tell(tx, personId, droppedFactor));
        },
      }),
    ],
  };
};
