import type { Tx } from './database.ts';

/**
 * Lets one unit of work of the company at a time past this point, until it ends: for rules over many rows (a graph
 * without cycles, a limit on a count) that no row's lock covers. Call it before the first row is locked.
 */
export const serialize = async (tx: Tx, name: string): Promise<void> => {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${tx.companyId}:${name}`]);
};
