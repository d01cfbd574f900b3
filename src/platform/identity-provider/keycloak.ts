import { importPKCS8 } from 'jose';
import type { CryptoKey } from 'jose';
import { IdentityProviderError, isProviderError } from './errors.ts';
import { createConnection, unavailable } from './keycloak/connection.ts';
import { readEvents } from './keycloak/events.ts';
import { createKeycloakMachineClients } from './keycloak/machine-clients.ts';
import { createRealmReader } from './keycloak/realm-state.ts';
import type { RealmReader } from './keycloak/realm-state.ts';
import { createKeycloakUsers } from './keycloak/users.ts';
import type { IdentityProvider, MachineToken } from './port.ts';
import { createTokenClient } from './token-client.ts';
import type { SendForm } from './token-client.ts';

export interface KeycloakOptions {
  /** Base URL at which this service reaches Keycloak, without `/realms/…`. */
  url: string;
  realm: string;
  /** As tokens carry it, where Keycloak's public name differs from `url`. */
  issuer?: string;
  /** The service account of config/keycloak/angelis-realm.json. */
  service: { clientId: string; clientSecret: string };
  otpKey: CryptoKey;
  now: () => Date;
  /** How long one call may take; milliseconds. */
  timeout?: number;
}

const TIMEOUT = 5000;

/** The private key of `angelis-otp`: PKCS #8 in PEM, curve P-256. */
export function importOtpKey(pem: string): Promise<CryptoKey> {
  return importPKCS8(pem, 'ES256');
}

/** The port on a real Keycloak (26.7), its realm as config/keycloak/angelis-realm.json sets it up. */
export function createKeycloakIdentityProvider(
  options: KeycloakOptions,
): IdentityProvider & { readonly realm: RealmReader } {
  const { realm, service, otpKey, now, timeout = TIMEOUT } = options;
  const url = options.url.replace(/\/+$/, '');
  const realmUrl = `${url}/realms/${realm}`;
  const issuer = options.issuer ?? realmUrl;

  const send: SendForm = async (endpoint, form, address) => {
    try {
      const response = await fetch(`${realmUrl}/protocol/openid-connect/${endpoint}`, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(timeout),
        headers: address === undefined ? {} : { 'X-Forwarded-For': address },
        body: new URLSearchParams(form),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    } catch (error) {
      throw unavailable(error);
    }
  };
  const tokens = createTokenClient({ issuer, send, otpKey, service, now });
  const signIn = (): Promise<MachineToken> => tokens.clientCredentials(service);
  const connection = createConnection({ url, realm, timeout, signIn, now });
  const { client, administer, read } = connection;
  const { offer, ...machineClients } = createKeycloakMachineClients(connection);

  return {
    issuer,
    realm: createRealmReader(connection, { realm, realmUrl, signIn }),
    jwksUri: `${realmUrl}/protocol/openid-connect/certs`,
    ...tokens,
    introspect: (token) => read(() => tokens.introspect(token)),
    endSession: async (sid) => {
      try {
        await administer(() => client.realms.deleteSession({ realm, session: sid, isOffline: false }));
      } catch (error) {
        if (!(error instanceof IdentityProviderError) || error.code !== 'not_found') throw error;
      }
    },
    logoutAll: async (id) => {
      await administer(() => client.users.logout({ id }));
    },
    users: createKeycloakUsers(connection),
    clientCredentials: async (request) => {
      try {
        return await tokens.clientCredentials(request);
      } catch (error) {
        if (request.scopes === undefined || !isProviderError(error, 'scope_unknown')) throw error;
      }
      // It showed who it is, and asks for these for the first time.
      await offer(request.clientId, request.scopes);
      return tokens.clientCredentials(request);
    },
    machineClients,
    events: ({ since }) => readEvents(connection, since),
  };
}
