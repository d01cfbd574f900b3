import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../../src/platform/embedded/ports.ts';
import type { RunningNote } from '../../src/wiring/running-note.ts';

const run = promisify(execFile);
const COMMAND = join('bin', 'angelis.js');

export interface RunningDemo {
  readonly url: string;
  /** Everything it has printed. */
  output(): string;
  /** What Ctrl-C does: SIGINT to the whole group. Answers the exit code. */
  interrupt(): Promise<number | null>;
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
  /** Starts the demo and waits for its `ready` line. Throws with its output when it ends before. */
  start(args?: readonly string[], env?: NodeJS.ProcessEnv): Promise<RunningDemo>;
  /** Runs a command of `angelis` to its end; answers its standard output. */
  angelis(...args: readonly string[]): Promise<string>;
  shell(more: NodeJS.ProcessEnv): Shell;
  /** Lets the rest of every case be over, as twenty minutes would. */
  passTime(): Promise<void>;
  /** Processes that name the folder in their command line: what is left of a demo. */
  processes(): Promise<string[]>;
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

export const createDemoPlace = async (): Promise<DemoPlace> => {
  const folder = await mkdtemp(join(tmpdir(), 'angelis-demo-'));
  const port = await freePort();
  const { PUBLIC_URL: _, ...outer } = process.env;
  const env = {
    ...outer,
    NODE_ENV: 'development',
    DATA_DIR: join(folder, 'data'),
    PORT: String(port),
    METRICS_PORT: String(await freePort()),
  };
  const url = `http://localhost:${port}`;
  return {
    folder,
    env,
    url,
    start: async (args = [], own = env) => {
      const child = spawn(COMMAND, ['demo', ...args], { env: own, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const exited = once(child, 'exit') as Promise<[number | null]>;
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          if (/^ready http/m.test(output)) resolve();
        });
      void exited.then(([code]) => reject(new Error(`the demo ended with ${code}:\n${output}`)));
      await promise;
      return {
        url,
        output: () => output,
        interrupt: async () => {
          process.kill(-child.pid!, 'SIGINT');
          return (await exited)[0];
        },
      };
    },
    angelis: async (...args) => (await run(COMMAND, args, { env })).stdout,
    shell: (more) => createShell({ ...env, ...more }),
    passTime: async () => {
      const { superuserUrl } = JSON.parse(await readFile(join(env.DATA_DIR, 'running.json'), 'utf8')) as RunningNote;
      const client = new pg.Client({
        connectionString: Object.assign(new URL(superuserUrl), { pathname: '/angelis' }).href,
      });
      await client.connect();
      await client.query(`update fitness_case set rest_until = rest_from + interval '1 ms' where status = 'resting'`);
      await client.query(`update due_move set due_at = now() where entity = 'fitness_case' and move = 'end_rest'`);
      await client.end();
    },
    processes: async () => (await commandLines()).filter((line) => line.includes(folder)),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};
