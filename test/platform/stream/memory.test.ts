import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createSealer } from '../../../src/platform/change/sealer.ts';
import { commitChange, plainRecorder } from '../../support/changes.ts';
import { addCompany, randomRing } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { openSse } from '../../support/sse.ts';

const PROFILES = 100;
const EVENTS = 50;

describe('memory of streams', () => {
  let database: TestDatabase;
  let child: ChildProcess | undefined;
  before(async () => {
    database = await cloneDatabase();
  });
  after(async () => {
    if (child?.exitCode === null) {
      child.kill();
      await once(child, 'exit');
    }
    await database.drop();
  });

  const answer = async <T>(of: ChildProcess): Promise<T> => ((await once(of, 'message')) as [T])[0];
  const measure = (of: ChildProcess) => {
    of.send('measure');
    return answer<{ bytes: number; streams: number }>(of);
  };

  it('stays at most 40 KiB each, with events, heartbeats and checks behind them', async () => {
    const company = await addCompany(database);
    const path = fileURLToPath(new URL('memory.child.ts', import.meta.url));
    child = fork(path, [database.url('app'), database.url('system')], { execArgv: ['--expose-gc'] });
    const { port } = await answer<{ port: number }>(child);
    const url = (profile: string) => `http://127.0.0.1:${port}/${company}/${profile}`;
    const warm = await openSse(url(uuidv7()));
    const { bytes: before } = await measure(child);
    const profiles = Array.from({ length: PROFILES }, () => uuidv7());
    const clients = await Promise.all(profiles.flatMap((profile) => [1, 2, 3, 4, 5].map(() => openSse(url(profile)))));
    const db = database.open();
    const recorder = plainRecorder();
    for (let n = 0; n < EVENTS; n += 1) await commitChange(db, recorder, company, { audience: profiles });
    const onError = (error: unknown) => {
      throw error;
    };
    const sealer = createSealer({
      system: database.pool('system'),
      keyRing: randomRing(),
      now: () => new Date(),
      onError,
    });
    await sealer.sealAll();
    while (clients.some(({ events }) => events.length < EVENTS)) await sleep(20);
    const { bytes, streams } = await measure(child);
    expect(streams).to.equal(PROFILES * 5 + 1);
    expect((bytes - before) / clients.length).to.be.lessThan(40 * 1_024);
    for (const client of [warm, ...clients]) client.drop();
    while ((await measure(child)).streams > 0) await sleep(20);
    expect(((await measure(child)).bytes - before) / clients.length).to.be.lessThan(8 * 1_024);
  });
});
