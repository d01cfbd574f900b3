import type { Reader, Tx } from '../../../platform/db/database.ts';
import { serialize } from '../../../platform/db/serialize.ts';
import { isProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider, User } from '../../../platform/identity-provider/port.ts';
import { plainName } from '../../../platform/identity-provider/realm.ts';
import type { Repository } from '../../../platform/module.ts';
import type { Contacts } from './contact.ts';
import { personIdOf, usernameOf } from './identifiers.ts';
import type { PersonRow } from './persons.repository.ts';

/** What the identity provider is to hold about somebody. */
export interface Login {
  readonly id: string;
  readonly email: string | null;
  /** Whoever has it took up what was mailed there. */
  readonly emailVerified: boolean;
  readonly firstName: string;
  readonly lastName: string;
  readonly enabled: boolean;
}

/** A login in the words of the identity provider. */
export const loginOf = ({ firstName, lastName, ...login }: Login): Login => ({
  ...login,
  firstName: plainName(firstName),
  lastName: plainName(lastName),
});

/** What of a login differs at the identity provider. */
export type Difference = 'enabled' | 'email' | 'names';

interface LoginsDependencies {
  readonly users: IdentityProvider['users'];
  readonly repository: Pick<Repository<PersonRow>, 'find'>;
  readonly contacts: Pick<Contacts, 'emailOf'>;
}

export interface Logins {
  /** What the provider is to hold about a person as they stand here. */
  of(person: PersonRow): Login;
  /** What of a login the provider has otherwise. */
  differences(login: Login, user: User): Difference[];
  /** Holds everybody else off this login until the unit of work ends: its user comes to be, is changed, or goes. */
  hold(tx: Tx, personId: string): Promise<void>;
  /** Holds off whoever else makes a login for this address. */
  holdAddress(tx: Tx, email: string): Promise<void>;
  /**
   * The id of the login's user: the one that is there, brought in line, else a new one. The login must be held. Throws
   * `conflict` when somebody who is not of this system has the address.
   */
  ensure(reader: Reader, login: Login, password?: string): Promise<string>;
  /** Removes the login's user, if there is one. */
  remove(personId: string): Promise<void>;
}

/** Somebody who is invited has not said yet that the address is theirs. */
const isVerified = ({ status }: PersonRow): boolean => status !== 'invited';

/** The users of this system at the identity provider, each under the name of its person. */
export const createLogins = ({ users, repository, contacts }: LoginsDependencies): Logins => {
  const removeUser = async (id: string): Promise<void> => {
    try {
      await users.remove(id);
    } catch (error) {
      if (!isProviderError(error, 'not_found')) throw error;
    }
  };

  /**
   * Frees an address that a user of this system holds without right: one that no person stands behind is what a try left that
   * failed, and goes; one whose person has another address by now gets that. False for anybody else's.
   */
  const free = async (reader: Reader, email: string): Promise<boolean> => {
    const holder = await users.find({ email });
    if (holder === undefined) return true;
    const personId = personIdOf(holder.username);
    if (personId === undefined) return false;
    const person = await repository.find(reader, personId);
    if (person === undefined || person.status === 'erased') {
      await removeUser(holder.id);
      return true;
    }
    const own = contacts.emailOf(person);
    if (own === null || own === email) return false;
    await users.update(holder.id, { email: own, emailVerified: isVerified(person) });
    return true;
  };
  const withAddress = async <T>(reader: Reader, email: string | null, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (email === null || !isProviderError(error, 'conflict') || !(await free(reader, email))) throw error;
      return work();
    }
  };

  const differences: Logins['differences'] = ({ email, emailVerified, enabled, ...names }, user) => [
    ...(user.enabled === enabled ? [] : ['enabled' as const]),
    ...(email === null || (user.email === email && user.emailVerified === emailVerified) ? [] : ['email' as const]),
    ...(user.firstName === names.firstName && user.lastName === names.lastName ? [] : ['names' as const]),
  ];

  /** What shuts out comes first: nothing that the provider refuses about the rest holds it up. */
  const bring = async (reader: Reader, user: User, login: Login): Promise<void> => {
    const { email, emailVerified, firstName, lastName, enabled } = login;
    const different = differences(login, user);
    if (different.includes('enabled')) await users.update(user.id, { enabled });
    if (different.includes('email') && email !== null)
      await withAddress(reader, email, () => users.update(user.id, { email, emailVerified }));
    if (different.includes('names')) await users.update(user.id, { firstName, lastName });
  };

  return {
    of: (person) => {
      const { id, firstName, lastName, status } = person;
      const enabled = status !== 'disabled' && status !== 'erased';
      const [email, emailVerified] = [contacts.emailOf(person), isVerified(person)];
      return loginOf({ id, firstName, lastName, enabled, email, emailVerified });
    },
    differences,
    hold: (tx, personId) => serialize(tx, `login:${personId}`),
    holdAddress: (tx, email) => serialize(tx, `address:${email}`),
    ensure: async (reader, login, password) => {
      const username = usernameOf(login.id);
      const { email, emailVerified, firstName, lastName, enabled } = login;
      const there = await users.find({ username });
      if (there !== undefined) {
        await bring(reader, there, login);
        if (password !== undefined) await users.setPassword(there.id, password);
        return there.id;
      }
      const user = { username, firstName, lastName, enabled, emailVerified, ...(email !== null && { email }) };
      const made = await withAddress(reader, email, () =>
        users.create({ ...user, ...(password !== undefined && { password }) }),
      );
      return made.id;
    },
    remove: async (personId) => {
      const user = await users.find({ username: usernameOf(personId) });
      if (user !== undefined) await removeUser(user.id);
    },
  };
};
