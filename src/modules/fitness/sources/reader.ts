import { circuitBreaker, ConsecutiveBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';
import { errorCode } from '../../../platform/errors.ts';
import { dialects } from './dialects.ts';
import type { SourceTable } from './dialects.ts';
import type { RawRow, SourceConnection } from './raw-row.ts';
import { rights } from './rights.ts';

/** Reads a source and never writes it. */
export interface SourceReader {
  /** The next rows above `after`, ascending, at most `limit`. Throws SourceFailure. */
  readAfter(after: number, limit: number): Promise<RawRow[]>;
  /** What of the mapping is not there, in words: nothing when it fits. Throws SourceFailure. */
  checkMapping(): Promise<string[]>;
  /** What its user may do beyond reading, in the database's words, as INSERT: nothing when all is well. Throws SourceFailure. */
  writingRights(): Promise<string[]>;
  close(): Promise<void>;
}

/** The source could not be read; nothing is wrong with what was read before. */
export class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
}

export interface ReaderOptions {
  /** Failures in a row that open the circuit. Default 3. */
  readonly failures?: number;
  /** Ms that it stays open before one try. Default 30 s. */
  readonly halfOpenAfter?: number;
  /** Reads nothing through a user that could write. Default false. */
  readonly mustOnlyRead?: boolean;
}

/** A connection refused on every address of a name comes as one error without a text of its own. */
const describe = (error: unknown): string =>
  error instanceof Error ? error.message || errorCode(error) || error.name : String(error);

/** A reader over an open connection, behind a circuit. */
export const createSourceReader = (
  connection: SourceConnection,
  mapping: SourceTable,
  { failures = 3, halfOpenAfter = 30_000, mustOnlyRead = false }: ReaderOptions = {},
): SourceReader => {
  const dialect = dialects[connection.dialect];
  const own = rights[connection.dialect];
  const circuit = circuitBreaker(handleAll, { halfOpenAfter, breaker: new ConsecutiveBreaker(failures) });
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await circuit.execute(work);
    } catch (error) {
      const message = isBrokenCircuitError(error) ? 'it failed several times in a row' : describe(error);
      throw new SourceFailure(message, { cause: error });
    }
  };
  const writingRights: SourceReader['writingRights'] = async () =>
    own.answer(await guarded(() => connection.query(own.question(dialect.place(mapping)))));
  let trusted = !mustOnlyRead;
  const ensureOnlyReads = async (): Promise<void> => {
    const held = await writingRights();
    if (held.length > 0) throw new SourceFailure(`its user may also ${held.join(', ')}: grant it SELECT only`);
    trusted = true;
  };
  return {
    writingRights,
    readAfter: async (after, limit) => {
      if (!trusted) await ensureOnlyReads();
      return guarded(() => connection.query(dialect.page(mapping, after, limit)));
    },
    checkMapping: async () => {
      const rows = await guarded(() => connection.query(dialect.columns(mapping)));
      if (rows.length === 0) return [`table ${mapping.table} is missing, or its columns may not be read`];
      const there = new Set(rows.map(({ name }) => String(name)));
      return Object.entries(mapping.columns).flatMap(([name, column]) =>
        column === null || there.has(column) ? [] : `column ${column} (${name}) is missing in ${mapping.table}`,
      );
    },
    close: () => connection.close(),
  };
};
