import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createSystemQuery } from '../../../src/platform/db/system-query.ts';
import { createEventSource } from '../../../src/platform/stream/events.ts';
import { scopeOf } from '../../support/companies.ts';
import { until } from '../../support/until.ts';
import { ids, useStreams } from './harness.ts';

describe('stream', () => {
  const { bench, start, open, commit, seal, addressedTo, anotherCompany } = useStreams();

  it('tells each profile what is addressed to it, in ids only', async () => {
    const instance = await start();
    const [ana, ben, foreign] = [uuidv7(), uuidv7(), await anotherCompany()];
    const clients = [
      await open(instance, ana),
      await open(instance, ben),
      await open(instance, ana, undefined, foreign),
    ];
    expect(clients[0]!.status).to.equal(200);
    expect(clients[0]!.headers['content-type']).to.match(/^text\/event-stream/);
    expect(clients[0]!.headers).to.include({ 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' });
    await commit([ana]);
    await commit([]);
    await commit([ana, ben]);
    await commit([uuidv7()]);
    await commit([ben]);
    await seal();
    await until(() => clients[0]!.events.length === 2 && clients[1]!.events.length === 2);
    const rows = await addressedTo(ana);
    expect(clients[0]!.events).to.deep.equal(
      rows.map(({ seq, action, entity_id }) => ({
        id: seq,
        event: 'message',
        data: { id: seq, type: action, entity: 'thing', entityId: entity_id },
      })),
    );
    expect(ids(clients[1]!)).to.deep.equal((await addressedTo(ben)).map(({ seq }) => seq));
    expect(clients[2]!.events).to.deep.equal([]);
  });

  it('says nothing of changes that are not sealed, and nothing of the past to a new client', async () => {
    const instance = await start();
    const ana = uuidv7();
    await commit([ana]);
    await seal();
    const client = await open(instance, ana);
    await commit([ana]);
    await sleep(50);
    expect(client.events).to.deep.equal([]);
    await seal();
    await until(() => client.events.length > 0);
    expect(ids(client)).to.deep.equal([2]);
  });

  it('lets others run while thousands are told', async () => {
    const instance = await start();
    const people = Array.from({ length: 250 }, () => uuidv7());
    const clients = await Promise.all(people.map((one) => open(instance, one)));
    let turn = 0;
    const next = (): void => {
      turn += 1;
      if (turn >= 0) setImmediate(next);
    };
    next();
    const told: number[] = [];
    for (const response of instance.responses) {
      const write = response.write.bind(response) as (text: string) => boolean;
      response.write = ((text: string) => {
        if (text.includes('data:')) told.push(turn);
        return write(text);
      }) as typeof response.write;
    }
    await commit(people);
    await seal();
    await until(() => clients.every(({ events }) => events.length === 1));
    turn = Number.NEGATIVE_INFINITY;
    const together = Map.groupBy(told, (at) => at)
      .values()
      .map(({ length }) => length);
    expect([told.length, Math.max(...together)]).to.deep.equal([250, 25]);
  });

  it('gives a client dropped 200 times, with two writers beside it, the ids of the table: none missing, none twice', async () => {
    const instance = await start();
    const ana = uuidv7();
    bench.sealer.start();
    const first = await open(instance, ana);
    const own = bench.company;
    const writing = new AbortController();
    const writers = [0, 1].map(async (writer) => {
      while (!writing.signal.aborted) {
        await commit([ana, uuidv7()], own);
        if (writer === 1) await commit([uuidv7()], own);
      }
    });
    const received: number[] = [];
    let client = first;
    for (let drops = 0; drops < 200; drops += 1) {
      const wanted = drops % 4;
      await until(() => client.events.length >= wanted);
      client.drop();
      await client.closed;
      received.push(...ids(client));
      client = await open(instance, ana, client.lastEventId());
    }
    writing.abort();
    await Promise.all(writers);
    await until(async () => (await bench.superuser.query('select 1 from change_pending limit 1')).rowCount === 0);
    const rows = await addressedTo(ana);
    await until(() => received.length + client.events.length >= rows.length);
    received.push(...ids(client));
    expect(rows.length).to.be.greaterThan(200);
    expect(received).to.deep.equal(rows.map(({ seq }) => seq));
    expect(client.text() + first.text()).to.not.include('resync');
  });

  it('serves two instances of one database alike, also a client that moves from one to the other', async () => {
    const two = [await start(), await start()];
    const ana = uuidv7();
    const staying = await open(two[1]!, ana);
    let moving = await open(two[0]!, ana);
    const received: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      await commit([ana]);
      await seal();
      await until(() => received.length + moving.events.length === round + 1);
      moving.drop();
      received.push(...ids(moving));
      moving = await open(two[(round + 1) % 2]!, ana, moving.lastEventId());
    }
    await until(() => staying.events.length === 10);
    expect(received).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(ids(staying)).to.deep.equal(received);
  });

  it('gives the events of a transaction held open while others commit, after theirs', async () => {
    const instance = await start();
    const ana = uuidv7();
    const client = await open(instance, ana);
    bench.sealer.start();
    const held = uuidv7();
    await bench.db.write(scopeOf(bench.company), async (tx) => {
      await bench.recorder.event(tx, { entity: 'thing', entityId: held, action: 'update', audience: [ana] });
      for (let n = 0; n < 5; n += 1) await commit([ana]);
      await until(() => client.events.length === 5);
    });
    await until(() => client.events.length === 6);
    expect(ids(client)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(client.events.at(-1)!.data).to.include({ entityId: held });
  });

  it('catches a client up from the table over many pages, and joins it to the live ones', async () => {
    const instance = await start();
    const ana = uuidv7();
    await bench.db.write(scopeOf(bench.company), async (tx) => {
      for (let n = 0; n < 900; n += 1)
        await bench.recorder.event(tx, {
          entity: 'thing',
          entityId: uuidv7(),
          action: 'update',
          audience: n % 2 ? [ana] : [],
        });
    });
    await seal();
    const client = await open(instance, ana, '0');
    await commit([ana]);
    await seal();
    await until(() => client.events.length === 451);
    expect(ids(client)).to.deep.equal((await addressedTo(ana)).map(({ seq }) => seq));
  });

  it('gives many clients that come while events flow all that follows their start', async () => {
    const instance = await start({ pollEvery: 1 });
    bench.sealer.start();
    const profiles = Array.from({ length: 40 }, () => uuidv7());
    const own = bench.company;
    const enough = new AbortController();
    const writing = (async () => {
      while (!enough.signal.aborted) await commit(profiles, own);
    })();
    const clients = await Promise.all(
      profiles.map(async (profile, n) => {
        await sleep(n * 5);
        return open(instance, profile, undefined);
      }),
    );
    enough.abort();
    await writing;
    await until(async () => (await bench.superuser.query('select 1 from change_pending limit 1')).rowCount === 0);
    const last = Math.max(...(await addressedTo(profiles[0]!)).map(({ seq }) => seq));
    for (const client of clients) {
      const begin = Number(/^id: (\d+)\n\n/.exec(client.text())?.[1]);
      await until(() => (client.events.at(-1)?.id ?? begin) === last);
      expect(ids(client)).to.deep.equal(Array.from({ length: last - begin }, (_, n) => begin + n + 1));
    }
  });

  it('gives a client that joins while numbers are being read for others what is its own among them', async () => {
    const [ana, ben] = [uuidv7(), uuidv7()];
    const source = createEventSource(bench.db, createSystemQuery(bench.system, 'streams'), () => new Date());
    const gate = Promise.withResolvers<void>();
    let isRead = false;
    const between: typeof source.between = async (...window) => {
      const events = await source.between(...window);
      if (window[3].includes(ana)) {
        isRead = true;
        await gate.promise;
      }
      return events;
    };
    const instance = await start({ source: { ...source, between } });
    await open(instance, ana);
    await commit([ben]);
    await seal();
    await until(() => isRead);
    const client = await open(instance, ben, '0');
    gate.resolve();
    await until(() => client.events.length === 1);
    expect(ids(client)).to.deep.equal([1]);
  });

  describe('asks once for a resync', () => {
    const expectResync = async (lastEventId: string) => {
      const instance = await start();
      const ana = uuidv7();
      for (let n = 0; n < 3; n += 1) await commit([ana]);
      await seal();
      if (lastEventId === '2')
        await bench.superuser.query(
          `update change_seal set sealed_at = sealed_at - interval '7 days' where company_id = $1`,
          [bench.company],
        );
      const client = await open(instance, ana, lastEventId);
      await commit([ana]);
      await seal();
      await until(() => client.events.length === 2);
      expect(client.events.map(({ event, id }) => [event, id])).to.deep.equal([
        ['resync', 3],
        ['message', 4],
      ]);
    };
    it('when the id is older than seven days', () => expectResync('2'));
    it('when the id is higher than any', () => expectResync('99'));
    it('when the id is none', () => expectResync('abc'));
    it('when the id is beyond all numbers', () => expectResync('9'.repeat(30)));
  });

  it('beats, and moves the client on when events were for others only', async () => {
    const instance = await start({ heartbeatEvery: 20 });
    const client = await open(instance, uuidv7());
    await until(() => client.text().includes(':\n\n'));
    expect(client.lastEventId()).to.equal('0');
    await commit([uuidv7()]);
    await commit([]);
    await seal();
    await until(() => client.lastEventId() === '2');
    expect(client.events).to.deep.equal([]);
  });
});
