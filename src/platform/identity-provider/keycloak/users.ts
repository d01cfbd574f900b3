import { IdentityProviderError } from '../errors.ts';
import type { IdentityProvider, StaffRole, User, UserQuery } from '../port.ts';
import { STAFF_ROLES } from '../realm.ts';
import type { Connection } from './connection.ts';

interface UserRepresentation extends Partial<User> {
  totp?: boolean;
  requiredActions?: string[];
}

function userOf(user: UserRepresentation & { id: string }): User {
  const { id, username = '', email, firstName, lastName, enabled = false, emailVerified = false } = user;
  return { id, username, email, firstName, lastName, enabled, emailVerified };
}

/** People in the realm. */
export function createKeycloakUsers({ client, administer, read }: Connection): IdentityProvider['users'] {
  const need = async (id: string) => {
    const user = await read(() => client.users.findOne({ id }, { catchNotFound: true }));
    if (!user) throw new IdentityProviderError('not_found', 'No such user');
    return user;
  };
  const find = async (query: UserQuery): Promise<User | undefined> => {
    if ('id' in query) {
      const user = await read(() => client.users.findOne({ id: query.id }, { catchNotFound: true }));
      return user ? userOf({ ...user, id: query.id }) : undefined;
    }
    const [user] = await read(() => client.users.find({ ...query, exact: true, max: 1 }));
    return user?.id === undefined ? undefined : userOf({ ...user, id: user.id });
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
    if (added.length > 0 && user.totp !== true) {
      const requiredActions = [...new Set([...(user.requiredActions ?? []), 'CONFIGURE_TOTP'])];
      await administer(() => client.users.update({ id }, { requiredActions }));
    }
    if (dropped.length > 0) await administer(() => client.users.delRealmRoleMappings({ id, roles: dropped }));
    if (added.length > 0) await administer(() => client.users.addRealmRoleMappings({ id, roles: added }));
  };
  return {
    find,
    roles,
    setRoles,
    create: async ({ password, ...user }) => {
      const credentials = password === undefined ? [] : [{ type: 'password', value: password, temporary: false }];
      const { id } = await administer(() => client.users.create({ ...user, credentials }));
      return { ...userOf({ ...user, id }), username: user.username.toLowerCase(), email: user.email?.toLowerCase() };
    },
    update: async (id, patch) => {
      await administer(() => client.users.update({ id }, patch));
    },
    setPassword: async (id, password) => {
      const credential = { type: 'password', value: password, temporary: false };
      await administer(() => client.users.resetPassword({ id, credential }));
      await administer(() => client.attackDetection.del({ id }));
    },
    remove: async (id) => {
      await administer(() => client.users.del({ id }));
    },
  };
}
