import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { CLIENT_DEFAULTS } from '../realm-diff.ts';
import type { RealmClient, RealmDefinition } from '../realm-definition.ts';
import { carriedBy } from '../realm-rights.ts';
import { mendMappers } from './realm-mappers.ts';
import { mappedRoles } from './realm-rights.ts';

/** Which of the file's things, by name, are to be mended in a realm that was read as `live`. */
export interface Task {
  readonly live: RealmDefinition;
  readonly names: ReadonlySet<string>;
}

/** What stands in one list only: to be taken out of `actual`, and put into it. */
const between = (wanted: readonly string[], actual: readonly string[]) => ({
  added: wanted.filter((one) => !actual.includes(one)),
  dropped: actual.filter((one) => !wanted.includes(one)),
});

/** Keycloak removes an entry that it is given as an empty text. */
const emptied = (entries: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.keys(entries).map((name) => [name, '']));

const assignScopes = async (
  { clients, clientScopes }: KeycloakAdminClient,
  wanted: RealmClient,
  { id = '', ...actual }: RealmClient,
): Promise<void> => {
  const ids = new Map((await clientScopes.find()).map((scope) => [scope.name, scope.id ?? '']));
  const of = (name: string): { id: string; clientScopeId: string } => {
    const clientScopeId = ids.get(name);
    if (clientScopeId === undefined) throw new Error(`the realm has no client scope ${name}`);
    return { id, clientScopeId };
  };
  if (wanted.defaultClientScopes !== undefined) {
    const { added, dropped } = between(wanted.defaultClientScopes, actual.defaultClientScopes ?? []);
    for (const name of dropped) await clients.delDefaultClientScope(of(name));
    for (const name of added) await clients.addDefaultClientScope(of(name));
  }
  if (wanted.optionalClientScopes !== undefined) {
    const { added, dropped } = between(wanted.optionalClientScopes, actual.optionalClientScopes ?? []);
    for (const name of dropped) await clients.delOptionalClientScope(of(name));
    for (const name of added) await clients.addOptionalClientScope(of(name));
  }
};

/** Makes these clients, or sets them exactly as the file does. */
export const mendClients = async (client: KeycloakAdminClient, file: RealmDefinition, { live, names }: Task) => {
  const idOfFlow = (id: string): string => {
    const alias = file.authenticationFlows?.find((flow) => flow.id === id)?.alias;
    return live.authenticationFlows?.find((flow) => flow.alias === alias)?.id ?? id;
  };
  for (const wanted of file.clients ?? []) {
    const { clientId = '', protocolMappers: _mappers, ...rest } = wanted;
    if (!names.has(clientId)) continue;
    const flows = Object.entries(wanted.authenticationFlowBindingOverrides ?? {});
    const known = live.clients?.find((one) => one.clientId === clientId);
    const payloadOf = (actual: RealmClient | undefined) => ({
      ...CLIENT_DEFAULTS,
      ...rest,
      clientId,
      redirectUris: [...(wanted.redirectUris ?? [])],
      webOrigins: [...(wanted.webOrigins ?? [])],
      attributes: { ...emptied(actual?.attributes), ...wanted.attributes },
      authenticationFlowBindingOverrides: {
        ...emptied(actual?.authenticationFlowBindingOverrides),
        ...Object.fromEntries(flows.map(([kind, id]) => [kind, idOfFlow(id)])),
      },
    });
    const id = known?.id ?? (await client.clients.create(payloadOf(undefined))).id;
    // A new one is read back: Keycloak gives it attributes and redirects to everywhere below it, and the realm its scopes.
    const actual = { ...(known ?? (await client.clients.findOne({ id }))), id };
    await client.clients.update({ id }, payloadOf(actual));
    if (wanted.protocolMappers !== undefined) await mendMappers(client.clients, actual, wanted.protocolMappers);
    await assignScopes(client, wanted, actual);
  }
};

const idOfClient = async ({ clients }: KeycloakAdminClient, clientId: string): Promise<string> => {
  const [found] = await clients.find({ clientId });
  if (found?.id === undefined) throw new Error(`the realm has no client ${clientId}`);
  return found.id;
};

/** Roles with the ids by which Keycloak knows them. */
const named = <Role extends { name?: string; id?: string }>(roles: readonly Role[], names: readonly string[]) =>
  names.map((name) => {
    const id = roles.find((role) => role.name === name)?.id;
    if (id === undefined) throw new Error(`the realm has no role ${name}`);
    return { id, name };
  });

/** Lets tokens of a client, or with a client scope, carry these roles (those of a client as `client.role`) and no others. */
export const setCarried = async (
  { roles }: KeycloakAdminClient,
  place: Pick<
    KeycloakAdminClient['clients' | 'clientScopes'],
    'listScopeMappings' | 'addRealmScopeMappings' | 'delRealmScopeMappings' | 'delClientScopeMappings'
  >,
  { id, wanted }: { id: string; wanted: readonly string[] },
): Promise<void> => {
  const { ofRealm, ofClients } = mappedRoles(await place.listScopeMappings({ id }));
  const isWanted = (of: string): boolean => wanted.includes(of);
  const dropped = ofRealm.filter(({ name = '' }) => !isWanted(name));
  if (dropped.length > 0) await place.delRealmScopeMappings({ id }, dropped);
  for (const [of, { id: client, mappings }] of ofClients) {
    const theirs = mappings.filter(({ name }) => !isWanted(`${of}.${name}`));
    if (theirs.length > 0) await place.delClientScopeMappings({ id, client }, theirs);
  }
  const added = wanted.filter((one) => !ofRealm.some(({ name }) => name === one));
  if (added.length > 0) await place.addRealmScopeMappings({ id }, named(await roles.find(), added));
};

/** Lets the tokens of these clients carry the roles that the file says, and no others. */
export const mendScopes = async (client: KeycloakAdminClient, file: RealmDefinition, { names }: Task) => {
  for (const clientId of names) {
    const id = await idOfClient(client, clientId);
    const wanted = carriedBy(file, (one) => one.client === clientId);
    await setCarried(client, client.clients, { id, wanted });
  }
};

/** Gives these service accounts the roles that the file says, and takes all others away. */
export const mendServiceAccounts = async (client: KeycloakAdminClient, file: RealmDefinition, { names }: Task) => {
  for (const clientId of names) {
    const { id: user = '' } = await client.clients.getServiceAccountUser({ id: await idOfClient(client, clientId) });
    const wanted = file.users?.find((one) => one.serviceAccountClientId === clientId)?.clientRoles ?? {};
    const { clientMappings = {}, realmMappings = [] } = await client.users.listRoleMappings({ id: user });
    const actual = clientMappings as Record<string, { mappings: { name: string }[] }>;
    for (const of of new Set([...Object.keys(wanted), ...Object.keys(actual)])) {
      const have = (actual[of]?.mappings ?? []).map(({ name }) => name);
      const { added, dropped } = between((wanted as Record<string, string[]>)[of] ?? [], have);
      const clientUniqueId = await idOfClient(client, of);
      const roles = await client.clients.listRoles({ id: clientUniqueId });
      const mapping = { id: user, clientUniqueId };
      if (dropped.length > 0) await client.users.delClientRoleMappings({ ...mapping, roles: named(roles, dropped) });
      if (added.length > 0) await client.users.addClientRoleMappings({ ...mapping, roles: named(roles, added) });
    }
    const ofRealm = realmMappings.flatMap(({ id = '', name = '' }) =>
      name.startsWith('default-roles-') ? [] : [{ id, name }],
    );
    if (ofRealm.length > 0) await client.users.delRealmRoleMappings({ id: user, roles: ofRealm });
  }
};
