import { IdentityProviderError, isProviderError } from '../errors.ts';
import type { IdentityProvider } from '../port.ts';
import { API_CLIENT, MACHINE_PREFIX } from '../realm.ts';
import { SERVICE_ACCOUNT } from '../realm-rights.ts';
import type { Connection } from './connection.ts';
import { allPages, forEach } from './pages.ts';

export interface KeycloakMachineClients extends Readonly<IdentityProvider['machineClients']> {
  /** Lets a client ask for tokens that are narrowed to these scopes. */
  readonly offer: (clientId: string, scopes: readonly string[]) => Promise<void>;
}

/** Machine clients: confidential clients of the realm that have a service account and nothing else. */
export function createKeycloakMachineClients(connection: Connection): KeycloakMachineClients {
  const { client, administer, read } = connection;
  const machineId = async (clientId: string): Promise<string> => {
    const [found] = await read(() => client.clients.find({ clientId }));
    if (found?.id === undefined) throw new IdentityProviderError('not_found', 'No such machine client');
    return found.id;
  };
  const listed = async (): Promise<{ id: string; clientId: string; enabled: boolean }[]> => {
    const found = await read(() => client.clients.find({ clientId: MACHINE_PREFIX, search: true }));
    return found.flatMap(({ id = '', clientId, enabled = false }) =>
      clientId?.startsWith(MACHINE_PREFIX) ? [{ id, clientId, enabled }] : [],
    );
  };
  /** Users that were given a role of this client; of one that was removed meanwhile nobody. */
  const holdersOf = async (id: string): Promise<{ id?: string; username?: string }[]> => {
    try {
      const held = await forEach(await read(() => client.clients.listRoles({ id })), ({ name: roleName = '' }) =>
        allPages((range) => read(() => client.clients.findUsersWithRole({ id, roleName, ...range }))),
      );
      return held.flat();
    } catch (error) {
      if (isProviderError(error, 'not_found')) return [];
      throw error;
    }
  };
  const scopeId = async (name: string): Promise<string | undefined> =>
    (await read(() => client.clientScopes.find())).find((scope) => scope.name === name)?.id;
  /** A name that comes into tokens as such: it carries no role and no claim. */
  const makeScope = async (name: string): Promise<string> => {
    const attributes = { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'false' };
    try {
      return (await administer(() => client.clientScopes.create({ name, protocol: 'openid-connect', attributes }))).id;
    } catch (error) {
      // Another process was first.
      const id = isProviderError(error, 'conflict') ? await scopeId(name) : undefined;
      if (id === undefined) throw error;
      return id;
    }
  };
  const shownSecret = (value: string | undefined): { secret: string } => {
    if (value === undefined) throw new IdentityProviderError('unavailable', 'Keycloak gave no secret');
    return { secret: value };
  };
  return {
    create: async ({ clientId, name }) => {
      const { id } = await administer(() =>
        client.clients.create({
          clientId,
          name,
          publicClient: false,
          serviceAccountsEnabled: true,
          standardFlowEnabled: false,
          directAccessGrantsEnabled: false,
          fullScopeAllowed: false,
          defaultClientScopes: ['basic', 'roles'],
          optionalClientScopes: [],
          protocolMappers: [
            {
              name: `audience ${API_CLIENT}`,
              protocol: 'openid-connect',
              protocolMapper: 'oidc-audience-mapper',
              config: {
                'included.client.audience': API_CLIENT,
                'access.token.claim': 'true',
                'introspection.token.claim': 'true',
              },
            },
          ],
        }),
      );
      return shownSecret((await read(() => client.clients.getClientSecret({ id }))).value);
    },
    rotateSecret: async (clientId) => {
      const id = await machineId(clientId);
      return shownSecret((await administer(() => client.clients.generateNewClientSecret({ id }))).value);
    },
    setEnabled: async (clientId, enabled) => {
      const id = await machineId(clientId);
      await administer(() => client.clients.update({ id }, { clientId, enabled }));
    },
    list: async () => (await listed()).map(({ clientId, enabled }) => ({ clientId, enabled })),
    roleHolders: async () => {
      const held = await forEach(await listed(), ({ id }) => holdersOf(id));
      const people = held.flat().filter(({ username = '' }) => !username.startsWith(SERVICE_ACCOUNT));
      return [...new Set(people.map(({ id = '' }) => id))];
    },
    offer: async (clientId, scopes) => {
      const id = await machineId(clientId);
      for (const scope of scopes) {
        const clientScopeId = (await scopeId(scope)) ?? (await makeScope(scope));
        await administer(() => client.clients.addOptionalClientScope({ id, clientScopeId }));
      }
    },
    remove: async (clientId) => {
      const id = await machineId(clientId);
      await administer(() => client.clients.del({ id }));
    },
  };
}
