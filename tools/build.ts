// Builds dist/, which runs without TypeScript: the compiled sources beside what they read, in the same layout as here.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
for (const folder of ['locales', 'config']) {
  if (existsSync(folder)) cpSync(folder, join('dist', folder), { recursive: true });
}
