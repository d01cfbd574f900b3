import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './ports.ts';
import { choosePostgresAccount, loadPrograms } from './postgres-account.ts';
import type { PostgresAccount } from './postgres-account.ts';
import { claim, shutDown } from './postgres-claim.ts';
import { identify } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

const run = promisify(execFile);

export interface EmbeddedPostgresOptions {
  /** Folder for the cluster, its log and its password; made when missing, kept between starts. */
  dataDir: string;
  /** Port on 127.0.0.1; a free one when left out. */
  port?: number;
  /** True keeps every commit through a crash of the machine; false trades that for speed (tests). */
  durable: boolean;
  /** Receives what a person should know: first set-up, an orphan taken over, an unexpected end. */
  log?: (message: string) => void;
}

export interface EmbeddedPostgres {
  port: number;
  /** Connection URL of the superuser for a database of this server. */
  superuserUrl(database: string): string;
  /** Ends sessions and server within 10 s; calling it again waits for the same end. */
  stop(): Promise<void>;
}

const superuser = 'postgres';

const common = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  jit: 'off',
  max_connections: '300',
};

const quick = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  checkpoint_timeout: '1h',
  // A template that is being vacuumed cannot be cloned; tests that look at plans run ANALYZE themselves.
  autovacuum_naptime: '10min',
  autovacuum_max_workers: '1',
  // Thousands of sessions with passwords of a run's own.
  scram_iterations: '1',
};

const lasting = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  shared_buffers: '128MB',
  max_wal_size: '1GB',
};

const initialize = async (
  account: PostgresAccount,
  cluster: string,
  passwordFile: string,
  durable: boolean,
): Promise<void> => {
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  await account.own(passwordFile);
  const fresh = `${cluster}.new`;
  // The initdb of a run that was killed may still be writing there for a second.
  await rm(fresh, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  // Tests open thousands of sessions: what proves a password without saying it takes a third of their client's time.
  const access = [
    '--username',
    superuser,
    `--pwfile=${passwordFile}`,
    `--auth=${durable ? 'scram-sha-256' : 'password'}`,
  ];
  const { file, args, ...as } = account.command(account.programs.initdb, [
    '-D',
    fresh,
    ...locale,
    ...access,
    ...(durable ? [] : ['--no-sync', '-c', `scram_iterations=${quick.scram_iterations}`]),
  ]);
  try {
    await run(file, args, { ...as, cwd: '/', env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' } });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Error(`The embedded PostgreSQL could not be set up in ${fresh}: ${said}`, { cause: error });
  }
  await rename(fresh, cluster);
};

// Reads one line: "done" after an orderly stop, nothing when the parent died, and then shuts the server down.
const watchdogScript = `
IFS= read -r word
[ "$word" = done ] && exit 0
kill -INT "$1"
waited=0
while kill -0 "$1" 2>/dev/null && [ $waited -lt 70 ]; do sleep 0.1; waited=$((waited + 1)); done
kill -QUIT "$1" 2>/dev/null
`;

const spawnWatchdog = (pid: number): ChildProcess => {
  const watchdog = spawn('/bin/sh', ['-c', watchdogScript, 'sh', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  watchdog.on('error', () => undefined);
  watchdog.stdin?.on('error', () => undefined);
  watchdog.unref();
  return watchdog;
};

interface Running {
  identity: ProcessIdentity;
  exited: Promise<void>;
}

const readPidFile = async (cluster: string): Promise<{ pid: number; ready: boolean } | undefined> => {
  try {
    // Line 1 is the process, line 8 its state: src/include/utils/pidfile.h.
    const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n');
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === 'ready' };
  } catch {
    return undefined;
  }
};

/** Starts the server and waits until it takes connections; gives back what it logged when it ended instead. */
const launch = async (
  account: PostgresAccount,
  cluster: string,
  port: number,
  settings: Record<string, string>,
): Promise<Running | string> => {
  const logFile = join(account.home, 'server.log');
  const output = await open(logFile, 'w', 0o600);
  const options = Object.entries({ ...common, ...settings, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const { file, args, ...as } = account.command(account.programs.postgres, ['-D', cluster, ...options]);
  // A session of its own: Ctrl-C in the terminal must reach the parent only, which stops this server last.
  const child = spawn(file, args, {
    ...as,
    detached: true,
    cwd: '/',
    stdio: ['ignore', output.fd, output.fd],
    env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' },
  });
  const watchdog = child.pid === undefined ? undefined : spawnWatchdog(child.pid);
  const ending = new AbortController();
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    ending.abort();
    watchdog?.stdin?.end('done\n');
    resolve();
  };
  child.once('exit', end);
  child.once('error', end);
  await output.close();
  while (!ending.signal.aborted) {
    const found = await readPidFile(cluster);
    const identity = found?.ready === true && found.pid === child.pid ? await identify(found.pid) : undefined;
    if (identity !== undefined) {
      child.unref();
      return { identity, exited };
    }
    await sleep(20);
  }
  return readFile(logFile, 'utf8');
};

// Both pass by themselves: a port taken since it was looked up, and sessions of a killed server that have not noticed yet.
const portTaken = 'could not bind IPv4 address';
const sessionsRemain = 'pre-existing shared memory block';

const launchPatiently = async (
  account: PostgresAccount,
  cluster: string,
  wanted: number | undefined,
  settings: Record<string, string>,
): Promise<Running & { port: number }> => {
  let said = '';
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const port = wanted ?? (await freePort());
    const result = await launch(account, cluster, port, settings);
    if (typeof result !== 'string') return { ...result, port };
    said = result;
    if (said.includes(sessionsRemain)) await sleep(500);
    else if (wanted !== undefined || !said.includes(portTaken)) break;
  }
  const advice = said.includes(portTaken) ? `Port ${wanted} is taken: stop what listens there or choose another. ` : '';
  throw new Error(`The embedded PostgreSQL did not start. ${advice}It said:\n${said.trim()}`);
};

/**
 * Starts a private PostgreSQL 18 on 127.0.0.1, setting its folder up the first time (2 to 3 s), as root or any other user.
 * It ends with this process, however that ends. Throws when the folder is in use, the port taken or the set-up fails.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const log = options.log ?? (() => undefined);
  if (process.platform === 'win32') {
    throw new Error(
      'The embedded PostgreSQL runs on Linux and macOS: on Windows use WSL, or set DATABASE_URL to a PostgreSQL of your own.',
    );
  }
  const account = await choosePostgresAccount(await loadPrograms(), options.dataDir, log);
  const cluster = join(account.home, 'cluster');
  const passwordFile = join(account.home, 'superuser-password');
  const release = await claim(account.home, cluster, log);
  try {
    if (!existsSync(cluster)) {
      log(`Setting up PostgreSQL in ${account.home} …`);
      await initialize(account, cluster, passwordFile, options.durable);
    }
    const password = (await readFile(passwordFile, 'utf8')).trim();
    const server = await launchPatiently(account, cluster, options.port, options.durable ? lasting : quick);
    let stopping: Promise<void> | undefined;
    const watch = async (): Promise<void> => {
      await server.exited;
      if (stopping === undefined) log(`The embedded PostgreSQL ended unexpectedly: see ${account.home}/server.log.`);
    };
    void watch();
    const stop = async (): Promise<void> => {
      await shutDown(server.identity);
      await server.exited;
      await release();
    };
    return {
      port: server.port,
      superuserUrl: (database) =>
        `postgres://${superuser}:${password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`,
      stop: () => (stopping ??= stop()),
    };
  } catch (error) {
    await release();
    throw error;
  }
};
