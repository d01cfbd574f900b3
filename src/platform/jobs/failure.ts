import { errorCode } from '../errors.ts';
import { redactText } from '../telemetry/redact.ts';

/** A job or tick that ran longer than it may. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
  constructor(milliseconds: number) {
    super(`ran longer than ${milliseconds} ms: raise its timeout or make it smaller`);
  }
}

/** The process stops: the work is cut and is done elsewhere. */
export class Stopping extends Error {
  override readonly name = 'Stopping';
  constructor() {
    super('the process stops');
  }
}

/** A try that ended its process. */
export class Vanished extends Error {
  override readonly name = 'Vanished';
  constructor() {
    super('the process ended during the last try: look for a crash or too little memory');
  }
}

const LONGEST = 300;
const ADDRESS = /[^\s@"'<>]+@[^\s@"'<>]+/g;
/** Values stand in quotes or brackets in most messages; long runs of digits are phones, RUTs and the like. */
const VALUE = /(?<=[=(:]\s?)(?:"[^"]*"|'[^']*'|\([^)]*\))|\d[\d.\- ]{5,}[\dkK]/g;

/** Class, code and shortened first line of an error, without what may be a personal value. */
export const describeFailure = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error;
  const code = errorCode(error);
  const [line = ''] = error.message.split('\n');
  const text = redactText(line.slice(0, 2 * LONGEST))
    .replace(ADDRESS, '…')
    .replace(VALUE, '…')
    .slice(0, LONGEST);
  return `${error.name}${code === undefined || code === line ? '' : ` ${code}`}: ${text}`;
};
