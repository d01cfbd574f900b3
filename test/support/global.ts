import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { makeTemplate } from './template.ts';

let server: EmbeddedPostgres | undefined;
let folder: string | undefined;

/** Starts one PostgreSQL for the whole run and migrates the template that each file clones. */
export const mochaGlobalSetup = async (): Promise<void> => {
  folder = await mkdtemp(join(tmpdir(), 'angelis-test-'));
  server = await startEmbeddedPostgres({ dataDir: folder, durable: false });
  process.env['ANGELIS_TEST_SUPERUSER_URL'] = server.superuserUrl('postgres');
  await makeTemplate();
};

export const mochaGlobalTeardown = async (): Promise<void> => {
  await server?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
};
