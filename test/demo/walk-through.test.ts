import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { DemoAccount } from '../../src/demo/accounts.ts';
import { createDemoPlace } from '../support/demo.ts';
import type { DemoPlace, RunningDemo } from '../support/demo.ts';

/** The scripts of README.md between its marks, in their order: first what the steps share. */
const walkThrough = (): string[] => {
  const text = readFileSync('README.md', 'utf8');
  const part = text.slice(text.indexOf('<!-- walk-through -->'), text.indexOf('<!-- /walk-through -->'));
  return [...part.matchAll(/```sh\n([^]*?)```/g)].map(([, script]) => script!);
};

const HISTORY = ['--days', '14'];

describe('the demo', () => {
  let place: DemoPlace;
  let demo: RunningDemo;
  let accounts: DemoAccount[];
  /** What it had printed when it said that it is ready: mails to people of the demo come later. */
  let printed: string;

  const get = async (path: string, token: string): Promise<Response> =>
    fetch(`${place.url}/angelis${path}`, { headers: { authorization: `Bearer ${token.trim()}` } });
  const me = async (token: string): Promise<{ email?: string; company: { slug: string } | null }> =>
    (await get('/auth/me', token)).json() as Promise<{ company: { slug: string } | null }>;
  const people = async (): Promise<unknown[]> => {
    const token = await place.angelis('token', '--as', 'admin');
    const page = await get('/admin/profile?limit=200&sort=lastName', token);
    return ((await page.json()) as { items: unknown[] }).items;
  };

  before('starts once for all of these tests', async function () {
    this.timeout(120_000);
    place = await createDemoPlace();
    demo = await place.start(HISTORY);
    printed = demo.output();
    accounts = JSON.parse(await place.angelis('demo', 'accounts', '--json')) as DemoAccount[];
  });

  after(async function () {
    this.timeout(40_000);
    await demo.interrupt();
    await place.remove();
  });

  it('says where it is ready, in its last line', () => {
    expect(printed.trimEnd().split('\n').at(-1)).to.equal(`ready ${place.url}/angelis`);
  });

  it('is ready to be asked', async () => {
    expect((await fetch(`${place.url}/angelis/health/ready`)).status).to.equal(200);
    expect((await fetch(`${place.url}/angelis/docs`)).status).to.equal(200);
  });

  it('lists everybody’s sign-in, 300 of them in one company, and they sign in by RUT and by email', async () => {
    expect(accounts.filter(({ company }) => company === 'cordillera')).to.have.length(300);
    const { rut, email, password } = accounts.find(({ role, company }) => role === 'worker' && company === 'andes')!;
    for (const identifier of [rut, email]) {
      const response = await fetch(`${place.url}/angelis/auth/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-company-slug': 'andes' },
        body: JSON.stringify({ identifier, password }),
      });
      expect(response.status).to.equal(200);
      const { accessToken } = (await response.json()) as { accessToken: string };
      expect((await me(accessToken)).company?.slug).to.equal('andes');
    }
    expect(await place.angelis('demo', 'accounts')).to.match(/safety_admin\s+atacama/);
  });

  it('prints a token for every role, and says so when nobody holds one', async function () {
    this.timeout(60_000);
    const roles = ['superadmin', 'owner', 'admin', 'manager', 'supervisor', 'worker', 'safety_admin', 'auditor'];
    const { profileId } = accounts.findLast(({ role }) => role === 'supervisor')!;
    const tokens = await Promise.all([
      ...roles.map((role) => place.angelis('token', '--as', role)),
      place.angelis('token', '--as', 'supervisor', '--profile', profileId!),
      place.angelis('token', '--as', 'owner', '--company', 'nowhere').catch((error: Error) => error.message),
    ]);
    const answers = await Promise.all(tokens.slice(0, -1).map((token) => get('/auth/me', token)));
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(9).fill(200));
    expect((await me(tokens[8]!)).company?.slug).to.equal('atacama');
    expect(tokens[9]).to.include('Nobody is owner in company nowhere');
  });

  it('refuses a second one on its folder, and another on its port', async () => {
    const again = await place.start().catch((error: Error) => error.message);
    expect(again).to.include('already runs on');
    const elsewhere = await createDemoPlace();
    const taken = { ...elsewhere.env, PORT: place.env['PORT'] };
    const refused = await elsewhere.start([], taken).catch((error: Error) => error.message);
    expect(refused).to.include(`Port ${place.env['PORT']} is taken`).and.include('another PORT');
    expect(await elsewhere.processes()).to.deep.equal([]);
    await elsewhere.remove();
  });

  it('walks from a red test to the report, each command of the README as it is written', async function () {
    this.timeout(120_000);
    const [setUp, ...steps] = walkThrough();
    expect(steps).to.have.length(10);
    const report = join(place.folder, 'report.pdf');
    const shell = place.shell({ URL: place.url, REPORT: report });
    await shell.run(setUp!);
    const said: string[] = [];
    for (const [index, step] of steps.entries()) {
      said.push(await shell.run(step));
      if (index === 3) await place.passTime();
    }
    shell.close();
    expect(said[1]).to.match(/^red$/m);
    expect(said[2]).to.match(/^acknowledged$/m);
    expect(said[5]).to.match(/^cleared_with_restrictions$/m);
    expect(said[6]).to.not.include('RED_UNDECIDED');
    expect(said[7]).to.match(/numerator: \d+, denominator: \d+/);
    expect((await readFile(report)).subarray(0, 5).toString()).to.equal('%PDF-');
    const verified = JSON.parse(await place.angelis('audit', 'verify', '--json')) as { ok: boolean; checked: number }[];
    expect(verified.every(({ ok }) => ok)).to.equal(true);
    expect(verified.some(({ checked }) => checked > 0)).to.equal(true);
  });

  it('keeps its data through Ctrl-C, which leaves no process', async function () {
    this.timeout(120_000);
    const before = await people();
    expect(await place.processes()).to.not.have.length(0);
    expect(await demo.interrupt()).to.equal(0);
    expect(await place.processes()).to.deep.equal([]);
    demo = await place.start(HISTORY);
    expect(demo.output()).to.not.include('Loading');
    expect(await people()).to.deep.equal(before);
  });
});
