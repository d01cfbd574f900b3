import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { job } from '../../../src/platform/jobs/definitions.ts';
import { createQueue } from '../../../src/platform/jobs/queue.ts';
import type { JobQueue, QueueItem } from '../../../src/platform/jobs/queue.ts';
import { createRegistry } from '../../../src/platform/jobs/registry.ts';
import { createRelay } from '../../../src/platform/jobs/relay.ts';
import { openHarness } from './harness.ts';
import type { Harness } from './harness.ts';

const silent = { warn: () => undefined, error: () => undefined };

describe('the relay', () => {
  let harness: Harness;
  let offset: number;
  let given: [lane: string, item: QueueItem][];
  beforeEach(async () => {
    harness = await openHarness();
    offset = 0;
    given = [];
  });
  afterEach(() => harness.close());

  const plain = job({ name: 'test.relay.plain', run: () => Promise.resolve() });
  const alone = job({ name: 'test.relay.alone', concurrency: 1, run: () => Promise.resolve() });
  const now = (): Date => new Date(Date.now() + offset);
  const add: JobQueue['add'] = (lane, items) => {
    given.push(...items.map((item): [string, QueueItem] => [lane, item]));
    return Promise.resolve();
  };
  const relay = (queue: Partial<Pick<JobQueue, 'add' | 'lost'>> = {}) =>
    createRelay({
      system: harness.database.pool('system', 2),
      queue: { add, lost: () => Promise.resolve(false), ...queue },
      registry: createRegistry([plain, alone]),
      now,
      log: silent,
    });
  const ask = async (count: number, name = plain.name, company = harness.companies[0]): Promise<string[]> => {
    const { outbox } = harness.node({ definitions: [plain, alone, { ...plain, name: 'test.relay.newer' }] });
    return harness.write(async (tx) => {
      const ids: string[] = [];
      for (let n = 0; n < count; n += 1) ids.push((await outbox.enqueue(tx, name, {}))!);
      return ids;
    }, company);
  };

  it('hands over each row once, whatever the number of relays, in the lane of its job', async () => {
    const ids = [
      ...(await ask(300)),
      ...(await ask(300, plain.name, harness.companies[1])),
      ...(await ask(5, alone.name)),
    ];
    const relays = [relay(), relay(), relay()];
    for (;;) {
      const found = await Promise.all(relays.map((one) => one.dispatchFresh()));
      if (!found.includes(true)) break;
    }
    expect(given.map(([, { outboxId }]) => outboxId)).to.have.members(ids);
    expect(given.filter(([lane]) => lane === alone.name).map(([, { job: name }]) => name)).to.deep.equal(
      Array.from({ length: 5 }, () => alone.name),
    );
    const { rows } = await harness.admin.query<{ id: string; company: string }>(
      'select id, company_id as company from outbox',
    );
    const companyOf = new Map(rows.map(({ id, company }) => [id, company]));
    for (const [, { outboxId, companyId }] of given) expect(companyId).to.equal(companyOf.get(outboxId));
  });

  it('leaves rows whose job it does not know to a process that does', async () => {
    await ask(1, 'test.relay.newer');
    expect(await relay().dispatchFresh()).to.equal(false);
    expect(given).to.deep.equal([]);
  });

  it('hands over again what was silent for long, and not before', async () => {
    const ids = await ask(3);
    const one = relay();
    await one.dispatchFresh();
    offset = 14_000;
    expect(await one.dispatchSilent()).to.equal(false);
    offset = 16_000;
    expect(await one.dispatchSilent()).to.equal(true);
    expect(await one.dispatchSilent()).to.equal(false);
    expect(given.map(([, { outboxId }]) => outboxId)).to.have.members([...ids, ...ids]);
  });

  it('hands over again at once, page by page, what a queue held that has lost all', async () => {
    const ids = await ask(600);
    const answers = [false, true, false];
    const one = relay({ lost: () => Promise.resolve(answers.shift()!) });
    while (await one.dispatchFresh());
    expect(await one.dispatchSilent()).to.equal(false);
    offset = 10;
    expect(await one.dispatchSilent()).to.equal(true);
    expect(await one.dispatchSilent()).to.equal(false);
    expect(given.map(([, { outboxId }]) => outboxId)).to.have.members([...ids, ...ids]);
  });

  it('keeps the rows when the queue does not take them, and hands them over when it does', async () => {
    const ids = await ask(3);
    const broken = relay({ add: () => Promise.reject(new Error('the queue is gone')) });
    expect(await broken.dispatchFresh().catch((error: Error) => error.message)).to.equal('the queue is gone');
    expect(await relay().dispatchFresh()).to.equal(true);
    expect(given.map(([, { outboxId }]) => outboxId)).to.have.members(ids);
  });

  it('takes a job that runs for running, though the queue has lost it, until it should be over', async () => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const slow = job({
      name: plain.name,
      timeout: 60_000,
      run: () => {
        begun.resolve();
        return end.promise;
      },
    });
    const [id] = await ask(1);
    const node = harness.node({ definitions: [slow] });
    await node.start();
    await begun.promise;
    const queue = createQueue({ store: { systemUrl: harness.urls.system }, log: silent });
    await queue.empty('common');
    await queue.close();
    const one = relay();
    offset = 40_000;
    expect(await one.dispatchSilent()).to.equal(false);
    offset = 80_000;
    expect(await one.dispatchSilent()).to.equal(true);
    end.resolve();
    while ((await harness.row(id)).state !== 'done') await sleep(5);
  });
});
