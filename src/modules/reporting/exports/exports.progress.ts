import type { Rows } from '../../../platform/db/database.ts';

/** How far an export has come. */
export interface Progress {
  /** Tells how many rows there are to be. */
  begin(estimated: number): Promise<void>;
  /** The rows, counted as they pass. Ends with an error when the export is no longer wanted. */
  over(lists: AsyncIterable<Rows>): AsyncIterable<Rows>;
  done(): number;
}

/** The export was cancelled while it ran. */
class Cancelled extends Error {
  override readonly name = 'Cancelled';
  constructor() {
    super('the export was cancelled');
  }
}

const LEAST_MS = 1_000;

/**
 * Counts rows and writes down how many there were, at most once a second. `write` answers false when the export is no
 * longer wanted; `signal` breaks off too.
 */
export const createProgress = (
  signal: AbortSignal,
  write: (done: number, estimated: number) => Promise<boolean>,
): Progress => {
  let done = 0;
  let estimated = 0;
  let written = 0;
  const tell = async (): Promise<void> => {
    written = performance.now();
    if (!(await write(done, estimated))) throw new Cancelled();
  };
  return {
    begin: async (rows) => {
      estimated = rows;
      await tell();
    },
    async *over(lists) {
      for await (const rows of lists) {
        signal.throwIfAborted();
        done += rows.length;
        if (performance.now() - written >= LEAST_MS) await tell();
        yield rows;
      }
    },
    done: () => done,
  };
};
