import type { DialectName, Statement } from './dialects.ts';

/** A row under canonical names; instants are ISO text, so that it can be kept as JSON and read again. */
export type RawRow = Readonly<Record<string, string | number | boolean | null>>;

/** A read-only connection to a source. */
export interface SourceConnection {
  readonly dialect: DialectName;
  query(statement: Statement): Promise<RawRow[]>;
  close(): Promise<void>;
}

export interface SourceConnectionOptions {
  readonly url: string;
  /** Longest a query, or making a connection, may take, in ms. */
  readonly timeout: number;
  /** Told when an idle connection breaks; the next query makes a new one. */
  readonly onError: (error: Error) => void;
}

/** SQL Server keeps NUL and halves of pairs of surrogates, PostgreSQL neither; no code that is known to us has one. */
const plainText = (value: string): string => value.toWellFormed().replaceAll('\0', '\uFFFD');

/** What a driver hands over, as a JSON value: instants as ISO text, whole numbers too big for a number as text, one byte as a number. */
const plainValue = (value: unknown): string | number | boolean | null => {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Buffer.isBuffer(value)) return value.length === 1 ? value[0]! : value.toString('hex');
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return plainText(value);
  return typeof value === 'number' || typeof value === 'boolean' ? value : JSON.stringify(value);
};

/** A row of a driver as a raw row. */
export const plainRow = (row: object): RawRow =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plainValue(value)]));
