import type { Tx } from './database.ts';
import type { Scope } from './scope.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** Undoes what a transaction wrote, which was meant to be undone. */
export class Undone extends Error {
  override readonly name = 'Undone';
}

/**
 * Does `work` in a transaction of its own that is undone whatever comes of it, and answers what it answered. It locks neither
 * rows nor names, so that nobody waits for it but who writes the very rows that it writes: what it finds is true of the
 * moment only. Throws what `work` throws; 412 where somebody wrote a row between its reading and its writing.
 */
export const rehearse = async <T>(
  { write }: Pick<UnitOfWork, 'write'>,
  scope: Scope,
  work: (tx: Tx) => Promise<T>,
): Promise<T> => {
  const found: T[] = [];
  try {
    await write({ scope }, async (tx) => {
      found.push(await work({ ...tx, isRehearsal: true }));
      throw new Undone();
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  }
  return found[0]!;
};
