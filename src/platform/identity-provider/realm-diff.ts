import { ADMINISTRATION, MACHINE_PREFIX } from './realm.ts';
import { isRecord, stepsOf } from './realm-definition.ts';
import type { FlowStep, RealmClient, RealmDefinition, RealmMapper } from './realm-definition.ts';
import {
  carriedBy,
  federationsOf,
  groupsOf,
  rightsInRoles,
  rightsOfGroups,
  rightsOfUsers,
  roleNames,
} from './realm-rights.ts';

/** One thing that is not the same in the file and in the realm; a side that has no `file` or `realm` has none of it. */
export interface Difference {
  readonly part:
    | 'realm'
    | 'roles'
    | 'flows'
    | 'requiredActions'
    | 'identityProviders'
    | 'userFederation'
    | 'groups'
    | 'clientScopes'
    | 'clients'
    | 'scopeMappings'
    | 'clientScopeMappings'
    | 'serviceAccounts'
    | 'rightsInRoles'
    | 'rightsOfGroups'
    | 'rightsOfUsers';
  /** Of the part: a setting, a role, a client. */
  readonly name: string;
  readonly path: string;
  /** A thing of somebody else's, which the file has nothing to say about. */
  readonly isForeign: boolean;
  readonly file?: string;
  readonly realm?: string;
}

/** Parts of things that one side may have and the other not, and those among them that may be somebody else's. */
const THINGS: readonly Difference['part'][] = [
  'roles',
  'flows',
  'requiredActions',
  'identityProviders',
  'userFederation',
  'groups',
  'clientScopes',
  'clients',
];
const FOREIGN: readonly Difference['part'][] = [
  'roles',
  'flows',
  'identityProviders',
  'userFederation',
  'groups',
  'clients',
];

type View = string | readonly string[] | { readonly [name: string]: View | undefined };
type Views = Readonly<Record<string, View | undefined>>;

/** What a client is where a file does not say it, so that nothing can be switched on behind the file's back. */
export const CLIENT_DEFAULTS = {
  enabled: true,
  bearerOnly: false,
  publicClient: false,
  protocol: 'openid-connect',
  clientAuthenticatorType: 'client-secret',
  standardFlowEnabled: true,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
  consentRequired: false,
  frontchannelLogout: false,
  fullScopeAllowed: true,
  redirectUris: [],
  webOrigins: [],
  rootUrl: '',
  baseUrl: '',
  adminUrl: '',
  attributes: {},
  authenticationFlowBindingOverrides: {},
} as const satisfies RealmClient;

/** What Keycloak notes for itself. */
const KEYCLOAKS_ATTRIBUTES = [
  'realm_client',
  'client.secret.creation.time',
  'client.use.lightweight.access.token.enabled',
];
const KEYCLOAKS_CLIENTS = ['broker', ADMINISTRATION];
const KEYCLOAKS_ROLES = /^(default-roles-.*|offline_access|uma_authorization)$/u;
const LOGOUT_ADDRESSES = 'post.logout.redirect.uris';
const NAMES = ['name', 'kid'] as const;

/** What of a realm is no setting of its own. Its name is a setting of this service; of attributes some are Keycloak's notes. */
export const NOT_SETTINGS: ReadonlySet<string> = new Set<keyof RealmDefinition>([
  'id',
  'realm',
  'attributes',
  'roles',
  'clients',
  'clientScopes',
  'identityProviders',
  'users',
  'scopeMappings',
  'clientScopeMappings',
  'groups',
  'components',
  'authenticationFlows',
  'authenticatorConfig',
  'requiredActions',
]);

const nameOf = (value: unknown): string | undefined => {
  if (!isRecord(value)) return undefined;
  return NAMES.map((key) => value[key]).find((one) => typeof one === 'string');
};

/** JSON as it is compared: lists have no order, and what has a name is known by it. */
const viewOf = (value: unknown): View | undefined => {
  if (value === undefined || value === null || value === '') return undefined;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const names = items.map(nameOf).filter((name) => name !== undefined);
    if (names.length > 0 && names.length === items.length)
      return Object.fromEntries(names.map((name, at) => [name, viewOf(items[at])]));
    return items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
  }
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, viewOf(one)]));
  return typeof value === 'string' ? value : JSON.stringify(value);
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** Keycloak writes what is off as `false`, or as nothing. */
const without = (texts: Readonly<Record<string, unknown>>, ...ignored: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(texts).filter(([name, value]) => value !== 'false' && value !== '' && !ignored.includes(name)),
  );

const attributesOf = ({ attributes = {} }: RealmClient): Views => {
  const texts = { [LOGOUT_ADDRESSES]: '+', ...attributes };
  return Object.fromEntries(
    Object.entries(without(texts, ...KEYCLOAKS_ATTRIBUTES) as Record<string, string>).map(([name, text]) => {
      // Keycloak keeps several addresses in one text, and key sets are JSON in a text.
      if (name === LOGOUT_ADDRESSES) return [name, text.split('##')];
      return [name, viewOf(text.startsWith('{') ? parsed(text) : text)];
    }),
  );
};

/** What mappers do, by their names. */
const mappersView = (mappers: readonly RealmMapper[] = []): Views =>
  Object.fromEntries(
    mappers.map(({ name = '', protocol, protocolMapper, config }) => [
      name,
      viewOf({ protocol, protocolMapper, config: without((config ?? {}) as Record<string, unknown>) }),
    ]),
  );

const clientView = (client: RealmClient, names: readonly string[], { authenticationFlows = [] }: RealmDefinition) => {
  const aliasOf = (id: string): string => authenticationFlows.find((flow) => flow.id === id)?.alias ?? id;
  const whole: Record<string, unknown> = { ...CLIENT_DEFAULTS, ...client };
  const special: Views = {
    attributes: attributesOf(client),
    authenticationFlowBindingOverrides: Object.fromEntries(
      Object.entries(client.authenticationFlowBindingOverrides ?? {}).map(([kind, id]) => [kind, aliasOf(id)]),
    ),
    protocolMappers: mappersView(client.protocolMappers),
  };
  return Object.fromEntries(names.map((name) => [name, name in special ? special[name] : viewOf(whole[name])]));
};

const clientViews = (file: RealmDefinition, side: RealmDefinition): Views => {
  const wanted = new Map(file.clients?.map((client) => [client.clientId ?? '', Object.keys(client)]));
  const shown = (side.clients ?? []).filter(
    ({ clientId = '' }) =>
      wanted.has(clientId) || !(KEYCLOAKS_CLIENTS.includes(clientId) || clientId.startsWith(MACHINE_PREFIX)),
  );
  return Object.fromEntries(
    shown.map((client) => {
      const names = [...new Set([...Object.keys(CLIENT_DEFAULTS), ...(wanted.get(client.clientId ?? '') ?? [])])];
      return [client.clientId ?? '', clientView(client, names, side)];
    }),
  );
};

const settingsView = (file: RealmDefinition, side: RealmDefinition): Views => {
  const settings: Record<string, unknown> = { ...side };
  // Stricter than the file.
  if (file.sslRequired === 'external' && side.sslRequired === 'all') settings['sslRequired'] = 'external';
  const names = Object.keys(file).filter((name) => !NOT_SETTINGS.has(name));
  const attributes = Object.keys(file.attributes ?? {}).map((name) => [name, viewOf(side.attributes?.[name])] as const);
  return {
    ...Object.fromEntries(names.map((name) => [name, viewOf(settings[name])])),
    ...(file.attributes && { attributes: Object.fromEntries(attributes) }),
  };
};

const rolesView = ({ roles }: RealmDefinition): Views =>
  Object.fromEntries(
    (roles?.realm ?? [])
      .filter(({ name = '' }) => !KEYCLOAKS_ROLES.test(name))
      .map(({ name = '', description = '' }) => [name, { description }]),
  );

/** One line a step: where it stands, what it is, whether it must be. */
const linesOf = (steps: readonly FlowStep[], above = ''): readonly string[] =>
  steps.flatMap(({ name, requirement, config, steps: below = [] }, index) => {
    const place = `${above}${index + 1}`;
    const settings = Object.entries(config).toSorted(([one], [other]) => (one < other ? -1 : 1));
    const line = [place, name, requirement, ...settings.map((entry) => entry.join('='))].join(' ');
    return [line, ...linesOf(below, `${place}.`)];
  });

const flowsView = (side: RealmDefinition): Views =>
  Object.fromEntries(
    (side.authenticationFlows ?? [])
      .filter(({ topLevel, builtIn }) => topLevel === true && builtIn !== true)
      .map(({ alias }) => [alias, linesOf(stepsOf(side, alias))]),
  );

const actionsView = (file: RealmDefinition, { requiredActions = [] }: RealmDefinition): Views => {
  const wanted = new Set(file.requiredActions?.map(({ alias }) => alias));
  return Object.fromEntries(
    requiredActions
      .filter(({ alias, enabled }) => wanted.has(alias) || enabled === true)
      .map(({ alias = '', name, enabled, defaultAction, priority }) => [
        alias,
        viewOf(wanted.has(alias) ? { name, enabled, defaultAction, priority } : {}),
      ]),
  );
};

/** Those that the file's clients use, which the file describes: what is in others comes into no token of theirs. */
const clientScopesView = (file: RealmDefinition, { clientScopes = [] }: RealmDefinition): Views => {
  const wanted = new Set(file.clientScopes?.map(({ name }) => name));
  return Object.fromEntries(
    clientScopes
      .filter(({ name }) => wanted.has(name))
      .map(({ name = '', protocol, protocolMappers }) => [
        name,
        { protocol, protocolMappers: mappersView(protocolMappers) },
      ]),
  );
};

const scopesView = (file: RealmDefinition, side: RealmDefinition): Views =>
  Object.fromEntries(
    (file.clients ?? []).map(({ clientId = '' }) => [clientId, carriedBy(side, ({ client }) => client === clientId)]),
  );

const clientScopeMappingsView = (file: RealmDefinition, side: RealmDefinition): Views =>
  Object.fromEntries(
    (file.clientScopes ?? []).map(({ name = '' }) => [
      name,
      carriedBy(side, ({ clientScope }) => clientScope === name),
    ]),
  );

const accountsView = (file: RealmDefinition, { users = [] }: RealmDefinition): Views => {
  const wanted = (file.clients ?? []).filter(({ serviceAccountsEnabled }) => serviceAccountsEnabled === true);
  return Object.fromEntries(
    wanted.map(({ clientId = '' }) => {
      const user = users.find(({ serviceAccountClientId }) => serviceAccountClientId === clientId);
      const ofRealm = (user?.realmRoles ?? []).filter((role) => !KEYCLOAKS_ROLES.test(role));
      return [clientId, roleNames(ofRealm, user?.clientRoles as Record<string, readonly string[]> | undefined)];
    }),
  );
};

/** Things of which nothing but that they are there is compared. */
const things = (names: readonly string[]): Views => Object.fromEntries(names.map((name) => [name, '']));

const viewsOf = (file: RealmDefinition, side: RealmDefinition): readonly [Difference['part'], Views][] => [
  ['realm', settingsView(file, side)],
  ['roles', rolesView(side)],
  ['flows', flowsView(side)],
  ['requiredActions', actionsView(file, side)],
  ['identityProviders', things((side.identityProviders ?? []).map(({ alias = '' }) => alias))],
  ['userFederation', things(federationsOf(side))],
  ['groups', things([...groupsOf(side).keys()])],
  ['clientScopes', clientScopesView(file, side)],
  ['clients', clientViews(file, side)],
  ['scopeMappings', scopesView(file, side)],
  ['clientScopeMappings', clientScopeMappingsView(file, side)],
  ['serviceAccounts', accountsView(file, side)],
  ['rightsInRoles', rightsInRoles(side)],
  ['rightsOfGroups', rightsOfGroups(side)],
  ['rightsOfUsers', rightsOfUsers(side)],
];

type Found = Pick<Difference, 'path' | 'file' | 'realm'>;
const isList = (view: View | undefined): view is readonly string[] => Array.isArray(view);
const textOf = (view: View, path: string): string => {
  if (typeof view !== 'string') return '';
  // What is asked of passwords is no secret, nor is an action about them.
  if (path === 'realm.passwordPolicy' || path.startsWith('requiredActions.')) return view;
  // Names of Keycloak's have points of their own: what is secret may say so in any part of the path.
  return /secret|password|private/iu.test(path) && !['true', 'false'].includes(view) ? '(secret)' : view;
};

const compare = (file: View | undefined, realm: View | undefined, path: string): readonly Found[] => {
  if (isList(file) || isList(realm)) {
    const [there, here] = [file, realm].map((side) => (isList(side) ? side : [])) as [string[], string[]];
    return [
      ...there.filter((item) => !here.includes(item)).map((item) => ({ path, file: item })),
      ...here.filter((item) => !there.includes(item)).map((item) => ({ path, realm: item })),
    ];
  }
  if (isRecord(file) && isRecord(realm)) {
    const [there, here] = [file as Views, realm as Views];
    const names = [...new Set([...Object.keys(there), ...Object.keys(here)])];
    return names.flatMap((name) => compare(there[name], here[name], `${path}.${name}`));
  }
  if (file === realm) return [];
  return [
    {
      path,
      ...(file !== undefined && { file: textOf(file, path) }),
      ...(realm !== undefined && { realm: textOf(realm, path) }),
    },
  ];
};

/** Whether two mappers put the same into tokens. */
export const isSameMapper = (one: RealmMapper, other: RealmMapper): boolean =>
  compare(mappersView([one]), mappersView([other]), '').length === 0;

/**
 * In what a realm differs from the file (its variables filled in), both ways. Of settings, attributes, required actions and client
 * scopes the file's are looked at, of its clients everything, of identity providers, user federation, groups and whatever gives
 * rights all; what Keycloak makes for itself in each realm, and machine clients, which this service makes, are not.
 */
export const compareRealm = (file: RealmDefinition, realm: RealmDefinition): readonly Difference[] => {
  const live = new Map(viewsOf(file, realm));
  return viewsOf(file, file).flatMap(([part, wanted]) => {
    const actual = live.get(part) ?? {};
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(actual)])];
    return names.flatMap((name) => {
      const path = `${part}.${name}`;
      const [there, here] = [wanted[name], actual[name]];
      const isForeign = there === undefined && FOREIGN.includes(part);
      const found =
        THINGS.includes(part) && (there === undefined || here === undefined)
          ? [{ path, ...(there === undefined ? { realm: '' } : { file: '' }) }]
          : compare(there, here, path);
      return found.map((one) => ({ part, name, isForeign, ...one }));
    });
  });
};

/** The difference in one line, without secrets. */
export const tellDifference = ({ path, file, realm }: Difference): string => {
  if (file !== undefined && realm !== undefined) return `${path}: ${file} in the file, ${realm} in the realm`;
  const value = file ?? realm;
  return `${path}${value === '' ? '' : `: ${value}`} only in the ${file === undefined ? 'realm' : 'file'}`;
};
