import { expect } from 'chai';
import { Redis } from 'ioredis';
import { job } from '../../src/platform/jobs/definitions.ts';
import { leaveEffect, openHarness } from '../platform/jobs/harness.ts';
import { processContract } from '../platform/jobs/processes.contract.ts';
import { queueContract } from '../platform/jobs/queue.contract.ts';

/* Run by hand against a Redis that may be flushed, with maxmemory-policy noeviction: REDIS_URL. */
const url = process.env['REDIS_URL'];
if (url === undefined || url === '') throw new Error('Set REDIS_URL to run the contracts on a real Redis');

queueContract('Redis', url);
processContract('Redis', url);

describe('a Redis that is flushed', () => {
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
    node.start();
    const redis = new Redis(url);
    for (;;) if ((await harness.effects()).length >= 50) break;
    await redis.flushall();
    redis.disconnect();
    await harness.drained();
    expect(await harness.effects()).to.have.members(ids);
    await harness.close();
  });
});
