import { randomUUID } from 'node:crypto';

/** Where a piece of work stands in a trace: W3C Trace Context, https://www.w3.org/TR/trace-context/. */
export interface Trace {
  /** 32 hexadecimal digits, the same from the first request through outbox, job and mail. */
  readonly traceId: string;
  /** 16 hexadecimal digits, this piece of work. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const pattern = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/u;

/** 32 hexadecimal digits, 122 bits of them random: Node keeps random bytes for these, and makes others call by call. */
const hex = (): string => randomUUID().replaceAll('-', '');

/** Reads a `traceparent` header; undefined when there is none or it does not conform. */
export const parseTraceparent = (header: string | undefined): Trace | undefined => {
  const [, version, traceId, spanId, flags, rest] = pattern.exec(header?.trim() ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Only a later version may carry more fields.
  if (version === '00' && rest !== undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
};

/** A new piece of work: within the given trace, else the first of a new one. */
export const startSpan = (parent?: Trace): Trace => ({
  traceId: parent?.traceId ?? hex(),
  // Of a UUID's second half two bits are no chance: never zero.
  spanId: hex().slice(16),
  sampled: parent?.sampled ?? false,
});

/** The `traceparent` header or stored value that hands a trace on. */
export const formatTraceparent = ({ traceId, spanId, sampled }: Trace): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
