import { once } from 'node:events';
import { pino } from 'pino';
import type { DestinationStream, Level, Logger } from 'pino';
import { errorCode } from '../errors.ts';
import { redactKeys, redactText } from './redact.ts';

export interface LoggerOptions {
  level: Level;
  /** Also write to this file: rotated daily and at 50 MB, named NAME.1.log, NAME.2.log …, 14 kept. */
  file?: string | undefined;
  /** Also given every line of an error, finished and redacted. */
  errors?: { stream: DestinationStream; flush: () => Promise<void> } | undefined;
  /** Standard output unless a test looks at the lines. */
  stream?: DestinationStream;
}

export interface Logging {
  log: Logger;
  /** Writes out what is buffered and closes the file; the last part to stop. */
  close: () => Promise<void>;
}

// Drivers hang the statement, its values and the row at fault on their errors: none of it may be logged.
const describeError = (error: unknown, depth = 4): unknown => {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error;
  const { name: type, message, stack, cause } = error;
  const code = errorCode(error);
  return {
    type,
    message,
    ...(code !== undefined && { code }),
    stack,
    ...(cause !== undefined && depth > 0 && { cause: describeError(cause, depth - 1) }),
  };
};

/** Bytes of lines that wait for a destination which takes none; those beyond are lost. */
const MOST_WAITING = 1_048_576;

/**
 * A destination of lines, written a hundred milliseconds apart or when there are 4 KiB of them: a write of its own costs a request
 * a tenth of its time. Where it cannot be written (a terminal that was closed, a full disk) lines are lost, and nobody waits.
 */
export const logTo = (dest: string | number) => {
  const output = pino.destination({
    dest,
    sync: false,
    minLength: 4_096,
    maxLength: MOST_WAITING,
    periodicFlush: 100,
  });
  let isWritable = true;
  const flushSync = output.flushSync.bind(output);
  // Called when the process exits. It tries again for ever what was refused once.
  output.flushSync = () => {
    if (isWritable) flushSync();
  };
  output.on('error', () => {
    isWritable = false;
  });
  const flush = (): Promise<void> =>
    new Promise((resolve) => {
      output.flush(() => resolve());
    });
  return {
    // No more than this: pino would call flushSync behind each fatal line.
    stream: { write: (line: string): void => void output.write(line) },
    /** Writes out what waits; what comes later is written where there is time for it. */
    close: async (): Promise<void> => {
      isWritable = false;
      // What is being written, then what was added meanwhile.
      await flush();
      await flush();
    },
  };
};

/** Loaded only where it is used: with date-fns it is a twentieth of a start. */
const rolling = async (file: string) => {
  const { default: roll } = await import('pino-roll');
  return roll({
    file,
    frequency: 'daily',
    size: '50m',
    limit: { count: 14, removeOtherLogFiles: true },
    mkdir: true,
  });
};

/** Makes the process's logger: one JSON object a line, credentials redacted, errors without the values they carry. */
export const createLogging = async ({ level, file, errors, stream }: LoggerOptions): Promise<Logging> => {
  const standard = stream === undefined ? logTo(1) : undefined;
  const output = stream ?? standard!.stream;
  const rolled = file === undefined ? undefined : await rolling(file);
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redactKeys(fields),
        bindings: (fields) => redactKeys(fields),
      },
      serializers: { err: (error: unknown) => describeError(error), error: (error: unknown) => describeError(error) },
      hooks: { streamWrite: redactText },
    },
    rolled === undefined && errors === undefined
      ? output
      : pino.multistream([
          { level, stream: output },
          ...(rolled === undefined ? [] : [{ level, stream: rolled }]),
          ...(errors === undefined ? [] : [{ level: 'error' as const, stream: errors.stream }]),
        ]),
  );
  return {
    log,
    close: async () => {
      await errors?.flush();
      await standard?.close();
      if (rolled === undefined) return;
      const closed = once(rolled, 'close');
      rolled.end();
      await closed;
    },
  };
};

/** Ids of what an event is about, each named for its entity: { companyId, caseId }. */
export type EventIds = Readonly<Record<`${string}Id`, string | number | bigint | undefined>>;

const isId = (value: string | number | bigint): boolean =>
  typeof value !== 'string' || /^(?:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|\d{1,20})$/iu.test(value);

/** Logs a domain event. Whatever is not a UUID or a whole number is left out, so that no personal value can slip in. */
export const logEvent = (log: Logger, event: string, ids: EventIds): void => {
  const kept = Object.entries(ids).flatMap(([name, id]) =>
    id === undefined ? [] : [[name, isId(id) ? String(id) : '[not an id]'] as const],
  );
  log.info({ event, ...Object.fromEntries(kept) });
};
