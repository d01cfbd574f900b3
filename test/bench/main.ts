// npm run bench: builds the program with the bench, as it is built for production, and runs that.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { build, PROGRAMS } from '../../tools/build.ts';

const built = join('dist', 'bench');
/** What only the bench runs on stays as it is installed. */
const OTHERS = ['autocannon', 'chai', 'fast-jwt', 'fastify'];
await build(built, [...PROGRAMS, ...globSync('test/bench/{run,*.child}.ts')], OTHERS);
const run = spawnSync(process.execPath, [join(built, 'test', 'bench', 'run.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;
