import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { v7 as uuidv7 } from 'uuid';
import { createQueue } from '../../../src/platform/jobs/queue.ts';
import type { JobQueue, QueueHandler, QueueItem } from '../../../src/platform/jobs/queue.ts';
import { openHarness, queueOf } from './harness.ts';
import type { Harness } from './harness.ts';

const silent = { warn: () => undefined, error: () => undefined };

const items = (count: number): QueueItem[] =>
  Array.from({ length: count }, () => ({ companyId: uuidv7(), outboxId: uuidv7(), job: 'test.queue.item' }));

/** What holds for the queue port on each back end: PostgreSQL, or Redis at `redisUrl`. */
export const queueContract = (name: string, redisUrl?: string): void =>
  void describe(`the job queue on ${name}`, () => {
    let harness: Harness;
    let queues: JobQueue[];
    beforeEach(async () => {
      harness = await openHarness(redisUrl);
      queues = [];
    });
    afterEach(async () => {
      for (const queue of queues) await queue.close();
      await harness.close();
    });

    const open = (): JobQueue => {
      const queue = createQueue({ ...queueOf(harness.urls), log: silent });
      queues.push(queue);
      return queue;
    };
    /** A handler that remembers what it was given, and a way to wait until that are `count` items. */
    const collect = (answer: (item: QueueItem, times: number) => ReturnType<QueueHandler>) => {
      const seen: QueueItem[] = [];
      const handle: QueueHandler = (item) => {
        seen.push(item);
        return answer(item, seen.length);
      };
      const reach = async (count: number): Promise<void> => {
        for (;;) {
          if (seen.length >= count) return;
          await sleep(5);
        }
      };
      return { seen, handle, reach };
    };

    it('tells once when its store has lost what it held', async () => {
      const [one, other] = [open(), open()];
      await one.add('one', items(1));
      await one.lost();
      expect(await other.lost()).to.equal(false);
      if (redisUrl === undefined) return;
      const redis = new Redis(redisUrl);
      await redis.unlink(await redis.keys(`${harness.urls.prefix}:*`));
      redis.disconnect();
      expect(await one.lost()).to.equal(true);
      expect(await other.lost()).to.equal(false);
    });

    it('hands each item to one of several consumers, once though it was added twice', async () => {
      const producer = open();
      const many = items(40);
      await producer.add('one', many);
      await producer.add('one', many);
      await producer.add('two', items(1));
      const { seen, handle, reach } = collect(() => Promise.resolve(undefined));
      const consumers = [open(), open()].map((queue) => queue.consume('one', 4, handle));
      await reach(40);
      const marker = items(1);
      await producer.add('one', marker);
      await reach(41);
      expect(seen).to.have.deep.members([...many, ...marker]);
      await Promise.all(consumers.map((consumer) => consumer.close()));
    });

    it('brings an item back when its handler asks for it, and when its handler fails', async () => {
      const queue = open();
      const [item] = items(1);
      const { seen, handle, reach } = collect((_item, times) => {
        if (times === 1) return Promise.resolve(20);
        return times === 2 ? Promise.reject(new Error('the database is gone')) : Promise.resolve(undefined);
      });
      const consumer = queue.consume('back', 1, handle);
      await queue.add('back', [item!]);
      await reach(3);
      expect(seen).to.deep.equal([item, item, item]);
      await consumer.close();
    });

    it('takes an item anew once it is done, and forgets what it is told to', async () => {
      const queue = open();
      const [item, marker, lost] = items(3);
      const { seen, handle, reach } = collect(() => Promise.resolve(undefined));
      await queue.add('anew', [lost!]);
      await queue.empty('anew');
      const consumer = queue.consume('anew', 1, handle);
      await queue.add('anew', [item!, marker!]);
      await reach(2);
      await queue.add('anew', [item!]);
      await reach(3);
      expect(seen).to.deep.equal([item, marker, item]);
      await consumer.close();
    });
  });
