import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import type { Umzug } from 'umzug';
import { blockedText, findBlocked } from './blocked.ts';
import type { Blocker } from './blocked.ts';

/** A migration: statements run in order, in one transaction unless `concurrent` says that they cannot be. */
export interface Migration {
  readonly up: readonly string[];
  readonly down: readonly string[];
  /** For CREATE INDEX CONCURRENTLY: each statement on its own. */
  readonly concurrent?: boolean;
  /** Rows that it cannot take in: they are named before any migration that is pending is applied. */
  readonly blockedBy?: readonly Blocker[];
  /**
   * Statements that go before `up` in its transaction, for rows of before that could not be taken in otherwise. No part of
   * what a database knows the migration by: one that has it had no such rows.
   */
  readonly resolves?: readonly string[];
}

export interface MigrationStatus {
  readonly name: string;
  readonly appliedAt: string | null;
}

export interface Migrator {
  /** Applies what is pending; answers the names. Throws where the database has a migration that is not known or was another, or rows that one cannot take in. */
  up(): Promise<string[]>;
  /** Takes back the newest `steps` (default 1), or all with 0. */
  down(steps?: number): Promise<string[]>;
  /** Changes nothing. */
  status(): Promise<MigrationStatus[]>;
}

export interface MigratorOptions {
  /** URL of user `owner`. */
  readonly url: string;
  readonly folder: string;
  readonly log?: (message: string) => void;
}

/** Two processes that start together wait for each other here. */
const LOCK = 7_246_185;
const LOCK_TIMEOUT = '10s';

const run = async (client: pg.Client, statements: readonly string[], concurrent = false): Promise<void> => {
  if (concurrent) {
    for (const statement of statements) await client.query(statement);
    return;
  }
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
};

const load = async (path: string): Promise<Migration> => (await import(pathToFileURL(path).href)) as Migration;

const migrationFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => /^\d{4}-[a-z0-9-]+\.(ts|js)$/.test(file))
    .toSorted();
const nameOf = (file: string): string => basename(file).replace(/\.(ts|js)$/, '');

const fingerprintOf = ({ up }: Migration): string => createHash('sha256').update(JSON.stringify(up)).digest('hex');

/** A database knows a migration by what it did: one that was changed afterwards is told, never passed over. */
const checkUnchanged = async (client: pg.Client, folder: string): Promise<void> => {
  const { rows } = await client.query<{ name: string; fingerprint: string | null }>(
    'select name, fingerprint from migration order by name',
  );
  const files = new Map(migrationFiles(folder).map((file) => [nameOf(file), file]));
  const unknown = rows.filter(({ name }) => !files.has(name));
  if (unknown.length > 0)
    throw new Error(
      `this database has the migration ${unknown[0]!.name}, which this release does not know: run a newer release, or, to go back to this one, "angelis migrate down --steps ${unknown.length}" of the newer one first`,
    );
  for (const { name, fingerprint } of rows) {
    const file = files.get(name)!;
    if (fingerprint !== fingerprintOf(await load(join(folder, file))))
      throw new Error(
        `the migration ${name} was changed after this database had it, as may be before the first release: begin with a new database (the demo: npm run demo -- --fresh)`,
      );
  }
};

/** Throws where rows stand in the way of what is pending, with their names. */
const checkUnblocked = async (client: pg.Client, folder: string): Promise<void> => {
  const { rows } = await client.query<{ name: string }>('select name from migration');
  const applied = new Set(rows.map(({ name }) => name));
  const pending = migrationFiles(folder).filter((file) => !applied.has(nameOf(file)));
  const migrations = await Promise.all(
    pending.map(async (file) => ({ name: nameOf(file), blockedBy: (await load(join(folder, file))).blockedBy ?? [] })),
  );
  const blocked = await findBlocked(client, migrations);
  if (blocked.size > 0) throw new Error(blockedText(blocked));
};

/** Names of all migrations in a folder, in their order. */
export const migrationNames = (folder: string): string[] => migrationFiles(folder).map(nameOf);

/** What the status says where nothing was applied yet. */
export const allPending = (folder: string): MigrationStatus[] =>
  migrationNames(folder).map((name) => ({ name, appliedAt: null }));

/** Loads umzug here: a process that migrates nothing starts sooner without it. */
const createUmzug = async (client: pg.Client, folder: string, log: (message: string) => void): Promise<Umzug> => {
  const umzug = await import('umzug');
  const fingerprints = new Map<string, string>();
  return new umzug.Umzug({
    logger: undefined,
    migrations: migrationFiles(folder).map((file) => ({
      name: nameOf(file),
      up: async () => {
        const migration = await load(join(folder, file));
        await run(client, [...(migration.resolves ?? []), ...migration.up], migration.concurrent);
        fingerprints.set(nameOf(file), fingerprintOf(migration));
        log(`migrated ${file}`);
      },
      down: async () => {
        const { down, concurrent } = await load(join(folder, file));
        await run(client, down, concurrent);
        log(`took back ${file}`);
      },
    })),
    storage: {
      logMigration: async ({ name }) => {
        await client.query('insert into migration (name, fingerprint) values ($1, $2)', [name, fingerprints.get(name)]);
      },
      unlogMigration: async ({ name }) => void (await client.query('delete from migration where name = $1', [name])),
      executed: async () =>
        (await client.query<{ name: string }>('select name from migration order by name')).rows.map(({ name }) => name),
    },
  });
};

/** Runs migrations as user `owner`, one process at a time. */
export const createMigrator = ({ url, folder, log = () => undefined }: MigratorOptions): Migrator => {
  const locked = async <T>(work: (umzug: Umzug, client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: url, application_name: 'angelis migrate' });
    await client.connect();
    try {
      await client.query('select pg_advisory_lock($1)', [LOCK]);
      await client.query(
        `create table if not exists migration (name text primary key, applied_at timestamptz(3) not null default now(),
           fingerprint text)`,
      );
      await client.query('alter table migration add column if not exists fingerprint text');
      await client.query('grant select on migration to app, system');
      return await work(await createUmzug(client, folder, log), client);
    } finally {
      await client.end();
    }
  };
  return {
    up: () =>
      locked(async (umzug, client) => {
        await checkUnchanged(client, folder);
        await checkUnblocked(client, folder);
        return (await umzug.up()).map(({ name }) => name);
      }),
    down: (steps = 1) =>
      locked(async (umzug) => (await umzug.down(steps === 0 ? { to: 0 } : { step: steps })).map(({ name }) => name)),
    status: async () => {
      const client = new pg.Client({ connectionString: url, application_name: 'angelis migrate' });
      await client.connect();
      try {
        const { rows: found } = await client.query("select 1 where to_regclass('migration') is not null");
        if (found.length === 0) return allPending(folder);
        const { rows } = await client.query<{ name: string; applied_at: Date }>(
          'select name, applied_at from migration order by name',
        );
        const applied = rows.map(({ name, applied_at }) => ({ name, appliedAt: applied_at.toISOString() }));
        const names = new Set(rows.map(({ name }) => name));
        return [...applied, ...allPending(folder).filter(({ name }) => !names.has(name))];
      } finally {
        await client.end();
      }
    },
  };
};
