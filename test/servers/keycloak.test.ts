import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { expect } from 'chai';
import express from 'express';
import { createAuthentication } from '../../src/platform/http/authentication.ts';
import { createKeycloakIdentityProvider, importOtpKey } from '../../src/platform/identity-provider/keycloak.ts';
import { isAuthorizedParty } from '../../src/platform/identity-provider/realm.ts';
import { backChannel } from '../platform/identity-provider/back-channel.ts';
import { identityProviderContract } from '../platform/identity-provider/contract.ts';
import { listen } from '../support/listen.ts';
import { createRealm } from '../support/servers/realm.ts';
import { serverSetting } from '../support/servers/settings.ts';

identityProviderContract('Keycloak', async () => {
  const channel = backChannel();
  const app = express();
  app.use('/angelis/auth/backchannel-logout', channel.router);
  const server = createServer(app);
  const base = await listen(server);
  const realm = await createRealm(base);
  const url = serverSetting('KEYCLOAK_URL');
  const provider = createKeycloakIdentityProvider({
    url,
    realm: realm.name,
    service: { clientId: 'angelis-api', clientSecret: serverSetting('KEYCLOAK_ADMIN_CLIENT_SECRET') },
    otpKey: await importOtpKey(await readFile(serverSetting('KEYCLOAK_OTP_KEY_FILE'), 'utf8')),
    now: () => new Date(),
  });
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
