import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { expect } from 'chai';
import express from 'express';
import { createAuthentication } from '../../src/platform/http/authentication.ts';
import { createKeycloakIdentityProvider, importOtpKey } from '../../src/platform/identity-provider/keycloak.ts';
import type { IdentityProvider } from '../../src/platform/identity-provider/port.ts';
import { isAuthorizedParty } from '../../src/platform/identity-provider/realm.ts';
import { backChannel } from '../platform/identity-provider/back-channel.ts';
import { identityProviderContract } from '../platform/identity-provider/contract.ts';
import { listen } from '../support/listen.ts';
import { codeOf } from '../support/browser.ts';
import { createRealm } from '../support/servers/realm.ts';
import type { TestRealm } from '../support/servers/realm.ts';
import { secondFactor } from '../support/servers/second-factor.ts';
import { serverSetting } from '../support/servers/settings.ts';

const providerOf = async (realm: string) =>
  createKeycloakIdentityProvider({
    url: serverSetting('KEYCLOAK_URL'),
    realm,
    service: { clientId: 'angelis-api', clientSecret: serverSetting('KEYCLOAK_ADMIN_CLIENT_SECRET') },
    otpKey: await importOtpKey(await readFile(serverSetting('KEYCLOAK_OTP_KEY_FILE'), 'utf8')),
    now: () => new Date(),
  });

describe('a second factor on Keycloak', () => {
  const PASSWORD = 'puente y río largos';
  const SECRET = 'abcdefghijklmnopqrst';
  let realm: TestRealm;
  let provider: IdentityProvider;

  before(async () => {
    realm = await createRealm('https://angelis.example');
    provider = await providerOf(realm.name);
  });
  after(() => realm.drop());

  const newUser = async (hasFactor: boolean): Promise<{ id: string; username: string }> => {
    const username = `u-${randomUUID()}`;
    const password = { type: 'password', value: PASSWORD, temporary: false };
    const credentials = hasFactor ? [password, secondFactor(SECRET)] : [password];
    const { id } = await (await realm.console()).users.create({ username, enabled: true, credentials });
    return { id, username };
  };
  const isProven = ({ username }: { username: string }, totp?: string) =>
    provider.verifyPassword({ username, password: PASSWORD, totp, address: '192.0.2.9' });

  it('is shown with the password by whoever has one', async () => {
    const [one, other] = [await newUser(true), await newUser(true)];
    expect(await provider.users.hasSecondFactor(one.username)).to.equal(true);
    expect(await provider.users.hasSecondFactor((await newUser(false)).username)).to.equal(false);
    expect(await isProven(one)).to.equal(false);
    expect(await isProven(other, codeOf(SECRET))).to.equal(true);
  });

  it('is taken away: a password is enough again, but for the staff, of whom another is asked', async () => {
    const [one, staff] = [await newUser(true), await newUser(true)];
    await provider.users.setRoles(staff.id, ['operator-support']);
    for (const user of [one, staff]) {
      expect(await provider.users.removeSecondFactor(user.id)).to.equal(true);
      expect(await provider.users.removeSecondFactor(user.id)).to.equal(false);
      expect(await provider.users.hasSecondFactor(user.username)).to.equal(false);
      expect(await isProven(user)).to.equal(user === one);
    }
  });

  it('goes with the last role of the staff, set up already or only asked for', async () => {
    for (const user of [await newUser(true), await newUser(false)]) {
      await provider.users.setRoles(user.id, ['operator-support']);
      await provider.users.setRoles(user.id, ['operator-auditor']);
      expect(await isProven(user)).to.equal(false);
      await provider.users.setRoles(user.id, []);
      expect(await provider.users.hasSecondFactor(user.username)).to.equal(false);
      expect(await isProven(user)).to.equal(true);
    }
  });
});

identityProviderContract('Keycloak', async () => {
  const channel = backChannel();
  const app = express();
  app.use('/angelis/auth/backchannel-logout', channel.router);
  const server = createServer(app);
  const base = await listen(server);
  const realm = await createRealm(base);
  const url = serverSetting('KEYCLOAK_URL');
  const provider = await providerOf(realm.name);
  return {
    provider,
    redirectUri: `${base}/angelis/admin/auth/callback`,
    loggedOut: () => Promise.resolve(channel.sids()),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      const authentication = createAuthentication({
        url,
        realm: realm.name,
        issuer: provider.issuer,
        audience: 'angelis-api',
        authorizedParties: isAuthorizedParty,
        jwksUri: provider.jwksUri,
        now: () => new Date(),
      });
      const [notice] = channel.tokens;
      expect(await authentication.verifyLogout(notice ?? '')).to.have.property('sid');
      await realm.drop();
    },
  };
});
