import type { RowIdentity } from '../sources/rows.ts';

/** What this process knows to be settled: so that the overlap, read again and again, costs the database nothing. */
export interface Seen {
  has(source: string, row: RowIdentity): boolean;
  add(source: string, row: RowIdentity): void;
}

/** Remembers the content of the last `most` rows, some 200 bytes each; what was forgotten is looked up again. */
export const createSeen = (most: number): Seen => {
  const contents = new Map<string, string>();
  const keyOf = (source: string, { externalId }: RowIdentity): string => `${source} ${externalId}`;
  return {
    has: (source, row) => contents.get(keyOf(source, row)) === row.contentHash.toString('base64'),
    add: (source, row) => {
      const key = keyOf(source, row);
      contents.delete(key);
      contents.set(key, row.contentHash.toString('base64'));
      if (contents.size > most) contents.delete(contents.keys().next().value!);
    },
  };
};
