import { Redis } from 'ioredis';
import { startSystem } from '../system.ts';
import type { TestSystem } from '../system.ts';
import { mailsOf } from './mail.ts';
import { createRealm } from './realm.ts';
import { serverSetting } from './settings.ts';

const NAMES = ['KEYCLOAK_URL', 'KEYCLOAK_ADMIN_CLIENT_SECRET', 'KEYCLOAK_OTP_KEY_FILE', 'SMTP_URL'];

/**
 * Files go to the one store of `scripts/servers`, not to a folder. The operator's company has the same id in each system: one
 * that looks at its checkpoints must not find those of another.
 */
export const filesOnServers = (): Readonly<Record<string, string>> => ({
  AZURE_STORAGE_CONNECTION_STRING: serverSetting('AZURE_STORAGE_CONNECTION_STRING'),
});

/** Settings for a Redis database of one test file's own, emptied: 1 to 15. */
export const emptyRedis = async (database: number): Promise<string> => {
  const url = `${serverSetting('REDIS_URL')}/${database}`;
  const redis = new Redis(url);
  await redis.flushdb();
  redis.disconnect();
  return url;
};

/** A system on the servers of `scripts/servers`: a realm, a database, a Redis database and a folder of its own. */
export const systemOnServers =
  (redisDatabase: number, more: Readonly<Record<string, string>> = {}) =>
  (): Promise<TestSystem> =>
    startSystem(async (baseUrl) => {
      const realm = await createRealm(baseUrl);
      return {
        settings: {
          ...Object.fromEntries(NAMES.map((name) => [name, serverSetting(name)])),
          KEYCLOAK_REALM: realm.name,
          REDIS_URL: await emptyRedis(redisDatabase),
          ...more,
        },
        mailsOf,
        close: realm.drop,
      };
    });
