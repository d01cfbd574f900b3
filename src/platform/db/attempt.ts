import type { Reader } from './database.ts';
import { isConnectionError, isPlanLost } from './errors.ts';

/** Does `work` behind a savepoint that is rolled back whatever comes of it; answers what it answered. */
export const asIf = async <T>(reader: Reader, work: () => Promise<T>): Promise<T> => {
  await reader.query('savepoint attempt');
  try {
    return await work();
  } finally {
    await reader.query('rollback to savepoint attempt');
    await reader.query('release savepoint attempt');
  }
};

/**
 * Runs reads that may fail, or take longer than `patienceMs` each, without the transaction around them: a failed statement would
 * abort it, so they stand behind a savepoint that is rolled back in every case; that gives back the time limit too. In the same
 * transaction, so that they see what it has written. Answers what `reads` did, or the fault. Throws where the connection must go.
 */
export const attempt = <T>(
  reader: Reader,
  patienceMs: number,
  reads: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly fault: unknown }> =>
  asIf(reader, async () => {
    try {
      await reader.query(`set local statement_timeout = ${patienceMs}`);
      return { value: await reads() };
    } catch (fault) {
      if (isConnectionError(fault) || isPlanLost(fault)) throw fault;
      return { fault };
    }
  });
