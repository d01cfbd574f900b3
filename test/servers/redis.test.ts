import { expect } from 'chai';
import { Redis } from 'ioredis';
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
