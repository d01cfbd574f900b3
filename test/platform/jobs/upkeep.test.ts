import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { job } from '../../../src/platform/jobs/definitions.ts';
import { openHarness } from './harness.ts';
import type { Harness } from './harness.ts';

const DAY = 86_400_000;

describe("the platform's own ticks", () => {
  let harness: Harness;
  before(async () => {
    harness = await openHarness();
  });
  after(() => harness.close());

  it('make partitions ahead and drop what was finished long ago, with its inbox', async () => {
    const nothing = job({ name: 'test.upkeep.nothing', run: () => Promise.resolve() });
    const first = harness.node({ definitions: [nothing] });
    const ids = await harness.write(async (tx) => {
      const made: (string | undefined)[] = [];
      for (let n = 0; n < 5; n += 1) made.push(await first.outbox.enqueue(tx, nothing.name, {}));
      return made;
    });
    await first.start();
    await harness.drained();
    await first.stop();
    const [old, recent, failedOld, failedRecent, open] = ids;
    const age = (id: string | undefined, state: string, days: number): Promise<unknown> =>
      harness.admin.query('update outbox set state = $2, finished_at = $3 where id = $1', [
        id,
        state,
        state === 'waiting' ? null : new Date(Date.now() + 400 * DAY - days * DAY),
      ]);
    await age(old, 'done', 15);
    await age(recent, 'done', 13);
    await age(failedOld, 'failed', 91);
    await age(failedRecent, 'failed', 89);
    await age(open, 'cancelled', 1);

    const inAYear = new Date(Date.now() + 400 * DAY);
    const ago = (days: number): Date => new Date(inAYear.getTime() - days * DAY);
    for (const company of harness.companies)
      for (const days of [2.9, 3.1]) {
        await harness.admin.query(
          `insert into idempotency (company_id, actor_id, key, operation, payload_hash, status, created_at)
           values ($1, $1, $2, 'test', '', 201, $3)`,
          [company, `${days}`, ago(days)],
        );
        await harness.admin.query(
          'insert into change_recipient (company_id, change_id, profile_id) values ($1, $2, $1)',
          [company, uuidv7({ msecs: ago(days + 4).getTime() })],
        );
      }
    const node = harness.node({ definitions: [nothing], now: () => inAYear });
    await node.start();
    const finished = `select count(*)::int as count from tick_run where finished_at = $1 and error is null`;
    for (;;) {
      const { rows } = await harness.admin.query<{ count: number }>(finished, [inAYear]);
      if (rows[0]!.count === 6) break;
      await sleep(20);
    }
    const left = await harness.admin.query<{ id: string }>('select id from outbox');
    expect(left.rows.map(({ id }) => id)).to.have.members([recent, failedRecent, open]);
    const inbox = await harness.admin.query<{ id: string }>('select outbox_id as id from inbox');
    expect(inbox.rows.map(({ id }) => id)).to.have.members([recent, failedRecent, open]);
    const month = inAYear.toISOString().slice(0, 7).replace('-', '_');
    const { rows } = await harness.admin.query('select to_regclass($1) is not null as made', [`change_${month}`]);
    expect(rows).to.deep.equal([{ made: true }]);
    const answers = await harness.admin.query<{ key: string }>('select key from idempotency');
    expect(answers.rows.map(({ key }) => key)).to.deep.equal(['2.9', '2.9']);
    const audiences = 'select company_id as id from change_recipient order by 1';
    const told = await harness.admin.query<{ id: string }>(audiences);
    expect(told.rows.map(({ id }) => id)).to.have.members([...harness.companies]);
    const names = ['partitions', 'outbox.trim', 'rows.purge', 'idempotency.trim', 'streams.trim', 'ticks.trim'].map(
      (name) => `platform.${name}`,
    );
    const { body } = await node.metrics.expose();
    for (const name of names)
      expect(body).to.include(
        `angelis_tick_last_success_timestamp_seconds{tick="${name}"} ${inAYear.getTime() / 1000}\n`,
      );
  });
});
