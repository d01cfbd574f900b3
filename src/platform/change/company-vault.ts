import type { KeyObject } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { KeyRing } from '../crypto/key-ring.ts';
import { createRandom, dataKeyRing, newDataKey, open, seal, SealError, unwrap, wrap } from '../crypto/sealed.ts';
import type { Reader, Tx } from '../db/database.ts';

/** Encrypts for a place. */
export type Sealer = (place: string, plaintext: string) => string;
/** Opens what was sealed for the same place. Throws SealError for a value that was changed or moved, or whose key is gone. */
export type Opener = (place: string, sealed: string) => string;

/** Encrypts values of health under a key of their company; each is bound to its `place` (table, column, row). */
export interface CompanyVault {
  /** What seals the values of this unit of work: ask once, seal many. The company's key is made on first use. */
  sealer(tx: Tx): Promise<Sealer>;
  /** What opens the values of this company: ask once, open many. */
  opener(reader: Reader): Promise<Opener>;
}

interface KeyRow {
  readonly id: string;
  readonly wrapped: string;
}

const KEYS = 'select id, wrapped from company_key where company_id = $1 order by id';
const INSERT = 'insert into company_key (company_id, id, wrapped, created_at) values ($1, $2, $3, $4)';

/**
 * The vault over table `company_key`, whose keys stand wrapped under `keyRing` (setting DATA_KEY). Sealed values read
 * `keyId/sealed`. Units of work that meet a new company at the same time each make a key; later ones use the oldest.
 */
export const createCompanyVault = (keyRing: KeyRing): CompanyVault => {
  const random = createRandom();
  const unwrapRow = (companyId: string, { id, wrapped }: KeyRow): KeyObject =>
    unwrap(wrapped, keyRing, `${companyId}:${id}`);
  const bound = (companyId: string, place: string) => `company:${companyId}:${place}`;

  const keyFor = async (tx: Tx): Promise<{ id: string; key: KeyObject }> => {
    const [row] = await tx.prepared<KeyRow>(KEYS, [tx.companyId]);
    if (row !== undefined) return { id: row.id, key: unwrapRow(tx.companyId, row) };
    const made = { id: uuidv7(), key: newDataKey() };
    const wrapped = wrap(made.key, keyRing, `${tx.companyId}:${made.id}`);
    await tx.prepared(INSERT, [tx.companyId, made.id, wrapped, tx.now]);
    return made;
  };

  return {
    sealer: async (tx) => {
      const { id, key } = await keyFor(tx);
      const ring = dataKeyRing(key);
      return (place, plaintext) => `${id}/${seal(plaintext, ring, bound(tx.companyId, place), random)}`;
    },
    opener: async (reader) => {
      const rows = await reader.prepared<KeyRow>(KEYS, [reader.companyId]);
      const rings = new Map(rows.map((row) => [row.id, dataKeyRing(unwrapRow(reader.companyId, row))]));
      return (place, sealed) => {
        const slash = sealed.indexOf('/');
        const ring = rings.get(sealed.slice(0, slash));
        if (ring === undefined) throw new SealError('unknown_key', 'the key of this value was erased');
        return open(sealed.slice(slash + 1), ring, bound(reader.companyId, place));
      };
    },
  };
};
