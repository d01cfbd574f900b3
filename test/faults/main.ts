// npm run faults [-- --short] [-- --only NAME,NAME] [-- --json FILE]: what the system does when its parts fail.
// Brings up scripts/servers where they are not up (SERVERS_PORT_BASE, 18800 without it) and takes down what it brought up.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { build, PROGRAMS } from '../../tools/build.ts';

const SERVERS = 'scripts/servers';
process.env['SERVERS_PORT_BASE'] ??= '18800';

const servers = (...args: string[]): boolean =>
  spawnSync(SERVERS, args, { stdio: ['ignore', 'ignore', args[0] === 'status' ? 'ignore' : 'inherit'] }).status === 0;

const areUp = servers('status');
// A Ctrl-C reaches the faults too: they end first, then what they stood on.
let running: ReturnType<typeof spawn> | undefined;
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    isStopped = true;
    running?.kill('SIGINT');
  });
try {
  if (!areUp && !servers('up')) throw new Error('the servers did not come up: see above');
  await build('dist', PROGRAMS);
  if (!isStopped) {
    running = spawn(SERVERS, ['run', process.execPath, 'test/faults/run.ts', ...process.argv.slice(2)], {
      stdio: 'inherit',
    });
    const [code] = (await once(running, 'exit')) as [number | null];
    process.exitCode = code ?? 1;
  }
} finally {
  if (!areUp) servers('down');
}
if (isStopped) process.exitCode = 130;
