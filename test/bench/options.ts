import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { errorCode } from '../../src/platform/errors.ts';

/** What can be measured by itself, in the order in which it is. */
export const PARTS = [
  'http',
  'pages',
  'reads',
  'commands',
  'writes',
  'csv',
  'pdf',
  'start',
  'jobs',
  'streams',
  'permissions',
  'sign-in',
  'ingest',
  'batch',
] as const;
export type Part = (typeof PARTS)[number];

interface Options {
  readonly full: boolean;
  /** In the order of `PARTS`. */
  readonly parts: readonly Part[];
  /** A file that can be written. */
  readonly json?: string;
}

const chosen = (list: string): Part[] => {
  const wanted = list.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`There is no part ${unknown.join(', ')}: choose of ${PARTS.join(', ')}.`);
  return PARTS.filter((part) => wanted.includes(part));
};

/** Opens the file as the figures will, and leaves it as it was. */
const writable = (file: string): string => {
  const isThere = existsSync(file);
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    const why = errorCode(error) === 'ENOENT' ? `there is no folder ${dirname(resolve(file))}` : String(error);
    throw new InvalidArgumentError(`It cannot be written: ${why}.`);
  }
  if (!isThere) rmSync(file);
  return file;
};

/** Options that npm took for its own, as it does with what stands before "--". Of some that it knows and refuses it tells by a warning only. */
const takenByNpm = (args: readonly string[]): string[] =>
  ['only', 'full', 'json']
    .filter((name) => (process.env[`npm_config_${name}`] ?? '') !== '')
    .map((name) => `--${name}`)
    .filter((option) => !args.some((arg) => arg === option || arg.startsWith(`${option}=`)));

/** Reads what the bench is asked for; says what is wrong with it and ends the process with 1 before anything has begun. */
export const readOptions = (args: readonly string[]): Options => {
  const command = new Command('bench')
    .option('--full', 'ten times the people, five times the tests, longer and more rounds')
    .option('--only <parts>', `one or more of ${PARTS.join(', ')}, apart by commas`, chosen)
    .option('--json <file>', 'writes the figures to a file, too', writable);
  const taken = takenByNpm(args);
  if (taken.length > 0)
    command.error(
      `npm took ${taken.join(', ')} for itself: put -- before the options (npm run bench -- ${taken[0]!} …)`,
    );
  const {
    full = false,
    only = PARTS,
    json,
  } = command.parse([...args], { from: 'user' }).opts<{ full?: boolean; only?: readonly Part[]; json?: string }>();
  return { full, parts: only, ...(json !== undefined && { json }) };
};
