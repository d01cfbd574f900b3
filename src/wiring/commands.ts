import type { CliCommand } from '../platform/cli/program.ts';
import { doctorCommand } from './commands/doctor.ts';
import { demoCommands } from './commands/demo.ts';
import { tokenCommand } from './commands/token.ts';
import { auditCommands } from './commands/audit.ts';
import { simulateCommand } from './commands/simulate.ts';
import { firstDataCommands } from './commands/first-data.ts';
import { keysCommands } from './commands/keys.ts';
import { accessCommands } from './commands/access.ts';
import { realmCommands } from './commands/realm.ts';
import { legacyCommands } from './commands/legacy.ts';
import { databaseCommands } from './commands/database.ts';

/** The commands of `angelis`, in the order of its help. */
export const commands: readonly CliCommand[] = [
  demoCommands,
  tokenCommand,
  simulateCommand,
  databaseCommands,
  firstDataCommands,
  legacyCommands,
  auditCommands,
  accessCommands,
  doctorCommand,
  realmCommands,
  keysCommands,
];
