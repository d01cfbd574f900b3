import type { Tx } from './database.ts';

/**
 * Lets one unit of work of the company at a time past this point, until it ends: for rules over many rows (a graph
 * without cycles, a limit on a count) that no row's lock covers. Whoever takes the same name takes it at the same place between the same row locks.
 * A rehearsal holds nobody off.
 */
export const serialize = async (tx: Tx, name: string): Promise<void> => {
  if (tx.isRehearsal) return;
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${tx.companyId}:${name}`]);
};
