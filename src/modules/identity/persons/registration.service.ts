import { v7 as uuidv7 } from 'uuid';
import type { Tx } from '../../../platform/db/database.ts';
import { systemScope } from '../../../platform/db/scope.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import { IdentityProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider, PasswordProof } from '../../../platform/identity-provider/port.ts';
import { conflict, invalid, Problem } from '../../../platform/problem.ts';
import type { Legacy } from '../legacy/legacy.service.ts';
import { checkPassword } from '../passwords/password-rules.ts';
import { normalizeEmail } from './identifiers.ts';
import { loginOf } from './logins.ts';
import type { Logins } from './logins.ts';
import { maySignIn } from './admission.ts';
import type { PersonRow, Persons } from './persons.service.ts';

/** Somebody who has no login yet; the address was proven by what was mailed to it. */
export interface NewPerson {
  /** Chosen before anything is written, so that a repeated try is the same person. */
  readonly id: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly locale: 'es' | 'en' | 'fr';
}

/** Longer than any try takes; milliseconds. */
const SETTLED_AFTER = 15 * 60_000;

interface RegistrationDependencies {
  readonly persons: Persons;
  readonly logins: Logins;
  readonly legacy: Pick<Legacy, 'first'>;
  readonly identityProvider: Pick<IdentityProvider, 'verifyPassword'>;
}

export interface Registration {
  /**
   * The person, where this is their password, with the code of whoever has a second factor, and they may sign in; else throws
   * 401, for nobody by the same steps.
   */
  prove(
    person: PersonRow | undefined,
    proof: PasswordProof,
    about: Pick<PublicContext, 'address' | 'traceId'>,
  ): Promise<PersonRow>;
  /** Locks somebody who proved that, in the operator's transaction that links them; 401 once they sign in no more, as who is erased meanwhile. */
  keep(tx: Tx, personId: string): Promise<void>;
  /**
   * Says, before anything is made, that somebody is about to be: whatever becomes of that, a while later nothing half made
   * is left. In a transaction of the operator that is committed before.
   */
  announce(tx: Tx, personId: string): Promise<void>;
  /** Holds off whoever else makes or changes this login, until the unit of work ends: before rows are locked. */
  hold(tx: Tx, person: Pick<NewPerson, 'id' | 'email'>): Promise<void>;
  /**
   * The user at the identity provider, made anew or taken up again; its id. What an earlier try left of somebody else who
   * never came to be goes. In the operator's transaction that writes the person. Throws 422 for the password, 409.
   */
  createUser(tx: Tx, person: NewPerson, password: string): Promise<string>;
  /** Writes the person, active or invited, in the operator's transaction. */
  insert(tx: Tx, person: NewPerson, keycloakId: string | null, status: 'active' | 'invited'): Promise<PersonRow>;
}

/** How persons come to be: once, with one user at the identity provider, and never over somebody who is there. */
export const createRegistration = (dependencies: RegistrationDependencies): Registration => {
  const { persons, logins, legacy, identityProvider } = dependencies;
  const hold: Registration['hold'] = async (tx, { id, email }) => {
    await logins.holdAddress(tx, normalizeEmail(email));
    await logins.hold(tx, id);
  };

  return {
    hold,
    prove: async (person, proof, { address, traceId }) => {
      const username = persons.usernameOf(person?.id ?? uuidv7());
      const ask = () => identityProvider.verifyPassword({ ...proof, username, address });
      const isProven = await legacy.first({ personId: person?.id, password: proof.password, traceId }, ask);
      if (person === undefined || !isProven || !maySignIn(person)) throw new Problem(401, 'INVALID_CREDENTIALS');
      return person;
    },
    keep: async (tx, personId) => {
      if (!maySignIn(await persons.repository.lock(tx, personId))) throw new Problem(401, 'INVALID_CREDENTIALS');
    },
    announce: (tx, personId) => persons.align(tx, personId, { runAt: new Date(tx.now.getTime() + SETTLED_AFTER) }),
    createUser: async (tx, { id, firstName, lastName, email: address }, password) => {
      checkPassword(password, [firstName, lastName], '/password');
      const email = normalizeEmail(address);
      await hold(tx, { id, email });
      try {
        const login = loginOf({ id, firstName, lastName, email, emailVerified: true, enabled: true });
        return await logins.ensure(tx, login, password);
      } catch (error) {
        if (!(error instanceof IdentityProviderError)) throw error;
        if (error.code === 'conflict') throw conflict('ADDRESS_TAKEN', { cause: error });
        throw error.code === 'password_refused' ? invalid('/password', 'PASSWORD_REFUSED') : error;
      }
    },
    insert: async (tx, person, keycloakId, status) => {
      const { id, firstName, lastName, locale, email } = person;
      const { contacts, repository, mover } = persons;
      const owner = { id, dataKey: contacts.newKey(id) };
      const row = await repository.insert(tx, {
        ...owner,
        ...contacts.email(owner, email),
        phoneSealed: null,
        phoneHash: null,
        phoneMask: null,
        firstName,
        lastName,
        locale,
        keycloakId,
        status: 'invited',
        lockedUntil: null,
        failedLogins: 0,
        lastLoginAt: null,
        sessionsEndedAt: null,
        sessionsEndingAt: null,
        sessionsKeptSid: null,
        passwordRequiredAt: null,
        preferences: {},
        epoch: 1,
      });
      if (status === 'invited') return row;
      const worker = { scope: systemScope(tx.companyId, 'registration', tx.scope.traceId) };
      return mover.moveAs(tx, worker, row, 'activate');
    },
  };
};
