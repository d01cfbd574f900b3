import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { openRealm } from '../support/servers/realm.ts';
import { openRealmCommands } from '../support/servers/realm-commands.ts';
import type { RealmCommands } from '../support/servers/realm-commands.ts';

const NOTHING = /^Nothing to change/;
const CALLBACK = 'https://angelis.example/angelis/admin/auth/callback';

const settled = async (commands: RealmCommands): Promise<void> => {
  const again = await commands.applied();
  expect(again[0], again.join('\n')).to.match(NOTHING);
  expect((await commands.drift()).join('\n')).to.match(/^No drift/);
  expect(await commands.faults()).to.deep.equal(['Nothing wrong.']);
};

describe('angelis realm on a realm that Keycloak made itself', () => {
  const name = `angelis-${randomUUID().slice(0, 8)}`;
  const realm = openRealm(name);
  let commands: RealmCommands;
  let console: KeycloakAdminClient;

  before(async () => {
    commands = await openRealmCommands(name);
    // As its console makes one: with all that Keycloak gives every realm.
    await (await openRealm('master').console()).realms.create({ realm: name, enabled: true });
  });
  after(() => realm.drop());
  beforeEach(async () => {
    console = await realm.console();
  });

  it('makes it what the file says; the second run changes nothing, and there is neither drift nor fault', async () => {
    const first = await commands.applied();
    expect(first[0], first.join('\n')).to.match(/^\d+ changes/);
    await settled(commands);
  });

  it('does the same with one that is switched off, as the command line makes it', async () => {
    const other = openRealm(`angelis-${randomUUID().slice(0, 8)}`);
    await (await openRealm('master').console()).realms.create({ realm: other.name });
    try {
      const there = await openRealmCommands(other.name);
      const first = await there.applied();
      expect(first, first.join('\n')).to.include('  realm.enabled: true in the file, false in the realm');
      await settled(there);
    } finally {
      await other.drop();
    }
  });

  it('takes back what was clicked since, and leaves what is somebody’s', async () => {
    const { clients, realms } = console;
    const before = (await realms.findOne({ realm: name }))!;
    await realms.update(
      { realm: name },
      {
        ...before,
        eventsEnabled: false,
        adminEventsEnabled: false,
        eventsListeners: [],
        enabledEventTypes: ['LOGIN'],
        clientSessionMaxLifespan: 60,
        attributes: { ...before.attributes, frontendUrl: 'https://other.example', adminEventsExpiration: '1' },
      },
    );
    await clients.create({ clientId: 'somebody-elses', standardFlowEnabled: false });
    const [admin] = await clients.find({ clientId: 'angelis-admin' });
    await clients.addProtocolMapper(
      { id: admin!.id! },
      {
        name: 'more',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-hardcoded-claim-mapper',
        config: { 'claim.name': 'more', 'claim.value': 'yes', 'access.token.claim': 'true' },
      },
    );

    const clicked = [
      'realm.eventsEnabled: true in the file, false in the realm',
      'realm.adminEventsEnabled: true in the file, false in the realm',
      'realm.eventsListeners: jboss-logging only in the file',
      'realm.clientSessionMaxLifespan: 0 in the file, 60 in the realm',
      'realm.attributes.frontendUrl: https://other.example only in the realm',
      'realm.attributes.adminEventsExpiration: 604800 in the file, 1 in the realm',
      'clients.angelis-admin.protocolMappers.more only in the realm',
    ];
    expect(await commands.drift()).to.include.members(clicked);
    const mended = await commands.applied();
    expect(mended.slice(1)).to.include.members(clicked.map((line) => `  ${line}`));
    expect(mended.filter((line) => line.includes('enabledEventTypes'))).to.have.length(11);
    expect(mended.at(-1)).to.equal('  clients.somebody-elses only in the realm');

    expect((await commands.applied())[0]).to.match(NOTHING);
    expect((await commands.drift())[0]).to.equal('clients.somebody-elses only in the realm');
    const after = (await realms.findOne({ realm: name }))!;
    const { frontendUrl: _, ...kept } = after.attributes as Record<string, string>;
    const { frontendUrl: _none, ...had } = before.attributes as Record<string, string>;
    expect(kept).to.deep.equal(had);
    const [other] = await clients.find({ clientId: 'somebody-elses' });
    await clients.del({ id: other!.id! });
    await settled(commands);
  });

  it('tells Keycloak to which addresses its page may lead administrators back', async () => {
    const redirectsOf = async () => (await console.clients.find({ clientId: 'angelis-admin' }))[0]!.redirectUris;
    const address = 'https://admin.angelis.example/in';
    const more = commands.with({ ADMIN_REDIRECT_URIS: [address, 'http://localhost:5173/in'] });
    expect((await more.drift()).slice(0, -1)).to.deep.equal([
      `clients.angelis-admin.redirectUris: ${address} only in the file`,
      'clients.angelis-admin.redirectUris: http://localhost:5173/in only in the file',
    ]);
    await more.applied();
    expect(await redirectsOf()).to.have.members([CALLBACK, address, 'http://localhost:5173/in']);
    expect((await more.applied())[0]).to.match(NOTHING);
    expect((await more.drift()).join()).to.match(/^No drift/);
    await commands.applied();
    expect(await redirectsOf()).to.deep.equal([CALLBACK]);
    await settled(commands);
  });
});
