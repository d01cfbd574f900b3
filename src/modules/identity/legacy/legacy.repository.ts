import type { Reader, Tx } from '../../../platform/db/database.ts';

/** Whether somebody's password of an older system waits for their first sign-in. In the operator's transaction. */
export const waits = async (reader: Reader, personId: string): Promise<boolean> =>
  (await reader.prepared('select 1 from legacy_credential where person_id = $1', [personId])).length > 0;

/** The sealed hash of one that waits, held until the unit of work ends. */
export const lockHash = async (tx: Tx, personId: string): Promise<string | undefined> => {
  const rows = await tx.prepared<{ sealed: string }>(
    'select hash_sealed as sealed from legacy_credential where person_id = $1 for update',
    [personId],
  );
  return rows[0]?.sealed;
};

/** Adds hashes; those of persons who have one stay as they are. Answers whose were added. */
export const addHashes = async (
  tx: Tx,
  hashes: readonly { readonly personId: string; readonly sealed: string }[],
): Promise<string[]> => {
  const rows = await tx.prepared<{ id: string }>(
    `insert into legacy_credential (person_id, hash_sealed, imported_at)
     select h."personId", h.sealed, $2 from jsonb_to_recordset($1) as h("personId" uuid, sealed text)
     order by h."personId" on conflict (person_id) do nothing returning person_id as id`,
    [JSON.stringify(hashes), tx.now],
  );
  return rows.map(({ id }) => id);
};

/** Erases the hash of a person. */
export const forgetLegacy = async (tx: Tx, personId: string): Promise<void> => {
  await tx.prepared('delete from legacy_credential where person_id = $1', [personId]);
};

/** Erases what was imported before `before` and never used. */
export const purgeLegacy = async (tx: Tx, before: Date): Promise<void> => {
  await tx.prepared('delete from legacy_credential where imported_at < $1', [before]);
};

/** How many wait for their first sign-in. */
export const countWaiting = async (reader: Reader): Promise<number> => {
  const [row] = await reader.prepared<{ count: number }>('select count(*)::int as count from legacy_credential');
  return row!.count;
};
