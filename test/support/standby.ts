import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';

export interface Pair {
  readonly primaryUrl: string;
  readonly standbyUrl: string;
  /** Runs SQL on one of the two. */
  readonly on: (which: 'primary' | 'standby', text: string) => Promise<readonly Record<string, unknown>[]>;
  readonly stop: () => Promise<void>;
}

const ask = async (url: string, text: string) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

/** A primary and a hot standby that streams from it, made from a copy while the primary was stopped. */
export const startPair = async (): Promise<Pair> => {
  const folder = await mkdtemp(join(tmpdir(), 'angelis-pair-'));
  const [one, two] = [join(folder, 'primary'), join(folder, 'standby')];
  const started: EmbeddedPostgres[] = [];
  const start = async (dataDir: string): Promise<EmbeddedPostgres> => {
    const server = await startEmbeddedPostgres({ dataDir, durable: true });
    started.push(server);
    return server;
  };
  await (await start(one)).stop();
  await mkdir(two);
  await cp(one, two, { recursive: true });
  const primary = await start(one);
  const { port, username, password } = new URL(primary.superuserUrl('postgres'));
  await writeFile(join(two, 'cluster', 'standby.signal'), '');
  await writeFile(
    join(two, 'cluster', 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${port} user=${username} password=${password}'\n`,
  );
  const standby = await start(two);
  const urls = { primary: primary.superuserUrl('postgres'), standby: standby.superuserUrl('postgres') };
  return {
    primaryUrl: urls.primary,
    standbyUrl: urls.standby,
    on: (which, text) => ask(urls[which], text),
    stop: async () => {
      for (const server of started.toReversed()) await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
