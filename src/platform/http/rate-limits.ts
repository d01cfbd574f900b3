import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Redis } from 'ioredis';
import type { Principal } from '../access/principal.ts';
import { Problem } from '../problem.ts';
import type { PublicContext } from './context.ts';
import type { RateClass } from './route.ts';

/** Requests per window of a rate class, for one caller. */
export interface Limit {
  readonly points: number;
  /** Window, in seconds. */
  readonly per: number;
}

export type LimitName =
  | 'anonymous'
  | 'principal'
  | 'company'
  | 'signIn'
  | 'otp'
  | 'export'
  | 'invitation'
  | 'stream'
  | 'lookup'
  | 'badToken';
export type Limits = Readonly<Record<LimitName, Limit>>;

/** Anonymous requests, sign-ins and bad tokens count by address; the others by person or machine client, however many sessions they have. */
export const LIMITS: Limits = {
  anonymous: { points: 50, per: 60 },
  principal: { points: 600, per: 60 },
  company: { points: 6_000, per: 60 },
  signIn: { points: 10, per: 60 },
  otp: { points: 20, per: 60 },
  export: { points: 30, per: 3_600 },
  invitation: { points: 100, per: 3_600 },
  stream: { points: 10, per: 60 },
  lookup: { points: 30, per: 60 },
  /**
   * By address, apart from `anonymous`: one client that sends a dead token over and over must not take the sign-in from the
   * office behind its address. As much again as several hundred people there need who learn by 401 that their token of five
   * minutes is over; no guess comes nearer to a signature by five tries a second.
   */
  badToken: { points: 300, per: 60 },
};

const EXTRA: Partial<Record<RateClass, LimitName>> = {
  'sign-in': 'signIn',
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
  const take = async (name: LimitName, key: string): Promise<RateLimiterRes> => {
    const limiter = limiters.get(name) ?? limiterOf(name);
    limiters.set(name, limiter);
    try {
      return await limiter.consume(key);
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
    consume: async (rate, { address }, principal) => {
      if (rate === 'unlimited') return [];
      const who = principal?.personId ?? address;
      const extra = EXTRA[rate];
      const counted: (readonly [LimitName, string])[] =
        principal === undefined
          ? [['anonymous', address]]
          : [
              ['principal', who],
              ['company', principal.companyId],
            ];
      if (extra !== undefined) counted.unshift([extra, who]);
      const standings: Standing[] = [];
      for (const [name, key] of counted) standings.push(await count(name, key, standings));
      return standings;
    },
  };
};
