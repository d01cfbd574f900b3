import packageJson from '../package.json' with { type: 'json' };
import { createProgram, runProgram } from './platform/cli/program.ts';
import { collectSooner } from './platform/process/heap.ts';
import { commands } from './wiring/commands.ts';

// Whoever reads the output may stop before its end (`angelis … | head`), and a terminal may be closed while parts stop.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });

// bin/angelis.js holds the other end: when it was killed, its signals come no more.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();

collectSooner();
process.exitCode = await runProgram(createProgram(packageJson.version, commands), process.argv.slice(2));
