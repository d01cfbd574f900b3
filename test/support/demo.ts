import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../../src/platform/embedded/ports.ts';
import type { RunningNote } from '../../src/wiring/running-note.ts';
import { endWithUs } from './guard.ts';

const run = promisify(execFile);
const COMMAND = join('bin', 'angelis.js');

export interface RunningDemo {
  readonly url: string;
  /** Everything it has printed. */
  output(): string;
  /** What Ctrl-C does: SIGINT to the whole group. Answers the exit code. */
  interrupt(): Promise<number | null>;
  /** Sends a signal to the whole group, or to the process alone that was started; answers its exit code. */
  signal(name: NodeJS.Signals, to: 'group' | 'parent'): Promise<number | null>;
}

/** How a command ended. */
export interface Ending {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A shell that keeps its variables from one script to the next. */
export interface Shell {
  /** Runs lines as they are written; answers what they print. Throws when one fails. */
  run(script: string): Promise<string>;
  close(): void;
}

/** A folder and ports for a demo of the tests' own, and what is done with it. */
export interface DemoPlace {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly url: string;
  /** Starts the demo and waits for its `ready` line, or for what `until` says. Throws with its output when it ends before. */
  start(args?: readonly string[], env?: NodeJS.ProcessEnv, until?: RegExp): Promise<RunningDemo>;
  /** Runs a command of `angelis` to its end; answers its standard output. */
  angelis(...args: readonly string[]): Promise<string>;
  /** Runs it and answers how it ended, whatever its exit code. */
  ending(...args: readonly string[]): Promise<Ending>;
  /** Asks the API; without a token as nobody. */
  get<T>(path: string, token?: string): Promise<T>;
  /** One statement as the superuser, past all rules, while it runs. */
  sql<Row extends object>(text: string): Promise<Row[]>;
  shell(more: NodeJS.ProcessEnv): Shell;
  /**
   * Lets the rest of every case be over, as twenty minutes would. The company’s own policy cannot: the least rest that it may
   * set is five minutes, and a rest that has begun keeps its length.
   */
  passTime(): Promise<void>;
  /** Processes that name the folder in their command line: what is left of a demo. */
  processes(): Promise<string[]>;
  /** Ends what a test that failed left running, and removes the folder. */
  remove(): Promise<void>;
}

const DONE = '--- the script is done ---';

const createShell = (env: NodeJS.ProcessEnv): Shell => {
  const bash = spawn('bash', ['-eu', '-o', 'pipefail'], { env, stdio: 'pipe' });
  let output = '';
  let settle: (() => void) | undefined;
  for (const stream of [bash.stdout, bash.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes(DONE)) settle?.();
    });
  const ended = once(bash, 'close').then(() => true);
  return {
    run: async (script) => {
      output = '';
      const { promise, resolve } = Promise.withResolvers<boolean>();
      settle = () => resolve(false);
      bash.stdin.write(`${script}\necho '${DONE}'\n`);
      if (await Promise.race([promise, ended])) throw new Error(`${script}\nfailed, having said:\n${output}`);
      return output.replace(`${DONE}\n`, '');
    },
    close: () => bash.stdin.end(),
  };
};

const commandLines = async (): Promise<string[]> => {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
};

/** `from`: the environment of its commands, ports and folders aside. */
export const createDemoPlace = async (from: NodeJS.ProcessEnv = process.env): Promise<DemoPlace> => {
  const folder = await mkdtemp(join(tmpdir(), 'angelis-demo-'));
  const port = await freePort();
  const { PUBLIC_URL: _, ...outer } = from;
  const env = {
    ...outer,
    NODE_ENV: 'development',
    DATA_DIR: join(folder, 'data'),
    PORT: String(port),
    METRICS_PORT: String(await freePort()),
  };
  const url = `http://localhost:${port}`;
  const groups = new Set<number>();
  const sql = async <Row extends object>(text: string): Promise<Row[]> => {
    const { superuserUrl } = JSON.parse(await readFile(join(env.DATA_DIR, 'running.json'), 'utf8')) as RunningNote;
    const connectionString = Object.assign(new URL(superuserUrl), { pathname: '/angelis' }).href;
    const client = new pg.Client({ connectionString });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    folder,
    env,
    url,
    start: async (args = [], own = env, until = /^ready http/m) => {
      const child = spawn(COMMAND, ['demo', ...args], { env: own, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      endWithUs(child);
      let output = '';
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const exited = once(child, 'exit') as Promise<[number | null]>;
      groups.add(child.pid!);
      void exited.then(() => groups.delete(child.pid!));
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          if (until.test(output)) resolve();
        });
      void exited.then(([code]) => reject(new Error(`the demo ended with ${code}:\n${output}`)));
      await promise;
      const signal = async (name: NodeJS.Signals, to: 'group' | 'parent'): Promise<number | null> => {
        process.kill(to === 'group' ? -child.pid! : child.pid!, name);
        return (await exited)[0];
      };
      return {
        url,
        output: () => output,
        interrupt: () => signal('SIGINT', 'group'),
        signal,
      };
    },
    angelis: async (...args) => (await run(COMMAND, args, { env })).stdout,
    ending: async (...args) => {
      try {
        const { stdout, stderr } = await run(COMMAND, args, { env });
        return { code: 0, out: stdout, err: stderr };
      } catch (error) {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
        return { code, out: stdout, err: stderr };
      }
    },
    get: async <T>(path: string, token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token.trim()}` };
      const response = await fetch(`${url}/angelis${path}`, { headers });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    sql,
    shell: (more) => createShell({ ...env, ...more }),
    passTime: async () => {
      await sql(`update fitness_case set rest_until = rest_from + interval '1 ms' where status = 'resting'`);
      await sql(`update due_move set due_at = now() where entity = 'fitness_case' and move = 'end_rest'`);
    },
    processes: async () => (await commandLines()).filter((line) => line.includes(folder)),
    remove: async () => {
      for (const group of groups) process.kill(-group, 'SIGKILL');
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
};
