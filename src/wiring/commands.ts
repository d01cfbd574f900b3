import type { CliCommand } from '../platform/cli/program.ts';

/** The commands of `angelis`, in the order of its help. */
export const commands: readonly CliCommand[] = [];
