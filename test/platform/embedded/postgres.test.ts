import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Client } from 'pg';
import { choosePostgresAccount, loadPrograms } from '../../../src/platform/embedded/postgres-account.ts';
import { startEmbeddedPostgres } from '../../../src/platform/embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../../src/platform/embedded/postgres.ts';
import { freePort } from '../../../src/platform/embedded/ports.ts';
import { identify } from '../../../src/platform/embedded/processes.ts';

const query = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

const failure = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    return String(error);
  }
  throw new Error('expected a failure');
};

describe('embedded PostgreSQL', function () {
  this.timeout(60_000);
  let folder: string;
  let dataDir: string;
  const started: EmbeddedPostgres[] = [];

  const start = async (
    options: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {},
  ): Promise<EmbeddedPostgres> => {
    const server = await startEmbeddedPostgres({ dataDir, durable: false, ...options });
    started.push(server);
    return server;
  };
  const postmaster = async (): Promise<number> =>
    Number((await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0]);

  beforeEach(async () => {
    // mkdtemp makes the folder 700: no other user may pass through, as in a clone below /root.
    folder = await mkdtemp(join(tmpdir(), 'angelis-pg-'));
    dataDir = join(folder, 'postgres');
  });

  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  it('serves UTF-8 on loopback to the superuser alone, and keeps the password to its owner', async () => {
    const server = await start();
    const [row] = await query(
      server.superuserUrl('postgres'),
      `select upper('ñandú') as upper, current_setting('server_version_num')::int / 10000 as major,
        current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync,
        (select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = current_user) as scram`,
    );
    expect(row).to.deep.equal({ upper: 'ÑANDÚ', major: 18, addresses: '127.0.0.1', fsync: 'off', scram: true });
    expect(server.port).to.be.below(32_768);
    const wrong = new URL(server.superuserUrl('postgres'));
    wrong.password = 'guess';
    expect(await failure(query(wrong.href, 'select 1'))).to.contain('password authentication failed');
    expect((await stat(join(dataDir, 'superuser-password'))).mode % 0o1000).to.equal(0o600);
  });

  it('keeps rows over a stop with an open transaction, leaves no process, and takes any port again', async () => {
    const first = await start({ durable: true });
    await query(first.superuserUrl('postgres'), 'create table kept as select 42 as n');
    const pid = await postmaster();
    const open = new Client(first.superuserUrl('postgres'));
    open.on('error', () => undefined);
    await open.connect();
    await open.query('begin; insert into kept values (43)');
    await Promise.all([first.stop(), first.stop()]);
    expect(await identify(pid)).to.equal(undefined);

    const second = await start({ durable: true, port: first.port });
    expect(second.port).to.equal(first.port);
    const rows = await query(second.superuserUrl('postgres'), `select n, current_setting('fsync') as fsync from kept`);
    expect(rows).to.deep.equal([{ n: 42, fsync: 'on' }]);
  });

  it('dies with a parent that is killed, and starts again on its rows', async () => {
    const parent = spawn(process.execPath, [join(import.meta.dirname, 'postgres.child.ts'), dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: parent.stdout });
    const [url] = await once(lines, 'line');
    await query(String(url), 'create table kept as select 42 as n');
    const pid = await postmaster();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    while ((await identify(pid)) !== undefined) await sleep(20);

    const server = await start();
    expect(await query(server.superuserUrl('postgres'), 'select n from kept')).to.deep.equal([{ n: 42 }]);
  });

  it('shuts down a server whose owner is gone before it starts its own', async () => {
    const orphan = await start();
    const pid = await postmaster();
    await rm(join(dataDir, 'owner'));
    const messages: string[] = [];
    const server = await start({ log: (message) => messages.push(message) });
    expect(await identify(pid)).to.equal(undefined);
    expect(messages.join('\n')).to.contain(`left behind by an earlier run (process ${pid})`);
    expect(await failure(query(orphan.superuserUrl('postgres'), 'select 1'))).to.contain('ECONNREFUSED');
    expect(await query(server.superuserUrl('postgres'), 'select 1 as one')).to.deep.equal([{ one: 1 }]);
  });

  it('ignores a stale postmaster.pid whose number another process carries now', async () => {
    await (await start()).stop();
    const pidFile = join(dataDir, 'cluster', 'postmaster.pid');
    await writeFile(pidFile, `${process.pid}\n${join(dataDir, 'cluster')}\n0\n5432\n\n127.0.0.1\n\nready\n`);
    await writeFile(join(dataDir, 'owner'), `${process.pid} another-start`);
    const server = await start();
    expect(await query(server.superuserUrl('postgres'), 'select 1 as one')).to.deep.equal([{ one: 1 }]);
  });

  it('refuses a folder that a living process uses, and a port that is taken', async () => {
    const server = await start();
    expect(await failure(start())).to.match(
      new RegExp(`process ${process.pid} uses this data: stop that one first`, 'u'),
    );
    expect(await query(server.superuserUrl('postgres'), 'select 1 as one')).to.deep.equal([{ one: 1 }]);
    await server.stop();

    const other = createServer().listen(await freePort(), '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await failure(start({ port }))).to.contain(`Port ${port} is taken`);
    other.close();
  });

  it('tells of a server that ends on its own', async () => {
    const { promise: told, resolve } = Promise.withResolvers<string>();
    await start({ log: (message) => message.includes('unexpectedly') && resolve(message) });
    process.kill(await postmaster(), 'SIGQUIT');
    expect(await told).to.contain('server.log');
  });
});

describe('the account that PostgreSQL runs as', function () {
  this.timeout(60_000);

  it('is not root, and reaches programs and data, with and without the help of setpriv', async () => {
    const programs = await loadPrograms();
    const folder = await mkdtemp(join(tmpdir(), 'angelis-account-'));
    const dataDir = join(folder, 'postgres');
    const homes: string[] = [folder];
    try {
      for (const privileges of [undefined, ['dac_override'], []]) {
        const messages: string[] = [];
        const account = await choosePostgresAccount(programs, dataDir, (message) => messages.push(message), privileges);
        const { file, args, ...as } = account.command('/bin/sh', [
          '-c',
          'id -u; cd "$1" && echo reached',
          'sh',
          account.home,
        ]);
        const { stdout } = await promisify(execFile)(file, args, as);
        const [uid, reached] = stdout.split('\n');
        expect(Number(uid)).to.be.above(0);
        expect(reached).to.equal('reached');
        const shown = account.command(account.programs.initdb, ['--show', '-D', join(account.home, 'none')]);
        await promisify(execFile)(shown.file, shown.args, { ...shown, cwd: '/' });
        const moved = account.home !== dataDir;
        expect(messages).to.have.length(moved ? 1 : 0);
        // Root without any capability to hand on cannot enter a 700 folder as another user: a copy it is.
        expect(moved).to.equal(process.getuid?.() === 0 && privileges?.length === 0);
        if (!moved) continue;
        homes.push(join(account.home, '..'));
        const again = await choosePostgresAccount(programs, dataDir, () => undefined, privileges);
        expect(again.home).to.equal(account.home);
        await rm(dataDir, { recursive: true });
        const anew = await choosePostgresAccount(programs, dataDir, () => undefined, privileges);
        expect(anew.home).not.to.equal(account.home);
        homes.push(join(anew.home, '..'));
      }
    } finally {
      await Promise.all(homes.map((home) => rm(home, { recursive: true, force: true })));
    }
  });
});
