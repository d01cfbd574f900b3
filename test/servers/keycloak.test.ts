import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { expect } from 'chai';
import express from 'express';
import { createAuthentication } from '../../src/platform/http/authentication.ts';
import { createKeycloakIdentityProvider, importOtpKey } from '../../src/platform/identity-provider/keycloak.ts';
import { isAuthorizedParty } from '../../src/platform/identity-provider/realm.ts';
import { backChannel } from '../platform/identity-provider/back-channel.ts';
import { identityProviderContract } from '../platform/identity-provider/contract.ts';

/*
 * Run by hand against a Keycloak that imported config/keycloak/angelis-realm.json:
 * KEYCLOAK_URL, KEYCLOAK_ADMIN_CLIENT_SECRET, KEYCLOAK_OTP_KEY_FILE, and ANGELIS_BASE_URL as it was imported,
 * a loopback address at which this test listens for logout notices.
 */
function need(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`Set ${name} to run the contract on a real Keycloak`);
  return value;
}

const options = async () => ({
  url: need('KEYCLOAK_URL'),
  realm: 'angelis',
  service: { clientId: 'angelis-api', clientSecret: need('KEYCLOAK_ADMIN_CLIENT_SECRET') },
  otpKey: await importOtpKey(await readFile(need('KEYCLOAK_OTP_KEY_FILE'), 'utf8')),
  now: () => new Date(),
});

identityProviderContract('Keycloak', async () => {
  const base = new URL(need('ANGELIS_BASE_URL'));
  const channel = backChannel();
  const app = express();
  app.use('/angelis/auth/backchannel-logout', channel.router);
  const server = createServer(app);
  await new Promise<void>((resolve) => {
    server.listen(Number(base.port), base.hostname, resolve);
  });
  return {
    provider: createKeycloakIdentityProvider(await options()),
    redirectUri: new URL('/angelis/admin/auth/callback', base).toString(),
    loggedOut: () => Promise.resolve(channel.sids()),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      const authentication = createAuthentication({
        url: need('KEYCLOAK_URL'),
        realm: 'angelis',
        issuer: `${need('KEYCLOAK_URL')}/realms/angelis`,
        audience: 'angelis-api',
        authorizedParties: isAuthorizedParty,
        jwksUri: `${need('KEYCLOAK_URL')}/realms/angelis/protocol/openid-connect/certs`,
        now: () => new Date(),
      });
      const [notice] = channel.tokens;
      expect(await authentication.verifyLogout(notice ?? '')).to.have.property('sid');
    },
  };
});
