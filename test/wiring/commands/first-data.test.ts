import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { freePort } from '../../../src/platform/embedded/ports.ts';
import { signInByBrowser } from '../../platform/identity-provider/browser.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);
const COMMAND = join('bin', 'angelis.js');
const PASSWORD = 'puente y río largos';

/** As whoever installs Angelis runs them, on a database of their own. */
describe('the commands of an installation', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let folder: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    database = await cloneDatabase();
    folder = await mkdtemp(join(tmpdir(), 'angelis-install-'));
    const ring = () => `k1:${randomBytes(32).toString('base64')}`;
    env = {
      PATH: process.env['PATH'],
      DATA_DIR: folder,
      UNREADY_SECONDS: '0',
      PORT: String(await freePort()),
      METRICS_PORT: String(await freePort()),
      DATABASE_URL: database.url('app'),
      DATABASE_OWNER_URL: database.url('owner'),
      DATABASE_SYSTEM_URL: database.url('system'),
      DATA_KEY: ring(),
      LOOKUP_KEY: ring(),
      SIGNING_KEY: ring(),
      CHAIN_KEY: ring(),
    };
  });
  after(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const angelis = async (...args: readonly string[]) => {
    try {
      const { stdout, stderr } = await run(COMMAND, args, { env });
      return { code: 0, out: stdout, err: stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, out: stdout, err: stderr };
    }
  };

  describe('angelis migrate', () => {
    const status = async () => (await angelis('migrate', 'status')).out.trimEnd().split('\n');

    it('lists what is applied, takes the newest back and brings it again', async () => {
      const before = await status();
      expect(before.length).to.be.above(10);
      for (const line of before) expect(line).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z {2}\d{4}-[a-z-]+$/);
      expect((await angelis('migrate', 'up')).out).to.equal('nothing was pending\n');
      const newest = before.at(-1)!.slice(26);
      const down = await angelis('migrate', 'down');
      expect(down).to.include({ code: 0, out: `${newest}\n` });
      const between = await status();
      expect(between.slice(0, -1)).to.deep.equal(before.slice(0, -1));
      expect(between.at(-1)).to.equal(`${'pending'.padEnd(24)}  ${newest}`);
      expect((await angelis('migrate', 'up')).out).to.equal(`${newest}\n`);
      expect((await status()).every((line) => !line.startsWith('pending'))).to.equal(true);
    });

    it('refuses steps that are no number', async () => {
      const { code, err } = await angelis('migrate', 'down', '--steps', 'all');
      expect([code, err]).to.deep.equal([1, 'angelis: --steps needs a whole number\n']);
    });
  });

  describe('angelis seed', () => {
    it('writes what is missing, and says which sets; what is there stays', async () => {
      expect(await angelis('seed')).to.deep.equal({ code: 0, out: 'everything is there\n', err: '' });
      const client = await database.superuser();
      await client.query(`delete from seed_set where name = 'offerings'`);
      expect((await angelis('seed')).out).to.equal('applied offerings\n');
      expect((await angelis('seed')).out).to.equal('everything is there\n');
    });
  });

  describe('angelis admin create', () => {
    let server: ChildProcess | undefined;
    afterEach(async () => {
      if (server === undefined) return;
      server.kill('SIGTERM');
      await once(server, 'exit');
      server = undefined;
    });
    const create = (email: string, first = 'Ana', last = 'Soto') =>
      angelis('admin', 'create', '--email', email, '--first-name', first, '--last-name', last, '--locale', 'en');

    /** Starts what serves and mails; answers what it has said on the console. */
    const start = async (): Promise<() => string> => {
      let said = '';
      server = spawn(process.execPath, [join('src', 'server.ts')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [server.stdout!, server.stderr!])
        stream.setEncoding('utf8').on('data', (text: string) => (said += text));
      await until(() => said.includes('"msg":"ready"'));
      return () => said;
    };
    const url = () => `http://localhost:${env['PORT']!}/angelis`;
    const rolesOf = async (email: string): Promise<string[]> => {
      const begun = await fetch(`${url()}/admin/auth/start`, { redirect: 'manual' });
      const cookie = begun.headers.getSetCookie()[0]!.split(';')[0]!;
      const back = await signInByBrowser(begun.headers.get('location')!, email, PASSWORD);
      const answer = await fetch(`${url()}/admin/auth/callback?${back.toString()}`, { headers: { cookie } });
      const { accessToken } = (await answer.json()) as { accessToken: string };
      const me = await fetch(`${url()}/admin/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } });
      return ((await me.json()) as { roles: string[] }).roles;
    };

    it('makes superadmins, the first and a second, who choose their passwords by the mailed link and sign in', async () => {
      const emails = ['first@example.com', 'second@example.com'];
      for (const email of emails) {
        const { code, out } = await create(email);
        expect(code).to.equal(0);
        expect(out).to.match(/^Ana Soto is superadmin\.\nNext: a link for .+ is shown on the console/);
        expect(out).to.include('chooses a password');
      }
      const again = await create('first@example.com');
      expect(again).to.include({ code: 1, out: '' });
      expect(again.err).to.match(/^angelis: Somebody signs in as first@example\.com already: give another address\./);
      const said = await start();
      await until(() => said().match(/token=\S+/g)?.length === 2);
      for (const [, token] of said().matchAll(/token=(\S+)/g)) {
        const accepted = await fetch(`${url()}/auth/invitation/accept`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ token, password: PASSWORD }),
        });
        expect(accepted.status).to.equal(200);
      }
      for (const email of emails) expect(await rolesOf(email)).to.deep.equal(['superadmin']);
    });

    it('refuses bad input with what to write instead, and makes nobody', async () => {
      const wrong = await create('nobody at home', '', 'Soto');
      expect(wrong).to.include({ code: 1, out: '' });
      expect(wrong.err).to.equal(
        'angelis: --email takes one plain address, such as ana@example.com; --first-name takes 1 to 100 characters\n',
      );
      expect((await angelis('admin', 'create', '--email', 'a@example.com')).code).to.equal(2);
      const locale = await angelis('admin', 'create', '--email', 'a@example.com', '--locale', 'de');
      expect(locale.err).to.include('Allowed choices are es, en, fr');
      const client = await database.superuser();
      const { rows } = await client.query<{ n: number }>('select count(*)::int as n from operator_user');
      expect(rows[0]!.n).to.equal(2);
    });
  });

  describe('angelis legacy import', () => {
    it('names the lines that it does not take over, and shows no hash', async () => {
      const hash = `$2b$10$${'x'.repeat(53)}`;
      const file = join(folder, 'accounts.csv');
      const lines = ['identifier,hash', `first@example.com,${hash}`, `nobody@example.com,${hash}`, `a@b.cl,${hash}x`];
      await writeFile(file, lines.join('\n'));
      const { code, out, err } = await angelis('legacy', 'import', file);
      expect(code).to.equal(1);
      expect(out.split('\n').slice(0, 3)).to.deep.equal([
        '0 taken over',
        '0 were there already',
        '1 have a password here, or are to choose one',
      ]);
      expect(err).to.match(/^line 3: nobody signs in here.*\nline 4: the hash is no bcrypt hash.*\nangelis: 2 lines/);
      expect(out + err).to.not.include('xxx');
    });
  });
});
