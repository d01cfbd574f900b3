import { once } from 'node:events';
import { expect } from 'chai';
import { createRateLimits, LIMITS } from '../../../src/platform/http/rate-limits.ts';
import { openRedis } from '../../../src/wiring/connections.ts';
import { redisServer } from '../../support/faulty-servers.ts';

describe('rate limits', () => {
  it('count in the process while Redis stands still: nobody waits for it, nobody is let through uncounted', async () => {
    const server = await redisServer('noeviction');
    const redis = openRedis(`redis://127.0.0.1:${server.port}`, () => undefined);
    await once(redis, 'ready');
    const rates = createRateLimits({ ...LIMITS, lookup: { points: 2, per: 60 } }, redis);
    server.isSilent = true;
    await rates.count('lookup', 'somebody');
    await rates.count('lookup', 'somebody');
    const refused = await rates.count('lookup', 'somebody').catch((error: unknown) => error);
    expect(refused).to.include({ status: 429, code: 'TOO_MANY_REQUESTS' });
    redis.disconnect();
    await server.stop();
  });
});
