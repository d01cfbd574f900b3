import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/platform/embedded/ports.ts';
import { errorCode } from '../../src/platform/errors.ts';
import { runChild } from './child.ts';
import { figure, percentile } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

const listens = async (port: number): Promise<boolean> => {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

/** Runs `work` with a Redis of its own; undefined where the machine has none. */
const withRedis = async <T>(work: (url: string) => Promise<T>): Promise<T | undefined> => {
  const folder = await mkdtemp(join(tmpdir(), 'angelis-bench-redis-'));
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--maxmemory-policy', 'noeviction'];
  const server = spawn('redis-server', [...options, '--dir', folder], { stdio: 'ignore' });
  const isThere = await once(server, 'spawn').then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    },
  );
  try {
    if (!isThere) return undefined;
    while (server.exitCode === null && !(await listens(port))) await sleep(50);
    if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
    return await work(`redis://127.0.0.1:${port}`);
  } finally {
    if (isThere && server.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  }
};

/** How soon a job starts, on PostgreSQL and on Redis: that of REDIS_URL, or one of its own. */
export const jobs = async ({ database, companyId }: Place): Promise<Row[]> => {
  const on = async (name: string, redisUrl: string): Promise<Row> => {
    const options = { BENCH_DATABASE: database, BENCH_COMPANY: companyId, BENCH_REDIS: redisUrl };
    const { told } = await runChild('jobs.child', options);
    const named = { work: 'commit to the start of a job, p95', baseline: `on ${name}`, unit: 'ms' };
    return figure(named, [percentile(told['times']!, 0.95)], 100);
  };
  const onRedis = (url: string) => on('Redis', url);
  const given = process.env['REDIS_URL'];
  const redis = await (given === undefined ? withRedis(onRedis) : onRedis(given));
  return [await on('PostgreSQL', ''), ...(redis === undefined ? [] : [redis])];
};
