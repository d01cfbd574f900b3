import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCode } from '../errors.ts';

const run = promisify(execFile);

/** A process by its id and the moment it began, so that a reused id is never taken for it. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque; the same text as long as it is the same process. */
  started: string;
}

const ps = async (pid: number, column: string): Promise<string | undefined> => {
  try {
    const { stdout } = await run('ps', ['-o', `${column}=`, '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
};

/** The identity of a running process, undefined when there is none or it is only waiting to be reaped. */
export const identify = async (pid: number): Promise<ProcessIdentity | undefined> => {
  if (process.platform !== 'linux') {
    const started = await ps(pid, 'lstart');
    return started === undefined ? undefined : { pid, started };
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // After "pid (name) " come the state and, 19 fields on, the start in clock ticks since boot: proc(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, started] = [fields[0], fields[19]];
    return started === undefined || state === 'Z' || state === 'X' ? undefined : { pid, started };
  } catch {
    return undefined;
  }
};

/** Whether the very process of that identity still runs. */
export const isRunning = async (identity: ProcessIdentity): Promise<boolean> =>
  (await identify(identity.pid))?.started === identity.started;

/** The command line of a process as one text, empty when it is gone or hidden. */
export const commandLine = async (pid: number): Promise<string> => {
  if (process.platform !== 'linux') return (await ps(pid, 'command')) ?? '';
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
};

/** Sends the signals one after the other, each with the milliseconds it has to take effect, until the process is gone. */
export const endProcess = async (
  identity: ProcessIdentity,
  steps: readonly (readonly [signal: NodeJS.Signals, milliseconds: number])[],
): Promise<boolean> => {
  for (const [signal, milliseconds] of steps) {
    if (!(await isRunning(identity))) return true;
    try {
      process.kill(identity.pid, signal);
    } catch (error) {
      if (errorCode(error) === 'EPERM') return false;
    }
    const end = performance.now() + milliseconds;
    while (performance.now() < end && (await isRunning(identity))) await sleep(20);
  }
  return !(await isRunning(identity));
};
