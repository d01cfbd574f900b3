import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { isAlive } from '../../src/wiring/running-note.ts';
import { makeTemplate } from './template.ts';

let server: EmbeddedPostgres | undefined;
let folder: string | undefined;

const MEMORY = '/dev/shm';
/** What three files at a time never fill, with the log of what they write. */
const ENOUGH = 4 * 1024 ** 3;
const NAME = /^angelis-test-(\d+)-/u;

/** What runs that were interrupted have left. */
const removeLeft = async (base: string): Promise<void> => {
  for (const name of await readdir(base)) {
    const pid = NAME.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(base, name), { recursive: true, force: true });
  }
};

/** A folder on the disk, or one where a cluster is quick: hundreds of databases of a thousand files each are made and dropped. */
const makeFolder = async (durable: boolean): Promise<string> => {
  const room = durable ? undefined : await statfs(MEMORY).catch(() => undefined);
  const base = room !== undefined && room.bavail * room.bsize >= ENOUGH ? MEMORY : tmpdir();
  await removeLeft(base);
  return mkdtemp(join(base, `angelis-test-${process.pid}-`));
};

/** Starts one PostgreSQL and migrates the template that databases are cloned from; a durable one waits for the disk at each commit. */
export const startServer = async (durable: boolean): Promise<void> => {
  folder = await makeFolder(durable);
  server = await startEmbeddedPostgres({ dataDir: folder, durable });
  process.env['ANGELIS_TEST_SUPERUSER_URL'] = server.superuserUrl('postgres');
  await makeTemplate();
};

export const stopServer = async (): Promise<void> => {
  await server?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
};

/** One server for the whole run. */
export const mochaGlobalSetup = (): Promise<void> => startServer(false);
export const mochaGlobalTeardown = stopServer;
