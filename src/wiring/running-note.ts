import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbeddedSources } from '../modules/fitness/sources/embedded.ts';
import type { Role } from '../platform/db/roles.ts';

/** What a running process tells the commands beside it. Mode 600: it holds passwords of databases on this machine. */
export interface RunningNote {
  readonly pid: number;
  readonly urls: Readonly<Record<Role, string>>;
  readonly superuserUrl: string;
  /** Where the process answers, and what its tokens name as their issuer. */
  readonly publicUrl: string;
  readonly sources: EmbeddedSources;
}

const NOTE = 'running.json';

/** Whether a process runs on this machine, whosever it is. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** The note of the process that runs on this folder now, if one does. */
export const readRunning = async (dataDir: string): Promise<RunningNote | undefined> => {
  try {
    const note = JSON.parse(await readFile(join(dataDir, NOTE), 'utf8')) as RunningNote;
    return isAlive(note.pid) ? note : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

export const writeRunning = (dataDir: string, note: RunningNote): Promise<void> =>
  writeFile(join(dataDir, NOTE), JSON.stringify(note), { mode: 0o600 });

export const removeRunning = (dataDir: string): Promise<void> => rm(join(dataDir, NOTE), { force: true });
