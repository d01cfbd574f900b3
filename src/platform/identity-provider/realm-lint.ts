import { ACCESS_TOKEN_LIFE, ADMINISTRATION, API_CLIENT, BRUTE_FORCE, STAFF_ROLES, isAuthorizedParty } from './realm.ts';
import { stepsOf } from './realm-definition.ts';
import type { FlowStep, RealmClient, RealmDefinition, RealmScopeMapping } from './realm-definition.ts';
import { federationsOf, MACHINE_ACCOUNT, rightsInRoles, rightsOfGroups, rightsOfUsers } from './realm-rights.ts';

const PASSWORD_CLIENT = 'angelis-worker';
const USERNAME_CLIENT = 'angelis-otp';
const STAFF_CLIENT = 'angelis-admin';
const SECOND_FACTOR = 'auth-otp-form';
const LOGOUT_ADDRESSES = 'post.logout.redirect.uris';
const SET_UP_FACTOR = 'CONFIGURE_TOTP';
const UPDATE_PASSWORD = 'UPDATE_PASSWORD';

/** Answers a line for each thing in a realm that breaks the rule. */
type Rule = (realm: RealmDefinition) => readonly string[];

const clientsOf = ({ clients = [] }: RealmDefinition): readonly RealmClient[] =>
  clients.filter(({ enabled, bearerOnly }) => enabled !== false && bearerOnly !== true);

/** A rule about each client that is switched on: what it says of a client, if anything. */
const ofEachClient =
  (says: (client: RealmClient, realm: RealmDefinition) => string | undefined): Rule =>
  (realm) =>
    clientsOf(realm).flatMap((client) => {
      const fault = says(client, realm);
      return fault === undefined ? [] : [`clients.${client.clientId}: ${fault}`];
    });

const implicitGrant = ofEachClient(({ implicitFlowEnabled }) =>
  implicitFlowEnabled === true ? 'takes the implicit grant: switch implicitFlowEnabled off' : undefined,
);

/** The alias of the flow that a client has of its own for a kind of sign-in. */
const ownFlow = (client: RealmClient, kind: string, realm: RealmDefinition): string | undefined => {
  const own = client.authenticationFlowBindingOverrides?.[kind] ?? '';
  if (own === '') return undefined;
  return realm.authenticationFlows?.find(({ id }) => id === own)?.alias ?? own;
};

const isRequired = (steps: readonly FlowStep[], name: string): boolean =>
  steps.some((step) => step.name === name && step.requirement === 'REQUIRED');

const passwordGrant = ofEachClient((client, realm) => {
  if (client.directAccessGrantsEnabled !== true) return undefined;
  const steps = stepsOf(realm, ownFlow(client, 'direct_grant', realm) ?? realm.directGrantFlow ?? 'direct grant');
  if (client.clientId === PASSWORD_CLIENT)
    return isRequired(steps, 'direct-grant-validate-password')
      ? undefined
      : 'signs people in without a password: its flow needs direct-grant-validate-password REQUIRED';
  if (client.clientId !== USERNAME_CLIENT)
    return `takes the password grant, which only ${PASSWORD_CLIENT} and ${USERNAME_CLIENT} may: switch directAccessGrantsEnabled off`;
  if (client.publicClient === true || client.clientAuthenticatorType !== 'client-jwt')
    return 'signs people in by username alone: it must be confidential and sign its requests (client-jwt)';
  return steps.length === 1 && isRequired(steps, 'direct-grant-validate-username')
    ? undefined
    : 'its direct grant must be the flow that only validates the username';
});

/** Keycloak makes one in every realm, with the password grant, unless the file says otherwise. */
const adminCli: Rule = ({ clients = [] }) =>
  clients.some(({ clientId }) => clientId === 'admin-cli')
    ? []
    : ['clients.admin-cli: is not named, so that Keycloak makes it with the password grant: name it, switched off'];

const missingPkce = ofEachClient(({ standardFlowEnabled, attributes = {} }) =>
  standardFlowEnabled !== false && attributes['pkce.code.challenge.method'] !== 'S256'
    ? 'takes codes without PKCE: set pkce.code.challenge.method to S256'
    : undefined,
);

const wildcardRedirects = ofEachClient(({ redirectUris = [], webOrigins = [], attributes = {} }) => {
  const wild = [...redirectUris, ...webOrigins, ...(attributes[LOGOUT_ADDRESSES] ?? '').split('##')].filter((address) =>
    address.includes('*'),
  );
  return wild.length > 0 ? `leads to any address below ${wild.join(', ')}: name each` : undefined;
});

const BRUTE_FORCE_SETTINGS = {
  bruteForceProtected: true,
  permanentLockout: false,
  bruteForceStrategy: 'MULTIPLE',
  failureFactor: BRUTE_FORCE.failures,
  waitIncrementSeconds: BRUTE_FORCE.waitStep,
  maxFailureWaitSeconds: BRUTE_FORCE.waitMax,
  quickLoginCheckMilliSeconds: BRUTE_FORCE.quickLoginMs,
  minimumQuickLoginWaitSeconds: BRUTE_FORCE.quickLoginWait,
  maxDeltaTimeSeconds: BRUTE_FORCE.forgetAfter,
} as const satisfies Partial<RealmDefinition>;

/** A line for each of these settings that is another. */
const unlike = (
  realm: RealmDefinition,
  settings: Readonly<Record<string, boolean | number | string>>,
): readonly string[] =>
  Object.entries(settings).flatMap(([name, wanted]) => {
    const actual: unknown = realm[name as keyof RealmDefinition];
    return actual === wanted ? [] : [`realm.${name}: is ${String(actual)}, must be ${wanted}`];
  });

const bruteForce: Rule = (realm) => unlike(realm, BRUTE_FORCE_SETTINGS);

const isLong = (seconds: unknown): boolean => !(Number(seconds) > 0 && Number(seconds) <= ACCESS_TOKEN_LIFE);

const longTokens: Rule = (realm) => [
  ...(isLong(realm.accessTokenLifespan)
    ? [`realm.accessTokenLifespan: is ${realm.accessTokenLifespan}, must be ${ACCESS_TOKEN_LIFE} s at most`]
    : []),
  ...ofEachClient(({ attributes = {} }) => {
    const own = attributes['access.token.lifespan'] ?? '';
    return own !== '' && isLong(own)
      ? `its access tokens live ${own} s, must be ${ACCESS_TOKEN_LIFE} at most`
      : undefined;
  })(realm),
];

const ROTATION = { revokeRefreshToken: true, refreshTokenMaxReuse: 0 } as const satisfies Partial<RealmDefinition>;
const tokensUsedAgain: Rule = (realm) => unlike(realm, ROTATION);

const passwordsByMail: Rule = ({ resetPasswordAllowed }) =>
  resetPasswordAllowed === true ? ['realm.resetPasswordAllowed: passwords are reset at this service alone'] : [];

/** Whatever is on here anybody may begin at the page, by `kc_action` in its address. */
const actionsOfThePage: Rule = ({ requiredActions = [] }) => [
  ...requiredActions
    .filter(({ alias, enabled }) => enabled === true && alias !== SET_UP_FACTOR)
    .map(({ alias }) => `requiredActions.${alias}: lets people do at the page what is this service's: switch it off`),
  // Keycloak makes all of its own where a file names none.
  ...(requiredActions.some(({ alias }) => alias === UPDATE_PASSWORD)
    ? []
    : [`requiredActions.${UPDATE_PASSWORD}: is not named, so that Keycloak makes it: name it, switched off`]),
];

const identityProviders: Rule = ({ identityProviders: found = [] }) =>
  found.map(({ alias }) => `identityProviders.${alias}: lets people in past our own sign-in: remove it`);

const userFederation: Rule = (realm) =>
  federationsOf(realm).map(
    (name) => `userFederation.${name}: lets people in whom this service did not make: remove it`,
  );

const rights: Rule = (realm) => [
  ...Object.entries(rightsInRoles(realm)).map(
    ([name, roles]) =>
      `roles.${name}: carries ${roles.join(', ')}: take it out, nobody is to have that by another role`,
  ),
  ...Object.entries(rightsOfGroups(realm)).map(
    ([path, roles]) =>
      `groups.${path}: gives ${roles.join(', ')} to whoever is in it: this service gives roles, one by one`,
  ),
  ...Object.entries(rightsOfUsers(realm)).map(([name, roles]) => {
    const why = name.startsWith(MACHINE_ACCOUNT)
      ? 'a machine client has nothing of its own'
      : `only ${API_CLIENT} administers the realm`;
    return `users.${name}: has ${roles.join(', ')}: take it away, ${why}`;
  }),
];

const selfRegistration: Rule = ({ registrationAllowed }) =>
  registrationAllowed === true ? ['realm.registrationAllowed: people come by invitation or our own sign-up'] : [];

/** The clients through which tokens for this system are made, and which do not name it as their audience. */
export const clientsWithoutAudience = (realm: Pick<RealmDefinition, 'clients'>): readonly string[] =>
  (realm.clients ?? [])
    .filter(({ clientId = '' }) => isAuthorizedParty(clientId))
    .filter(
      ({ protocolMappers = [] }) =>
        !protocolMappers.some(
          ({ protocolMapper, config = {} }) =>
            protocolMapper === 'oidc-audience-mapper' &&
            config['included.client.audience'] === API_CLIENT &&
            config['access.token.claim'] === 'true',
        ),
    )
    .map(({ clientId = '' }) => clientId);

const missingAudience: Rule = (realm) =>
  clientsWithoutAudience(realm).map((id) => `clients.${id}: has no audience mapper for ${API_CLIENT}`);

const OURS: ReadonlySet<string> = new Set(STAFF_ROLES);

/** The clients through which tokens for this system are made, and the scopes that they use. */
const tokenMakers = (realm: RealmDefinition) => {
  const clients = clientsOf(realm).filter(({ clientId = '' }) => isAuthorizedParty(clientId));
  const used = new Set(
    clients.flatMap(({ defaultClientScopes = [], optionalClientScopes = [] }) => [
      ...defaultClientScopes,
      ...optionalClientScopes,
    ]),
  );
  return { clients, scopes: (realm.clientScopes ?? []).filter(({ name = '' }) => used.has(name)) };
};

const placeOf = ({ client, clientScope }: RealmScopeMapping): string =>
  clientScope === undefined ? `scopeMappings.${client}` : `clientScopeMappings.${clientScope}`;

/** Only the sign-in page demands the second factor of the staff, and only this client goes by it. */
const staffRolesElsewhere: Rule = (realm) => [
  ...(realm.scopeMappings ?? []).flatMap((one) => {
    const found = one.client === STAFF_CLIENT ? [] : one.roles.filter((role) => OURS.has(role));
    return found.map((role) => `${placeOf(one)}: lets tokens carry ${role}, which only those of ${STAFF_CLIENT} may`);
  }),
  ...(realm.clientScopeMappings?.[ADMINISTRATION] ?? []).flatMap((one) =>
    one.roles.map((role) => `${placeOf(one)}: lets tokens carry ${ADMINISTRATION}.${role}: none may`),
  ),
  ...tokenMakers(realm).clients.flatMap(({ clientId, fullScopeAllowed }) =>
    fullScopeAllowed === false ? [] : [`clients.${clientId}: its tokens carry every role: switch fullScopeAllowed off`],
  ),
];

/** What Keycloak's own scopes put into tokens; other mappers could say of anybody that they have a role. */
const HARMLESS_MAPPERS: ReadonlySet<string | undefined> = new Set([
  'oidc-audience-mapper',
  'oidc-audience-resolve-mapper',
  'oidc-acr-mapper',
  'oidc-sub-mapper',
  'oidc-usermodel-client-role-mapper',
  'oidc-usermodel-realm-role-mapper',
  'oidc-usersessionmodel-note-mapper',
]);
const claimsMadeUp: Rule = (realm) => {
  const { clients, scopes } = tokenMakers(realm);
  return [
    ...clients.map((one) => ({ path: `clients.${one.clientId}`, mappers: one.protocolMappers })),
    ...scopes.map((one) => ({ path: `clientScopes.${one.name}`, mappers: one.protocolMappers })),
  ].flatMap(({ path, mappers = [] }) =>
    mappers
      .filter(({ protocolMapper }) => !HARMLESS_MAPPERS.has(protocolMapper))
      .map(
        ({ name, protocolMapper }) => `${path}: its mapper ${name} (${protocolMapper}) may claim anything: remove it`,
      ),
  );
};

const foreignRoles: Rule = ({ roles }) =>
  (roles?.realm ?? []).flatMap(({ name = '' }) =>
    OURS.has(name) || /^(default-roles-.*|offline_access|uma_authorization)$/u.test(name)
      ? []
      : [`roles.${name}: the realm knows the roles of the staff and no others`],
  );

/** Whether a conditional flow is taken by whoever has the role: without a condition it never is, others may spare somebody. */
const isTaken = (steps: readonly FlowStep[], role: string): boolean => {
  const conditions = steps.filter(
    ({ name, requirement }) => name.startsWith('conditional-') && requirement !== 'DISABLED',
  );
  return (
    conditions.length > 0 &&
    conditions.every(
      ({ name, config }) =>
        name === 'conditional-user-role' && config['condUserRole'] === role && config['negate'] !== 'true',
    )
  );
};

/**
 * Whether nobody with the role comes through these steps without a second factor, as Keycloak takes them: where one is
 * required or conditional, alternatives beside it count for nothing. A cookie is from an earlier way through.
 */
const demands = (steps: readonly FlowStep[], role: string): boolean => {
  const secures = ({ name, requirement, steps: below }: FlowStep): boolean => {
    if (below === undefined) return name === SECOND_FACTOR;
    return (requirement !== 'CONDITIONAL' || isTaken(below, role)) && demands(below, role);
  };
  const must = steps.filter(({ requirement }) => requirement === 'REQUIRED' || requirement === 'CONDITIONAL');
  if (must.length > 0) return must.some(secures);
  const ways = steps.filter(({ name, requirement }) => requirement === 'ALTERNATIVE' && name !== 'auth-cookie');
  return ways.length > 0 && ways.every(secures);
};

const secondFactor: Rule = (realm) => {
  const own = clientsOf(realm).flatMap((client) => {
    const alias = ownFlow(client, 'browser', realm);
    return alias === undefined ? [] : [{ path: `clients.${client.clientId}`, alias }];
  });
  return [{ path: 'realm.browserFlow', alias: realm.browserFlow ?? 'browser' }, ...own].flatMap(({ path, alias }) =>
    STAFF_ROLES.filter((role) => !demands(stepsOf(realm, alias), role)).map(
      (role) => `${path}: its flow ${alias} lets ${role} in without a second factor`,
    ),
  );
};

const RULES: readonly Rule[] = [
  implicitGrant,
  passwordGrant,
  adminCli,
  missingPkce,
  wildcardRedirects,
  bruteForce,
  longTokens,
  tokensUsedAgain,
  passwordsByMail,
  actionsOfThePage,
  selfRegistration,
  identityProviders,
  userFederation,
  rights,
  missingAudience,
  foreignRoles,
  staffRolesElsewhere,
  claimsMadeUp,
  secondFactor,
];

/** What no realm of this system may have, in a file or at Keycloak: a line for each thing that breaks a rule. */
export const lintRealm = (realm: RealmDefinition): readonly string[] => RULES.flatMap((rule) => rule(realm));
