import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareEmbeddedSources } from '../modules/fitness/sources/embedded.ts';
import type { EmbeddedSources } from '../modules/fitness/sources/embedded.ts';
import { MIGRATIONS } from '../root.ts';
import { startEmbeddedPostgres } from '../platform/embedded/postgres.ts';
import { createMigrator } from '../platform/db/migrate.ts';
import { ROLES, provision } from '../platform/db/roles.ts';
import type { Role } from '../platform/db/roles.ts';
import { migrateQueue } from '../platform/jobs/queue.ts';
import type { Settings } from '../platform/settings/settings.ts';
import { removeRunning, writeRunning } from './running-note.ts';
import type { RunningNote } from './running-note.ts';

/** Where the parts of embedded mode answer; other commands of the same folder find them here while it runs. */
export interface EmbeddedParts {
  readonly urls: Readonly<Record<Role, string>>;
  readonly superuserUrl: (database: string) => string;
  readonly sources: EmbeddedSources;
  readonly stop: () => Promise<void>;
}

const DATABASE = 'angelis';

const roleUrl = (superuser: string, role: Role, password: string): string =>
  Object.assign(new URL(superuser), { username: role, password, pathname: `/${DATABASE}` }).href;

/** Starts the private PostgreSQL of a folder with users, tables and queues as this release needs them; without `migrate` the tables are left as they are. */
export const startEmbedded = async (
  { DATA_DIR: dataDir, PUBLIC_URL: publicUrl }: Pick<Settings, 'DATA_DIR' | 'PUBLIC_URL'>,
  log: (message: string) => void,
  migrate = true,
): Promise<EmbeddedParts> => {
  await mkdir(dataDir, { recursive: true });
  const server = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres'), durable: true, log });
  const superuserUrl = (database: string) => server.superuserUrl(database);
  try {
    const password = () => randomBytes(24).toString('base64url');
    const passwords = { owner: password(), app: password(), system: password() };
    await provision(superuserUrl, DATABASE, passwords);
    const urls = Object.fromEntries(
      ROLES.map((role) => [role, roleUrl(superuserUrl(DATABASE), role, passwords[role])]),
    );
    const parts = urls as Record<Role, string>;
    if (migrate) {
      await createMigrator({ url: parts.owner, folder: MIGRATIONS, log }).up();
      await migrateQueue(parts.owner);
    }
    const sources = await prepareEmbeddedSources(superuserUrl, { reader: password(), writer: password() });
    const note: RunningNote = {
      pid: process.pid,
      urls: parts,
      superuserUrl: superuserUrl('postgres'),
      publicUrl,
      sources,
    };
    await writeRunning(dataDir, note);
    return {
      urls: parts,
      superuserUrl,
      sources,
      stop: async () => {
        await removeRunning(dataDir);
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
};
