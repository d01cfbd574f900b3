import { once } from 'node:events';
import { expect } from 'chai';
import { createRateLimits, rateHeaders } from '../../../src/platform/http/rate-limits.ts';
import { LIMITS } from '../../../src/platform/settings/rates.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { openRedis } from '../../../src/wiring/connections.ts';
import { redisServer } from '../../support/faulty-servers.ts';

describe('rate limits', () => {
  const told = (work: Promise<unknown>): Promise<unknown> =>
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

  it('count the addresses of one network of IPv6 as one, and an IPv4 address however it is written', async () => {
    const rates = createRateLimits({ ...LIMITS, anonymous: { points: 2, per: 60 } });
    const ask = (address: string) => told(rates.consume('default', { address }, undefined));
    expect([await ask('2001:db8:1:2::1'), await ask('2001:DB8:1:2:ffff::9')]).to.deep.equal(['counted', 'counted']);
    expect(await ask('2001:db8:1:2:8000::')).to.deep.equal(used('anonymous'));
    expect(await ask('2001:db8:1:3::1')).to.equal('counted');
    expect([await ask('10.0.0.1'), await ask('::ffff:10.0.0.1')]).to.deep.equal(['counted', 'counted']);
    expect(await ask('::ffff:a00:1')).to.deep.equal(used('anonymous'));
    expect(await ask('::ffff:10.0.0.2')).to.equal('counted');
  });

  it('count a person, or a machine client, once for all its sessions, in classes of its own too', async () => {
    const rates = createRateLimits({ ...LIMITS, principal: { points: 3, per: 60 }, export: { points: 1, per: 60 } });
    const ask = (rate: 'default' | 'export', personId: string, companyId = 'one') =>
      told(rates.consume(rate, { address: '10.0.0.1' }, { personId, companyId }));
    expect([await ask('export', 'ana'), await ask('export', 'ana', 'two')]).to.deep.equal(['counted', used('export')]);
    expect([await ask('default', 'ana', 'two'), await ask('default', 'ana')]).to.deep.equal(['counted', 'counted']);
    expect(await ask('default', 'ana', 'two')).to.deep.equal(used('principal'));
    expect(await ask('export', 'eva')).to.equal('counted');
  });

  it('tell how the caller stands with each, as the draft has it', async () => {
    const rates = createRateLimits({ ...LIMITS, export: { points: 2, per: 3_600 } });
    const ask = async () =>
      rateHeaders(await rates.consume('export', { address: '' }, { personId: 'a', companyId: 'c' }));
    expect(await ask()).to.deep.equal({
      'RateLimit-Policy': '"export";q=2;w=3600, "principal";q=600;w=60, "company";q=6000;w=60',
      RateLimit: '"export";r=1;t=3600, "principal";r=599;t=60, "company";r=5999;t=60',
    });
    expect((await ask())['RateLimit'])
      .to.include('"export";r=0;t=36')
      .and.include('"principal";r=598;t=');
    const refused = await ask().catch((error: unknown) => error);
    const { retryAfter, headers } = (refused as Problem).options;
    expect(headers).to.deep.equal({
      'RateLimit-Policy': '"export";q=2;w=3600',
      RateLimit: `"export";r=0;t=${retryAfter}`,
    });
    expect(rateHeaders(await rates.consume('unlimited', { address: '' }, undefined))).to.deep.equal({});
  });

  it('count the people of one company together, wherever they come from', async () => {
    const rates = createRateLimits({ ...LIMITS, company: { points: 2, per: 60 } });
    const ask = (personId: string, companyId: string) =>
      told(rates.consume('default', { address: personId }, { personId, companyId }));
    expect([await ask('a', 'one'), await ask('b', 'one')]).to.deep.equal(['counted', 'counted']);
    expect(await ask('c', 'one')).to.deep.equal(used('company'));
    expect(await ask('c', 'two')).to.equal('counted');
  });

  it('count in the process while Redis stands still: nobody waits for it, nobody is let through uncounted', async () => {
    const server = await redisServer('noeviction');
    const redis = await openRedis(`redis://127.0.0.1:${server.port}`, () => undefined);
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
