// npm run bench: builds the program with the bench, as it is built for production, and runs that on a PostgreSQL of its own.
// However the run ends, nothing is left of it: what it starts is of one group of processes, what it writes lies in one folder.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, PROGRAMS } from '../../tools/build.ts';
import { errorCode } from '../../src/platform/errors.ts';
import { startServer, stopServer } from '../support/global.ts';
import { endWithUs } from '../support/guard.ts';
import { readOptions } from './options.ts';

const built = join('dist', 'bench');
/** What only the bench runs on stays as it is installed. */
const OTHERS = ['autocannon', 'chai', 'fast-jwt', 'fastify'];
const args = process.argv.slice(2);
const { full } = readOptions(args);

let run: ChildProcess | undefined;
let ended: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    ended ??= signal;
    run?.kill(signal);
  });

/** Ends whatever a run has started that did not end with it. */
const endGroupOf = ({ pid }: ChildProcess): void => {
  try {
    process.kill(-pid!, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
};

/** Runs the bench, with `folder` for what it writes, to its end; answers its exit code. */
const measure = async (folder: string): Promise<number> => {
  const child = spawn(process.execPath, [join(built, 'test', 'bench', 'run.js'), ...args], {
    stdio: 'inherit',
    detached: true,
    env: { ...process.env, TMPDIR: folder },
  });
  run = child;
  endWithUs(child);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  endGroupOf(child);
  return code ?? 128 + constants.signals[signal!];
};

const folder = mkdtempSync(join(tmpdir(), 'angelis-bench-'));
try {
  // The large run waits for the disk at each commit, the small one for nothing.
  const begun = await Promise.allSettled([
    startServer(full),
    build(built, [...PROGRAMS, ...globSync('test/bench/{run,*.child}.ts')], OTHERS),
  ]);
  // What was begun is whole before it is ended.
  for (const one of begun) if (one.status === 'rejected') throw one.reason;
  if (ended === undefined) process.exitCode = await measure(folder);
} catch (error) {
  // A Ctrl-C reaches what PostgreSQL is set up with, too.
  if (ended === undefined) throw error;
} finally {
  await stopServer();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  if (ended !== undefined) process.exitCode = 128 + constants.signals[ended];
}
