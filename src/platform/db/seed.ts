import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type pg from 'pg';

/** A named set of first data. `run` may be repeated: it makes the rows be as the set says. */
export interface SeedSet {
  readonly name: string;
  /** Raised when the set says something else than before. */
  readonly version: number;
  readonly run: (client: pg.PoolClient, now: Date) => Promise<void>;
}

/** The sets of a folder, in the order of their file names. */
export const loadSeedSets = async (folder: string): Promise<SeedSet[]> => {
  const files = readdirSync(folder).filter((file) => /^\d{4}-[a-z-]+\.(ts|js)$/.test(file));
  const modules = await Promise.all(
    files.toSorted().map((file) => import(pathToFileURL(join(folder, file)).href) as Promise<{ default: SeedSet }>),
  );
  return modules.map((module) => module.default);
};

/** Applies the sets whose version is new, as user `system`, each in its own transaction. Answers their names. */
export const applySeedSets = async (system: pg.Pool, sets: readonly SeedSet[], now: Date): Promise<string[]> => {
  const applied: string[] = [];
  const client = await system.connect();
  try {
    for (const { name, version, run } of sets) {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`seed:${name}`]);
      const { rows } = await client.query<{ version: number }>('select version from seed_set where name = $1', [name]);
      if ((rows[0]?.version ?? 0) < version) {
        await run(client, now);
        await client.query(
          `insert into seed_set (name, version, applied_at) values ($1, $2, $3)
           on conflict (name) do update set version = excluded.version, applied_at = excluded.applied_at`,
          [name, version, now],
        );
        applied.push(name);
      }
      await client.query('commit');
    }
    return applied;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
};
