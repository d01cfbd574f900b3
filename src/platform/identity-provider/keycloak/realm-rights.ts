import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { ADMINISTRATION, STAFF_ROLES } from '../realm.ts';
import {
  groupOfRight,
  groupsOf,
  MACHINE_ACCOUNT,
  rightsInRoles,
  rightsOfGroups,
  rightsOfUsers,
  rolesOf,
} from '../realm-rights.ts';
import type { Rights } from '../realm-rights.ts';
import type { RealmClient, RealmDefinition, RealmGroup } from '../realm-definition.ts';
import type { Connection } from './connection.ts';
import { APPLYING } from './realm-lock.ts';
import { allPages, forEach } from './pages.ts';

/** One call that changes nothing. */
type Read = Connection['read'];
type Role = Awaited<ReturnType<KeycloakAdminClient['roles']['find']>>[number];
type Group = Awaited<ReturnType<KeycloakAdminClient['groups']['find']>>[number];
type Mapped = Awaited<ReturnType<KeycloakAdminClient['users']['listRoleMappings']>>;
type User = NonNullable<RealmDefinition['users']>[number];

/** Roles that are mapped to something, of each client too. */
export const mappedRoles = ({ realmMappings = [], clientMappings = {} }: Mapped) => ({
  ofRealm: realmMappings,
  ofClients: Object.entries(clientMappings) as [client: string, { id: string; mappings: Role[] }][],
});

const namesOf = (roles: readonly Role[]): string[] => roles.map(({ name = '' }) => name);

/** The same by their names, as a realm's file has them. */
export const mappedNames = (mapped: Mapped) => {
  const { ofRealm, ofClients } = mappedRoles(mapped);
  const clientRoles = Object.fromEntries(ofClients.map(([client, { mappings }]) => [client, namesOf(mappings)]));
  return { realmRoles: namesOf(ofRealm), clientRoles };
};

/** Each group with those inside it, and the roles that they give. */
export const readGroups = async ({ groups }: KeycloakAdminClient, read: Read): Promise<readonly RealmGroup[]> => {
  const whole = async (group: Group): Promise<RealmGroup> => {
    const inside = await allPages((range) =>
      read(() => groups.listSubGroups({ parentId: group.id ?? '', briefRepresentation: false, ...range })),
    );
    return { ...group, subGroups: await Promise.all(inside.map(whole)) };
  };
  const top = await allPages((range) => read(() => groups.find({ briefRepresentation: false, ...range })));
  return Promise.all(top.map(whole));
};

/** The realm's roles and those of these clients, with what they carry. */
export const readRoles = async (
  client: KeycloakAdminClient,
  read: Read,
  { all, own }: { all: readonly RealmClient[]; own: readonly RealmClient[] },
) => {
  const clientIds = new Map(all.map(({ id, clientId = '' }) => [id, clientId]));
  const whole = async (role: Role): Promise<Role> => {
    const { id, composite } = role;
    if (composite !== true || id === undefined) return role;
    const carried = await read(() => client.roles.getCompositeRoles({ id }));
    const ofClients = Object.groupBy(
      carried.filter(({ clientRole }) => clientRole === true),
      ({ containerId }) => clientIds.get(containerId) ?? '',
    );
    const composites = {
      realm: namesOf(carried.filter(({ clientRole }) => clientRole !== true)),
      client: Object.fromEntries(Object.entries(ofClients).map(([of, roles = []]) => [of, namesOf(roles)])),
    };
    return { ...role, composites };
  };
  const ofRealm = (await read(() => client.roles.find())).filter(({ name }) => name !== APPLYING);
  const ofClients = await Promise.all(
    own.map(async ({ id = '', clientId = '' }) => {
      const found = await read(() => client.clients.listRoles({ id }));
      return [clientId, await Promise.all(found.map(whole))] as const;
    }),
  );
  return { realm: await Promise.all(ofRealm.map(whole)), client: Object.fromEntries(ofClients) };
};

/** Who has a role of administrators or of the staff, of those that there are, with those roles. */
export const readHolders = async (
  client: KeycloakAdminClient,
  read: Read,
  { id, roles }: { id: string; roles: Awaited<ReturnType<typeof readRoles>> },
): Promise<readonly User[]> => {
  const found = new Map<string, { username: string; realmRoles: string[]; clientRoles: Record<string, string[]> }>();
  const entryOf = ({ id: userId = '', username = '' }: User) => {
    const known = found.get(userId) ?? { username, realmRoles: [], clientRoles: { [ADMINISTRATION]: [] } };
    found.set(userId, known);
    return known;
  };
  for (const name of namesOf(roles.realm).filter((one) => STAFF_ROLES.some((role) => role === one)))
    for (const user of await allPages((range) => read(() => client.roles.findUsersWithRole({ name, ...range }))))
      entryOf(user).realmRoles.push(name);
  for (const roleName of namesOf(roles.client[ADMINISTRATION] ?? []))
    for (const user of await allPages((range) =>
      read(() => client.clients.findUsersWithRole({ id, roleName, ...range })),
    ))
      entryOf(user).clientRoles[ADMINISTRATION]!.push(roleName);
  return [...found].map(([userId, user]) => ({ id: userId, ...user }));
};

/** The accounts of machine clients with all roles that they have of their own, and their groups where the realm has any. */
export const readMachines = async (
  { users }: KeycloakAdminClient,
  read: Read,
  hasGroups: boolean,
): Promise<readonly User[]> => {
  const found = await allPages((range) => read(() => users.find({ username: MACHINE_ACCOUNT, ...range })));
  const accounts = found.filter(({ username = '' }) => username.startsWith(MACHINE_ACCOUNT));
  return forEach(accounts, async ({ id = '', username = '' }) => {
    const mapped = await read(() => users.listRoleMappings({ id }));
    const groups = hasGroups ? await allPages((range) => read(() => users.listGroups({ id, ...range }))) : [];
    return { id, username, ...mappedNames(mapped), groups: groups.map(({ path = '' }) => path) };
  });
};

const isNamed = (role: Role): role is Role & { id: string; name: string } =>
  role.id !== undefined && role.name !== undefined;

/** Takes roles away from people or groups. */
const takeRoles = async (
  place: Pick<
    KeycloakAdminClient['users' | 'groups'],
    'listRoleMappings' | 'delRealmRoleMappings' | 'delClientRoleMappings'
  >,
  id: string,
  doomed: readonly string[],
): Promise<void> => {
  const { ofRealm, ofClients } = mappedRoles(await place.listRoleMappings({ id }));
  const roles = ofRealm.filter(isNamed).filter(({ name }) => doomed.includes(name));
  if (roles.length > 0) await place.delRealmRoleMappings({ id, roles });
  for (const [client, { id: clientUniqueId, mappings }] of ofClients) {
    const theirs = mappings.filter(isNamed).filter(({ name }) => doomed.includes(`${client}.${name}`));
    if (theirs.length > 0) await place.delClientRoleMappings({ id, clientUniqueId, roles: theirs });
  }
};

/** Takes out of these roles what they are not to carry. */
const takeCarried = async ({ roles, clients }: KeycloakAdminClient, live: RealmDefinition, doomed: Rights) => {
  const clientIds = new Map((await clients.find()).map(({ id, clientId = '' }) => [id, clientId]));
  const known = rolesOf(live);
  for (const [path, out] of Object.entries(doomed)) {
    const id = known.get(path)?.id ?? '';
    const carried = await roles.getCompositeRoles({ id });
    const nameOf = ({ clientRole, containerId, name = '' }: Role): string =>
      clientRole === true ? `${clientIds.get(containerId)}.${name}` : name;
    await roles.delCompositeRoles(
      { id },
      carried.filter((role) => out.includes(nameOf(role))),
    );
  }
};

/**
 * Takes away the rights that something gives past the file. What gives them stays, since it may hold people or be somebody's; a
 * right is nothing else than that.
 */
export const takeRights = async (client: KeycloakAdminClient, live: RealmDefinition): Promise<void> => {
  const [inRoles, ofGroups, ofUsers] = [rightsInRoles(live), rightsOfGroups(live), rightsOfUsers(live)];
  if (Object.keys(inRoles).length > 0) await takeCarried(client, live, inRoles);
  for (const [path, doomed] of Object.entries(ofGroups))
    await takeRoles(client.groups, groupsOf(live).get(path)?.id ?? '', doomed);
  for (const [name, doomed] of Object.entries(ofUsers)) {
    const id = live.users?.find(({ username }) => username === name)?.id ?? '';
    await takeRoles(client.users, id, doomed);
    for (const path of doomed.flatMap((right) => groupOfRight(right) ?? []))
      await client.users.delFromGroup({ id, groupId: groupsOf(live).get(path)?.id ?? '' });
  }
};
