import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../../src/platform/db/database.ts';
import { job } from '../../../src/platform/jobs/definitions.ts';
import type { JobContext } from '../../../src/platform/jobs/definitions.ts';
import { createQueue } from '../../../src/platform/jobs/queue.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { StorageError } from '../../../src/platform/storage/file-store.ts';
import { startApp } from '../../support/app.ts';
import { leaveEffect, openHarness, raised, TRACE } from './harness.ts';
import type { Harness } from './harness.ts';

const quickly = () => 30;
const silent = { warn: () => undefined, error: () => undefined };

describe('jobs', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await openHarness();
  });
  afterEach(() => harness.close());

  const record = job<{ note: string }>({
    name: 'test.effect.record',
    inTransaction: (tx, { note }, { id }) => leaveEffect(tx, id, note),
  });

  it('runs a job of each company in its transaction, with its company, its trace and the id of its row', async () => {
    const contexts: JobContext[] = [];
    const seeing = job<{ note: string }>({
      name: 'test.effect.see',
      inTransaction: async (tx, { note }, context) => {
        contexts.push(context);
        await leaveEffect(tx, context.id, `${note} ${tx.companyId}`);
      },
    });
    const node = harness.node({ definitions: [seeing] });
    await node.start();
    const ids = await Promise.all(
      harness.companies.map((company) =>
        harness.write((tx) => node.outbox.enqueue(tx, seeing.name, { note: 'of' }), company),
      ),
    );
    await harness.drained();
    const { rows } = await harness.admin.query('select company_id, outbox_id, note from effect order by company_id');
    expect(rows).to.deep.equal(
      harness.companies.map((company, at) => ({ company_id: company, outbox_id: ids[at], note: `of ${company}` })),
    );
    for (const { scope, attempt, maxAttempts } of contexts) {
      expect(scope).to.deep.include({ traceId: TRACE, actor: { kind: 'system', id: null, via: seeing.name } });
      expect({ attempt, maxAttempts }).to.deep.equal({ attempt: 1, maxAttempts: 5 });
    }
    const inbox = await harness.admin.query('select outbox_id from inbox where consumer = $1', [seeing.name]);
    expect(inbox.rows.map(({ outbox_id }: { outbox_id: string }) => outbox_id)).to.have.members(ids);
  });

  it('writes no row when the change is rolled back, and none for a key that is there', async () => {
    const node = harness.node({ definitions: [record] });
    const ask = (company?: string) =>
      harness.write((tx) => node.outbox.enqueue(tx, record.name, { note: '' }, { dedupeKey: 'once' }), company);
    const failed = harness.write(async (tx) => {
      await node.outbox.enqueue(tx, record.name, { note: '' }, { dedupeKey: 'once' });
      throw new Error('the change fails');
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('the change fails');
    const [first, again, elsewhere] = [await ask(), await ask(), await ask(harness.companies[1])];
    expect(first).to.be.a('string');
    expect(again).to.equal(undefined);
    expect(elsewhere).to.be.a('string');
    await node.start();
    await harness.drained();
    expect(await harness.effects()).to.have.members([first, elsewhere]);
  });

  it('refuses a job that nobody defined, and two definitions of one name', async () => {
    const node = harness.node({ definitions: [record] });
    const asked = harness.write((tx) => node.outbox.enqueue(tx, 'test.effect.unknown', {}));
    expect(await asked.catch((error: Error) => error.message)).to.match(/no job test\.effect\.unknown/);
    expect(() => harness.node({ definitions: [record, record] })).to.throw('two jobs are named test.effect.record');
  });

  it('does not run a job before its time', async () => {
    const node = harness.node({ definitions: [record] });
    await node.start();
    const later = new Date(Date.now() + 3_600_000);
    const [id, marker] = await harness.write(async (tx) => [
      await node.outbox.enqueue(tx, record.name, { note: '' }, { runAt: later }),
      await node.outbox.enqueue(tx, record.name, { note: '' }),
    ]);
    while ((await harness.row(marker)).state !== 'done') await sleep(10);
    expect(await harness.row(id)).to.deep.include({ state: 'waiting', attempts: 0, runAt: later });
    await harness.admin.query(`update outbox set run_at = now() where id = $1`, [id]);
    await harness.drained();
    expect(await harness.effects()).to.have.members([id, marker]);
  });

  it('takes effect exactly once, though two lanes hand every row to four processes at once', async () => {
    const alone = { ...record, concurrency: 8 };
    const nodes = [record, record, alone, alone].map((definition) => harness.node({ definitions: [definition] }));
    const ids = await harness.write(async (tx) => {
      const made: (string | undefined)[] = [];
      for (let n = 0; n < 200; n += 1) made.push(await nodes[0]!.outbox.enqueue(tx, record.name, { note: '' }));
      return made;
    });
    const extra = createQueue({ store: { systemUrl: harness.urls.system }, log: silent });
    const items = ids.map((outboxId) => ({ companyId: harness.companies[0], outboxId: outboxId!, job: record.name }));
    await extra.add('common', items);
    await extra.add(record.name, items);
    await Promise.all(nodes.map((node) => node.start()));
    await harness.drained();
    await extra.close();
    expect(await harness.effects()).to.have.members(ids);
  });

  it('does not run twice what the inbox has', async () => {
    const node = harness.node({ definitions: [record] });
    const id = await harness.write((tx) => node.outbox.enqueue(tx, record.name, { note: '' }));
    await harness.admin.query('insert into inbox values ($1, $2, $3, now())', [harness.companies[0], record.name, id]);
    await node.start();
    await harness.drained();
    expect((await harness.row(id)).state).to.equal('done');
    expect(await harness.effects()).to.deep.equal([]);
  });

  it('counts no try in which a part of the system was away', async () => {
    const attempts: number[] = [];
    const [out, back] = [new Problem(503, 'STORAGE_UNAVAILABLE'), new StorageError('unavailable', 'no answer')];
    const waiting = job({
      name: 'test.effect.wait-out',
      maxAttempts: 2,
      run: (_payload, { attempt }) => {
        attempts.push(attempt);
        const failure = [out, back, out, new Error('its own'), back, undefined][attempts.length - 1];
        return failure === undefined ? Promise.resolve() : Promise.reject(failure);
      },
    });
    const node = harness.node({ definitions: [waiting], backoff: quickly });
    await node.start();
    const id = await harness.write((tx) => node.outbox.enqueue(tx, waiting.name, {}));
    await harness.drained();
    expect(attempts).to.deep.equal([1, 1, 1, 1, 2, 2]);
    expect(await harness.row(id)).to.deep.include({ state: 'done', attempts: 2 });
  });

  it('counts no try in which the database went away, though that could not be written down then', async () => {
    const attempts: number[] = [];
    const gone = () => new Problem(503, 'DATABASE_UNAVAILABLE');
    let refusals = 0;
    const db: Pick<Database, 'write'> = {
      write: (scope, work) => ((refusals -= 1) >= 0 ? Promise.reject(gone()) : harness.db.write(scope, work)),
    };
    const cutOff = job({
      name: 'test.effect.cut-off',
      run: (_payload, { attempt }) => {
        attempts.push(attempt);
        if (attempts.length > 1) return Promise.resolve();
        refusals = 3;
        return Promise.reject(gone());
      },
    });
    const node = harness.node({ definitions: [cutOff], backoff: quickly, db });
    await node.start();
    const id = await harness.write((tx) => node.outbox.enqueue(tx, cutOff.name, {}));
    await harness.drained();
    expect(attempts).to.deep.equal([1, 1]);
    expect(await harness.row(id)).to.deep.include({ state: 'done', attempts: 1 });
  });

  it('tries again after a failure, rolling back each failed try', async () => {
    const attempts: number[] = [];
    const failing = job({
      name: 'test.effect.fail-twice',
      inTransaction: async (tx, _payload, { id, attempt }) => {
        attempts.push(attempt);
        await leaveEffect(tx, id);
        if (attempt < 3) throw new Error('not yet');
      },
    });
    const node = harness.node({ definitions: [failing], backoff: quickly });
    await node.start();
    const id = await harness.write((tx) => node.outbox.enqueue(tx, failing.name, {}));
    await harness.drained();
    expect(attempts).to.deep.equal([1, 2, 3]);
    expect(await harness.effects()).to.deep.equal([id]);
    expect(await harness.row(id)).to.deep.include({ state: 'done', attempts: 3, lastError: null });
    expect((await node.metrics.expose()).body).to.match(
      /angelis_job_failures_total\{job="test\.effect\.fail-twice",outcome="retried"\} 2/,
    );
  });

  it('gives up after the last try, tells onDead once, lists it without personal values, and starts afresh on retry', async () => {
    let isBroken = true;
    const dying = job<{ note: string }>({
      name: 'test.effect.die',
      maxAttempts: 2,
      run: async () => {
        await Promise.resolve();
        if (isBroken) throw Object.assign(new TypeError('no mail for ana@example.cl, 12.345.678-5'), { code: 'EFAIL' });
      },
      onDead: (tx, { note }, error) => leaveEffect(tx, uuidv7(), `${note}: ${error}`),
    });
    const node = harness.node({ definitions: [dying], backoff: quickly });
    await node.start();
    const id = await harness.write((tx) => node.outbox.enqueue(tx, dying.name, { note: 'dead' }));
    await harness.drained();
    const [failed, ...others] = await harness.write((tx) => node.outbox.listFailed(tx, { limit: 10 }));
    expect(others).to.deep.equal([]);
    expect(failed).to.deep.include({ id, job: dying.name, attempts: 2, traceId: TRACE });
    expect(failed!.lastError).to.equal('TypeError EFAIL: no mail for … …');
    const { rows } = await harness.admin.query('select note from effect');
    expect(rows).to.deep.equal([{ note: `dead: ${failed!.lastError}` }]);
    expect(await harness.write((tx) => node.outbox.listFailed(tx, { limit: 10 }), harness.companies[1])).to.deep.equal(
      [],
    );
    expect(await harness.write((tx) => node.outbox.listFailed(tx, { limit: 10, before: id! }))).to.deep.equal([]);
    expect((await node.health()).failed).to.equal(1);

    isBroken = false;
    expect(await harness.write((tx) => node.outbox.retry(tx, id!), harness.companies[1])).to.equal(false);
    expect(await harness.write((tx) => node.outbox.retry(tx, id!))).to.equal(true);
    await harness.drained();
    expect(await harness.row(id)).to.deep.include({ state: 'done', attempts: 1 });
    expect(await harness.write((tx) => node.outbox.retry(tx, id!))).to.equal(false);
  });

  it('gives up a job whose onDead fails, and one that ended its process in every try', async () => {
    const dying = job({
      name: 'test.effect.die-badly',
      maxAttempts: 1,
      inTransaction: () => Promise.reject(new Error('first')),
      onDead: () => Promise.reject(new Error('second')),
    });
    const node = harness.node({ definitions: [dying, record] });
    const [badly, crashed, spared] = await harness.write(async (tx) => [
      await node.outbox.enqueue(tx, dying.name, {}),
      await node.outbox.enqueue(tx, record.name, { note: '' }),
      await node.outbox.enqueue(tx, record.name, { note: '' }),
    ]);
    // Three tries more than one that fails has.
    await harness.admin.query('update outbox set attempts = 7 where id = $1', [spared]);
    await harness.admin.query('update outbox set attempts = 8 where id = $1', [crashed]);
    await node.start();
    await harness.drained();
    expect((await harness.row(badly)).lastError).to.equal('Error: first | onDead: Error: second');
    const { state, lastError } = await harness.row(crashed);
    expect(state).to.equal('failed');
    expect(lastError).to.match(/^Vanished: the process ended/);
    expect((await harness.row(spared)).state).to.equal('done');
    expect(await harness.effects()).to.deep.equal([spared]);
  });

  it('calls off what is not done, and nothing else', async () => {
    const node = harness.node({ definitions: [record] });
    const id = await harness.write((tx) => node.outbox.enqueue(tx, record.name, { note: '' }));
    const cancel = (company?: string) => harness.write((tx) => node.outbox.cancel(tx, id!), company);
    expect(await cancel(harness.companies[1])).to.equal(false);
    expect(await cancel()).to.equal(true);
    expect(await cancel()).to.equal(false);
    await node.start();
    const marker = await harness.write((tx) => node.outbox.enqueue(tx, record.name, { note: '' }));
    await harness.drained();
    expect(await harness.effects()).to.deep.equal([marker]);
    expect((await harness.row(id)).state).to.equal('cancelled');
  });

  it('raises the signal when the time is over; work that does not listen is ended, its connection with it', async () => {
    let late: Promise<unknown> | undefined;
    const heeding = job({
      name: 'test.time.heed',
      maxAttempts: 1,
      timeout: 50,
      run: async (_payload, { signal }) => {
        await raised(signal);
        throw new Error('aborted');
      },
    });
    const deaf = job({
      name: 'test.time.deaf',
      maxAttempts: 1,
      timeout: 50,
      inTransaction: (tx, _payload, { id }) =>
        new Promise((_resolve) => {
          late = sleep(1_500).then(() => leaveEffect(tx, id));
          late.catch(() => undefined);
        }),
    });
    const node = harness.node({ definitions: [heeding, deaf] });
    await node.start();
    const ids = await harness.write(async (tx) => [
      await node.outbox.enqueue(tx, heeding.name, {}),
      await node.outbox.enqueue(tx, deaf.name, {}),
    ]);
    await harness.drained();
    for (const id of ids) expect((await harness.row(id)).lastError).to.match(/^TimedOut: ran longer than 50 ms/);
    const written = await late!.then(
      () => 'written',
      () => 'refused',
    );
    expect(written).to.equal('refused');
    expect(await harness.effects()).to.deep.equal([]);
  });

  it('gives a job that names its concurrency a lane of its own, and runs no more of it at once', async () => {
    let now = 0;
    let most = 0;
    const two = Promise.withResolvers<void>();
    const slow = job({
      name: 'test.lane.slow',
      concurrency: 2,
      run: async () => {
        now += 1;
        most = Math.max(most, now);
        if (now === 2) two.resolve();
        await two.promise;
        await sleep(20);
        now -= 1;
      },
    });
    const node = harness.node({ definitions: [slow, record] });
    await harness.write(async (tx) => {
      for (let n = 0; n < 12; n += 1) await node.outbox.enqueue(tx, slow.name, {});
      await node.outbox.enqueue(tx, record.name, { note: '' });
    });
    await node.start();
    await harness.drained();
    expect(most).to.equal(2);
  });

  it('costs no job a try that others hold all connections for long', async () => {
    const slow = job({
      name: 'test.pool.slow',
      maxAttempts: 1,
      inTransaction: async (tx, _payload, { id }) => {
        await leaveEffect(tx, id);
        await sleep(300);
      },
    });
    const node = harness.node({ definitions: [slow], connections: 1 });
    const ids = await harness.write(async (tx) => {
      const made: (string | undefined)[] = [];
      for (let n = 0; n < 6; n += 1) made.push(await node.outbox.enqueue(tx, slow.name, {}));
      return made;
    });
    await node.start();
    await harness.drained();
    expect(await harness.effects()).to.have.members(ids);
  });

  it('does all that waits when the queue has lost it', async () => {
    let offset = 0;
    const now = () => new Date(Date.now() + offset);
    const idle = harness.node({ definitions: [record] });
    const ids = await harness.write(async (tx) => {
      const made: (string | undefined)[] = [];
      for (let n = 0; n < 1_000; n += 1) made.push(await idle.outbox.enqueue(tx, record.name, { note: '' }));
      return made;
    });
    await harness.admin.query('update outbox set dispatched_at = now()');
    const queue = createQueue({ store: { systemUrl: harness.urls.system }, log: silent });
    await queue.add(
      'common',
      ids.map((outboxId) => ({ companyId: harness.companies[0], outboxId: outboxId!, job: record.name })),
    );
    await queue.empty('common');
    await queue.close();
    const node = harness.node({ definitions: [record], now });
    await node.start();
    offset = 16_000;
    await harness.drained();
    expect(await harness.effects()).to.have.members(ids);
  });

  // The test's own time limit ends it: a consumer that was closed while it connected kept its connection for good.
  it('end when the whole system is stopped as soon as it began', async () => {
    const app = await startApp({ background: true });
    await app.close();
  });

  it('tells how old the oldest work is', async () => {
    const node = harness.node({ definitions: [record] });
    expect(await node.health()).to.deep.equal({ queueAge: 0, outboxLag: 0, failed: 0 });
    const [handedOver] = await harness.write(async (tx) => [
      await node.outbox.enqueue(tx, record.name, { note: '' }, { runAt: new Date(tx.now.getTime() - 90_000) }),
      await node.outbox.enqueue(tx, record.name, { note: '' }, { runAt: new Date(tx.now.getTime() - 30_000) }),
    ]);
    await harness.admin.query('update outbox set dispatched_at = now() where id = $1', [handedOver]);
    const { queueAge, outboxLag } = await node.health();
    expect(queueAge).to.be.within(90, 120);
    expect(outboxLag).to.be.within(30, 60);
    expect((await node.metrics.expose()).body).to.match(/angelis_jobs_waiting\{job="test\.effect\.record"\} 2/);
  });
});
