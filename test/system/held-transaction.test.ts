import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';
import { addCompany, scopeOf } from '../support/companies.ts';
import { addPerson } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';
import { openSse } from '../support/sse.ts';

const HELD_MS = 20_000;
const DROPS = 200;
const WRITERS = 4;

describe('a transaction that is held open for 20 s', () => {
  let app: TestApp;
  let watcher: TestPerson;
  before(async () => {
    app = await startApp({ background: true });
    watcher = await addPerson(app, { companyId: await addCompany(app.database), roles: ['supervisor'] });
  });
  after(() => app.close());

  const tell = (verb: string, hold?: Promise<unknown>) =>
    app.platform.work.write({ scope: scopeOf(watcher.companyId) }, async (tx) => {
      await app.platform.changes.event(tx, {
        entity: 'drill',
        entityId: uuidv7(),
        action: verb,
        audience: [watcher.profileId],
      });
      await hold;
    });

  it('loses and doubles nothing on a stream that is dropped 200 times while others commit', async function run() {
    this.timeout(90_000);
    const authorization = await watcher.bearer();
    const url = `${app.url}/angelis/notification/stream`;
    const received: number[] = [];
    let last: string | undefined;
    let drops = 0;
    const follow = async (enough: () => boolean): Promise<void> => {
      const client = await openSse(url, { authorization, ...(last !== undefined && { 'last-event-id': last }) });
      expect(client.status).to.equal(200);
      for (let waited = 0; !enough() && waited < 100; waited += 10) await sleep(10);
      last = client.lastEventId() ?? last;
      received.push(...client.events.filter(({ event }) => event !== 'resync').map(({ id }) => id));
      client.drop();
      await client.closed;
    };
    await follow(() => last !== undefined);
    const held = tell('held', sleep(HELD_MS));
    const until = Date.now() + HELD_MS;
    const writers = Array.from({ length: WRITERS }, async () => {
      while (Date.now() < until) {
        await tell('quick');
        await sleep(25);
      }
    });
    while (drops < DROPS || Date.now() < until) {
      await follow(() => drops < DROPS && Date.now() > until);
      drops += 1;
    }
    await Promise.all([held, ...writers]);
    await app.sealed(watcher.companyId);

    const client = await app.database.superuser();
    const { rows } = await client.query<{ seq: number; action: string }>(
      `select s.seq::int as seq, c.action from change_recipient r
       join change_seal s on s.company_id = r.company_id and s.change_id = r.change_id
       join change c on c.company_id = r.company_id and c.id = r.change_id
       where r.company_id = $1 and r.profile_id = $2 order by s.seq`,
      [watcher.companyId, watcher.profileId],
    );
    const expected = rows.map(({ seq }) => seq);
    for (let tries = 0; tries < 50 && received.at(-1) !== expected.at(-1); tries += 1) await follow(() => false);
    expect(drops).to.be.at.least(DROPS);
    expect(expected).to.have.length.greaterThan(DROPS);
    expect(rows.some(({ action }) => action === 'drill.held')).to.equal(true);
    expect(received).to.deep.equal(expected);
  });
});
