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

/** Defaults of docs/architecture.md: anonymous, sign-in and bad tokens count by address, the others by principal. */
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

export interface RateLimits {
  /** Counts a request against its classes; 429 with Retry-After when one is used up. */
  consume(
    rate: RateClass,
    context: Pick<PublicContext, 'address'>,
    principal: Pick<Principal, 'sessionId' | 'companyId'> | undefined,
  ): Promise<void>;
  /** Counts one more thing under a name of the caller's choice (an account that is tried). */
  count(name: LimitName, key: string): Promise<void>;
}

/** Rate limits in Redis where there is one (with memory as insurance while it is away), else in this process. */
export const createRateLimits = (limits: Limits, redis?: Redis): RateLimits => {
  const limiters = new Map<LimitName, RateLimiterAbstract>(
    Object.entries(limits).map(([name, { points, per }]) => {
      const memory = new RateLimiterMemory({ keyPrefix: `rate:${name}`, points, duration: per });
      const limiter =
        redis === undefined
          ? memory
          : new RateLimiterRedis({
              storeClient: redis,
              keyPrefix: `rate:${name}`,
              points,
              duration: per,
              insuranceLimiter: memory,
            });
      return [name as LimitName, limiter];
    }),
  );
  const count = async (name: LimitName, key: string): Promise<void> => {
    try {
      await limiters.get(name)?.consume(key);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new Problem(429, 'TOO_MANY_REQUESTS', {
        retryAfter: Math.ceil(error.msBeforeNext / 1000),
        params: { limit: name },
      });
    }
  };
  return {
    count,
    consume: async (rate, { address }, principal) => {
      if (rate === 'unlimited') return;
      const extra = EXTRA[rate];
      if (extra !== undefined) await count(extra, principal?.sessionId ?? address);
      if (principal === undefined) {
        await count('anonymous', address);
        return;
      }
      await count('principal', principal.sessionId);
      await count('company', principal.companyId);
    },
  };
};
