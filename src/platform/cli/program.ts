import { Command, CommanderError } from 'commander';

/** Adds one command, or a group of them, to the program. Its action throws to fail: the message is what the user reads. */
export type CliCommand = (program: Command) => void;

/** The `angelis` program with the given commands; unknown commands, options and surplus arguments are refused. */
export const createProgram = (version: string, commands: readonly CliCommand[]): Command => {
  const program = new Command('angelis')
    .description('Who may work today, where, on what, and the proof of it')
    .version(version)
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError('(angelis --help lists the commands, angelis COMMAND --help their options)');
  for (const add of commands) add(program);
  return program;
};

const reasons = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n  because: ${reasons(error.cause)}`;
};

/**
 * Runs the program with the arguments after its name. Gives back the exit code:
 * 0 done, 1 failed (the reason stands on standard error), 2 called wrongly.
 */
export const runProgram = async (program: Command, args: readonly string[]): Promise<0 | 1 | 2> => {
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(`angelis: ${reasons(error)}`);
    return 1;
  }
};
