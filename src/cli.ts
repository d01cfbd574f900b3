import packageJson from '../package.json' with { type: 'json' };
import { createProgram, runProgram } from './platform/cli/program.ts';
import { commands } from './wiring/commands.ts';

process.exitCode = await runProgram(createProgram(packageJson.version, commands), process.argv.slice(2));
