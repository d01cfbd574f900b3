import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createSealer } from '../../../src/platform/change/sealer.ts';
import type { Sealer } from '../../../src/platform/change/sealer.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { createEventSource } from '../../../src/platform/stream/events.ts';
import { startHub } from '../../../src/platform/stream/hub.ts';
import type { Hub, HubOptions } from '../../../src/platform/stream/hub.ts';
import { commitChange, plainRecorder } from '../../support/changes.ts';
import { addCompany, randomRing, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { openSse } from '../../support/sse.ts';
import type { SseClient } from '../../support/sse.ts';

interface Row {
  readonly seq: number;
  readonly action: string;
  readonly entity_id: string;
}

/** A hub behind a bare HTTP server: `/COMPANY/PROFILE`. */
interface Instance {
  readonly hub: Hub;
  readonly server: Server;
  readonly url: string;
  readonly responses: readonly ServerResponse[];
}

describe('stream', () => {
  let database: TestDatabase;
  let db: Database;
  let system: pg.Pool;
  let superuser: pg.Client;
  let sealer: Sealer;
  let company: string;
  const recorder = plainRecorder();
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const instances: Instance[] = [];
  let stillValid: () => Promise<boolean> = () => Promise.resolve(true);

  const serve = (hub: Hub, responses: ServerResponse[]): Server =>
    createServer((request, response) => {
      responses.push(response);
      const [, companyId, profileId] = request.url!.split('/');
      const lastEventId = request.headers['last-event-id'] as string | undefined;
      hub
        .openStream({
          response,
          companyId: companyId!,
          profileId: profileId!,
          lastEventId,
          stillValid: () => stillValid(),
        })
        .catch((error: unknown) => {
          response.writeHead(error instanceof Problem ? error.status : 500).end();
        });
    });
  const start = async (options: Partial<HubOptions> = {}, socketPath?: string): Promise<Instance> => {
    const source = createEventSource(db, () => new Date());
    const hub = startHub({ system, source, onError, pollEvery: 10, ...options });
    const responses: ServerResponse[] = [];
    const server = serve(hub, responses);
    await once(socketPath === undefined ? server.listen(0, '127.0.0.1') : server.listen(socketPath), 'listening');
    const address = server.address() as AddressInfo | string;
    const url = typeof address === 'string' ? address : `http://127.0.0.1:${address.port}`;
    const instance = { hub, server, url, responses };
    instances.push(instance);
    return instance;
  };
  const open = (instance: Instance, profileId: string, lastEventId?: string, companyId = company) =>
    openSse(
      `${instance.url}/${companyId}/${profileId}`,
      lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    );
  const commit = (audience: readonly string[], companyId = company) =>
    commitChange(db, recorder, companyId, { audience });
  const seal = () => sealer.sealAll();
  const addressedTo = async (profileId: string, companyId = company): Promise<Row[]> =>
    (
      await superuser.query<{ seq: string; action: string; entity_id: string }>(
        `select s.seq, c.action, c.entity_id from change_seal s
         join change_recipient r on r.company_id = $1 and r.change_id = s.change_id and r.profile_id = $2
         join change c on c.company_id = $1 and c.id = s.change_id where s.company_id = $1 order by s.seq`,
        [companyId, profileId],
      )
    ).rows.map(({ seq, ...row }) => ({ ...row, seq: Number(seq) }));
  const until = async (done: () => boolean | Promise<boolean>) => {
    while (!(await done())) await sleep(2);
  };
  const ids = (client: SseClient) => client.events.map(({ id }) => id);

  before(async () => {
    database = await cloneDatabase();
    db = database.open({ max: 20 });
    system = database.pool('system');
    superuser = await database.superuser();
    sealer = createSealer({ system, keyRing: randomRing(), now: () => new Date(), onError, pollEvery: 10 });
  });
  after(() => database.drop());
  beforeEach(async () => {
    company = await addCompany(database);
    stillValid = () => Promise.resolve(true);
    errors.length = 0;
  });
  afterEach(async () => {
    await sealer.stop();
    for (const { hub, server } of instances.splice(0)) {
      await hub.stop();
      server.closeAllConnections();
      server.close();
    }
    expect(errors).to.deep.equal([]);
  });

  it('tells each profile what is addressed to it, in ids only', async () => {
    const instance = await start();
    const [ana, ben, foreign] = [uuidv7(), uuidv7(), await addCompany(database)];
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

  it('gives a client dropped 200 times, with two writers beside it, the ids of the table: none missing, none twice', async () => {
    const instance = await start();
    const ana = uuidv7();
    sealer.start();
    const first = await open(instance, ana);
    const own = company;
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
    await until(async () => (await superuser.query('select 1 from change_pending limit 1')).rowCount === 0);
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
    sealer.start();
    const held = uuidv7();
    await db.write(scopeOf(company), async (tx) => {
      await recorder.event(tx, { entity: 'thing', entityId: held, action: 'update', audience: [ana] });
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
    await db.write(scopeOf(company), async (tx) => {
      for (let n = 0; n < 900; n += 1)
        await recorder.event(tx, {
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
    sealer.start();
    const profiles = Array.from({ length: 40 }, () => uuidv7());
    const own = company;
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
    await until(async () => (await superuser.query('select 1 from change_pending limit 1')).rowCount === 0);
    const last = Math.max(...(await addressedTo(profiles[0]!)).map(({ seq }) => seq));
    for (const client of clients) {
      const begin = Number(/^id: (\d+)\n\n/.exec(client.text())?.[1]);
      await until(() => (client.events.at(-1)?.id ?? begin) === last);
      expect(ids(client)).to.deep.equal(Array.from({ length: last - begin }, (_, n) => begin + n + 1));
    }
  });

  it('gives a client that joins while numbers are being read for others what is its own among them', async () => {
    const [ana, ben] = [uuidv7(), uuidv7()];
    const source = createEventSource(db, () => new Date());
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
        await superuser.query(
          `update change_seal set sealed_at = sealed_at - interval '7 days' where company_id = $1`,
          [company],
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
      ['was revoked', () => Promise.resolve(false)],
      ['cannot be asked', () => Promise.reject(new Error('no database'))],
      ['gives no answer', () => new Promise<boolean>(() => undefined)],
    ] as const)
      it(`whose session ${name}, at the next question`, async () => {
        const instance = await start({ checkEvery: 25 });
        const ana = uuidv7();
        let asked = 0;
        let isRevoked = false;
        stillValid = () => {
          asked += 1;
          return isRevoked ? answer() : Promise.resolve(true);
        };
        const client = await open(instance, ana);
        await until(() => asked >= 3);
        expect(instance.hub.count()).to.equal(1);
        isRevoked = true;
        await client.closed;
        expect(client.response.complete).to.equal(true);
        expect(instance.hub.count()).to.equal(0);
        errors.length = 0;
      });
  });

  it('holds a client that does not read to little, goes on with the others, and catches it up when it reads again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'angelis-sse-'));
    const instance = await start({ slowAfter: 3_600_000, checkEvery: 20 }, join(folder, 's'));
    const [ana, ben] = [uuidv7(), uuidv7()];
    const path = (profile: string) => ({ socketPath: instance.url, path: `/${company}/${profile}` });
    const [slow, quick] = [await openSse(path(ana)), await openSse(path(ben))];
    slow.response.pause();
    const rounds = 10;
    for (let round = 1; round <= rounds; round += 1) {
      await db.write(scopeOf(company), async (tx) => {
        for (let n = 0; n < 500; n += 1)
          await recorder.event(tx, { entity: 'thing', entityId: uuidv7(), action: 'update', audience: [ana, ben] });
      });
      await seal();
      await until(() => quick.events.length === round * 500);
    }
    expect(slow.events.length).to.be.lessThan(rounds * 500);
    expect(Math.max(...instance.responses.map(({ writableLength }) => writableLength))).to.be.within(1, 20_000);
    slow.response.resume();
    await until(() => slow.events.length >= rounds * 500);
    expect(ids(slow)).to.deep.equal(ids(quick));
    slow.drop();
    await rm(folder, { recursive: true });
  });

  it('drops a client that does not read for too long; it comes back without a gap', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'angelis-sse-'));
    const instance = await start({ slowAfter: 30, checkEvery: 10 }, join(folder, 's'));
    const ana = uuidv7();
    const path = { socketPath: instance.url, path: `/${company}/${ana}` };
    const slow = await openSse(path);
    slow.response.pause();
    for (let round = 0; instance.hub.count() > 0; round += 1) {
      await db.write(scopeOf(company), async (tx) => {
        for (let n = 0; n < 500; n += 1)
          await recorder.event(tx, { entity: 'thing', entityId: uuidv7(), action: 'update', audience: [ana] });
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
    const counting = Object.assign(Object.create(system) as pg.Pool, {
      query: (text: string, values: unknown[]) => {
        asked.push(values);
        return system.query(text, values);
      },
    });
    const instance = await start({ system: counting });
    await sleep(50);
    expect(asked).to.deep.equal([]);
    const clients = [
      await open(instance, uuidv7()),
      await open(instance, uuidv7(), undefined, await addCompany(database)),
    ];
    asked = [];
    await until(() => asked.length >= 2);
    expect(asked.every(([companies]) => (companies as string[]).length === 2)).to.equal(true);
    for (const client of clients) client.drop();
    await until(() => instance.hub.count() === 0);
  });
});
