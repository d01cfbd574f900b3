import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { freePort } from '../../../src/platform/embedded/ports.ts';

const CLI = new URL('../../../src/cli.ts', import.meta.url).pathname;

describe('the command angelis doctor', () => {
  let folder: string;
  let ports: Record<string, string>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'angelis-doctor-'));
    ports = { PORT: String(await freePort()), METRICS_PORT: String(await freePort()) };
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const run = async (env: Record<string, string>, ...args: string[]) => {
    const child = spawn(process.execPath, [CLI, 'doctor', ...args], {
      env: { PATH: process.env['PATH'], DATA_DIR: folder, DISK_FREE_PERCENT: '0', ...ports, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { out, err, code };
  };
  const secret = () => `Secret${randomBytes(12).toString('hex')}`;

  it('exits 0 where all is well, and says what it did not look at', async () => {
    const { code, out, err } = await run({});
    expect(code).to.equal(0);
    expect(err).to.equal('');
    expect(out)
      .to.match(/^✔ folder \(\d+ ms\)$/mu)
      .and.to.match(/embedded PostgreSQL .* not looked at/);
  });

  it('exits 1, names every fault with what to do, and prints no secret', async () => {
    const secrets = Array.from({ length: 10 }, secret);
    const [app, owner, system, redis, safer, smtp, account, api] = secrets;
    const keys = secrets.slice(0, 4).map((_, index) => `k${index}:${randomBytes(32).toString('base64')}`);
    const settings = {
      DATABASE_URL: `postgres://app:${app}@127.0.0.1:9/angelis`,
      DATABASE_OWNER_URL: `postgres://owner:${owner}@127.0.0.1:9/angelis`,
      DATABASE_SYSTEM_URL: `postgres://system:${system}@127.0.0.1:9/angelis`,
      REDIS_URL: `redis://:${redis}@127.0.0.1:9`,
      SAFER_DATABASE_URL: `mssql://reader:${safer}@127.0.0.1:9/safer?encrypt=false`,
      SMTP_URL: `smtp://us:${smtp}@127.0.0.1:9`,
      AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=us;AccountKey=${account};BlobEndpoint=http://127.0.0.1:9/us`,
      TWILIO_ACCOUNT_SID: 'us',
      TWILIO_AUTH_TOKEN: api!,
      TWILIO_FROM: '+56911111111',
      DATA_KEY: keys[0]!,
      LOOKUP_KEY: keys[1]!,
      SIGNING_KEY: keys[2]!,
      CHAIN_KEY: keys[3]!,
    };
    const plain = await run(settings);
    expect(plain.code).to.equal(1);
    expect(plain.out)
      .to.match(/^✖ database: .*ECONNREFUSED.*\n {4}start PostgreSQL/mu)
      .and.to.match(/^- migrations: not asked/mu);
    expect(plain.err).to.match(/^angelis: 5 of \d+ checks found something wrong/);
    const json = await run({ ...settings, APP_ENV: 'production', NODE_TLS_REJECT_UNAUTHORIZED: '0' }, '--json');
    expect(json.code).to.equal(1);
    const report = JSON.parse(json.out) as {
      ok: boolean;
      checks: { name: string; ok: boolean; error?: string; advice?: string }[];
    };
    expect(report.ok).to.equal(false);
    const wrong = report.checks.filter(({ ok, advice }) => !ok && advice !== undefined).map(({ name }) => name);
    expect(wrong).to.have.members(['settings', 'database', 'redis', 'source-safer', 'mail', 'files']);
    expect(report.checks.find(({ name }) => name === 'settings')?.error)
      .to.contain('NODE_TLS_REJECT_UNAUTHORIZED=0 believes any certificate')
      .and.to.contain('SAFER_DATABASE_URL connects without TLS');
    const printed = [plain.out, plain.err, json.out, json.err].join('\n');
    for (const hidden of [...secrets, ...keys.map((key) => key.slice(3))]) expect(printed).to.not.contain(hidden);
  });

  it('exits 2 when it is called wrongly or the settings cannot be read', async () => {
    for (const args of [['--loud'], ['--timeout', 'soon'], ['extra']]) {
      const { code, err } = await run({}, ...args);
      expect(code, args.join(' ')).to.equal(2);
      expect(err).to.not.equal('');
    }
    const { code, out, err } = await run({ PORT: 'none' }, '--json');
    expect(code).to.equal(2);
    expect(JSON.parse(out)).to.deep.equal({
      ok: false,
      settings: ['PORT: write a whole number from 1 to 65535 (it is "none")'],
      checks: [],
    });
    expect(err).to.contain('The settings do not fit');
  });
});
