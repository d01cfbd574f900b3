import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { Fault } from './check.ts';
import type { Figures } from './check.ts';

/** It is asked as soon as its connection is up: before, every question fails. */
const connected = async (redis: Redis): Promise<void> => {
  if (redis.status !== 'ready') await once(redis, 'ready', { signal: AbortSignal.timeout(5_000) });
};

/** Redis answers. */
export const checkRedis = async (redis: Redis): Promise<void> => {
  await connected(redis);
  await redis.ping();
};

/** Redis drops no key when its memory is full: it would drop jobs. INFO tells it where CONFIG is forbidden. */
export const checkEviction = async (redis: Redis): Promise<Figures> => {
  await connected(redis);
  const policy = /^maxmemory_policy:(\S+)/mu.exec(await redis.info('memory'))?.[1] ?? 'unknown';
  if (policy !== 'noeviction')
    throw new Fault(`Redis drops keys when it is full (maxmemory-policy ${policy})`, 'set maxmemory-policy noeviction');
  return { policy };
};
