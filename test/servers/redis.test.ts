import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createRateLimits } from '../../src/platform/http/rate-limits.ts';
import { LIMITS } from '../../src/platform/settings/rates.ts';
import type { RateLimits } from '../../src/platform/http/rate-limits.ts';
import type { Problem } from '../../src/platform/problem.ts';
import { job } from '../../src/platform/jobs/definitions.ts';
import { leaveEffect, openHarness } from '../platform/jobs/harness.ts';
import { processContract } from '../platform/jobs/processes.contract.ts';
import { queueContract } from '../platform/jobs/queue.contract.ts';
import { serverSetting } from '../support/servers/settings.ts';

const url = serverSetting('REDIS_URL');

queueContract('Redis', url);
processContract('Redis', url);

describe('a Redis that loses what it holds', () => {
  it('costs no job: all are done, once', async () => {
    const harness = await openHarness(url);
    const record = job({
      name: 'test.flush.record',
      inTransaction: (tx, _payload, { id }) => leaveEffect(tx, id),
    });
    const node = harness.node({ definitions: [record] });
    const ids = await harness.write(async (tx) => {
      const made: (string | undefined)[] = [];
      for (let n = 0; n < 1_000; n += 1) made.push(await node.outbox.enqueue(tx, record.name, {}));
      return made;
    });
    await node.start();
    const redis = new Redis(url);
    for (;;) if ((await harness.effects()).length >= 50) break;
    // What FLUSHALL does, at once as there, to the keys of this test only.
    await redis.eval(
      `for _, key in ipairs(redis.call('keys', ARGV[1])) do redis.call('unlink', key) end`,
      0,
      `${harness.urls.prefix}:*`,
    );
    redis.disconnect();
    await harness.drained();
    expect(await harness.effects()).to.have.members(ids);
    await harness.close();
  });
});

describe('rate limits in a Redis', () => {
  it('are one for all processes, which count for themselves while it is away, and for all again after', async () => {
    const [one, two] = [new Redis(url), new Redis(url)];
    const limits = { ...LIMITS, lookup: { points: 2, per: 600 } };
    const [here, there] = [createRateLimits(limits, one), createRateLimits(limits, two)];
    const key = randomUUID();
    const ask = (rates: RateLimits) =>
      rates.count('lookup', key).then(
        ({ left }) => left,
        (error: unknown) => (error as Problem).code,
      );
    expect([await ask(here), await ask(there), await ask(here)]).to.deep.equal([1, 0, 'TOO_MANY_REQUESTS']);
    one.disconnect();
    expect([await ask(here), await ask(here), await ask(here)]).to.deep.equal([1, 0, 'TOO_MANY_REQUESTS']);
    expect(await ask(there)).to.equal('TOO_MANY_REQUESTS');
    await one.connect();
    expect(await ask(here)).to.equal('TOO_MANY_REQUESTS');
    await two.del(`rate:lookup:${key}`);
    expect([await ask(here), await ask(there)]).to.deep.equal([1, 0]);
    for (const redis of [one, two]) redis.disconnect();
  });
});
