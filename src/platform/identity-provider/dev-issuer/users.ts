import { randomUUID } from 'node:crypto';
import { IdentityProviderError } from '../errors.ts';
import type { IdentityProvider, NewUser, StaffRole, User, UserQuery } from '../port.ts';
import { PASSWORD_UNITS } from '../realm.ts';
import { isLocked, NO_FAILURES } from './brute-force.ts';
import { hashPassword } from './passwords.ts';
import type { PasswordHash } from './passwords.ts';
import { sessionEnd } from './state.ts';
import type { IssuerState, StateKeeper, StoredUser } from './state.ts';

/** A user of a demo: the id and the staff roles may be chosen. */
export type SeedUser = Omit<NewUser, 'password'> & { id?: string; roles?: readonly StaffRole[] };

export interface Users {
  port: IdentityProvider['users'];
  /**
   * Many users with one password, hashed once and so with one shared salt: fit for a demo, not for real accounts.
   * Users whose username exists already are left as they are.
   */
  addAll: (users: readonly SeedUser[], password: string) => Promise<User[]>;
}

/** The stored user with this id, username or email, the latter two without regard to case. */
export function findUser(state: IssuerState, query: UserQuery): StoredUser | undefined {
  if ('id' in query) return Object.hasOwn(state.users, query.id) ? state.users[query.id] : undefined;
  const [field, value] =
    'username' in query ? (['username', query.username] as const) : (['email', query.email] as const);
  const wanted = value.toLowerCase();
  return Object.values(state.users).find((user) => user[field]?.toLowerCase() === wanted);
}

function shown({ id, username, email, firstName, lastName, enabled, emailVerified }: StoredUser): User {
  return { id, username, email, firstName, lastName, enabled, emailVerified };
}

function refuseWeak(password: string): void {
  const { min, max } = PASSWORD_UNITS;
  if (password.length < min || password.length > max)
    throw new IdentityProviderError('password_refused', `A password has ${min} to ${max} UTF-16 units`);
}

const taken = (): IdentityProviderError => new IdentityProviderError('conflict', 'The username or email is taken');

/** The issuer's users; every change stands on disk before it is answered. */
export function createUsers(keeper: StateKeeper, now: () => Date): Users {
  const { state } = keeper;

  const need = (id: string): StoredUser => {
    const user = findUser(state, { id });
    if (!user) throw new IdentityProviderError('not_found', 'No such user');
    return user;
  };
  const refuseTaken = (query: UserQuery, own?: string): void => {
    const other = findUser(state, query);
    if (other && other.id !== own) throw taken();
  };
  const add = (user: SeedUser, password: PasswordHash | undefined): StoredUser => {
    const { username, email, firstName, lastName, enabled, emailVerified } = user;
    const id = user.id ?? randomUUID();
    if (findUser(state, { id })) throw new IdentityProviderError('conflict', 'The user id is taken');
    const stored: StoredUser = {
      id,
      username: username.toLowerCase(),
      email: email?.toLowerCase(),
      firstName,
      lastName,
      enabled,
      emailVerified,
      password,
      ...(password !== undefined && { passwordSetAt: now().getTime() }),
      roles: [...(user.roles ?? [])],
      failures: { ...NO_FAILURES },
    };
    state.users[id] = stored;
    return stored;
  };
  const remove = (id: string): void => {
    delete state.users[id];
    for (const session of Object.values(state.sessions)) {
      if (session.userId === id) delete state.sessions[session.sid];
    }
  };

  return {
    port: {
      create: async (user) => {
        if (user.password !== undefined) refuseWeak(user.password);
        const password = user.password === undefined ? undefined : await hashPassword(user.password);
        refuseTaken({ username: user.username });
        if (user.email !== undefined) refuseTaken({ email: user.email });
        const stored = add(user, password);
        await keeper.flush();
        return shown(stored);
      },
      find: (query) => {
        const user = findUser(state, query);
        return Promise.resolve(user && shown(user));
      },
      page: ({ first, max }) =>
        Promise.resolve(
          Object.values(state.users)
            .toSorted((one, other) => (one.username < other.username ? -1 : 1))
            .slice(first, first + max)
            .map(shown),
        ),
      holders: (role) =>
        Promise.resolve(
          Object.values(state.users)
            .filter(({ roles }) => roles.includes(role))
            .map(({ id }) => id),
        ),
      update: async (id, patch) => {
        const user = need(id);
        if (patch.email !== undefined) refuseTaken({ email: patch.email }, id);
        const { email, emailVerified, firstName, lastName, enabled } = { ...user, ...patch };
        Object.assign(user, { email: email?.toLowerCase(), emailVerified, firstName, lastName, enabled });
        keeper.record({ type: 'user_changed', userId: id });
        await keeper.flush();
      },
      passwordState: (id) =>
        Promise.resolve().then(() => {
          const { password, needsPassword = false, failures } = need(id);
          const locked = isLocked(failures, now().getTime());
          return { isSet: password !== undefined, isRequired: needsPassword, isLocked: locked };
        }),
      requireNewPassword: async (id) => {
        Object.assign(need(id), { needsPassword: true, password: undefined, passwordSetAt: undefined });
        keeper.record({ type: 'user_changed', userId: id });
        await keeper.flush();
      },
      setPassword: async (id, password) => {
        refuseWeak(password);
        const user = need(id);
        user.password = await hashPassword(password);
        user.passwordSetAt = now().getTime();
        user.needsPassword = false;
        user.failures = { ...NO_FAILURES };
        keeper.record({ type: 'credential_changed', userId: id });
        await keeper.flush();
      },
      passwordSetAt: (id) =>
        Promise.resolve().then(() => {
          const at = need(id).passwordSetAt;
          return at === undefined ? undefined : new Date(at);
        }),
      sessions: (userId) =>
        Promise.resolve(
          Object.values(state.sessions)
            .filter((session) => session.userId === userId && sessionEnd(session) > now().getTime())
            .map(({ sid, startedAt }) => ({ sid, startedAt: new Date(startedAt) })),
        ),
      remove: async (id) => {
        need(id);
        remove(id);
        keeper.record({ type: 'user_removed', userId: id });
        await keeper.flush();
      },
      roles: (id) => Promise.resolve().then(() => [...need(id).roles]),
      // Nobody can set one up here.
      hasSecondFactor: () => Promise.resolve(false),
      removeSecondFactor: (id) => Promise.resolve().then(() => need(id) === undefined),
      setRoles: async (id, roles) => {
        need(id).roles = [...new Set(roles)];
        keeper.record({ type: 'user_changed', userId: id });
        await keeper.flush();
      },
    },
    addAll: async (users, password) => {
      refuseWeak(password);
      const hash = await hashPassword(password);
      // Looked for in one go: a look through all of them for each would hold the process up for seconds where there are thousands.
      const all = Object.values(state.users);
      const byName = new Map(all.map((user) => [user.username.toLowerCase(), user]));
      const emails = new Set(all.map(({ email }) => email?.toLowerCase()));
      const stored = users.map((user) => {
        const name = user.username.toLowerCase();
        const known = byName.get(name);
        if (known !== undefined) return known;
        const email = user.email?.toLowerCase();
        if (email !== undefined && emails.has(email)) throw taken();
        const added = add(user, hash);
        byName.set(name, added);
        emails.add(email);
        return added;
      });
      await keeper.flush();
      return stored.map(shown);
    },
  };
}
