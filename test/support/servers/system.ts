import { Redis } from 'ioredis';
import { startSystem } from '../system.ts';
import type { TestSystem } from '../system.ts';
import { mailsOf } from './mail.ts';
import { createRealm } from './realm.ts';
import { serverSetting } from './settings.ts';

const NAMES = [
  'KEYCLOAK_URL',
  'KEYCLOAK_ADMIN_CLIENT_SECRET',
  'KEYCLOAK_OTP_KEY_FILE',
  'AZURE_STORAGE_CONNECTION_STRING',
  'SMTP_URL',
];

/** Settings for a Redis database of one test file's own, emptied: 1 to 15. */
export const emptyRedis = async (database: number): Promise<string> => {
  const url = `${serverSetting('REDIS_URL')}/${database}`;
  const redis = new Redis(url);
  await redis.flushdb();
  redis.disconnect();
  return url;
};

/** A system on all servers of `scripts/servers`: a realm, a database and a Redis database of its own. */
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
