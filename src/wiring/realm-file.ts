import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ownPath } from '../root.ts';
import { API_CLIENT } from '../platform/identity-provider/realm.ts';
import { fillRealm } from '../platform/identity-provider/realm-definition.ts';
import type { RealmDefinition } from '../platform/identity-provider/realm-definition.ts';
import type { Settings } from '../platform/settings/settings.ts';

export const MISSING_SECRETS = 'KEYCLOAK_URL needs KEYCLOAK_ADMIN_CLIENT_SECRET and KEYCLOAK_OTP_KEY';

/** Where the realm of this release stands. */
export const REALM_FILE = ownPath('config/keycloak/angelis-realm.json');

/** A file that Keycloak could import. Throws an Error that names the file when it is not JSON. */
export const readRealmFile = async (path: string): Promise<RealmDefinition> => {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text) as RealmDefinition;
  } catch (error) {
    throw new Error(`${path} is not JSON`, { cause: error });
  }
};

const STAFF_CLIENT = 'angelis-admin';

/** The realm with more addresses to which the page of administrators leads back. */
const leadingTo = (realm: RealmDefinition, addresses: readonly string[]): RealmDefinition => ({
  ...realm,
  clients: (realm.clients ?? []).map((client) =>
    client.clientId === STAFF_CLIENT
      ? { ...client, redirectUris: [...new Set([...(client.redirectUris ?? []), ...addresses])] }
      : client,
  ),
});

/**
 * The realm of this release as these settings have it. Where it is not production nobody decides `sslRequired`: plain
 * connections may be taken. Throws an Error that names the settings that are missing.
 */
export const realmOf = async ({
  PUBLIC_URL,
  ADMIN_REDIRECT_URIS,
  KEYCLOAK_OTP_KEY: otpKey,
  KEYCLOAK_ADMIN_CLIENT_ID: clientId,
  KEYCLOAK_ADMIN_CLIENT_SECRET: secret,
  APP_ENV,
}: Settings): Promise<RealmDefinition> => {
  if (secret === undefined || otpKey === undefined) throw new Error(MISSING_SECRETS);
  const { x, y } = createPublicKey(otpKey).export({ format: 'jwk' });
  const filled = fillRealm(await readRealmFile(REALM_FILE), {
    ANGELIS_BASE_URL: PUBLIC_URL,
    ANGELIS_API_SECRET: clientId === API_CLIENT ? secret : undefined,
    ANGELIS_SSL_REQUIRED: APP_ENV === 'production' ? 'external' : undefined,
    ANGELIS_OTP_KEY_X: x,
    ANGELIS_OTP_KEY_Y: y,
  });
  return leadingTo(filled, ADMIN_REDIRECT_URIS);
};
