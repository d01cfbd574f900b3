#!/usr/bin/env node
// The `angelis` command on whatever Node the machine has (20 or later): hands over to the project's own Node 24.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const hasSources = existsSync(join(root, 'src', 'cli.ts'));
const home = hasSources ? root : join(root, 'dist');
const entry = join(home, 'src', hasSources ? 'cli.ts' : 'cli.js');
const options = [`--env-file=${join(home, 'config', 'node.env')}`];
const own = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const isRecent = Number(process.versions.node.split('.')[0]) >= 24;

if (!existsSync(own) && !isRecent) {
  console.error(`The project's own Node 24 is missing (${own}): run "npm ci" in ${root}.`);
  process.exit(1);
}

// Compiled code is kept from one start to the next: half of what a start costs. Where that folder cannot be written, it is not.
const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'angelis'), ...process.env };

// The channel carries nothing: it breaks when this process is killed, and the other one stops.
const child = spawn(existsSync(own) ? own : process.execPath, [...options, entry, ...process.argv.slice(2)], {
  env,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`The project's own Node cannot be started (${error.message}): run "npm ci" in ${root}.`);
  process.exitCode = 1;
});
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
});
