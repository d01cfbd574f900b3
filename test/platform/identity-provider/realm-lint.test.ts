import { expect } from 'chai';
import type { RealmDefinition } from '../../../src/platform/identity-provider/realm-definition.ts';
import { lintRealm } from '../../../src/platform/identity-provider/realm-lint.ts';
import { REALM_FILE, readRealmFile } from '../../../src/wiring/realm-file.ts';

/** The file as somebody may have changed it. */
type Open = { -readonly [Key in keyof RealmDefinition]: RealmDefinition[Key] };
type Client = Record<string, unknown> & { attributes: Record<string, string>; protocolMappers: unknown[] };
type Step = { authenticator?: string; flowAlias?: string; requirement: string };
type Flow = { alias: string; authenticationExecutions: Step[] };

describe('lint of the realm', () => {
  let realm: Open;
  beforeEach(async () => {
    realm = await readRealmFile(REALM_FILE);
  });

  const client = (clientId: string): Client =>
    realm.clients!.find((one) => one.clientId === clientId) as unknown as Client;
  const addClient = (rest: object): void => {
    realm.clients = [...realm.clients!, { clientId: 'other', standardFlowEnabled: false, ...rest }];
  };
  const flow = (alias: string): Flow =>
    realm.authenticationFlows!.find((one) => one.alias === alias) as unknown as Flow;
  const step = (alias: string, name: string): Step =>
    flow(alias).authenticationExecutions.find(({ authenticator, flowAlias }) =>
      [authenticator, flowAlias].includes(name),
    )!;
  const config = (alias: string) =>
    realm.authenticatorConfig!.find((one) => one.alias === alias)!.config as Record<string, string>;
  const expectFaults = (...says: readonly RegExp[]): void => {
    const faults = lintRealm(realm);
    expect(faults, faults.join('\n')).to.have.length(says.length);
    says.forEach((one, at) => expect(faults[at]).to.match(one));
  };

  it('finds nothing wrong with ours', () => {
    expectFaults();
  });

  it('refuses the implicit grant, on whichever client that is switched on', () => {
    client('angelis-admin')['implicitFlowEnabled'] = true;
    addClient({ implicitFlowEnabled: true });
    realm.clients = [...realm.clients!, { clientId: 'off', enabled: false, implicitFlowEnabled: true }];
    expectFaults(/^clients\.angelis-admin: .*implicit/, /^clients\.other: .*implicit/);
  });

  it('refuses the password grant elsewhere, and a realm whose admin-cli is left to Keycloak', () => {
    client('angelis-admin')['directAccessGrantsEnabled'] = true;
    addClient({ directAccessGrantsEnabled: true });
    client('admin-cli')['enabled'] = true;
    client('admin-cli')['directAccessGrantsEnabled'] = true;
    expectFaults(
      /^clients\.angelis-admin: takes the password grant/,
      /^clients\.admin-cli: takes the password grant/,
      /^clients\.other: takes the password grant/,
    );
    realm.clients = realm.clients!.filter(
      ({ clientId = '' }) => !['admin-cli', 'angelis-admin', 'other'].includes(clientId),
    );
    expectFaults(/^clients\.admin-cli: is not named/);
  });

  it('refuses a worker client that takes no password', () => {
    step('angelis-password', 'direct-grant-validate-password').requirement = 'DISABLED';
    expectFaults(/^clients\.angelis-worker: signs people in without a password/);
    step('angelis-password', 'direct-grant-validate-password').requirement = 'REQUIRED';
    client('angelis-worker')['authenticationFlowBindingOverrides'] =
      client('angelis-otp')['authenticationFlowBindingOverrides'];
    expectFaults(/^clients\.angelis-worker: signs people in without a password/);
  });

  it('refuses an OTP client with another flow, or that anybody can be', () => {
    client('angelis-otp')['authenticationFlowBindingOverrides'] = {};
    expectFaults(/^clients\.angelis-otp: .*only validates the username/);
    client('angelis-otp')['clientAuthenticatorType'] = 'client-secret';
    expectFaults(/^clients\.angelis-otp: .*client-jwt/);
    Object.assign(client('angelis-otp'), { clientAuthenticatorType: 'client-jwt', publicClient: true });
    expectFaults(/^clients\.angelis-otp: .*confidential/);
  });

  it('refuses codes without PKCE S256', () => {
    client('angelis-admin').attributes['pkce.code.challenge.method'] = 'plain';
    addClient({ standardFlowEnabled: undefined });
    expectFaults(/^clients\.angelis-admin: .*S256/, /^clients\.other: .*S256/);
    delete client('angelis-admin').attributes['pkce.code.challenge.method'];
    expectFaults(/^clients\.angelis-admin: .*S256/, /^clients\.other: .*S256/);
  });

  it('refuses wildcards wherever somebody is led back to', () => {
    client('angelis-admin')['redirectUris'] = ['https://a.example/callback', 'https://a.example/*'];
    client('angelis-worker').attributes['post.logout.redirect.uris'] = 'https://a.example/##https://b.example/*';
    client('angelis-otp')['webOrigins'] = ['*'];
    expectFaults(
      /^clients\.angelis-worker: .* https:\/\/b\.example\/\*: name each$/,
      /^clients\.angelis-admin: .* below https:\/\/a\.example\/\*: name each$/,
      /^clients\.angelis-otp: .* \*: name each$/,
    );
  });

  it('refuses brute force detection that is off or unlike ours', () => {
    realm.bruteForceProtected = false;
    Object.assign(realm, { bruteForceStrategy: 'LINEAR' });
    realm.failureFactor = 30;
    delete realm.waitIncrementSeconds;
    expectFaults(
      /^realm\.bruteForceProtected: is false, must be true$/,
      /^realm\.bruteForceStrategy: is LINEAR, must be MULTIPLE$/,
      /^realm\.failureFactor: is 30, must be 5$/,
      /^realm\.waitIncrementSeconds: is undefined, must be 300$/,
    );
  });

  it('refuses access tokens over five minutes, of the realm and of a client', () => {
    realm.accessTokenLifespan = 301;
    client('angelis-worker').attributes['access.token.lifespan'] = '3600';
    client('angelis-otp').attributes['access.token.lifespan'] = '300';
    expectFaults(/^realm\.accessTokenLifespan: is 301/, /^clients\.angelis-worker: .* live 3600 s/);
    delete realm.accessTokenLifespan;
    client('angelis-worker').attributes['access.token.lifespan'] = '-1';
    expectFaults(/^realm\.accessTokenLifespan: is undefined/, /^clients\.angelis-worker: .* live -1 s/);
  });

  it('refuses self-registration and roles that are not the staff’s', () => {
    realm.registrationAllowed = true;
    realm.roles!.realm!.push({ name: 'manager' }, { name: 'default-roles-angelis' }, { name: 'offline_access' });
    expectFaults(/^realm\.registrationAllowed/, /^roles\.manager:/);
  });

  it('refuses a client of ours, or a machine’s, whose tokens do not name this system', () => {
    client('angelis-otp').protocolMappers = [];
    (client('angelis-worker').protocolMappers[0] as { config: Record<string, string> }).config['access.token.claim'] =
      'false';
    addClient({ clientId: 'angelis-machine-1', fullScopeAllowed: false });
    expectFaults(
      /^clients\.angelis-worker: .*audience/,
      /^clients\.angelis-otp: .*audience/,
      /^clients\.angelis-machine-1:/,
    );
  });

  it('refuses refresh tokens that are good twice, and passwords that Keycloak resets', () => {
    Object.assign(realm, { revokeRefreshToken: false, refreshTokenMaxReuse: 1, resetPasswordAllowed: true });
    expectFaults(
      /^realm\.revokeRefreshToken: is false/,
      /^realm\.refreshTokenMaxReuse: is 1/,
      /^realm\.resetPasswordAllowed/,
    );
  });

  it('refuses all that people may begin at the page but their second factor, and a file that leaves it to Keycloak', () => {
    for (const one of realm.requiredActions!) one.enabled = true;
    expectFaults(
      /^requiredActions\.UPDATE_PASSWORD: lets people do/,
      /^requiredActions\.VERIFY_PROFILE: lets people do/,
    );
    delete realm.requiredActions;
    expectFaults(/^requiredActions\.UPDATE_PASSWORD: is not named/);
  });

  it('refuses identity providers, also those that are switched off', () => {
    realm.identityProviders = [{ alias: 'elsewhere', enabled: false }];
    expectFaults(/^identityProviders\.elsewhere: /);
  });

  it('refuses users from elsewhere, also those that are switched off', () => {
    const type = 'org.keycloak.storage.UserStorageProvider';
    realm.components = {
      [type]: [{ name: 'ldap', providerId: 'ldap' }],
      'org.keycloak.keys.KeyProvider': [{ name: 'rsa' }],
    };
    expectFaults(/^userFederation\.ldap: lets people in/);
  });

  it('refuses rights that come by another role, or with being there', () => {
    realm.roles!.realm![1]!.composites = { realm: ['operator-superadmin', 'offline_access'] };
    realm.roles!.realm!.push({
      name: 'default-roles-angelis',
      composites: { realm: ['uma_authorization', 'other'], client: { account: ['manage-account', 'delete-account'] } },
    });
    realm.roles!.client = {
      'realm-management': [
        { name: 'realm-admin', composites: { client: { 'realm-management': ['manage-users', 'view-users'] } } },
      ],
      legacy: [
        { name: 'reader', composites: { client: { legacy: ['writer'] } } },
        {
          name: 'writer',
          composites: { realm: ['operator-support'], client: { 'realm-management': ['manage-users'] } },
        },
      ],
    };
    expectFaults(
      /^roles\.operator-support: carries operator-superadmin: /,
      /^roles\.default-roles-angelis: carries other, account\.delete-account: /,
      /^roles\.legacy\.writer: carries operator-support, realm-management\.manage-users: /,
    );
  });

  it('refuses groups that give rights, however deep they are', () => {
    const inside = { name: 'b', path: '/a/b', realmRoles: ['operator-auditor'], clientRoles: { legacy: ['reader'] } };
    realm.groups = [
      { name: 'a', path: '/a', clientRoles: { legacy: ['reader'] }, subGroups: [inside] },
      { name: 'c', clientRoles: { 'realm-management': ['manage-users'] } },
    ];
    expectFaults(
      /^groups\.\/a\/b: gives operator-auditor to /,
      /^groups\.\/c: gives realm-management\.manage-users to /,
    );
  });

  it('refuses rights of machines, and of administrators elsewhere than with this service', () => {
    const administers = { clientRoles: { 'realm-management': ['manage-users'] } };
    realm.users = [
      ...realm.users!,
      { serviceAccountClientId: 'legacy', realmRoles: ['operator-support'], clientRoles: { legacy: ['reader'] } },
      { username: 'service-account-angelis-machine-1', ...administers },
      { username: 'u-1', realmRoles: ['operator-support'] },
      { username: 'u-2', realmRoles: ['operator-support'], ...administers },
    ];
    expectFaults(
      /^users\.service-account-legacy: has operator-support: /,
      /^users\.service-account-angelis-machine-1: has realm-management\.manage-users: .*a machine client/,
      /^users\.u-2: has realm-management\.manage-users: /,
    );
  });

  it('refuses roles of administrators in tokens', () => {
    realm.clientScopeMappings = {
      'realm-management': [
        { client: 'angelis-worker', roles: ['manage-users'] },
        { clientScope: 'basic', roles: ['realm-admin'] },
      ],
      account: [{ client: 'account-console', roles: ['manage-account'] }],
    };
    expectFaults(
      /^scopeMappings\.angelis-worker: lets tokens carry realm-management\.manage-users/,
      /^clientScopeMappings\.basic: lets tokens carry realm-management\.realm-admin/,
    );
  });

  it('refuses roles of the staff in tokens that a password or a code by SMS is good for', () => {
    const roles = ['operator-superadmin', 'offline_access'];
    realm.scopeMappings = [
      ...realm.scopeMappings!,
      { client: 'angelis-worker', roles },
      { clientScope: 'basic', roles: ['operator-auditor'] },
    ];
    client('angelis-otp')['fullScopeAllowed'] = true;
    delete client('angelis-worker')['fullScopeAllowed'];
    expectFaults(
      /^scopeMappings\.angelis-worker: lets tokens carry operator-superadmin/,
      /^clientScopeMappings\.basic: lets tokens carry operator-auditor/,
      /^clients\.angelis-worker: its tokens carry every role/,
      /^clients\.angelis-otp: its tokens carry every role/,
    );
  });

  it('refuses mappers that make something up, at a client of ours, a machine’s or in a scope that they use', () => {
    const madeUp = { name: 'more', protocolMapper: 'oidc-hardcoded-claim-mapper' };
    client('angelis-worker').protocolMappers.push(madeUp);
    addClient({
      clientId: 'angelis-machine-1',
      fullScopeAllowed: false,
      defaultClientScopes: ['theirs'],
      protocolMappers: [...client('angelis-otp').protocolMappers, madeUp],
    });
    realm.clientScopes = [
      ...realm.clientScopes!,
      { name: 'theirs', protocolMappers: [madeUp] },
      { name: 'unused', protocolMappers: [madeUp] },
    ];
    expectFaults(
      /^clients\.angelis-worker: its mapper more /,
      /^clients\.angelis-machine-1: its mapper more /,
      /^clientScopes\.theirs: its mapper more \(oidc-hardcoded-claim-mapper\)/,
    );
  });

  describe('of the staff’s second factor', () => {
    const all = [/lets operator-superadmin in/, /lets operator-support in/, /lets operator-auditor in/];

    it('refuses Keycloak’s own flow, and one that is not there', () => {
      realm.browserFlow = 'angelis-otp';
      expectFaults(...all);
      delete realm.browserFlow;
      expectFaults(...all);
    });

    it('refuses another flow for one client', () => {
      client('angelis-admin')['authenticationFlowBindingOverrides'] = {
        browser: '5e0a1f6e-0000-4000-8000-000000000001',
      };
      expectFaults(...all.map((one) => new RegExp(`^clients\\.angelis-admin: its flow angelis-otp ${one.source}`)));
    });

    it('refuses a role that is asked for nothing, or only sometimes', () => {
      const spoil: readonly [why: string, spoil: () => void][] = [
        [
          'left out',
          () => {
            flow('angelis-browser-forms').authenticationExecutions = flow(
              'angelis-browser-forms',
            ).authenticationExecutions.filter(({ flowAlias }) => flowAlias !== 'angelis-second-factor-support');
          },
        ],
        [
          'switched off',
          () => {
            step('angelis-browser-forms', 'angelis-second-factor-support').requirement = 'DISABLED';
          },
        ],
        [
          'no OTP',
          () => {
            step('angelis-second-factor-support', 'auth-otp-form').requirement = 'DISABLED';
          },
        ],
        [
          'another role',
          () => {
            config('angelis-is-support')['condUserRole'] = 'operator-assistant';
          },
        ],
        [
          'everybody but them',
          () => {
            config('angelis-is-support')['negate'] = 'true';
          },
        ],
        [
          'who has one',
          () => {
            step('angelis-second-factor-support', 'conditional-user-role').authenticator =
              'conditional-user-configured';
          },
        ],
        [
          'a further condition',
          () => {
            flow('angelis-second-factor-support').authenticationExecutions.unshift({
              authenticator: 'conditional-user-attribute',
              requirement: 'REQUIRED',
            });
          },
        ],
        [
          'no condition, so never',
          () => {
            step('angelis-second-factor-support', 'conditional-user-role').requirement = 'DISABLED';
          },
        ],
      ];
      const whole = structuredClone(realm);
      for (const [why, change] of spoil) {
        realm = structuredClone(whole);
        change();
        expect(lintRealm(realm), why).to.deep.equal([
          'realm.browserFlow: its flow angelis-browser lets operator-support in without a second factor',
        ]);
      }
    });

    it('refuses a way past it, and takes one that everybody must go', () => {
      flow('angelis-browser').authenticationExecutions.push({
        authenticator: 'auth-spnego',
        requirement: 'ALTERNATIVE',
      });
      expectFaults(...all);
      flow('angelis-browser').authenticationExecutions.at(-1)!.requirement = 'DISABLED';
      expectFaults();
      flow('angelis-browser-forms').authenticationExecutions = [
        { authenticator: 'auth-username-password-form', requirement: 'REQUIRED' },
        { authenticator: 'auth-otp-form', requirement: 'ALTERNATIVE' },
      ];
      expectFaults(...all);
      flow('angelis-browser-forms').authenticationExecutions.at(-1)!.requirement = 'REQUIRED';
      expectFaults();
    });
  });
});
