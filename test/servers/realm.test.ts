import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { codeOf, openBrowser, totpSecretOf } from '../support/browser.ts';
import type { Browser } from '../support/browser.ts';
import { openRealm } from '../support/servers/realm.ts';
import { openRealmCommands } from '../support/servers/realm-commands.ts';
import type { RealmCommands } from '../support/servers/realm-commands.ts';
import { serverSetting } from '../support/servers/settings.ts';

const CALLBACK = 'https://angelis.example/angelis/admin/auth/callback';
const PASSWORD = 'puente y río largos';
const NOTHING = 'Nothing to change';

describe('angelis realm on a real Keycloak', () => {
  const name = `angelis-${randomUUID().slice(0, 8)}`;
  const realm = openRealm(name);
  let commands: RealmCommands;
  let console: KeycloakAdminClient;

  before(async () => {
    commands = await openRealmCommands(name);
  });
  after(() => realm.drop());
  beforeEach(async () => {
    console = await realm.console();
  });

  const applied = (password?: string) => commands.applied(password);
  const drift = () => commands.drift();
  const faults = () => commands.faults();
  const clientNamed = async (clientId: string) => (await console.clients.find({ clientId }))[0]!;

  /** Somebody spares superadmins their second factor. */
  const spareTheCode = async (): Promise<void> => {
    const flow = 'angelis-browser';
    const steps = await console.authenticationManagement.getExecutions({ flow });
    const form = steps.find(({ providerId }) => providerId === 'auth-otp-form')!;
    await console.authenticationManagement.updateExecution({ flow }, { ...form, requirement: 'DISABLED' });
  };

  it('says that there is no realm, and takes no wrong password', async () => {
    expect((await drift()).join()).to.match(/^failed: Keycloak has no realm at .*"angelis realm apply"/);
    expect((await applied('wrong')).join()).to.match(/^failed: Keycloak answers 40[01] .*KEYCLOAK_BOOTSTRAP_USERNAME/);
  });

  it('makes the realm; a second time it changes nothing', async () => {
    expect((await applied())[0]).to.match(/^The realm angelis-\w+ was made at/);
    expect((await applied()).join()).to.match(new RegExp(`^${NOTHING}`));
    expect((await drift()).join()).to.match(/^No drift/);
    expect(await faults()).to.deep.equal(['Nothing wrong.']);
  });

  it('shows all that somebody changed, and mends what is ours; a second time it changes nothing', async () => {
    const [admin, worker, otp, api, management] = await Promise.all(
      ['angelis-admin', 'angelis-worker', 'angelis-otp', 'angelis-api', 'realm-management'].map(clientNamed),
    );
    const id = admin!.id!;
    const { attributes } = admin!;
    await console.realms.update({ realm: name }, { bruteForceProtected: false, accessTokenLifespan: 3600 });
    await console.clients.update(
      { id },
      {
        ...admin,
        implicitFlowEnabled: true,
        redirectUris: [CALLBACK, 'https://old.example/*'],
        attributes: { ...attributes, 'pkce.code.challenge.method': '', 'access.token.lifespan': '7200' },
      },
    );
    await console.clients.delDefaultClientScope({
      id,
      clientScopeId: (await console.clientScopes.findOneByName({ name: 'acr' }))!.id!,
    });
    await console.clients.delProtocolMapper({ id: otp!.id!, mapperId: otp!.protocolMappers![0]!.id! });
    const superadmin = await console.roles.findOneByName({ name: 'operator-superadmin' });
    await console.roles.updateByName(
      { name: 'operator-support' },
      { name: 'operator-support', description: 'Anything' },
    );
    await console.roles.create({ name: 'operator-guest' });
    const carried = { id: superadmin!.id!, name: 'operator-superadmin' };
    await console.clients.addRealmScopeMappings({ id: worker!.id! }, [carried]);
    const account = await console.clients.getServiceAccountUser({ id: api!.id! });
    const manageRealm = await console.clients.findRole({ id: management!.id!, roleName: 'manage-realm' });
    const given = { id: account.id!, clientUniqueId: management!.id! };
    await console.users.addClientRoleMappings({ ...given, roles: [{ id: manageRealm!.id!, name: 'manage-realm' }] });
    await console.authenticationManagement.updateRequiredAction(
      { alias: 'VERIFY_PROFILE' },
      { alias: 'VERIFY_PROFILE', name: 'Verify Profile', enabled: true, defaultAction: true, priority: 90 },
    );
    await console.authenticationManagement.updateRequiredAction(
      { alias: 'UPDATE_PASSWORD' },
      { alias: 'UPDATE_PASSWORD', name: 'Update Password', enabled: true, defaultAction: false, priority: 30 },
    );
    await spareTheCode();
    await console.identityProviders.create({
      alias: 'elsewhere',
      providerId: 'oidc',
      enabled: true,
      config: {
        clientId: 'x',
        clientSecret: 'y',
        authorizationUrl: 'https://elsewhere.example/auth',
        tokenUrl: 'https://elsewhere.example/token',
      },
    });
    const [basic, acr] = await Promise.all(
      ['basic', 'acr'].map((scope) => console.clientScopes.findOneByName({ name: scope })),
    );
    await console.clientScopes.addProtocolMapper(
      { id: basic!.id! },
      {
        name: 'more',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-hardcoded-claim-mapper',
        config: {
          'claim.name': 'more',
          'claim.value': 'yes',
          'jsonType.label': 'String',
          'access.token.claim': 'true',
        },
      },
    );
    await console.clientScopes.addRealmScopeMappings({ id: basic!.id! }, [carried]);
    const [level] = acr!.protocolMappers!;
    await console.clientScopes.updateProtocolMapper(
      { id: acr!.id!, mapperId: level!.id! },
      { ...level, config: { ...level!.config, 'access.token.claim': 'false' } },
    );
    await console.clients.create({
      clientId: 'legacy',
      implicitFlowEnabled: true,
      publicClient: true,
      standardFlowEnabled: false,
    });

    const found = await drift();
    expect(found.slice(0, -1)).to.have.members([
      'realm.accessTokenLifespan: 300 in the file, 3600 in the realm',
      'realm.bruteForceProtected: true in the file, false in the realm',
      'roles.operator-support.description: Helps companies through support sessions in the file, Anything in the realm',
      'roles.operator-guest only in the realm',
      'flows.angelis-browser: 2.2.2 auth-otp-form REQUIRED only in the file',
      'flows.angelis-browser: 2.2.2 auth-otp-form DISABLED only in the realm',
      'requiredActions.VERIFY_PROFILE.enabled: false in the file, true in the realm',
      'requiredActions.UPDATE_PASSWORD.enabled: false in the file, true in the realm',
      'requiredActions.VERIFY_PROFILE.defaultAction: false in the file, true in the realm',
      'identityProviders.elsewhere only in the realm',
      'clientScopes.basic.protocolMappers.more only in the realm',
      'clientScopes.acr.protocolMappers.acr loa level.config.access.token.claim: true only in the file',
      'clients.angelis-admin.implicitFlowEnabled: false in the file, true in the realm',
      'clients.angelis-admin.redirectUris: https://old.example/* only in the realm',
      'clients.angelis-admin.attributes.pkce.code.challenge.method: S256 only in the file',
      'clients.angelis-admin.attributes.access.token.lifespan: 7200 only in the realm',
      'clients.angelis-admin.defaultClientScopes: acr only in the file',
      'clients.angelis-otp.protocolMappers.audience angelis-api only in the file',
      'clients.legacy only in the realm',
      'scopeMappings.angelis-worker: operator-superadmin only in the realm',
      'clientScopeMappings.basic: operator-superadmin only in the realm',
      'serviceAccounts.angelis-api: realm-management.manage-realm only in the realm',
    ]);
    expect(found.at(-1)).to.match(/^failed: 22 differences/);
    const wrong = (await faults()).join('\n');
    for (const says of [
      /angelis-admin: .*implicit/,
      /legacy: .*implicit/,
      /S256/,
      /old\.example\/\*/,
      /bruteForce/,
      /3600/,
      /7200/,
      /angelis-otp: .*audience/,
      /operator-guest/,
      /identityProviders\.elsewhere/,
      /clientScopes\.basic: its mapper more /,
      /clientScopeMappings\.basic: .*operator-superadmin/,
      /scopeMappings\.angelis-worker: .*operator-superadmin/,
      /requiredActions\.UPDATE_PASSWORD: /,
      /requiredActions\.VERIFY_PROFILE: /,
      /lets operator-superadmin in/,
    ])
      expect(wrong).to.match(says);

    const mended = await applied();
    const left = [
      '  roles.operator-guest only in the realm',
      '  identityProviders.elsewhere only in the realm',
      '  clients.legacy only in the realm',
    ];
    expect(mended[0], mended.join('\n')).to.match(/^19 changes/);
    expect(mended.at(-4)).to.match(/^Left/);
    expect(mended.slice(-3)).to.deep.equal(left);
    expect((await applied())[0]).to.match(new RegExp(`^${NOTHING}`));
    expect((await drift()).slice(0, -1)).to.deep.equal(left.map((line) => line.trim()));
    const flows = await console.authenticationManagement.getFlows();
    expect(flows.map(({ alias }) => alias).filter((alias) => alias?.startsWith('angelis-'))).to.have.members([
      'angelis-browser',
      'angelis-password',
      'angelis-otp',
    ]);
  });

  it('finds who is let in or given rights past the file: takes the rights, and leaves what may hold people', async () => {
    const [management, worker] = await Promise.all(['realm-management', 'angelis-worker'].map(clientNamed));
    const realmRole = async (role: string) => {
      const { id } = (await console.roles.findOneByName({ name: role }))!;
      return { id: id!, name: role };
    };
    const right = async (roleName: string) => {
      const { id } = (await console.clients.findRole({ id: management!.id!, roleName }))!;
      return { id: id!, name: roleName };
    };
    const [superadmin, everybody] = [await realmRole('operator-superadmin'), await realmRole(`default-roles-${name}`)];
    const manageUsers = await right('manage-users');
    await console.components.create({
      name: 'directory',
      providerId: 'ldap',
      providerType: 'org.keycloak.storage.UserStorageProvider',
      config: {
        enabled: ['false'],
        vendor: ['other'],
        editMode: ['READ_ONLY'],
        connectionUrl: ['ldap://127.0.0.1:1'],
        authType: ['none'],
        usersDn: ['dc=example'],
        usernameLDAPAttribute: ['uid'],
        rdnLDAPAttribute: ['uid'],
        uuidLDAPAttribute: ['entryUUID'],
        userObjectClasses: ['person'],
      },
    });
    const { id: above } = await console.groups.create({ name: 'above' });
    const { id: crew } = await console.groups.createChildGroup({ id: above }, { name: 'crew' });
    await console.groups.addRealmRoleMappings({ id: crew, roles: [superadmin] });
    const ofManagement = { clientUniqueId: management!.id!, roles: [manageUsers] };
    await console.groups.addClientRoleMappings({ id: above, ...ofManagement });
    await console.roles.createComposite({ roleId: everybody.id }, [await realmRole('operator-auditor')]);
    await console.roles.create({ name: 'guest' });
    await console.roles.createComposite({ roleId: (await realmRole('guest')).id }, [superadmin, manageUsers]);
    const clientId = 'angelis-machine-1';
    const audience = (await clientNamed('angelis-worker')).protocolMappers!;
    const machine = await console.clients.create({
      clientId,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
      fullScopeAllowed: false,
      protocolMappers: audience.map(({ id: _id, ...mapper }) => mapper),
    });
    const account = await console.clients.getServiceAccountUser({ id: machine.id });
    await console.users.addClientRoleMappings({ id: account.id!, ...ofManagement });
    await console.users.addRealmRoleMappings({ id: account.id!, roles: [superadmin] });
    // By a role of the machine's own, by one of somebody else's and by a group.
    await console.clients.createRole({ id: machine.id, name: 'boss' });
    const boss = (await console.clients.findRole({ id: machine.id, roleName: 'boss' }))!;
    await console.roles.createComposite({ roleId: boss.id! }, [manageUsers]);
    const ofMachine = { clientUniqueId: machine.id, roles: [{ id: boss.id!, name: 'boss' }] };
    await console.users.addClientRoleMappings({ id: account.id!, ...ofMachine });
    await console.users.addRealmRoleMappings({ id: account.id!, roles: [await realmRole('guest')] });
    await console.users.addToGroup({ id: account.id!, groupId: crew });
    await console.groups.addClientRoleMappings({ id: crew, ...ofMachine });
    const { id: somebody } = await console.users.create({ username: 'somebody', enabled: true });
    await console.users.addClientRoleMappings({ id: somebody, ...ofManagement });
    await console.users.addRealmRoleMappings({ id: somebody, roles: [superadmin] });
    await console.clients.addClientScopeMappings({ id: worker!.id!, client: management!.id! }, [manageUsers]);
    const basic = await console.clientScopes.findOneByName({ name: 'basic' });
    await console.clientScopes.addClientScopeMappings({ id: basic!.id!, client: management!.id! }, [manageUsers]);

    const foreign = ['userFederation.directory', 'groups./above', 'groups./above/crew', 'roles.guest'];
    const rights = [
      'rightsOfGroups./above: realm-management.manage-users',
      'rightsOfGroups./above/crew: operator-superadmin',
      'rightsOfGroups./above/crew: angelis-machine-1.boss',
      `rightsInRoles.default-roles-${name}: operator-auditor`,
      'rightsInRoles.guest: operator-superadmin',
      'rightsInRoles.guest: realm-management.manage-users',
      'rightsOfUsers.service-account-angelis-machine-1: realm-management.manage-users',
      'rightsOfUsers.service-account-angelis-machine-1: operator-superadmin',
      'rightsOfUsers.service-account-angelis-machine-1: guest',
      'rightsOfUsers.service-account-angelis-machine-1: angelis-machine-1.boss',
      'rightsOfUsers.service-account-angelis-machine-1: group /above/crew',
      'rightsOfUsers.somebody: realm-management.manage-users',
      'scopeMappings.angelis-worker: realm-management.manage-users',
      'clientScopeMappings.basic: realm-management.manage-users',
    ].map((one) => `${one} only in the realm`);
    const found = await drift();
    expect(found.slice(0, -1)).to.include.members([...foreign.map((one) => `${one} only in the realm`), ...rights]);
    const wrong = (await faults()).join('\n');
    for (const says of [
      /userFederation\.directory: lets people in/,
      /groups\.\/above: gives realm-management\.manage-users/,
      /groups\.\/above\/crew: gives operator-superadmin, angelis-machine-1\.boss/,
      /roles\.default-roles-.*: carries operator-auditor/,
      /roles\.guest: carries operator-superadmin, realm-management\.manage-users/,
      /users\.service-account-angelis-machine-1: has (?=.*operator-superadmin)(?=.*realm-management\.manage-users)(?=.*group)/,
      /users\.somebody: has realm-management\.manage-users/,
      /scopeMappings\.angelis-worker: .*realm-management\.manage-users/,
      /clientScopeMappings\.basic: .*realm-management\.manage-users/,
    ])
      expect(wrong).to.match(says);

    const mended = await applied();
    expect(mended[0], mended.join('\n')).to.equal(`${rights.length} changes, as it was before:`);
    expect(mended.slice(1, rights.length + 1)).to.have.members(rights.map((one) => `  ${one}`));
    expect(mended.filter((line) => line.includes('past this service'))).to.have.length(1);
    expect((await applied())[0]).to.match(new RegExp(`^${NOTHING}`));
    const kept = (await drift()).map((line) => line.split(' ')[0]);
    expect(kept).to.include.members(foreign);
    expect((await console.users.listRealmRoleMappings({ id: somebody })).map((role) => role.name)).to.include(
      'operator-superadmin',
    );
    expect((await faults()).join('\n')).to.not.match(/groups|carries|: has /);
    await console.clients.del({ id: machine.id });
  });

  it('leaves a realm that takes encrypted connections only as strict as it is', async () => {
    await console.realms.update({ realm: name }, { sslRequired: 'all', accessTokenLifespan: 200 });
    commands = commands.with({ APP_ENV: 'production' });
    expect((await applied()).slice(0, 2)).to.deep.equal([
      '1 change, as it was before:',
      '  realm.accessTokenLifespan: 300 in the file, 200 in the realm',
    ]);
    expect(await console.realms.findOne({ realm: name })).to.include({ sslRequired: 'all', accessTokenLifespan: 300 });
  });

  it('brings back what was removed, and sign-in by username alone stays with its client', async () => {
    const { id } = await clientNamed('angelis-otp');
    await console.clients.del({ id: id! });
    await console.roles.delByName({ name: 'operator-auditor' });
    // In use and built anew once already.
    await spareTheCode();
    const again = await applied();
    expect(again[0], again.join('\n')).to.match(/changes/);
    expect((await applied())[0]).to.match(new RegExp(`^${NOTHING}`));
    const flow = (await console.authenticationManagement.getFlows()).find(({ alias }) => alias === 'angelis-otp');
    const { authenticationFlowBindingOverrides } = await clientNamed('angelis-otp');
    expect(authenticationFlowBindingOverrides).to.deep.equal({ direct_grant: flow!.id });
  });

  describe('the sign-in page', () => {
    const begin = (browser: Browser, username: string) => {
      const url = new URL(`${serverSetting('KEYCLOAK_URL')}/realms/${name}/protocol/openid-connect/auth`);
      const query = { client_id: 'angelis-admin', redirect_uri: CALLBACK, response_type: 'code', scope: 'openid' };
      const pkce = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' };
      url.search = new URLSearchParams({ ...query, ...pkce }).toString();
      return browser.signIn(url.href, username, PASSWORD);
    };
    const addPerson = async (role?: string): Promise<{ id: string; username: string }> => {
      const username = randomUUID();
      const credentials = [{ type: 'password', value: PASSWORD, temporary: false }];
      const { id } = await console.users.create({ username, enabled: true, credentials });
      if (role !== undefined) {
        const found = await console.roles.findOneByName({ name: role });
        await console.users.addRealmRoleMappings({ id, roles: [{ id: found!.id!, name: role }] });
      }
      return { id, username };
    };

    it('lets an administrator of a company in by password', async () => {
      expect(await begin(openBrowser(CALLBACK), (await addPerson()).username)).to.include({ back: true });
    });

    it('lets nobody of the staff in by password alone, also after their second factor was removed', async () => {
      for (const role of ['operator-superadmin', 'operator-support', 'operator-auditor']) {
        const { id, username } = await addPerson(role);
        const first = openBrowser(CALLBACK);
        const page = await begin(first, username);
        expect(page.back, role).to.equal(false);
        const secret = totpSecretOf(page.html);
        expect(secret, 'the page that sets a second factor up').to.be.a('string');
        const setUp = { totpSecret: secret!, userLabel: 'phone' };
        expect(await first.send(page.html, { ...setUp, totp: codeOf(secret!) })).to.include({ back: true });

        const second = openBrowser(CALLBACK);
        const asked = await begin(second, username);
        expect(asked.back, role).to.equal(false);
        expect(asked.html).to.contain('name="otp"').and.not.contain('totpSecret');
        // A code is good once, and that of the next half minute is taken already.
        expect(await second.send(asked.html, { otp: codeOf(secret!, 1) })).to.include({ back: true });

        const otp = (await console.users.getCredentials({ id })).find(({ type }) => type === 'otp');
        await console.users.deleteCredential({ id, credentialId: otp!.id! });
        const after = await begin(openBrowser(CALLBACK), username);
        expect(after.back, role).to.equal(false);
        expect(after.html).to.contain('totpSecret');
      }
    });
  });
});
