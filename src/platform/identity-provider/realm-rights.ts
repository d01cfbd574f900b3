import { ADMINISTRATION, API_CLIENT, MACHINE_PREFIX, STAFF_ROLES } from './realm.ts';
import type { RealmDefinition, RealmGroup, RealmScopeMapping } from './realm-definition.ts';

/** The kind of component that brings users from elsewhere. */
export const USER_STORAGE = 'org.keycloak.storage.UserStorageProvider';

type OfClients = Readonly<Record<string, readonly string[]>>;

/** Roles by the thing that gives them. */
export type Rights = Readonly<Record<string, readonly string[]>>;

/** Roles of the realm by their names, those of a client as `client.role`. */
export const roleNames = (ofRealm: readonly string[] = [], ofClients: OfClients = {}): readonly string[] => [
  ...ofRealm,
  ...Object.entries(ofClients).flatMap(([client, names]) => names.map((name) => `${client}.${name}`)),
];

const STAFF: ReadonlySet<string> = new Set(STAFF_ROLES);
const isAdministrative = (role: string): boolean => role.startsWith(`${ADMINISTRATION}.`);
/**
 * Roles that open something: those of the staff here, those of administrators at Keycloak, and whatever the roles of a machine
 * client may carry, which is not read: this service makes none.
 */
const isRight = (role: string): boolean => STAFF.has(role) || isAdministrative(role) || role.startsWith(MACHINE_PREFIX);

const DEFAULT_ROLE = /^default-roles-/u;
const OF_EVERYBODY = ['offline_access', 'uma_authorization', 'account.view-profile', 'account.manage-account'];
const given = (entries: readonly (readonly [string, readonly string[]])[]): Rights =>
  Object.fromEntries(entries.filter(([, roles]) => roles.length > 0));

/** All roles, those of clients too, by their names. */
export const rolesOf = ({ roles }: RealmDefinition) =>
  new Map([
    ...(roles?.realm ?? []).map((role) => [role.name ?? '', role] as const),
    ...Object.entries(roles?.client ?? {}).flatMap(([client, found]) =>
      found.map((role) => [`${client}.${role.name}`, role] as const),
    ),
  ]);

/**
 * Rights that whoever has a role has with it, by the roles that carry them; of what everybody has all that Keycloak did not put
 * there. What the roles of administrators carry is left out: Keycloak lets nobody change that (26.7).
 */
export const rightsInRoles = (realm: RealmDefinition): Rights =>
  given(
    [...rolesOf(realm)].map(([path, { composites }]) => {
      const carried = isAdministrative(path) ? [] : roleNames(composites?.realm, composites?.client);
      return [path, carried.filter((one) => (DEFAULT_ROLE.test(path) ? !OF_EVERYBODY.includes(one) : isRight(one)))];
    }),
  );

/** All groups, those inside others too, by their paths. */
export const groupsOf = ({ groups = [] }: RealmDefinition): ReadonlyMap<string, RealmGroup> => {
  const below = (found: readonly RealmGroup[], above: string): [string, RealmGroup][] =>
    found.flatMap((group) => {
      const path = group.path ?? `${above}/${group.name}`;
      return [[path, group], ...below(group.subGroups ?? [], path)];
    });
  return new Map(below(groups, ''));
};

/** Rights that groups give to whoever is in them. */
export const rightsOfGroups = (realm: RealmDefinition): Rights =>
  given(
    [...groupsOf(realm)].map(([path, { realmRoles, clientRoles }]) => [
      path,
      roleNames(realmRoles, clientRoles).filter(isRight),
    ]),
  );

/** How the names of the accounts of clients begin. */
export const SERVICE_ACCOUNT = 'service-account-';
/** How the names of the accounts of machine clients begin. */
export const MACHINE_ACCOUNT = `${SERVICE_ACCOUNT}${MACHINE_PREFIX}`;
const GROUP = 'group ';

/** The path of the group that a right names by which somebody has whatever it gives. */
export const groupOfRight = (right: string): string | undefined =>
  right.startsWith(GROUP) ? right.slice(GROUP.length) : undefined;

const mayHave = (username: string, role: string): boolean => {
  if (username.startsWith(MACHINE_ACCOUNT)) return DEFAULT_ROLE.test(role);
  return username.startsWith(SERVICE_ACCOUNT)
    ? !isRight(role)
    : !(isAdministrative(role) || role.startsWith(MACHINE_PREFIX));
};

/**
 * Rights of service accounts other than this service's own, and those of administrators that somebody else has. A machine
 * client has no role but what everybody has, and is in no group (`group /path`). Roles of the staff that people have are given
 * by this service, which compares them itself.
 */
export const rightsOfUsers = ({ users = [] }: RealmDefinition): Rights =>
  given(
    users
      .map(({ username, serviceAccountClientId, ...user }) => ({
        ...user,
        username: username ?? `${SERVICE_ACCOUNT}${serviceAccountClientId}`,
      }))
      .filter(({ username }) => username !== `${SERVICE_ACCOUNT}${API_CLIENT}`)
      .map(({ username, realmRoles, clientRoles, groups = [] }) => [
        username,
        [
          ...roleNames(realmRoles, clientRoles as OfClients | undefined).filter((role) => !mayHave(username, role)),
          ...(username.startsWith(MACHINE_ACCOUNT) ? groups.map((path) => `${GROUP}${path}`) : []),
        ],
      ]),
  );

/** The roles that tokens may carry by the scope of a client, or of a client scope. */
export const carriedBy = (
  { scopeMappings = [], clientScopeMappings = {} }: RealmDefinition,
  isMeant: (mapping: RealmScopeMapping) => boolean,
): readonly string[] => {
  const of = (mappings: readonly RealmScopeMapping[]) => mappings.filter(isMeant).flatMap(({ roles }) => roles);
  const ofClients = Object.entries(clientScopeMappings).map(([client, mappings]) => [client, of(mappings)] as const);
  return roleNames(of(scopeMappings), Object.fromEntries(ofClients));
};

/** Where people come from whom this service did not make, by their names. */
export const federationsOf = ({ components = {} }: RealmDefinition): readonly string[] =>
  (components[USER_STORAGE] ?? []).map(({ name = '' }) => name);
