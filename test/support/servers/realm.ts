import { createPublicKey, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { newRealm } from '../../../src/platform/identity-provider/keycloak/realm-apply.ts';
import { fillRealm } from '../../../src/platform/identity-provider/realm-definition.ts';
import type { RealmDefinition } from '../../../src/platform/identity-provider/realm-definition.ts';
import { REALM_FILE, readRealmFile } from '../../../src/wiring/realm-file.ts';
import { serverSetting } from './settings.ts';

export interface TestRealm {
  readonly name: string;
  /** Administers it as somebody who signs in at Keycloak's own console now. */
  readonly console: () => Promise<KeycloakAdminClient>;
  readonly drop: () => Promise<void>;
}

/** Signs in at the console of the Keycloak of `scripts/servers`. */
const openConsole = async (): Promise<KeycloakAdminClient> => {
  const client = new KeycloakAdminClient({ baseUrl: serverSetting('KEYCLOAK_URL'), realmName: 'master' });
  await client.auth({
    grantType: 'password',
    clientId: 'admin-cli',
    username: 'admin',
    password: serverSetting('ANGELIS_TEST_KEYCLOAK_ADMIN_PASSWORD'),
  });
  return client;
};

/** config/keycloak's realm for a service at `baseUrl`. */
const fileFor = async (baseUrl: string): Promise<RealmDefinition> => {
  const { x, y } = createPublicKey(await readFile(serverSetting('KEYCLOAK_OTP_KEY_FILE'))).export({ format: 'jwk' });
  return fillRealm(await readRealmFile(REALM_FILE), {
    ANGELIS_BASE_URL: baseUrl,
    ANGELIS_API_SECRET: serverSetting('KEYCLOAK_ADMIN_CLIENT_SECRET'),
    ANGELIS_SSL_REQUIRED: 'external',
    ANGELIS_OTP_KEY_X: x,
    ANGELIS_OTP_KEY_Y: y,
  });
};

/** A realm of this name, there already or yet to be made. */
export const openRealm = (name: string): TestRealm => ({
  name,
  // A token lives for a minute and does not know realms younger than itself.
  console: async () => {
    const client = await openConsole();
    client.setConfig({ realmName: name });
    return client;
  },
  drop: async () => {
    await (await openConsole()).realms.del({ realm: name });
  },
});

/** A realm of a test's own, as config/keycloak has it, for a service at `baseUrl`. */
export const createRealm = async (baseUrl: string): Promise<TestRealm> => {
  const name = `angelis-${randomUUID().slice(0, 8)}`;
  await (await openConsole()).realms.create(newRealm(await fileFor(baseUrl), name));
  return openRealm(name);
};
