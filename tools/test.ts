// Runs the tests: all of them, or those in the files and folders given. Options go to mocha as they are, with their
// values after "=": --grep=chain.
// After the whole suite, test/after looks at every SQL statement that it ran.
// With --servers: what is held to real servers, on those of scripts/servers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const below = (folder: string): string => join(folder, '**', '*.test.ts');
const isOption = (argument: string): boolean => argument.startsWith('-');

// What takes longest comes first: what begins last holds up the end.
const longest = [
  'demo/walk-through',
  'system/access-matrix',
  'wiring/commands/demo-commands',
  'system/other-company',
  'modules/workforce/walks',
  'demo/stopping',
  'system/writers',
  'wiring/commands/first-data',
  'system/held-transaction',
  'modules/reporting/exports-killed',
  'scenarios/red-to-report',
  'wiring/commands/doctor-command',
  'wiring/commands/data-folder',
  'wiring/figures',
].map((name) => join('test', `${name}.test.ts`));
const others = globSync(below('test')).filter((file) => !longest.includes(file));
const embedded = { config: '.mocharc.json', specs: [...longest, ...others.toSorted()] };
// Migrations, catalogue, isolation and keys on the oldest PostgreSQL; the contracts of the ports; the system on all of them.
const servers = {
  config: '.mocharc.servers.json',
  specs: [
    below(join('test', 'servers')),
    ...['catalogue', 'foreign-keys', 'writers'].map((name) => join('test', 'system', `${name}.test.ts`)),
    below(join('test', 'platform', 'db')),
    ...['queue', 'processes'].map((name) => join('test', 'platform', 'jobs', `${name}.test.ts`)),
  ],
};

// For the workers of mocha and every process that a test starts.
process.env['NODE_COMPILE_CACHE'] ??= join(process.cwd(), 'node_modules', '.cache', 'angelis');

const given = process.argv.slice(2);
const { config, specs } = given.includes('--servers') ? servers : embedded;
const args = given.filter((argument) => argument !== '--servers');
const options = args.filter(isOption);
const paths = args
  .filter((argument) => !isOption(argument))
  .map((path) => (statSync(path, { throwIfNoEntry: false })?.isDirectory() ? below(path) : path));

let stopped: number | undefined;

/** Runs mocha to its end; answers its exit code. Whoever ends this process ends mocha. */
const mocha = async (these: readonly string[]): Promise<number> => {
  const child = spawn(
    process.execPath,
    [join('node_modules', 'mocha', 'bin', 'mocha.js'), '--config', config, ...options, ...these],
    { stdio: 'inherit' },
  );
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let ended: NodeJS.Signals | undefined;
  const pass = (signal: NodeJS.Signals): void => {
    ended ??= signal;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);
  const [code] = (await once(child, 'exit')) as [number | null];
  for (const signal of signals) process.off(signal, pass);
  if (ended !== undefined) stopped = 128 + constants.signals[ended];
  return stopped ?? code ?? 1;
};

const wholeSuite = async (): Promise<number> => {
  // Whoever names a file keeps it, and may hold one run to the statements of another.
  const folder = mkdtempSync(join(tmpdir(), 'angelis-statements-'));
  const file = (process.env['ANGELIS_TEST_STATEMENTS'] ??= join(folder, 'statements.jsonl'));
  writeFileSync(file, '', { flag: 'a' });
  try {
    const suite = await mocha(specs);
    const after = stopped ?? (await mocha([join('test', 'after', '*.after.ts')]));
    return suite === 0 ? after : suite;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const missing = paths.filter((path) => globSync(path).length === 0);
if (missing.length > 0) {
  for (const path of missing) console.error(`There are no tests at ${path}`);
  process.exitCode = 2;
} else {
  process.exitCode = await (paths.length > 0 ? mocha(paths) : wholeSuite());
}
