import { IdentityProviderError, isProviderError } from '../errors.ts';
import type { IdentityProvider, StaffRole, User, UserQuery } from '../port.ts';
import { STAFF_ROLES } from '../realm.ts';
import type { Connection } from './connection.ts';
import { allPages } from './pages.ts';

interface UserRepresentation extends Partial<User> {
  totp?: boolean;
  requiredActions?: string[];
}

function userOf(user: UserRepresentation & { id: string }): User {
  const { id, username = '', email, firstName, lastName, enabled = false, emailVerified = false } = user;
  return { id, username, email, firstName, lastName, enabled, emailVerified };
}

/** What attack detection says of a user: `disabled` for as long as failed tries shut them out. */
const isDisabled = (status: unknown): boolean =>
  typeof status === 'object' && status !== null && 'disabled' in status && status.disabled === true;

const SET_UP_FACTOR = 'CONFIGURE_TOTP';
/** Switched off in the realm, so that the page never asks for it: on a user it is a mark, with which no grant takes them in. */
const NEW_PASSWORD = 'UPDATE_PASSWORD';

/** People in the realm. */
export function createKeycloakUsers({ client, administer, read }: Connection): IdentityProvider['users'] {
  const need = async (id: string) => {
    const user = await read(() => client.users.findOne({ id }, { catchNotFound: true }));
    if (!user) throw new IdentityProviderError('not_found', 'No such user');
    return user;
  };
  const requireAction = async (user: UserRepresentation, action: string): Promise<void> => {
    const requiredActions = [...new Set([...(user.requiredActions ?? []), action])];
    await administer(() => client.users.update({ id: user.id ?? '' }, { requiredActions }));
  };
  const find = async (query: UserQuery): Promise<User | undefined> => {
    if ('id' in query) {
      const user = await read(() => client.users.findOne({ id: query.id }, { catchNotFound: true }));
      return user ? userOf({ ...user, id: query.id }) : undefined;
    }
    const [user] = await read(() => client.users.find({ ...query, exact: true, max: 1 }));
    return user?.id === undefined ? undefined : userOf({ ...user, id: user.id });
  };
  /** Answers whether there were any. */
  const removeCredentials = async (id: string, kind: 'otp' | 'password'): Promise<boolean> => {
    const found = (await read(() => client.users.getCredentials({ id }))).filter(({ type }) => type === kind);
    for (const { id: credentialId = '' } of found)
      await administer(() => client.users.deleteCredential({ id, credentialId }));
    return found.length > 0;
  };
  /** Nothing of it stays, nor is asked for any more: the password grant knows no way around either. */
  const forgetSecondFactor = async ({ id = '', requiredActions = [] }: UserRepresentation): Promise<void> => {
    await removeCredentials(id, 'otp');
    if (requiredActions.includes(SET_UP_FACTOR)) {
      const left = requiredActions.filter((action) => action !== SET_UP_FACTOR);
      await administer(() => client.users.update({ id }, { requiredActions: left }));
    }
  };
  const roles = async (id: string): Promise<StaffRole[]> => {
    const mapped = await read(() => client.users.listRealmRoleMappings({ id }));
    return STAFF_ROLES.filter((role) => mapped.some(({ name }) => name === role));
  };
  const rolePayload = async (names: readonly StaffRole[]): Promise<{ id: string; name: string }[]> =>
    Promise.all(
      names.map(async (name) => {
        const role = await read(() => client.roles.findOneByName({ name }));
        if (role?.id === undefined) {
          throw new IdentityProviderError('misconfigured', `The realm has no role ${name}: import angelis-realm.json`);
        }
        return { id: role.id, name };
      }),
    );
  const setRoles = async (id: string, wanted: readonly StaffRole[]): Promise<void> => {
    const user = await need(id);
    const current = await roles(id);
    const [added, dropped] = await Promise.all([
      rolePayload(wanted.filter((role) => !current.includes(role))),
      rolePayload(current.filter((role) => !wanted.includes(role))),
    ]);
    // Staff sign in with two factors: the second is set up before the role is worth anything.
    if (added.length > 0 && user.totp !== true) await requireAction(user, SET_UP_FACTOR);
    if (wanted.length === 0 && dropped.length > 0) await forgetSecondFactor({ ...user, id });
    if (dropped.length > 0) await administer(() => client.users.delRealmRoleMappings({ id, roles: dropped }));
    if (added.length > 0) await administer(() => client.users.addRealmRoleMappings({ id, roles: added }));
  };
  return {
    find,
    roles,
    setRoles,
    removeSecondFactor: async (id) => {
      const user = await need(id);
      // Asked for before there is none: a password alone opens nothing of the staff's in between.
      if ((await roles(id)).length > 0) await requireAction({ ...user, id }, SET_UP_FACTOR);
      return removeCredentials(id, 'otp');
    },
    hasSecondFactor: async (username) => {
      const [user] = await read(() => client.users.find({ username, exact: true, max: 1 }));
      return user?.totp === true;
    },
    page: async (range) => {
      const found = await read(() => client.users.find({ ...range, briefRepresentation: true }));
      return found.flatMap((user) => (user.id === undefined ? [] : [userOf({ ...user, id: user.id })]));
    },
    holders: async (name) => {
      const holders = await allPages((range) => read(() => client.roles.findUsersWithRole({ name, ...range })));
      return holders.flatMap(({ id }) => id ?? []);
    },
    create: async ({ password, ...user }) => {
      const credentials = password === undefined ? [] : [{ type: 'password', value: password, temporary: false }];
      const { id } = await administer(() => client.users.create({ ...user, credentials }));
      return { ...userOf({ ...user, id }), username: user.username.toLowerCase(), email: user.email?.toLowerCase() };
    },
    update: async (id, patch) => {
      await administer(() => client.users.update({ id }, patch));
    },
    passwordState: async (id) => {
      const { requiredActions = [] } = await need(id);
      const credentials = await read(() => client.users.getCredentials({ id }));
      const found: unknown = await read(() => client.attackDetection.findOne({ id }));
      return {
        isSet: credentials.some(({ type }) => type === 'password'),
        isRequired: requiredActions.includes(NEW_PASSWORD),
        isLocked: isDisabled(found),
      };
    },
    requireNewPassword: async (id) => {
      await requireAction({ ...(await need(id)), id }, NEW_PASSWORD);
      await removeCredentials(id, 'password');
    },
    setPassword: async (id, password) => {
      const credential = { type: 'password', value: password, temporary: false };
      await administer(() => client.users.resetPassword({ id, credential }));
      await administer(() => client.attackDetection.del({ id }));
    },
    passwordSetAt: async (id) => {
      await need(id);
      const credentials = await read(() => client.users.getCredentials({ id }));
      const at = credentials.find(({ type }) => type === 'password')?.createdDate;
      return at === undefined ? undefined : new Date(at);
    },
    sessions: async (id) => {
      try {
        const found = await read(() => client.users.listSessions({ id }));
        return found.flatMap(({ id: sid, start = 0 }) =>
          sid === undefined ? [] : [{ sid, startedAt: new Date(start) }],
        );
      } catch (error) {
        if (isProviderError(error, 'not_found')) return [];
        throw error;
      }
    },
    remove: async (id) => {
      await administer(() => client.users.del({ id }));
    },
  };
}
