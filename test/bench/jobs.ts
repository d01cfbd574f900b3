import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
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

/** Removes the keys that begin so, a part at a time: a Redis may have many others and more to do. */
const removeKeys = async (url: string, prefix: string): Promise<void> => {
  const redis = new Redis(url);
  try {
    for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 }) as AsyncIterable<string[]>)
      if (keys.length > 0) await redis.unlink(keys);
  } finally {
    redis.disconnect();
  }
};

/**
 * How soon a job starts, on PostgreSQL and on Redis: that of REDIS_URL, or one of its own. On a Redis that others use it
 * touches only keys of its own, and leaves none.
 */
export const jobs = async ({ database, companyId }: Place): Promise<Row[]> => {
  const on = async (name: string, redisUrl: string, prefix: string): Promise<Row> => {
    const options = { BENCH_DATABASE: database, BENCH_COMPANY: companyId, BENCH_REDIS: redisUrl, BENCH_PREFIX: prefix };
    const { told } = await runChild('jobs.child', options);
    const named = { work: 'commit to the start of a job, p95', baseline: `on ${name}`, unit: 'ms' };
    return figure(named, [percentile(told['times']!, 0.95)], 100);
  };
  const onRedis = async (url: string): Promise<Row> => {
    const prefix = `angelis-bench-${randomUUID()}`;
    try {
      return await on('Redis', url, prefix);
    } finally {
      await removeKeys(url, prefix);
    }
  };
  const given = process.env['REDIS_URL'];
  const redis = await (given === undefined ? withRedis(onRedis) : onRedis(given));
  if (redis === undefined) process.stderr.write('  no redis-server and no REDIS_URL: jobs on Redis are not measured\n');
  return [await on('PostgreSQL', '', ''), ...(redis === undefined ? [] : [redis])];
};
