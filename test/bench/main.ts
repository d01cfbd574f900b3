// npm run bench: builds the program with the bench, as it is built for production, and runs that.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const built = join('dist', 'bench');
rmSync(built, { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.bench.json'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
for (const folder of ['locales', 'config']) cpSync(folder, join(built, folder), { recursive: true });
const run = spawnSync(process.execPath, [join(built, 'test', 'bench', 'run.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;
