import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { build, PROGRAMS } from '../../../tools/build.ts';
import { dropTemplate, makeTemplate, superuserUrl } from '../template.ts';

/** The oldest PostgreSQL that this system runs on is the one that it is held to. */
const FLOOR = 15;

/** Makes the template that each file clones on the PostgreSQL of `scripts/servers`, which stays as it was found; and what an installation runs. */
export const mochaGlobalSetup = async (): Promise<void> => {
  const client = new pg.Client({ connectionString: superuserUrl('postgres') });
  await client.connect();
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int / 10000 as version`,
  );
  await client.end();
  if (rows[0]?.version !== FLOOR) throw new Error(`These tests want PostgreSQL ${FLOOR}, not ${rows[0]?.version}`);
  process.env['ANGELIS_TEST_TEMPLATE'] = `template_${randomUUID().replaceAll('-', '')}`;
  await makeTemplate();
  await build('dist', PROGRAMS);
};

export const mochaGlobalTeardown = (): Promise<void> => dropTemplate();
