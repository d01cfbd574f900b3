import { expect } from 'chai';
import { fillRealm } from '../../../src/platform/identity-provider/realm-definition.ts';
import type { RealmClient, RealmDefinition } from '../../../src/platform/identity-provider/realm-definition.ts';
import { compareRealm, tellDifference } from '../../../src/platform/identity-provider/realm-diff.ts';
import { REALM_FILE, readRealmFile } from '../../../src/wiring/realm-file.ts';

const VALUES = {
  ANGELIS_BASE_URL: 'https://angelis.example',
  ANGELIS_API_SECRET: 'not to be shown',
  ANGELIS_OTP_KEY_X: 'x',
  ANGELIS_OTP_KEY_Y: 'y',
};

describe('difference of a realm', () => {
  let file: RealmDefinition;
  before(async () => {
    file = fillRealm(await readRealmFile(REALM_FILE), VALUES);
  });

  /** The realm of the file, but for some clients. */
  const withClient = (clientId: string, change: RealmClient): RealmDefinition => ({
    ...file,
    clients: file.clients!.map((client) => (client.clientId === clientId ? { ...client, ...change } : client)),
  });
  const told = (realm: RealmDefinition) => compareRealm(file, realm).map(tellDifference);

  it('is none between the file and itself, in whatever order Keycloak lists things', () => {
    const reversed: RealmDefinition = {
      ...file,
      supportedLocales: file.supportedLocales!.toReversed(),
      clients: file.clients!.toReversed(),
      authenticationFlows: file.authenticationFlows!.toReversed(),
    };
    expect(told(reversed)).to.deep.equal([]);
  });

  it('looks past what Keycloak makes for itself, what it writes for nothing, machine clients and stricter TLS', () => {
    const worker = file.clients!.find(({ clientId }) => clientId === 'angelis-worker')!;
    const attributes = { realm_client: 'false', 'oauth2.device.authorization.grant.enabled': 'false', login_theme: '' };
    const realm = withClient('angelis-worker', { ...worker, attributes: { ...worker.attributes, ...attributes } });
    const decided = { ...file, sslRequired: 'external' };
    const actual: RealmDefinition = {
      ...realm,
      sslRequired: 'all',
      roles: { realm: [...file.roles!.realm!, { name: 'default-roles-angelis' }, { name: 'uma_authorization' }] },
      clients: [...realm.clients!, { clientId: 'broker' }, { clientId: 'angelis-machine-1' }],
      requiredActions: [...file.requiredActions!, { alias: 'delete_account', enabled: false }],
    };
    expect(compareRealm(decided, actual)).to.deep.equal([]);
    expect(compareRealm(decided, { ...actual, sslRequired: 'none' }).map(tellDifference)).to.deep.equal([
      'realm.sslRequired: external in the file, none in the realm',
    ]);
  });

  it('names what is switched on behind the file’s back, in a client of ours and beside them', () => {
    const realm = withClient('angelis-worker', {
      serviceAccountsEnabled: true,
      webOrigins: ['+'],
      rootUrl: 'https://a.example',
    });
    const actual: RealmDefinition = {
      ...realm,
      clients: [...realm.clients!, { clientId: 'legacy' }],
      requiredActions: [...file.requiredActions!, { alias: 'UPDATE_EMAIL', enabled: true }],
    };
    expect(told(actual)).to.have.members([
      'requiredActions.UPDATE_EMAIL only in the realm',
      'clients.angelis-worker.serviceAccountsEnabled: false in the file, true in the realm',
      'clients.angelis-worker.webOrigins: + only in the realm',
      'clients.angelis-worker.rootUrl: https://a.example only in the realm',
      'clients.legacy only in the realm',
    ]);
    expect(
      compareRealm(file, actual)
        .filter(({ isForeign }) => isForeign)
        .map(({ path }) => path),
    ).to.deep.equal(['clients.legacy']);
  });

  it('names who else lets people in, and what comes into the tokens of our clients by their scopes', () => {
    const mapper = { name: 'more', protocol: 'openid-connect', protocolMapper: 'oidc-hardcoded-role-mapper' };
    const clientScopes = file.clientScopes!.map(({ protocolMappers = [], ...scope }) =>
      scope.name === 'basic'
        ? { ...scope, protocolMappers: [...protocolMappers.slice(1), mapper] }
        : { ...scope, protocolMappers },
    );
    const actual: RealmDefinition = {
      ...file,
      identityProviders: [{ alias: 'elsewhere', enabled: false }],
      clientScopes: [
        ...clientScopes.filter(({ name }) => name !== 'acr'),
        { name: 'unused', protocolMappers: [mapper] },
      ],
      scopeMappings: [
        ...file.scopeMappings!,
        { clientScope: 'roles', roles: ['operator-support'] },
        { clientScope: 'unused', roles: ['operator-support'] },
      ],
    };
    const found = compareRealm(file, actual);
    expect(found.map((one) => [tellDifference(one), one.isForeign])).to.deep.equal([
      ['identityProviders.elsewhere only in the realm', true],
      ['clientScopes.basic.protocolMappers.auth_time only in the file', false],
      ['clientScopes.basic.protocolMappers.more only in the realm', false],
      ['clientScopes.acr only in the file', false],
      ['clientScopeMappings.roles: operator-support only in the realm', false],
    ]);
    const described = file.clientScopes!.map(({ name }) => name);
    for (const { clientId, defaultClientScopes = [], optionalClientScopes = [] } of file.clients!)
      expect(described, clientId).to.include.members([...defaultClientScopes, ...optionalClientScopes]);
  });

  it('names what gives people rights or lets them in past the file: rights are taken away, what may hold people is left', () => {
    const administers = { clientRoles: { 'realm-management': ['manage-users'] } };
    const actual: RealmDefinition = {
      ...file,
      components: { 'org.keycloak.storage.UserStorageProvider': [{ name: 'ldap' }] },
      groups: [{ name: 'a', path: '/a', realmRoles: ['operator-support', 'guest'] }],
      roles: {
        realm: [
          ...file.roles!.realm!,
          { name: 'default-roles-angelis', composites: { realm: ['offline_access', 'operator-auditor'] } },
        ],
        client: { legacy: [{ name: 'reader', composites: { client: administers.clientRoles } }] },
      },
      users: [...file.users!, { username: 'service-account-angelis-machine-1', ...administers }],
      clientScopeMappings: {
        'realm-management': [
          { client: 'angelis-worker', roles: ['manage-users'] },
          { clientScope: 'basic', roles: ['manage-users'] },
          { clientScope: 'unused', roles: ['manage-users'] },
        ],
      },
    };
    expect(compareRealm(file, actual).map((one) => [tellDifference(one), one.isForeign])).to.deep.equal([
      ['userFederation.ldap only in the realm', true],
      ['groups./a only in the realm', true],
      ['scopeMappings.angelis-worker: realm-management.manage-users only in the realm', false],
      ['clientScopeMappings.basic: realm-management.manage-users only in the realm', false],
      ['rightsInRoles.default-roles-angelis: operator-auditor only in the realm', false],
      ['rightsInRoles.legacy.reader: realm-management.manage-users only in the realm', false],
      ['rightsOfGroups./a: operator-support only in the realm', false],
      ['rightsOfUsers.service-account-angelis-machine-1: realm-management.manage-users only in the realm', false],
    ]);
  });

  it('names what the account of a machine client has beside what everybody has, and whoever has a role of such a client', () => {
    const account = 'service-account-angelis-machine-1';
    const ofMachine = { 'angelis-machine-1': ['boss'] };
    const actual: RealmDefinition = {
      ...file,
      groups: [{ name: 'a', path: '/a', clientRoles: ofMachine }],
      roles: {
        realm: [...file.roles!.realm!, { name: 'default-roles-angelis', composites: { realm: ['offline_access'] } }],
      },
      users: [
        ...file.users!,
        {
          username: account,
          realmRoles: ['default-roles-angelis', 'offline_access'],
          clientRoles: { account: ['view-profile'], ...ofMachine },
          groups: ['/a'],
        },
        { username: 'service-account-angelis-machine-2', realmRoles: ['default-roles-angelis'], groups: [] },
        { username: 'service-account-legacy', realmRoles: ['guest'], clientRoles: ofMachine, groups: ['/a'] },
      ],
    };
    expect(compareRealm(file, actual).map((one) => [tellDifference(one), one.isForeign])).to.deep.equal([
      ['groups./a only in the realm', true],
      ['rightsOfGroups./a: angelis-machine-1.boss only in the realm', false],
      ...['offline_access', 'account.view-profile', 'angelis-machine-1.boss', 'group /a'].map((right) => [
        `rightsOfUsers.${account}: ${right} only in the realm`,
        false,
      ]),
      ['rightsOfUsers.service-account-legacy: angelis-machine-1.boss only in the realm', false],
    ]);
  });

  it('compares what decides about lives, logs and addresses in tokens, attributes too, and no others that Keycloak has', () => {
    const actual: RealmDefinition = {
      ...file,
      clientSessionIdleTimeout: 0,
      clientSessionMaxLifespan: 60,
      offlineSessionIdleTimeout: 1,
      eventsListeners: [],
      enabledEventTypes: ['LOGIN', ...file.enabledEventTypes!.slice(2)],
      adminEventsEnabled: false,
      attributes: { frontendUrl: 'https://other.example', cibaInterval: '5' },
    };
    expect(told(actual)).to.have.members([
      'realm.clientSessionMaxLifespan: 0 in the file, 60 in the realm',
      'realm.offlineSessionIdleTimeout: 2592000 in the file, 1 in the realm',
      'realm.eventsListeners: jboss-logging only in the file',
      'realm.enabledEventTypes: LOGIN_ERROR only in the file',
      'realm.adminEventsEnabled: true in the file, false in the realm',
      'realm.attributes.frontendUrl: https://other.example only in the realm',
      'realm.attributes.adminEventsExpiration: 604800 only in the file',
    ]);
  });

  it('names what the realm lost', () => {
    const actual: RealmDefinition = {
      ...file,
      roles: { realm: file.roles!.realm!.slice(1) },
      clients: file.clients!.filter(({ clientId }) => clientId !== 'angelis-otp'),
      scopeMappings: [],
    };
    expect(told(actual)).to.deep.equal([
      'roles.operator-superadmin only in the file',
      'clients.angelis-otp only in the file',
      ...file.scopeMappings![0]!.roles.map((role) => `scopeMappings.angelis-admin: ${role} only in the file`),
    ]);
    expect(compareRealm(file, actual).filter(({ isForeign }) => isForeign)).to.deep.equal([]);
  });

  it('knows flows by their alias, whatever ids Keycloak gave them', () => {
    const id = '5e0a1f6e-0000-4000-8000-000000000001';
    const elsewhere = JSON.parse(JSON.stringify(file).replaceAll(id, 'another')) as RealmDefinition;
    expect(told(elsewhere)).to.deep.equal([]);
    const otp = withClient('angelis-otp', { authenticationFlowBindingOverrides: { direct_grant: 'unknown' } });
    expect(told(otp)).to.deep.equal([
      'clients.angelis-otp.authenticationFlowBindingOverrides.direct_grant: angelis-otp in the file, unknown in the realm',
    ]);
  });

  it('names the steps of a flow that are not the file’s, and takes no step of ours for somebody else’s', () => {
    const authenticationFlows = file.authenticationFlows!.map((flow) => {
      const executions = flow.authenticationExecutions ?? [];
      if (flow.alias === 'angelis-otp')
        return {
          ...flow,
          authenticationExecutions: [...executions, { authenticator: 'x', requirement: 'REQUIRED', priority: 20 }],
        };
      return flow.alias === 'angelis-password' ? { ...flow, authenticationExecutions: executions.slice(0, 2) } : flow;
    });
    const other = {
      alias: 'other',
      topLevel: true,
      authenticationExecutions: [{ authenticator: 'x', requirement: 'REQUIRED' }],
    };
    const found = compareRealm(file, { ...file, authenticationFlows: [...authenticationFlows, other] });
    expect(found.map((one) => [tellDifference(one), one.isForeign])).to.have.deep.members([
      ['flows.angelis-otp: 2 x REQUIRED only in the realm', false],
      ['flows.angelis-password: 3 angelis-password-second-factor CONDITIONAL only in the file', false],
      ['flows.angelis-password: 3.1 conditional-user-configured REQUIRED only in the file', false],
      ['flows.angelis-password: 3.2 direct-grant-validate-otp REQUIRED only in the file', false],
      ['flows.other only in the realm', true],
    ]);
  });

  it('hides nothing that only has to do with passwords: what is asked of them, and an action about them', () => {
    const requiredActions = file.requiredActions!.map((one) =>
      one.alias === 'UPDATE_PASSWORD' ? { ...one, name: 'Anything' } : one,
    );
    expect(told({ ...file, passwordPolicy: 'length(4)', requiredActions })).to.deep.equal([
      `realm.passwordPolicy: ${String(file['passwordPolicy'])} in the file, length(4) in the realm`,
      'requiredActions.UPDATE_PASSWORD.name: Update Password in the file, Anything in the realm',
    ]);
  });

  it('shows no secret, and compares none that nobody gave', () => {
    const realm = withClient('angelis-api', { secret: 'another' });
    expect(told(realm)).to.deep.equal(['clients.angelis-api.secret: (secret) in the file, (secret) in the realm']);
    const attributes = { 'client.secret.rotated': 'the old one', 'client.secret.rotated.creation.time': '1' };
    expect(told(withClient('angelis-api', { attributes }))).to.deep.equal([
      'clients.angelis-api.attributes.client.secret.rotated: (secret) only in the realm',
      'clients.angelis-api.attributes.client.secret.rotated.creation.time: (secret) only in the realm',
    ]);
    const open = fillRealm(file, {});
    expect(open).to.deep.equal(file);
    const { secret: _secret, ...api } = file.clients!.find(({ clientId }) => clientId === 'angelis-api')!;
    const clients = file.clients!.map((client) => (client.clientId === 'angelis-api' ? api : client));
    expect(compareRealm({ ...file, clients }, realm)).to.deep.equal([]);
  });

  it('leaves out what names a variable without a value', () => {
    const filled = fillRealm(
      { displayName: '${A} and ${B}', sslRequired: '${C:external}', supportedLocales: ['${A}', '${es}'] },
      { B: 'b', C: 'none' },
    );
    expect(filled).to.deep.equal({ sslRequired: 'none', supportedLocales: ['${es}'] });
  });
});
