import { createPublicKey, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import KeycloakAdminClient from '@keycloak/keycloak-admin-client';
import { serverSetting } from './settings.ts';

type RealmRepresentation = NonNullable<Parameters<KeycloakAdminClient['realms']['create']>[0]>;

const FILE = 'config/keycloak/angelis-realm.json';

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

/** What Keycloak does with the file when it imports it at its start: variables filled in; ids are unique across realms. */
const readRealm = async (name: string, baseUrl: string): Promise<RealmRepresentation> => {
  const { x, y } = createPublicKey(await readFile(serverSetting('KEYCLOAK_OTP_KEY_FILE'))).export({ format: 'jwk' });
  const values: Readonly<Record<string, string | undefined>> = {
    ANGELIS_BASE_URL: baseUrl,
    ANGELIS_API_SECRET: serverSetting('KEYCLOAK_ADMIN_CLIENT_SECRET'),
    ANGELIS_OTP_KEY_X: x,
    ANGELIS_OTP_KEY_Y: y,
  };
  const text = (await readFile(FILE, 'utf8')).replaceAll(/\$\{(\w+)(?::(\w+))?\}/g, (_all, variable: string, other) => {
    const value = values[variable] ?? (other as string | undefined);
    if (value === undefined) throw new Error(`${FILE} has a variable that the tests do not know: ${variable}`);
    return value;
  });
  const flow = /"id": "([^"]+)"/.exec(text)?.[1];
  return {
    ...(JSON.parse(flow === undefined ? text : text.replaceAll(flow, randomUUID())) as RealmRepresentation),
    realm: name,
  };
};

/** A realm of a test's own, as config/keycloak has it, for a service at `baseUrl`. */
export const createRealm = async (baseUrl: string): Promise<TestRealm> => {
  const name = `angelis-${randomUUID().slice(0, 8)}`;
  await (await openConsole()).realms.create(await readRealm(name, baseUrl));
  // A token lives for a minute and does not know realms younger than itself.
  return {
    name,
    console: async () => {
      const client = await openConsole();
      client.setConfig({ realmName: name });
      return client;
    },
    drop: async () => {
      await (await openConsole()).realms.del({ realm: name });
    },
  };
};
