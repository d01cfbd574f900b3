import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { decodeJwt } from 'jose';
import type { MachineToken } from '../port.ts';
import { ADMINISTRATION, MACHINE_PREFIX } from '../realm.ts';
import type { RealmClient, RealmDefinition, RealmExecution, RealmFlow } from '../realm-definition.ts';
import { USER_STORAGE } from '../realm-rights.ts';
import type { Connection } from './connection.ts';
import { mappedNames, readGroups, readHolders, readMachines, readRoles } from './realm-rights.ts';

/** Looks at the realm itself, as the service account. */
export interface RealmReader {
  /** Below which tokens and keys are. */
  readonly realmUrl: string;
  state(): Promise<RealmDefinition>;
  /** When the realm says that a token of the service account is made, now; seconds since 1970. */
  issuedAt(): Promise<number>;
}

/** One call that changes nothing. */
type Read = Connection['read'];
type Flows = Required<Pick<RealmDefinition, 'authenticationFlows' | 'authenticatorConfig'>>;

/** The flow with those inside it: Keycloak lists their steps in one row, each with its depth. */
const readFlow = async (client: KeycloakAdminClient, read: Read, flow: RealmFlow): Promise<Flows> => {
  const management = client.authenticationManagement;
  const rows = await read(() => management.getExecutions({ flow: flow.alias }));
  const configs = await Promise.all(
    rows.flatMap(({ authenticationConfig: id }) =>
      id === undefined
        ? []
        : [read(() => management.getConfig({ id })).then(({ config = {} }) => ({ alias: id, config }))],
    ),
  );
  type Open = RealmFlow & { readonly authenticationExecutions: RealmExecution[] };
  const top: Open = { ...flow, authenticationExecutions: [] };
  const open: Open[] = [top];
  const all = [top];
  for (const row of rows) {
    const { level = 0, requirement = '', displayName: flowAlias = '', flowId, providerId, authenticationConfig } = row;
    const siblings = open[level]!.authenticationExecutions;
    const place = { requirement, priority: siblings.length };
    if (row.authenticationFlow !== true) {
      siblings.push({
        ...place,
        ...(providerId !== undefined && { authenticator: providerId }),
        ...(authenticationConfig !== undefined && { authenticatorConfig: authenticationConfig }),
      });
      continue;
    }
    siblings.push({ ...place, flowAlias, authenticatorFlow: true });
    const below: Open = {
      alias: flowAlias,
      ...(flowId && { id: flowId }),
      topLevel: false,
      authenticationExecutions: [],
    };
    open[level + 1] = below;
    all.push(below);
  }
  return { authenticationFlows: all, authenticatorConfig: configs };
};

/** Of Keycloak's own flows only those that are in use have their steps; of machine clients nothing but themselves and what their accounts have is read. */
export const readRealm = async (client: KeycloakAdminClient, read: Read, realm: string): Promise<RealmDefinition> => {
  const [settings, found, listed, requiredActions, identityProviders, clientScopes, storages, groups] =
    await Promise.all([
      read(() => client.realms.findOne({ realm })),
      read(() => client.clients.find()),
      read(() => client.authenticationManagement.getFlows()),
      read(() => client.authenticationManagement.getRequiredActions()),
      read(() => client.identityProviders.find()),
      read(() => client.clientScopes.find()),
      read(() => client.components.find({ type: USER_STORAGE })),
      readGroups(client, read),
    ]);
  const clients = found as readonly RealmClient[];
  const overrides = clients.flatMap((one) => Object.values(one.authenticationFlowBindingOverrides ?? {}));
  const inUse = new Set([settings?.browserFlow, settings?.directGrantFlow, ...overrides]);
  const [open, idle] = [[] as RealmFlow[], [] as RealmFlow[]];
  for (const { authenticationExecutions: _, ...flow } of listed as readonly RealmFlow[])
    (flow.builtIn !== true || inUse.has(flow.alias) || inUse.has(flow.id) ? open : idle).push(flow);
  const flows = await Promise.all(open.map((flow) => readFlow(client, read, flow)));
  const own = clients.filter(({ clientId = '' }) => !clientId.startsWith(MACHINE_PREFIX));
  const mapped = await Promise.all([
    ...own.map(async ({ id = '', clientId = '' }) => {
      const scope = await read(() => client.clients.listScopeMappings({ id }));
      return { of: { client: clientId }, ...mappedNames(scope) };
    }),
    ...clientScopes.map(async ({ id = '', name: clientScope = '' }) => {
      const scope = await read(() => client.clientScopes.listScopeMappings({ id }));
      return { of: { clientScope }, ...mappedNames(scope) };
    }),
  ]);
  const ofClients = mapped.flatMap(({ of, clientRoles }) =>
    Object.entries(clientRoles).map(([whose, names]) => ({ whose, mapping: { ...of, roles: names } })),
  );
  const accounts = await Promise.all(
    own
      .filter(({ serviceAccountsEnabled }) => serviceAccountsEnabled === true)
      .map(async ({ id = '', clientId: serviceAccountClientId = '' }) => {
        const { id: userId = '', username = '' } = await read(() => client.clients.getServiceAccountUser({ id }));
        const given = await read(() => client.users.listRoleMappings({ id: userId }));
        return { id: userId, username, serviceAccountClientId, ...mappedNames(given) };
      }),
  );
  const roles = await readRoles(client, read, { all: clients, own });
  const administration = clients.find(({ clientId }) => clientId === ADMINISTRATION)?.id ?? '';
  const machines = await readMachines(client, read, groups.length > 0);
  const known = [...accounts, ...machines];
  const holders = await readHolders(client, read, { id: administration, roles });
  return {
    ...(settings as RealmDefinition | undefined),
    roles,
    groups,
    components: { [USER_STORAGE]: storages },
    clients,
    clientScopes,
    identityProviders,
    requiredActions,
    authenticationFlows: [...idle, ...flows.flatMap(({ authenticationFlows }) => authenticationFlows)],
    authenticatorConfig: flows.flatMap(({ authenticatorConfig }) => authenticatorConfig),
    scopeMappings: mapped.map(({ of, realmRoles }) => ({ ...of, roles: realmRoles })),
    clientScopeMappings: Object.fromEntries(
      Object.entries(Object.groupBy(ofClients, ({ whose }) => whose)).map(([whose, theirs = []]) => [
        whose,
        theirs.map(({ mapping }) => mapping),
      ]),
    ),
    users: [...known, ...holders.filter(({ id }) => !known.some((account) => account.id === id))],
  };
};

/** Reads what the realm is set to; needs the roles view-realm, view-clients, view-users and view-identity-providers. */
export const createRealmReader = (
  { client, read }: Connection,
  { realm, realmUrl, signIn }: { realm: string; realmUrl: string; signIn: () => Promise<MachineToken> },
): RealmReader => ({
  realmUrl,
  issuedAt: async () => decodeJwt((await signIn()).accessToken).iat ?? Number.NaN,
  state: () => readRealm(client, read, realm),
});
