import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ownPath } from '../../src/root.ts';

/** `Bearer …` of those who read the pages of a company: `ask('readers')` gives them for each of `BENCH_COMPANIES`. */
export interface Readers {
  readonly owner: string;
  /** Of 25 people. */
  readonly supervisor: string;
  /** One of them. */
  readonly profileId: string;
  /** National ids of people of the company. */
  readonly ruts: readonly string[];
}

/** What a server that is measured says once it listens. */
export interface Listening {
  readonly url: string;
  /** `Bearer …` of somebody who may ask for the page, where the server makes tokens. */
  readonly bearer?: string;
  /** Of many people. */
  readonly bearers?: readonly string[];
  readonly jwksUri?: string;
  readonly issuer?: string;
}

/** A server in a process of its own. */
export interface Child extends Listening {
  readonly pid: number;
  /** Milliseconds of processor time so far. */
  cpu(): Promise<number>;
  /** Resident memory in MiB; after a collection where the process was started with `--expose-gc`. */
  rss(): Promise<number>;
  /** The same at its highest. */
  peak(): Promise<number>;
  /** What its own handler answers. */
  ask<T>(what: string): Promise<T>;
  stop(): Promise<void>;
}

const ask = async <T>(child: ChildProcess, what: string): Promise<T> => {
  child.send(what);
  const [answer] = (await once(child, 'message')) as [T];
  return answer;
};

/** A program of the bench, as built. */
const here = (name: string): string => ownPath(`test/bench/${name}.js`);

/** How processes of production are started. */
export const PRODUCTION = [
  `--env-file=${ownPath('config/node.env')}`,
  `--import=${pathToFileURL(here('production.child')).href}`,
];

const forked = (
  file: string,
  options: Readonly<Record<string, string>>,
  execArgv: readonly string[] = PRODUCTION,
): ChildProcess =>
  fork(here(file), {
    execArgv: [...execArgv],
    env: { ...process.env, ...options, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

/**
 * Starts `file` (next to this one, without its ending), hands it `options` and waits until it listens; with flags of Node of
 * its own, if any, instead of production's.
 */
export const startChild = async (
  file: string,
  options: Readonly<Record<string, string>>,
  flags?: readonly string[],
): Promise<Child> => {
  const child = forked(file, options, flags);
  const ended = once(child, 'exit');
  const [listening] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error(`${file} ended before it listened`))),
  ])) as [Listening];
  return {
    ...listening,
    pid: child.pid!,
    cpu: () => ask(child, 'cpu'),
    rss: () => ask(child, 'rss'),
    peak: () => ask(child, 'peak'),
    ask: (what) => ask(child, what),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};

/** Figures of a child, by name. */
type Told = Readonly<Record<string, readonly number[]>>;

/** What a piece of work took that a process of its own did, from its start to its end. */
export interface Done {
  readonly ms: number;
  /** Resident memory at its highest, MiB, the program itself included. */
  readonly peak: number;
  /** What it has to tell beside that. */
  readonly told: Told;
}

/** Runs `file` (next to this one, without its ending) in a process of its own until it answers with `done`. */
export const runChild = async (file: string, options: Readonly<Record<string, string>>): Promise<Done> => {
  const child = forked(file, options);
  const ended = once(child, 'exit');
  const [answer] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error(`${file} ended without an answer`))),
  ])) as [Done];
  child.kill('SIGKILL');
  await ended;
  return answer;
};

const STATUS = '/proc/self/status';

/** Resident memory of this process at its highest, MiB. `maxRSS` is that of a large parent, where it was forked from one. */
const peak = (): number => {
  const told = existsSync(STATUS) ? /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(STATUS, 'utf8'))?.[1] : undefined;
  return (told === undefined ? process.resourceUsage().maxRSS : Number(told)) / 1024;
};

/** In the child: does `work`, times it and tells. */
export const done = async (work: () => Promise<Told>): Promise<void> => {
  process.on('disconnect', () => process.exit());
  const begun = performance.now();
  const told = await work();
  const ms = performance.now() - begun;
  process.send?.({ ms, peak: peak(), told } satisfies Done);
};

/** In the child: says that it listens and answers what is asked about its process. */
export const report = (
  listening: Listening,
  handlers: Readonly<Record<string, () => Promise<object | number>>> = {},
): void => {
  const answers: typeof handlers = {
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return Promise.resolve((user + system) / 1000);
    },
    rss: () => {
      globalThis.gc?.();
      return Promise.resolve(process.memoryUsage.rss() / 2 ** 20);
    },
    peak: () => Promise.resolve(peak()),
    ...handlers,
  };
  process.on('disconnect', () => process.exit());
  process.on('message', (what: string) => void answers[what]!().then((answer) => process.send?.(answer)));
  process.send?.(listening);
};
