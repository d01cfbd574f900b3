import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a server that is measured says once it listens. */
export interface Listening {
  readonly url: string;
  /** `Bearer …` of somebody who may ask for the page, where the server makes tokens. */
  readonly bearer?: string;
  readonly jwksUri?: string;
  readonly issuer?: string;
}

/** A server in a process of its own. */
export interface Child extends Listening {
  /** Milliseconds of processor time so far. */
  cpu(): Promise<number>;
  /** Resident memory, MiB. */
  rss(): Promise<number>;
  stop(): Promise<void>;
}

const ask = async (child: ChildProcess, what: 'cpu' | 'rss'): Promise<number> => {
  child.send(what);
  const [answer] = (await once(child, 'message')) as [number];
  return answer;
};

/** Starts `file` (next to this one), hands it `options` and waits until it listens. */
export const startChild = async (file: string, options: Readonly<Record<string, string>>): Promise<Child> => {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    env: { ...process.env, ...options, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [listening] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended before it listened`))),
  ])) as [Listening];
  return {
    ...listening,
    cpu: () => ask(child, 'cpu'),
    rss: () => ask(child, 'rss'),
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
};

/** What a piece of work took that a process of its own did, from its start to its end. */
export interface Done {
  readonly ms: number;
  /** Resident memory at its highest, MiB, the program itself included. */
  readonly peak: number;
  /** What it has to tell beside that. */
  readonly told: Readonly<Record<string, number>>;
}

/** Runs `file` (next to this one) in a process of its own until it answers with `done`. */
export const runChild = async (file: string, options: Readonly<Record<string, string>>): Promise<Done> => {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    env: { ...process.env, ...options, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const [answer] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error(`${file} ended without an answer`))),
  ])) as [Done];
  child.kill('SIGKILL');
  await ended;
  return answer;
};

/** In the child: does `work`, times it and tells. */
export const done = async (work: () => Promise<Readonly<Record<string, number>>>): Promise<void> => {
  const begun = performance.now();
  const told = await work();
  const ms = performance.now() - begun;
  process.send?.({ ms, peak: process.resourceUsage().maxRSS / 1024, told } satisfies Done);
};

/** In the child: says that it listens and answers what is asked about its process. */
export const report = (listening: Listening): void => {
  process.on('message', (what) => {
    const { user, system } = process.cpuUsage();
    process.send?.(what === 'cpu' ? (user + system) / 1000 : process.memoryUsage.rss() / 2 ** 20);
  });
  process.send?.(listening);
};
