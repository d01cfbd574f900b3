import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { readSettings } from '../../../src/platform/settings/settings.ts';
import type { Settings } from '../../../src/platform/settings/settings.ts';
import { rutCheckDigit } from '../../../src/platform/text/rut.ts';
import { rotate } from '../../../src/wiring/commands/keys-rotate.ts';
import { status } from '../../../src/wiring/commands/keys-status.ts';
import { embeddedSystem } from '../../scenarios/embedded.ts';
import { PASSWORD, signInByPassword, signInOnAdmin } from '../../scenarios/people.ts';
import { addLogin } from '../../support/people.ts';
import type { TestSystem } from '../../support/system.ts';
import { until } from '../../support/until.ts';

const NAMES = ['DATA_KEY', 'LOOKUP_KEY'] as const;
const WRITERS = 4;

describe('a system whose keys are rotated while people work', () => {
  let folder: string;
  let files: Readonly<Record<string, string>>;
  let system: TestSystem;
  let email: string;
  let authorization: string;
  let ruts = 10_000_000;
  /** Every person that was entered, by national id. */
  const entered = new Map<string, string>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-keys-live-'));
    files = Object.fromEntries(NAMES.map((name) => [`${name}_FILE`, join(folder, name)]));
    for (const file of Object.values(files)) await writeFile(file, `first:${randomBytes(32).toString('base64')}\n`);
    const rates = { RATE_PRINCIPAL: '5999/min', RATE_LOOKUP: '5000/min' };
    system = await embeddedSystem({ DATA_KEY: '', LOOKUP_KEY: '', ...files, ...rates });
    const companyId = await system.addCompany();
    email = `${randomUUID()}@example.cl`;
    await addLogin(system, { companyId, roles: ['admin', 'worker'], login: { email, password: PASSWORD } });
    authorization = `Bearer ${(await signInOnAdmin(system, email)).accessToken}`;
  });
  after(async () => {
    await system.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** What a process, or a command, reads that starts now. */
  const settings = (): Settings => {
    const { database } = system;
    const urls = {
      DATABASE_URL: database.url('app'),
      DATABASE_OWNER_URL: database.url('owner'),
      DATABASE_SYSTEM_URL: database.url('system'),
    };
    const others = { SIGNING_KEY: `k:${randomBytes(32).toString('base64')}` };
    return readSettings({ ...urls, ...files, ...others, CHAIN_KEY: others.SIGNING_KEY });
  };
  const get = (path: string) => system.http.get(`/angelis/admin/profile${path}`).set({ authorization });
  const post = (value: string) =>
    system.http
      .post('/angelis/admin/profile')
      .set({ authorization })
      .send({ firstName: 'Ana', lastName: 'Rojas', kind: 'employee', nationalId: { kind: 'RUT', value } });
  const enter = async (): Promise<string> => {
    const body = String((ruts += 1));
    const rut = `${body}-${rutCheckDigit(body)}`;
    const { status: code, body: made } = await post(rut);
    expect(code, JSON.stringify(made)).to.equal(201);
    entered.set(rut, (made as { id: string }).id);
    return rut;
  };
  /** Somebody is found and shown by their national id, and entered no second time. */
  const expectKnown = async (rut: string): Promise<void> => {
    const id = entered.get(rut)!;
    expect((await get(`/${id}/national-id`).expect(200)).body).to.deep.equal({ kind: 'RUT', value: rut });
    const { items } = (await get(`?q=${rut}`).expect(200)).body as { items: { id: string }[] };
    expect(items.map((one) => one.id)).to.deep.equal([id]);
    await post(rut).expect(409);
  };

  it('reads, finds and writes everything at every moment, and has the new keys alone at the end', async () => {
    await enter();
    const rounds = Array.from({ length: WRITERS }, () => 0);
    const whileRotating = new AbortController();
    const work = async (_: number, writer: number): Promise<void> => {
      while (!whileRotating.signal.aborted) {
        await enter();
        await expectKnown([...entered.keys()][rounds[writer]! % entered.size]!);
        rounds[writer]! += 1;
      }
    };
    // A quarter of an hour is for what is under way: here, two rounds of everybody.
    const wait = async (milliseconds: number): Promise<void> => {
      const before = [...rounds];
      const isOver = () => whileRotating.signal.aborted || rounds.every((count, writer) => count > before[writer]! + 1);
      if (milliseconds > 60_000) await until(isOver);
      else await sleep(50);
    };
    const clock = { now: () => new Date(), sleep: wait };
    const working = Promise.all(rounds.map(work));
    const said: string[] = [];
    const turn = (name: (typeof NAMES)[number]) =>
      rotate(settings(), name, {}, (text) => said.push(text), files, clock);
    const rotateBoth = async (): Promise<void> => {
      const first = turn('DATA_KEY');
      await until(() => said.length > 0);
      const second = await turn('LOOKUP_KEY').catch(String);
      expect(second).to.contain('another rotation is under way');
      await first;
      await turn('LOOKUP_KEY');
    };
    try {
      await Promise.race([rotateBoth(), working]);
    } finally {
      whileRotating.abort();
      await working;
    }
    for (const name of NAMES) {
      expect(said.join('\n')).to.contain(`the old keys of ${name} are retired`);
      expect(await readFile(files[`${name}_FILE`]!, 'utf8')).to.match(/^r\d{17}:[^,]+\n$/);
    }
    for (const [at, rut] of [...entered.keys()].entries()) if (at % 10 === 0) await expectKnown(rut);
    await signInByPassword(system, email, '198.51.100.1');
    const left: string[] = [];
    await status(settings(), (text) => left.push(text));
    expect(left.at(-1)).to.match(/^  all on \S+ writes with DATA_KEY r\d{17}, LOOKUP_KEY r\d{17}, /);
    const counts = left.filter((text) => text.includes(' under old keys of '));
    expect(counts).to.have.length.greaterThan(5);
    expect(counts.filter((text) => !text.includes(': 0 under'))).to.deep.equal([]);
  }).timeout(60_000);

  it('counts by the limits of its settings', async () => {
    const { headers } = await get('').expect(200);
    expect(headers['ratelimit-policy']).to.contain('"principal";q=5999;w=60');
  });
});
