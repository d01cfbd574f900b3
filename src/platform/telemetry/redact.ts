const hidden = '[redacted]';

const secretWords =
  'authorization|cookie|passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|assertion|_key|_dsn|connection_?string|"otp|otp_?code';
const secretKey = new RegExp(secretWords, 'iu');

// Of a finished line; catches what children of the logger carry, which passes no formatter.
const secretPair = new RegExp(`("(?=[^"]*(?:${secretWords}))[^"]*":)(?:"(?:[^"\\\\]|\\\\.)*"|-?\\d+)`, 'giu');

// A bearer header, a JSON web token, the password of a URL: wherever they stand in a line.
const secretText = /\b(Bearer|Basic)\s+[\w.~+/-]{8,}=*|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(:\/\/[^\s:@/"]*):[^\s@/"]+@/giu;

const deepest = 6;

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const scrub = (value: unknown, depth: number): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return depth === 0 ? '[…]' : value.map((item) => scrub(item, depth - 1));
  // Dates, errors and the like have serializers of their own.
  if (!isPlain(value)) return value;
  return depth === 0 ? '{…}' : redactKeys(value, depth);
};

/** A copy of what is logged, in which the value of every key that sounds secret is replaced, at any depth. */
export const redactKeys = (fields: object, depth = deepest): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]: [string, unknown]) => [
      key,
      secretKey.test(`"${key}`) ? hidden : scrub(value, depth - 1),
    ]),
  );

/** A log line without the credentials that stand in its texts. */
export const redactText = (line: string): string =>
  line
    .replace(secretPair, `$1"${hidden}"`)
    .replace(secretText, (_match, scheme: string | undefined, before: string | undefined) => {
      if (scheme !== undefined) return `${scheme} ${hidden}`;
      return before === undefined ? hidden : `${before}:${hidden}@`;
    });
