import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Redis } from 'ioredis';
import type { Principal } from '../access/principal.ts';
import { Problem } from '../problem.ts';
import type { Limit, LimitName, Limits } from '../settings/rates.ts';
import type { PublicContext } from './context.ts';
import { networkOf } from './network.ts';
import type { RateClass } from './route.ts';

/** Limits of their own; whoever is not signed in is counted by that of the route alone, so that nothing else uses it up. */
const EXTRA: Partial<Record<RateClass, LimitName>> = {
  'sign-in': 'signIn',
  refresh: 'refresh',
  otp: 'otp',
  export: 'export',
  invitation: 'invitation',
  stream: 'stream',
};

/** How a caller stands with one limit. */
export interface Standing extends Limit {
  readonly name: LimitName;
  /** What is left of the window's points. */
  readonly left: number;
  /** Until the window begins anew, in whole seconds. */
  readonly seconds: number;
}

export interface RateLimits {
  /** Counts a request against its classes, and answers how the caller stands with each; 429 with Retry-After when one is used up. */
  consume(
    rate: RateClass,
    context: Pick<PublicContext, 'address'>,
    principal: Pick<Principal, 'personId' | 'companyId'> | undefined,
  ): Promise<readonly Standing[]>;
  /** Takes back what `consume` counted of a request without a session that turned out to be of another kind. */
  giveBack(rate: RateClass, context: Pick<PublicContext, 'address'>): Promise<void>;
  /** Counts one more thing under a name of the caller's choice (an account that is tried). */
  count(name: LimitName, key: string): Promise<Standing>;
}

/** `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers-10 has them; none where nothing was counted. */
export const rateHeaders = (standings: readonly Standing[]): Readonly<Record<string, string>> =>
  standings.length === 0
    ? {}
    : {
        'RateLimit-Policy': standings.map(({ name, points, per }) => `"${name}";q=${points};w=${per}`).join(', '),
        RateLimit: standings.map(({ name, left, seconds }) => `"${name}";r=${left};t=${seconds}`).join(', '),
      };

type Counted = readonly [name: LimitName, key: string];

/** What a request counts against, and by which key. */
const countsOf = (
  rate: RateClass,
  { address }: Pick<PublicContext, 'address'>,
  principal: Pick<Principal, 'personId' | 'companyId'> | undefined,
): readonly Counted[] => {
  if (rate === 'unlimited') return [];
  const who = principal?.personId ?? networkOf(address);
  if (rate === 'sign-in-start') return [['signIn', `start:${who}`]];
  const extra = EXTRA[rate];
  const own: readonly Counted[] = extra === undefined ? [] : [[extra, who]];
  if (principal !== undefined) return [...own, ['principal', who], ['company', principal.companyId]];
  return extra === undefined ? [['anonymous', who]] : own;
};

/** Rate limits in Redis where there is one (with memory as insurance while it is away), else in this process. */
export const createRateLimits = (limits: Limits, redis?: Redis): RateLimits => {
  const limiterOf = (name: LimitName): RateLimiterAbstract => {
    const { points, per } = limits[name];
    const options = { keyPrefix: `rate:${name}`, points, duration: per };
    const memory = new RateLimiterMemory(options);
    return redis === undefined
      ? memory
      : new RateLimiterRedis({ ...options, storeClient: redis, insuranceLimiter: memory });
  };
  const limiters = new Map<LimitName, RateLimiterAbstract>();
  const limiterFor = (name: LimitName): RateLimiterAbstract => {
    const limiter = limiters.get(name) ?? limiterOf(name);
    limiters.set(name, limiter);
    return limiter;
  };
  const take = async (name: LimitName, key: string): Promise<RateLimiterRes> => {
    try {
      return await limiterFor(name).consume(key);
    } catch (error) {
      if (error instanceof RateLimiterRes) return error;
      throw error;
    }
  };
  /** Counts one limit after those of `before`; 429 tells how the caller stands with all of them. */
  const count = async (name: LimitName, key: string, before: readonly Standing[] = []): Promise<Standing> => {
    const { consumedPoints, remainingPoints: left, msBeforeNext } = await take(name, key);
    const standing = { name, ...limits[name], left, seconds: Math.ceil(msBeforeNext / 1000) };
    if (consumedPoints <= standing.points) return standing;
    throw new Problem(429, 'TOO_MANY_REQUESTS', {
      retryAfter: standing.seconds,
      params: { limit: name },
      headers: rateHeaders([...before, standing]),
    });
  };
  return {
    count: (name, key) => count(name, key),
    consume: async (rate, context, principal) => {
      const standings: Standing[] = [];
      for (const [name, key] of countsOf(rate, context, principal)) standings.push(await count(name, key, standings));
      return standings;
    },
    giveBack: async (rate, context) => {
      for (const [name, key] of countsOf(rate, context, undefined)) await limiterFor(name).reward(key);
    },
  };
};
