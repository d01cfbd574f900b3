import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Place } from './place.ts';

const run = promisify(execFile);

/** Which cores work is given: lists as `taskset` takes them. */
export interface Cores {
  readonly servers: string;
  readonly load: string;
  /** Both: those that this process was given. */
  readonly all: string;
}

/** The cores of a list as `taskset` tells it: `0-2,6`. */
export const coresOf = (list: string): number[] =>
  list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number) as [number, number?];
    return Array.from({ length: last - first + 1 }, (_core, n) => first + n);
  });

/**
 * The last of this process's cores for whoever asks, all others for servers and PostgreSQL; undefined where cores cannot be given out, and on two: a
 * server that shares one core with its database is not measured but its waits.
 */
export const splitCores = async (): Promise<Cores | undefined> => {
  const told = await run('taskset', ['-c', '-p', String(process.pid)]).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
  if (told === undefined) return undefined;
  const all = coresOf(told.slice(told.lastIndexOf(':') + 1));
  // A group of processes may be given less time than its cores have.
  if (Math.min(all.length, availableParallelism()) < 3) return undefined;
  return { servers: all.slice(0, -1).join(), load: String(all.at(-1)), all: all.join() };
};

/** Keeps each thread of a process, and the processes that it starts from now on, to these cores. */
const keep = async (pid: number, cores: string): Promise<void> => {
  await run('taskset', ['-a', '-c', '-p', cores, String(pid)]);
};

/** Gives this process, the servers and PostgreSQL their cores while `work` runs, and all of them all cores after that. */
export const onCores = async <T>(
  { cores, client }: Pick<Place, 'cores' | 'client'>,
  servers: readonly { readonly pid: number }[],
  work: () => Promise<T>,
): Promise<T> => {
  if (cores === undefined) return work();
  const { rows } = await client.query<{ data_directory: string }>('show data_directory');
  const [postmaster] = (await readFile(join(rows[0]!.data_directory, 'postmaster.pid'), 'utf8')).split('\n');
  const give = async (ofServers: string, ofLoad: string): Promise<void> => {
    const { rows: backends } = await client.query<{ pid: number }>('select pid from pg_stat_activity');
    // One that ends meanwhile needs no core.
    await Promise.allSettled(backends.map(({ pid }) => keep(pid, ofServers)));
    for (const pid of [Number(postmaster), ...servers.map((server) => server.pid)]) await keep(pid, ofServers);
    await keep(process.pid, ofLoad);
  };
  await give(cores.servers, cores.load);
  try {
    return await work();
  } finally {
    await give(cores.all, cores.all);
  }
};
