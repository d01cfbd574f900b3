// Runs the tests: all of them, or those in the files and folders given. Other arguments go to mocha as they are.
// After the whole suite, test/after looks at every SQL statement that it ran.
// With --servers: what is held to real servers, on those of scripts/servers.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const below = (folder: string): string => join(folder, '**', '*.test.ts');
const isPath = (argument: string): boolean => !argument.startsWith('-') && existsSync(argument);

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
const options = args.filter((argument) => !isPath(argument));
const paths = args.filter(isPath).map((path) => (statSync(path).isDirectory() ? below(path) : path));
const mocha = (these: readonly string[]): number => {
  for (const spec of these) if (globSync(spec).length === 0) throw new Error(`There are no tests at ${spec}`);
  return (
    spawnSync(
      process.execPath,
      [join('node_modules', 'mocha', 'bin', 'mocha.js'), '--config', config, ...options, ...these],
      {
        stdio: 'inherit',
      },
    ).status ?? 1
  );
};

if (paths.length > 0) {
  process.exitCode = mocha(paths);
} else {
  // Whoever names a file keeps it, and may hold one run to the statements of another.
  const folder = mkdtempSync(join(tmpdir(), 'angelis-statements-'));
  const file = (process.env['ANGELIS_TEST_STATEMENTS'] ??= join(folder, 'statements.jsonl'));
  writeFileSync(file, '', { flag: 'a' });
  const suite = mocha(specs);
  const after = mocha([join('test', 'after', '*.after.ts')]);
  process.exitCode = suite === 0 ? after : suite;
  rmSync(folder, { recursive: true, force: true });
}
