// Runs the tests: all of them, or those in the files and folders given. Other arguments go to mocha as they are.
// After the whole suite, test/after looks at every SQL statement that it ran.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const below = (folder: string): string => join(folder, '**', '*.test.ts');
const isPath = (argument: string): boolean => !argument.startsWith('-') && existsSync(argument);

const args = process.argv.slice(2);
const options = args.filter((argument) => !isPath(argument));
const paths = args.filter(isPath).map((path) => (statSync(path).isDirectory() ? below(path) : path));
const mocha = (specs: readonly string[]): number =>
  spawnSync(process.execPath, [join('node_modules', 'mocha', 'bin', 'mocha.js'), ...options, ...specs], {
    stdio: 'inherit',
  }).status ?? 1;

if (paths.length > 0) {
  process.exitCode = mocha(paths);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'angelis-statements-'));
  process.env['ANGELIS_TEST_STATEMENTS'] = join(folder, 'statements.jsonl');
  writeFileSync(process.env['ANGELIS_TEST_STATEMENTS'], '');
  const suite = mocha([below('test')]);
  const after = mocha([join('test', 'after', '*.after.ts')]);
  process.exitCode = suite === 0 ? after : suite;
  rmSync(folder, { recursive: true, force: true });
}
