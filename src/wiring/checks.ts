import { dirname } from 'node:path';
import type { Redis } from 'ioredis';
import type { IngestSource } from '../modules/fitness/ingest/ingest.ts';
import { Fault } from '../platform/checks/check.ts';
import type { Check } from '../platform/checks/check.ts';
import { checkClock, timeOfProvider } from '../platform/checks/clock.ts';
import * as database from '../platform/checks/database.ts';
import type { Ask, AskedUser } from '../platform/checks/database.ts';
import { checkDisk, checkFolder } from '../platform/checks/machine.ts';
import { checkAudience, checkIdentityProvider, checkRealm } from '../platform/checks/realm.ts';
import { checkEviction, checkRedis } from '../platform/checks/redis.ts';
import { migrationNames } from '../platform/db/migrate.ts';
import type { RealmReader } from '../platform/identity-provider/keycloak/realm-state.ts';
import type { Jobs } from '../platform/jobs/runtime.ts';
import type { SmtpMailer } from '../platform/messaging/smtp.ts';
import type { Settings } from '../platform/settings/settings.ts';
import type { FileStore } from '../platform/storage/file-store.ts';
import { MIGRATIONS } from '../root.ts';
import { connectionsOf } from './connections.ts';
import { realmOf } from './realm-file.ts';

/** What a process, or the doctor, has opened; what is absent is not checked. */
export interface CheckedParts {
  readonly settings: Settings;
  readonly now: () => Date;
  readonly database?: {
    /** The users of a process, which must see one migrated database. */
    readonly users: readonly AskedUser[];
    /** Who migrates: asked by the doctor and at the start of production, never by a process that runs. */
    readonly owner?: AskedUser;
    readonly system: Ask;
    readonly replica?: Ask;
    readonly names: Readonly<Record<'app' | 'system', string>>;
  };
  readonly redis?: Redis;
  readonly realm?: RealmReader;
  readonly mailServer?: Pick<SmtpMailer, 'verify'>;
  readonly sources: readonly Pick<IngestSource, 'source' | 'reader'>[];
  /** Asked only where files are kept elsewhere than in a folder. */
  readonly files: () => Promise<Pick<FileStore, 'stat'>>;
  readonly jobs?: () => Jobs;
}

const databaseChecks = ({ settings, now, database: parts, jobs }: CheckedParts): readonly Check[] => {
  if (parts === undefined) return [];
  const { users, owner, system, replica, names } = parts;
  const needs = 'database';
  const advice = 'look at the log of PostgreSQL';
  const each = connectionsOf(settings);
  return [
    {
      name: 'database',
      hard: true,
      refusesStart: true,
      advice: 'start PostgreSQL; correct host, port, user and password of the DATABASE_ URLs',
      run: () => database.checkDatabase([...users, ...(owner ? [owner] : [])]),
    },
    { name: 'database-users', needs, refusesStart: true, advice, run: () => database.checkRoles(system, names) },
    {
      name: 'migrations',
      // A user without its rights sees none.
      needs: 'database-users',
      refusesStart: true,
      advice,
      run: () => database.checkMigrations(users, migrationNames(MIGRATIONS)),
    },
    { name: 'connections', needs, advice, run: () => database.checkConnections(system, each, settings.PROCESSES) },
    {
      name: 'database-clock',
      needs,
      advice,
      run: () =>
        checkClock('PostgreSQL', now, async () => {
          const [row] = await system<{ at: string }>('select clock_timestamp() as at');
          return { at: new Date(row!.at), resolution: 0.001 };
        }),
    },
    ...(replica === undefined
      ? []
      : [
          {
            name: 'replica',
            needs,
            advice: 'start the replica, correct DATABASE_REPLICA_URL, or take it out',
            run: () => database.checkReplica(system, replica, settings.REPLICA_LAG_SECONDS, now),
          },
        ]),
    ...(settings.APP_ENV === 'production'
      ? [
          {
            name: 'demo-data',
            needs: 'migrations',
            refusesStart: true,
            advice,
            run: () => database.checkDemoData(system),
          },
        ]
      : []),
    ...(jobs === undefined ? [] : [{ name: 'jobs', needs, advice, run: async () => ({ ...(await jobs().health()) }) }]),
  ];
};

const redisChecks = (redis: Redis): readonly Check[] => [
  {
    name: 'redis',
    advice: 'start Redis; correct host, port and password of REDIS_URL',
    run: () => checkRedis(redis),
  },
  {
    name: 'redis-eviction',
    needs: 'redis',
    refusesStart: true,
    advice: 'let the user of REDIS_URL ask INFO',
    run: () => checkEviction(redis),
  },
];

const realmChecks = (realm: RealmReader, { settings, now }: CheckedParts): readonly Check[] => {
  const needs = 'identity-provider';
  const advice = 'give the service account the roles of config/keycloak/README.md, and correct its id and secret';
  return [
    {
      name: 'identity-provider',
      advice: 'start Keycloak; correct KEYCLOAK_URL',
      run: () => checkIdentityProvider(realm),
    },
    {
      name: 'realm',
      needs,
      advice,
      run: async () => checkRealm(realm, await realmOf(settings)),
    },
    { name: 'audience', needs, advice, run: () => checkAudience(realm) },
    {
      name: 'identity-provider-clock',
      needs,
      advice,
      run: () =>
        checkClock('Keycloak', now, () =>
          timeOfProvider(`${realm.realmUrl}/.well-known/openid-configuration`, () => realm.issuedAt()),
        ),
    },
  ];
};

const sourceChecks = ({ source, reader }: CheckedParts['sources'][number]): readonly Check[] => {
  const name = `source-${source.toLowerCase()}`;
  return [
    {
      name,
      advice: `correct ${source}_DATABASE_URL, or let the source's people look`,
      run: async () => {
        const missing = await reader.checkMapping();
        if (missing.length > 0) throw new Fault(missing.join('; '), `correct ${source}_MAPPING, or the user's rights`);
      },
    },
    {
      name: `${name}-rights`,
      needs: name,
      refusesStart: true,
      advice: `correct ${source}_DATABASE_URL`,
      run: async () => {
        const rights = await reader.writingRights();
        if (rights.length > 0)
          throw new Fault(
            `the user of ${source}_DATABASE_URL may write (${rights.join(', ')})`,
            'give it a user that may only read',
          );
      },
    },
  ];
};

const machineChecks = ({ settings, files }: CheckedParts): readonly Check[] => {
  const { DATA_DIR: folder, LOG_FILE: log, DISK_FREE_PERCENT: least } = settings;
  const advice = 'correct DATA_DIR';
  return [
    { name: 'folder', advice, run: () => checkFolder(folder, 'DATA_DIR') },
    ...(log === undefined ? [] : [{ name: 'log-folder', advice, run: () => checkFolder(dirname(log), 'LOG_FILE') }]),
    { name: 'disk', advice, run: () => checkDisk(folder, least) },
    ...(settings.AZURE_STORAGE_CONNECTION_STRING === undefined
      ? []
      : [
          {
            name: 'files',
            advice: 'correct AZURE_STORAGE_CONNECTION_STRING: account, key and endpoint',
            run: async () => void (await (await files()).stat('doctor')),
          },
        ]),
  ];
};

/** Everything that must hold for a process to work, over what was opened. */
export const declareChecks = (parts: CheckedParts): readonly Check[] => [
  ...databaseChecks(parts),
  ...(parts.redis === undefined ? [] : redisChecks(parts.redis)),
  ...(parts.realm === undefined ? [] : realmChecks(parts.realm, parts)),
  ...(parts.mailServer === undefined
    ? []
    : [{ name: 'mail', advice: 'correct SMTP_URL', run: () => parts.mailServer!.verify() }]),
  ...parts.sources.flatMap(sourceChecks),
  ...machineChecks(parts),
];
