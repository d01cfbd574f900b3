import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type pg from 'pg';
import type { ChangeRecorder } from '../../../src/platform/change/recorder.ts';
import { createSealer } from '../../../src/platform/change/sealer.ts';
import type { Sealer } from '../../../src/platform/change/sealer.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { createSystemQuery } from '../../../src/platform/db/system-query.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { createEventSource } from '../../../src/platform/stream/events.ts';
import type { EventSource } from '../../../src/platform/stream/events.ts';
import { startHub } from '../../../src/platform/stream/hub.ts';
import type { Hub, HubOptions } from '../../../src/platform/stream/hub.ts';
import { commitChange, plainRecorder } from '../../support/changes.ts';
import { addCompany, randomRing } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { openSse } from '../../support/sse.ts';
import type { SseClient } from '../../support/sse.ts';

export interface Row {
  readonly seq: number;
  readonly action: string;
  readonly entity_id: string;
}

/** A hub behind a bare HTTP server: `/COMPANY/PROFILE`. */
export interface Instance {
  readonly hub: Hub;
  readonly server: Server;
  readonly url: string;
  readonly responses: readonly ServerResponse[];
}

/** What every stream test works with; a new company stands there for each test. */
interface Bench {
  db: Database;
  system: pg.Pool;
  superuser: pg.Client;
  sealer: Sealer;
  company: string;
  readonly recorder: ChangeRecorder;
  readonly errors: unknown[];
  /** What is answered when it is asked whether sessions may still listen. */
  holding: EventSource['holding'];
}

export const ids = (client: SseClient): number[] => client.events.map(({ id }) => id);

/** Gives the tests of the surrounding `describe` a database, a sealer and hubs behind HTTP; they may leave no error. */
export const useStreams = () => {
  const bench = { recorder: plainRecorder(), errors: [] as unknown[] } as Bench;
  let database: TestDatabase;
  const onError = (error: unknown) => void bench.errors.push(error);
  const instances: Instance[] = [];

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
          session: { id: profileId!, epoch: 1 },
        })
        .catch((error: unknown) => {
          response.writeHead(error instanceof Problem ? error.status : 500).end();
        });
    });
  const start = async (options: Partial<HubOptions> = {}, socketPath?: string): Promise<Instance> => {
    const source: EventSource = {
      ...createEventSource(bench.db, createSystemQuery(bench.system, 'streams'), () => new Date()),
      holding: (companyId, sessions) => bench.holding(companyId, sessions),
    };
    const hub = startHub({ system: bench.system, source, onError, pollEvery: 10, ...options });
    const responses: ServerResponse[] = [];
    const server = serve(hub, responses);
    await once(socketPath === undefined ? server.listen(0, '127.0.0.1') : server.listen(socketPath), 'listening');
    const address = server.address() as AddressInfo | string;
    const url = typeof address === 'string' ? address : `http://127.0.0.1:${address.port}`;
    const instance = { hub, server, url, responses };
    instances.push(instance);
    return instance;
  };
  const open = (instance: Instance, profileId: string, lastEventId?: string, companyId = bench.company) =>
    openSse(
      `${instance.url}/${companyId}/${profileId}`,
      lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    );
  const commit = (audience: readonly string[], companyId = bench.company) =>
    commitChange(bench.db, bench.recorder, companyId, { audience });
  const seal = () => bench.sealer.sealAll();
  const addressedTo = async (profileId: string, companyId = bench.company): Promise<Row[]> =>
    (
      await bench.superuser.query<{ seq: string; action: string; entity_id: string }>(
        `select s.seq, c.action, c.entity_id from change_seal s
         join change_recipient r on r.company_id = $1 and r.change_id = s.change_id and r.profile_id = $2
         join change c on c.company_id = $1 and c.id = s.change_id where s.company_id = $1 order by s.seq`,
        [companyId, profileId],
      )
    ).rows.map(({ seq, ...row }) => ({ ...row, seq: Number(seq) }));

  before(async () => {
    database = await cloneDatabase();
    bench.db = database.open({ max: 20 });
    bench.system = database.pool('system');
    bench.superuser = await database.superuser();
    bench.sealer = createSealer({
      system: bench.system,
      keyRing: randomRing(),
      now: () => new Date(),
      onError,
      pollEvery: 10,
    });
  });
  after(() => database.drop());
  beforeEach(async () => {
    bench.company = await addCompany(database);
    bench.holding = (_companyId, sessions) => Promise.resolve(sessions.map(() => true));
    bench.errors.length = 0;
  });
  afterEach(async () => {
    await bench.sealer.stop();
    for (const { hub, server } of instances.splice(0)) {
      await hub.stop();
      server.closeAllConnections();
      server.close();
    }
    expect(bench.errors).to.deep.equal([]);
  });
  const anotherCompany = () => addCompany(database);
  return { bench, start, open, commit, seal, addressedTo, anotherCompany };
};
