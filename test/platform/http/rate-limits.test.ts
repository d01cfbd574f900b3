import { once } from 'node:events';
import { expect } from 'chai';
import { createRateLimits, LIMITS } from '../../../src/platform/http/rate-limits.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { openRedis } from '../../../src/wiring/connections.ts';
import { redisServer } from '../../support/faulty-servers.ts';

describe('rate limits', () => {
  const told = (work: Promise<void>): Promise<unknown> =>
    work.then(
      () => 'counted',
      (error: unknown) => (error instanceof Problem ? [error.status, error.options.params] : error),
    );
  const used = (limit: string) => [429, { limit }];

  it('count whoever is not signed in by their address, under one limit', async () => {
    const rates = createRateLimits({ ...LIMITS, anonymous: { points: 2, per: 60 } });
    const ask = (address: string) => told(rates.consume('default', { address }, undefined));
    expect([await ask('10.0.0.1'), await ask('10.0.0.1')]).to.deep.equal(['counted', 'counted']);
    expect(await ask('10.0.0.1')).to.deep.equal(used('anonymous'));
    expect(await ask('10.0.0.2')).to.equal('counted');
  });

  it('count the sessions of one company together, wherever they come from', async () => {
    const rates = createRateLimits({ ...LIMITS, company: { points: 2, per: 60 } });
    const ask = (sessionId: string, companyId: string) =>
      told(rates.consume('default', { address: sessionId }, { sessionId, companyId }));
    expect([await ask('a', 'one'), await ask('b', 'one')]).to.deep.equal(['counted', 'counted']);
    expect(await ask('c', 'one')).to.deep.equal(used('company'));
    expect(await ask('c', 'two')).to.equal('counted');
  });

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
