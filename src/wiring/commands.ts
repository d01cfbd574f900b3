import type { CliCommand } from '../platform/cli/program.ts';
import { demoCommands } from './commands/demo.ts';
import { tokenCommand } from './commands/token.ts';
import { databaseCommands } from './commands/database.ts';

/** The commands of `angelis`, in the order of its help. */
export const commands: readonly CliCommand[] = [demoCommands, tokenCommand, databaseCommands];
