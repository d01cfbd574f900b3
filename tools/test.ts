// Runs the tests: all of them, or those in the files and folders given. Other arguments go to mocha as they are.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const below = (folder: string): string => join(folder, '**', '*.test.ts');
const isPath = (argument: string): boolean => !argument.startsWith('-') && existsSync(argument);

const args = process.argv.slice(2);
const paths = args.filter(isPath).map((path) => (statSync(path).isDirectory() ? below(path) : path));
const specs = paths.length > 0 ? paths : [below('test')];
const mocha = join('node_modules', 'mocha', 'bin', 'mocha.js');
const { status } = spawnSync(process.execPath, [mocha, ...args.filter((argument) => !isPath(argument)), ...specs], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
