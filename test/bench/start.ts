import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/platform/embedded/ports.ts';
import { ownPath } from '../../src/root.ts';
import { openDatabase } from '../support/database.ts';
import { against, figure, interleave, median, speed } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

const key = () => `k:${randomBytes(32).toString('base64')}`;

/** Resident memory of a process in MiB, where the system tells it. */
const residentOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
};

interface Started {
  /** Milliseconds from the start of the process to its first answer. */
  readonly ms: number;
  /** Resident memory once it has been idle for a moment. */
  readonly resident: number;
}

/** Starts `node args` and waits for the first answer of `path` that is 200. */
const start = async (
  args: readonly string[],
  path: string,
  env: Readonly<Record<string, string>>,
  idle: number,
): Promise<Started> => {
  const port = await freePort();
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${args.join(' ')} ended before it answered`)));
  ended.catch(() => undefined);
  const answered = async (): Promise<number> => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
      if (answer?.status === 200) return performance.now() - begun;
      await sleep(5);
    }
  };
  try {
    const ms = await Promise.race([answered(), ended]);
    await sleep(idle);
    return { ms, resident: await residentOf(child.pid!) };
  } finally {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
  }
};

/** The built program to its first answer, on a database that is migrated. */
export const startUp = async ({ database, superuserUrl, rounds }: Place): Promise<Row[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'angelis-bench-'));
  const { url } = openDatabase(database);
  const env = {
    APP_ENV: 'development',
    DATA_DIR: folder,
    LOG_LEVEL: 'warn',
    DATABASE_URL: url('app'),
    DATABASE_OWNER_URL: url('owner'),
    DATABASE_SYSTEM_URL: url('system'),
    DATA_KEY: key(),
    LOOKUP_KEY: key(),
    SIGNING_KEY: key(),
    CHAIN_KEY: key(),
    PROCESS: 'web',
    // Nobody signs in here: the development issuer does not run in production.
    KEYCLOAK_URL: 'http://127.0.0.1:1',
    KEYCLOAK_ADMIN_CLIENT_SECRET: 'nobody-asks-for-this-secret-here',
    KEYCLOAK_OTP_KEY: generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }).privateKey,
  };
  const idle: number[] = [];
  const all: number[] = [];
  const ours = async (): Promise<number> => {
    const METRICS_PORT = String(await freePort());
    const { ms, resident } = await start(
      [`--env-file=${ownPath('config/node.env')}`, ownPath('src/server.js')],
      '/angelis/health/live',
      { ...env, METRICS_PORT },
      1_000,
    );
    idle.push(resident);
    all.push(ms);
    return ms;
  };
  const bare = async () =>
    (await start([ownPath('test/bench/start.child.js')], '/health', { BENCH_URL: superuserUrl }, 0)).ms;
  try {
    const [own, theirs] = await interleave([ours, bare], Math.min(rounds, 3));
    const named = { baseline: against('Express with a pool', theirs!, ' ms'), unit: 'ms' };
    return [
      {
        ...speed({ ...named, work: 'start, built, to the first answer, where code is kept' }, own!, theirs!),
        reach: '≤ 1000 ms',
        ok: median(own!) <= 1_000,
      },
      figure({ work: 'the very first start, which compiles', baseline: '–', unit: 'ms' }, all.slice(0, 1)),
      figure({ work: 'a start, resident while idle', baseline: '–', unit: 'MiB' }, idle),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
