import type { Reader } from './database.ts';
import { isConnectionError, isPlanLost } from './errors.ts';

/**
 * Runs reads that may fail, or take longer than `patienceMs` each, without the transaction around them: a failed statement would
 * abort it, so they stand behind a savepoint that is rolled back in every case; that gives back the time limit too. In the same
 * transaction, so that they see what it has written. Answers what `reads` did, or the fault. Throws where the connection must go.
 */
export const attempt = async <T>(
  reader: Reader,
  patienceMs: number,
  reads: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly fault: unknown }> => {
  await reader.query('savepoint attempt');
  try {
    await reader.query(`set local statement_timeout = ${patienceMs}`);
    return { value: await reads() };
  } catch (fault) {
    if (isConnectionError(fault) || isPlanLost(fault)) throw fault;
    return { fault };
  } finally {
    await reader.query('rollback to savepoint attempt');
    await reader.query('release savepoint attempt');
  }
};
