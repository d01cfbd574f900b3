import { AsyncLocalStorage } from 'node:async_hooks';
import { createSender, post } from './sender.ts';
import { startSpan } from './trace.ts';

/** What a piece of work is to the trace; OpenTelemetry's kinds. */
export type SpanKind = 'internal' | 'server' | 'client' | 'consumer';
type Attributes = Readonly<Record<string, string | number>>;

export interface SpanDetails {
  readonly name: string;
  readonly kind: SpanKind;
  /** The trace that it belongs to, and the span elsewhere that it follows from; else it stands below what runs now. */
  readonly traceId?: string;
  readonly parentId?: string;
  readonly attributes?: Attributes;
}

export interface OpenSpan {
  /** Runs work whose spans stand below this one. */
  run<T>(work: () => T): T;
  /** Ends it; `error` is a class or code, never a message. */
  end(outcome?: { readonly name?: string; readonly attributes?: Attributes; readonly error?: string }): void;
}

/** Tells how long each piece of work took and what it belonged to. */
export interface Tracer {
  start(details: SpanDetails): OpenSpan;
  /** Runs work as a span; it fails when the work does. */
  span<T>(details: SpanDetails, work: () => Promise<T>): Promise<T>;
  /** Sends what is finished. */
  flush(): Promise<void>;
}

/** Where no collector is set nothing is measured. */
export const NO_TRACER: Tracer = {
  start: () => ({ run: (work) => work(), end: () => undefined }),
  span: (_details, work) => work(),
  flush: () => Promise.resolve(),
};

export interface TracerOptions {
  /** Base address of an OTLP/HTTP collector, without `/v1/traces`. */
  readonly endpoint: string;
  /** Sent along, as `api-key=x,other=y`. */
  readonly headers?: string | undefined;
  /** What spans say of this process. */
  readonly resource: Attributes;
  readonly onTrouble: (error: unknown, dropped: number) => void;
}

interface FinishedSpan extends SpanDetails {
  readonly traceId: string;
  readonly spanId: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly error?: string;
}

const KINDS: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3, consumer: 5 };
const FAILED = 2;
const MOST = 5_000;
const BATCH = 500;
const GATHER = 1_000;

const encoded = (attributes: Attributes = {}) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { doubleValue: value } : { stringValue: value },
  }));

const nanoseconds = (milliseconds: number): string => String(BigInt(Math.round(milliseconds * 1_000)) * 1_000n);

const encodeSpan = ({ traceId, spanId, parentId, name, kind, from, to, attributes, error }: FinishedSpan) => ({
  traceId,
  spanId,
  ...(parentId !== undefined && { parentSpanId: parentId }),
  name,
  kind: KINDS[kind],
  startTimeUnixNano: nanoseconds(from),
  endTimeUnixNano: nanoseconds(to),
  attributes: encoded({ ...attributes, ...(error !== undefined && { 'error.type': error }) }),
  status: error === undefined ? {} : { code: FAILED },
});

/** Headers as OpenTelemetry writes them in one setting: percent-encoded pairs, apart by commas. */
const readHeaders = (text = ''): Record<string, string> =>
  Object.fromEntries(
    text.split(',').flatMap((pair) => {
      const [key = '', ...rest] = pair.split('=');
      return key.trim() === '' ? [] : [[key.trim(), decodeURIComponent(rest.join('=').trim())]];
    }),
  );

/** The class or code of what was thrown: its message may name a person. */
const typeOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/**
 * Sends spans to a collector as OTLP/HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/). Spans carry names, routes,
 * codes and times; no values of requests or rows.
 */
export const createTracer = ({ endpoint, headers, resource, onTrouble }: TracerOptions): Tracer => {
  const running = new AsyncLocalStorage<{ readonly traceId: string; readonly spanId: string }>();
  const url = `${endpoint.replace(/\/+$/u, '')}/v1/traces`;
  const sent = { 'content-type': 'application/json', ...readHeaders(headers) };
  const sender = createSender<FinishedSpan>({
    most: MOST,
    batch: BATCH,
    gather: GATHER,
    onTrouble,
    deliver: (spans) => {
      const scopeSpans = [{ scope: { name: 'angelis' }, spans: spans.map(encodeSpan) }];
      const body = { resourceSpans: [{ resource: { attributes: encoded(resource) }, scopeSpans }] };
      return post(url, sent, JSON.stringify(body));
    },
  });

  const start = (details: SpanDetails): OpenSpan => {
    const around = running.getStore();
    const { traceId, spanId } = startSpan();
    const here = { traceId: details.traceId ?? around?.traceId ?? traceId, spanId };
    const parentId = details.parentId ?? (around?.traceId === here.traceId ? around.spanId : undefined);
    const from = performance.timeOrigin + performance.now();
    return {
      run: (work) => running.run(here, work),
      end: ({ name = details.name, attributes, error } = {}) => {
        sender.offer({
          ...details,
          ...here,
          ...(parentId !== undefined && { parentId }),
          name,
          attributes: { ...details.attributes, ...attributes },
          ...(error !== undefined && { error }),
          from,
          to: performance.timeOrigin + performance.now(),
        });
      },
    };
  };
  return {
    start,
    span: async (details, work) => {
      const open = start(details);
      try {
        const result = await open.run(work);
        open.end();
        return result;
      } catch (error) {
        open.end({ error: typeOf(error) });
        throw error;
      }
    },
    flush: () => sender.flush(),
  };
};
