import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { ChangeEvent } from '../../../src/platform/change/recorder.ts';
import { scopeOf } from '../../support/companies.ts';
import { openSse } from '../../support/sse.ts';
import { until } from '../../support/until.ts';
import { ids, useStreams } from './harness.ts';

const AT_ONCE = 100;
/** Long, so that few changes fill what the operating system holds for a client that does not read. */
const ENTITY = 'thing'.repeat(200);
/** Changes of things, told to these profiles; one statement writes them. */
const changesFor = (audience: readonly string[]): ChangeEvent[] =>
  Array.from({ length: AT_ONCE }, () => ({ entity: ENTITY, entityId: uuidv7(), action: 'update', audience }));

describe('limits of streams', () => {
  const { bench, start, open, seal, addressedTo, anotherCompany } = useStreams();

  it('allows five streams of a profile, and another once one is closed', async () => {
    const instance = await start();
    const ana = uuidv7();
    const clients = await Promise.all(Array.from({ length: 8 }, () => open(instance, ana)));
    expect(clients.map(({ status }) => status).toSorted((a, b) => a - b)).to.deep.equal([
      200, 200, 200, 200, 200, 429, 429, 429,
    ]);
    expect((await open(instance, uuidv7())).status).to.equal(200);
    clients.find(({ status }) => status === 200)!.drop();
    await until(() => instance.hub.count() === 5);
    expect((await open(instance, ana)).status).to.equal(200);
  });

  describe('closes a stream', () => {
    for (const [name, answer] of [
      ['was revoked', () => Promise.resolve([false])],
      ['cannot be asked', () => Promise.reject(new Error('no database'))],
      ['gives no answer', () => new Promise<boolean[]>(() => undefined)],
    ] as const)
      it(`whose session ${name}, at the next question`, async () => {
        const instance = await start({ checkEvery: 25 });
        const ana = uuidv7();
        let asked = 0;
        let isRevoked = false;
        bench.holding = () => {
          asked += 1;
          return isRevoked ? answer() : Promise.resolve([true]);
        };
        const client = await open(instance, ana);
        await until(() => asked >= 3);
        expect(instance.hub.count()).to.equal(1);
        isRevoked = true;
        await client.closed;
        expect(client.response.complete).to.equal(true);
        expect(instance.hub.count()).to.equal(0);
        bench.errors.length = 0;
      });
  });

  it('asks for the sessions of a company whose turn it is in one question, and closes only the streams of those that ended', async () => {
    const instance = await start({ checkEvery: 25 });
    const ofOneTurn = () => uuidv7().replace(/.{4}$/u, '0001');
    const [ana, ben] = [ofOneTurn(), ofOneTurn()];
    const questions: string[][] = [];
    let ended: string | undefined;
    bench.holding = (_companyId, sessions) => {
      questions.push(sessions.map(({ id }) => id).toSorted());
      return Promise.resolve(sessions.map(({ id }) => id !== ended));
    };
    const clients = await Promise.all([ana, ben, ana, ben].map((one) => open(instance, one)));
    await until(() => questions.at(-1)?.length === 2);
    expect(questions.at(-1)).to.deep.equal([ana, ben].toSorted());
    ended = ana;
    await Promise.all([clients[0]!.closed, clients[2]!.closed]);
    expect(instance.hub.count()).to.equal(2);
  });

  it('holds a client that does not read to little, goes on with the others, and catches it up when it reads again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'angelis-sse-'));
    const instance = await start({ slowAfter: 3_600_000, checkEvery: 20 }, join(folder, 's'));
    const [ana, ben] = [uuidv7(), uuidv7()];
    const path = (profile: string) => ({ socketPath: instance.url, path: `/${bench.company}/${profile}` });
    const [slow, quick] = [await openSse(path(ana)), await openSse(path(ben))];
    slow.response.pause();
    const rounds = 5;
    for (let round = 1; round <= rounds; round += 1) {
      await bench.db.write(scopeOf(bench.company), async (tx) => {
        await bench.recorder.events(tx, changesFor([ana, ben]));
      });
      await seal();
      await until(() => quick.events.length === round * AT_ONCE);
    }
    expect(slow.events.length).to.be.lessThan(rounds * AT_ONCE);
    expect(Math.max(...instance.responses.map(({ writableLength }) => writableLength))).to.be.within(1, 20_000);
    slow.response.resume();
    await until(() => slow.events.length >= rounds * AT_ONCE);
    expect(ids(slow)).to.deep.equal(ids(quick));
    slow.drop();
    await rm(folder, { recursive: true });
  });

  it('drops a client that does not read for too long; it comes back without a gap', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'angelis-sse-'));
    const instance = await start({ slowAfter: 30, checkEvery: 10 }, join(folder, 's'));
    const ana = uuidv7();
    const path = { socketPath: instance.url, path: `/${bench.company}/${ana}` };
    const slow = await openSse(path);
    slow.response.pause();
    for (let round = 0; instance.hub.count() > 0; round += 1) {
      await bench.db.write(scopeOf(bench.company), async (tx) => {
        await bench.recorder.events(tx, changesFor([ana]));
      });
      await seal();
      await sleep(20);
    }
    slow.response.resume();
    await slow.closed;
    const again = await openSse(path, { 'last-event-id': slow.lastEventId()! });
    const rows = await addressedTo(ana);
    await until(() => slow.events.length + again.events.length >= rows.length);
    expect([...ids(slow), ...ids(again)]).to.deep.equal(rows.map(({ seq }) => seq));
    await rm(folder, { recursive: true });
  });

  it('tells clients when to come back and ends their streams when it stops; none opens then', async () => {
    const instance = await start();
    const clients = [await open(instance, uuidv7()), await open(instance, uuidv7())];
    await instance.hub.stop();
    for (const client of clients) {
      await client.closed;
      expect(client.response.complete).to.equal(true);
      const retry = Number(/retry: (\d+)\n\n$/.exec(client.text())?.[1]);
      expect(retry).to.be.within(1_000, 4_000);
    }
    expect(instance.hub.count()).to.equal(0);
    expect((await open(instance, uuidv7())).status).to.equal(503);
  });

  it('asks the database nothing when nobody listens, and once for all companies when somebody does', async () => {
    let asked: unknown[][] = [];
    const counting = Object.assign(Object.create(bench.system) as pg.Pool, {
      query: (text: string, values: unknown[]) => {
        asked.push(values);
        return bench.system.query(text, values);
      },
    });
    const instance = await start({ system: counting });
    await sleep(50);
    expect(asked).to.deep.equal([]);
    const clients = [await open(instance, uuidv7()), await open(instance, uuidv7(), undefined, await anotherCompany())];
    asked = [];
    await until(() => asked.length >= 2);
    expect(asked.every(([companies]) => (companies as string[]).length === 2)).to.equal(true);
    for (const client of clients) client.drop();
    await until(() => instance.hub.count() === 0);
  });
});
