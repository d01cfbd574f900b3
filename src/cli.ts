import packageJson from '../package.json' with { type: 'json' };
import { createProgram, runProgram } from './platform/cli/program.ts';
import { commands } from './wiring/commands.ts';

// Whoever reads the output may stop before its end: `angelis … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runProgram(createProgram(packageJson.version, commands), process.argv.slice(2));
