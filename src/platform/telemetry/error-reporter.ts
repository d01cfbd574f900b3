import { randomUUID } from 'node:crypto';
import type { DestinationStream } from 'pino';
import { createSender, post } from './sender.ts';

export interface ErrorReporterOptions {
  /** `https://KEY@HOST/PROJECT` of a service that takes Sentry's envelopes. */
  readonly dsn: string;
  readonly environment: string;
  readonly release: string;
  /** Told that reports do not arrive; must not report that again. */
  readonly onTrouble: (error: unknown, dropped: number) => void;
}

/** Takes finished lines of the log and reports those of errors. */
export interface ErrorReporter {
  readonly stream: DestinationStream;
  flush(): Promise<void>;
}

/** Reports that wait at most: errors come in floods. */
const MOST = 100;
const MOST_CAUSES = 5;
const MOST_FRAMES = 50;

/** What a line of the log says of an error; see logger.ts. */
interface LoggedError {
  readonly type?: string;
  readonly message?: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedError | string;
}

interface Line {
  readonly level: string;
  readonly time: string;
  readonly msg?: string;
  readonly traceId?: string;
  readonly err?: LoggedError | string;
  readonly error?: LoggedError | string;
}

/** Quoted texts, values of keys, addresses, phones, national ids, long numbers: what a message may tell of a person. */
const PERSONAL =
  /"[^"]*"|'[^']*'|`[^`]*`|«[^»]*»|=\([^)]*\)|[^\s@<>(]+@[^\s@<>)]+|\b\d{1,2}\.?\d{3}\.?\d{3}-[\dk]\b|\+?\d[\d .()-]{5,}\d/giu;

/** A message without anything that may be about a person; UUIDs stay, they are ids. */
const scrubMessage = (message: string): string =>
  message
    .split(/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})/iu)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(PERSONAL, '[…]')))
    .join('');

const FRAME = /^\s*at (?:(?<fn>.+?) \()?(?<file>(?:file:\/\/|node:|\/|[A-Z]:\\).*?):(?<line>\d+):(?<column>\d+)\)?$/u;

/** Frames of a stack, the innermost last, as the protocol wants them. */
const framesOf = (stack = '') =>
  stack
    .split('\n')
    .flatMap((text) => {
      const { fn, file, line, column } = FRAME.exec(text)?.groups ?? {};
      if (file === undefined) return [];
      return {
        ...(fn !== undefined && { function: fn }),
        filename: file.replace(/^file:\/\//u, '').replace(/^.*\/(?=(?:dist\/)?(?:src|node_modules)\/)/u, ''),
        lineno: Number(line),
        colno: Number(column),
        in_app: !file.includes('node_modules') && !file.startsWith('node:'),
      };
    })
    .slice(0, MOST_FRAMES)
    .toReversed();

const exceptionsOf = (error: LoggedError | string | undefined, depth = MOST_CAUSES): object[] => {
  if (error === undefined || depth === 0) return [];
  const {
    type = 'Error',
    message = '',
    code,
    stack,
    cause,
  }: LoggedError = typeof error === 'string' ? { message: error } : error;
  const value = [code, scrubMessage(message)].filter(Boolean).join(': ');
  return [...exceptionsOf(cause, depth - 1), { type, value, stacktrace: { frames: framesOf(stack) } }];
};

/** Fields of a line by which reports are told apart; all are names in the code. */
const TAGS = ['job', 'loop', 'part', 'kind', 'code', 'source', 'route', 'tick'] as const;

const eventOf = (line: Line, { environment, release }: ErrorReporterOptions): object => {
  const fields = line as unknown as Readonly<Record<string, unknown>>;
  const tags = TAGS.flatMap((name) => (typeof fields[name] === 'string' ? [[name, fields[name]] as const] : []));
  const exceptions = exceptionsOf(line.err ?? line.error);
  return {
    event_id: randomUUID().replaceAll('-', ''),
    timestamp: line.time,
    platform: 'node',
    level: line.level,
    logger: 'angelis',
    environment,
    release: `angelis@${release}`,
    logentry: { formatted: scrubMessage(line.msg ?? '') },
    tags: Object.fromEntries(tags),
    ...(line.traceId !== undefined && {
      contexts: { trace: { trace_id: line.traceId, span_id: line.traceId.slice(16) } },
    }),
    ...(exceptions.length > 0 && { exception: { values: exceptions } }),
  };
};

/** Where and with what key a DSN wants its reports. */
const endpointOf = (dsn: string): { url: string; key: string } => {
  const { protocol, username, host, pathname } = new URL(dsn);
  const [, prefix = '', project = ''] = /^(.*)\/([^/]+)\/?$/u.exec(pathname) ?? [];
  return { url: `${protocol}//${host}${prefix}/api/${project}/envelope/`, key: username };
};

/**
 * Reports errors in Sentry's envelope (https://develop.sentry.dev/sdk/data-model/envelopes/): where, what kind and how it came
 * about; no values of the request, no personal values, no secrets. Reports are dropped where the service does not take them.
 */
export const createErrorReporter = (options: ErrorReporterOptions): ErrorReporter => {
  const { url, key } = endpointOf(options.dsn);
  const headers = {
    'content-type': 'application/x-sentry-envelope',
    'x-sentry-auth': `Sentry sentry_version=7, sentry_client=angelis/${options.release}, sentry_key=${key}`,
  };
  const sender = createSender<string>({
    most: MOST,
    batch: 1,
    onTrouble: options.onTrouble,
    deliver: async ([event = '']) => {
      const { event_id: id } = JSON.parse(event) as { event_id: string };
      const head = JSON.stringify({ event_id: id, sent_at: new Date().toISOString() });
      const item = JSON.stringify({ type: 'event', length: Buffer.byteLength(event) });
      await post(url, headers, `${head}\n${item}\n${event}\n`);
    },
  });
  return {
    stream: {
      write: (text) => {
        sender.offer(JSON.stringify(eventOf(JSON.parse(text) as Line, options)));
      },
    },
    flush: () => sender.flush(),
  };
};
