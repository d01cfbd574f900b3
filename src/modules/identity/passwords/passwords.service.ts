import type { ChangeRecorder } from '../../../platform/change/recorder.ts';
import type { Database, Tx } from '../../../platform/db/database.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../platform/db/scope.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context, PublicContext } from '../../../platform/http/context.ts';
import { IdentityProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider } from '../../../platform/identity-provider/port.ts';
import { invalid } from '../../../platform/problem.ts';
import type { Notices } from '../notices/notices.service.ts';
import type { Otps } from '../otp/otp.service.ts';
import type { PersonRow, Persons } from '../persons/persons.service.ts';
import type { Endings } from '../sessions/endings.service.ts';
import { checkPassword } from './password-rules.ts';

interface PasswordsDependencies {
  readonly db: Database;
  readonly work: UnitOfWork;
  readonly changes: Pick<ChangeRecorder, 'event'>;
  readonly identityProvider: Pick<IdentityProvider, 'users' | 'verifyPassword'>;
  readonly persons: Persons;
  readonly otps: Pick<Otps, 'redeem'>;
  readonly endings: Pick<Endings, 'of' | 'endAll'>;
  readonly notices: Notices;
}

export interface Passwords {
  /** Sets a new password for whoever verified a code for it; all their sessions end. 422 for a ticket that is not good. */
  reset(request: { ticket: string; password: string }, context: PublicContext): Promise<void>;
  /** Changes the caller's password; their other sessions end. 422 when the one they have is wrong. */
  change(context: Context, request: { currentPassword: string; newPassword: string }): Promise<void>;
  /** Sets a password that fits the rules, in the operator's transaction. */
  set(tx: Tx, person: PersonRow, password: string, pointer: string): Promise<void>;
}

/** Passwords live at the identity provider; what they must be is decided here. */
export const createPasswords = (dependencies: PasswordsDependencies): Passwords => {
  const { db, work, changes, identityProvider, persons, otps, endings, notices } = dependencies;

  const set: Passwords['set'] = async (tx, person, password, pointer) => {
    checkPassword(password, [person.firstName, person.lastName], pointer);
    await changes.event(tx, { entity: 'person', entityId: person.id, action: 'set_password' });
    await notices.send(tx, person.id, 'passwordChanged');
    try {
      await identityProvider.users.setPassword(person.keycloakId ?? '', password);
    } catch (error) {
      const isRefused = error instanceof IdentityProviderError && error.code === 'password_refused';
      throw isRefused ? invalid(pointer, 'PASSWORD_REFUSED') : error;
    }
  };

  return {
    set,
    reset: async ({ ticket, password }, { traceId, address, agent }) => {
      checkPassword(password, [], '/password');
      const scope = { ...systemScope(OPERATOR_COMPANY, 'reset', traceId), address, agent };
      const personId = await db.write(scope, async (tx) => {
        const spent = await otps.redeem(tx, ticket, 'reset', '/ticket');
        if (spent.personId === null) throw invalid('/ticket', 'WRONG_TICKET');
        const person = await persons.repository.lock(tx, spent.personId);
        await set(tx, person, password, '/password');
        return person.id;
      });
      await endings.endAll(personId, { because: 'password_reset', traceId });
    },
    change: async (context, { currentPassword, newPassword }) => {
      const { personId, sessionId } = context.principal;
      const username = persons.usernameOf(personId);
      const { address } = context;
      await work.read(context, () => Promise.resolve());
      if (!(await identityProvider.verifyPassword({ username, password: currentPassword, address })))
        throw invalid('/currentPassword', 'WRONG_PASSWORD');
      await work.write(context, (tx) =>
        persons.asSelf(tx, context, async (own) => {
          const person = await persons.repository.lock(own, personId);
          await set(own, person, newPassword, '/newPassword');
        }),
      );
      const mine = (await endings.of(personId)).find(({ id }) => id === sessionId);
      await endings.endAll(personId, { because: 'password_changed', traceId: context.traceId }, mine?.sid);
    },
  };
};
