import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../errors.ts';
import { commandLine, endProcess, identify, isRunning } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

// Fast shutdown, then immediate, then the end: 10 s together. Signals of the postmaster: PostgreSQL manual, "Shutting Down the Server".
const shutdown = [
  ['SIGINT', 7_000],
  ['SIGQUIT', 2_000],
  ['SIGKILL', 1_000],
] as const;

/** Ends a server within 10 s: sessions are cut, data are written. Throws when it cannot be ended. */
export const shutDown = async (server: ProcessIdentity): Promise<void> => {
  if (await endProcess(server, shutdown)) return;
  throw new Error(`The embedded PostgreSQL (process ${server.pid}) does not end: end it by hand and start again.`);
};

// One line: the process id and when it started, apart by a blank.
const readOwner = async (file: string): Promise<ProcessIdentity> => {
  const [pid = '', ...started] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
  return { pid: Number(pid), started: started.join(' ') };
};

const takeOwnership = async (file: string): Promise<void> => {
  const self = await identify(process.pid);
  if (self === undefined)
    throw new Error('The system does not show this process to itself: install "ps" (procps) and start again.');
  for (;;) {
    try {
      await writeFile(file, `${self.pid} ${self.started}`, { mode: 0o600, flag: 'wx' });
      return;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const owner = await readOwner(file);
    if (await isRunning(owner)) {
      throw new Error(
        `${file} says that process ${owner.pid} uses this data: stop that one first, or set another DATA_DIR.`,
      );
    }
    await rm(file, { force: true });
  }
};

const endOrphan = async (cluster: string, log: (message: string) => void): Promise<void> => {
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  const found = pid > 0 ? await identify(pid) : undefined;
  // The id in a file that a crash left behind may belong to any other process by now.
  if (found !== undefined && (await commandLine(pid)).includes(` -D ${cluster} `)) {
    log(`A PostgreSQL left behind by an earlier run (process ${pid}) still serves ${cluster}: shutting it down first.`);
    await shutDown(found);
  }
  await rm(pidFile, { force: true });
};

/**
 * Makes this process the only user of a data directory: refuses when another living process uses it,
 * and clears what a killed one left (a running server, a stale postmaster.pid).
 * Gives back the function that releases the directory.
 */
export const claim = async (
  home: string,
  cluster: string,
  log: (message: string) => void,
): Promise<() => Promise<void>> => {
  const file = join(home, 'owner');
  await takeOwnership(file);
  const release = (): Promise<void> => rm(file, { force: true });
  try {
    await endOrphan(cluster, log);
  } catch (error) {
    await release();
    throw error;
  }
  return release;
};
