import type { KeyObject } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { KeyRing } from '../crypto/key-ring.ts';
import { createRandom, dataKeyRing, newDataKey, open, seal, unwrap, wrap } from '../crypto/sealed.ts';
import type { Reader, Tx } from '../db/database.ts';

/**
 * Encrypts personal values under the key of the profile they are about, so that erasing the key erases them. `subject`
 * is a profile of the transaction's company.
 */
export interface PersonalVault {
  /** `keyId.sealed`. The subject's key is made on first use. */
  seal(tx: Tx, subject: string, plaintext: string): Promise<string>;
  /**
   * Makes the keys of profiles that are new in this transaction, in one statement, and answers how to seal under them. For
   * many at once: nothing is kept of them afterwards.
   */
  create(tx: Tx, subjects: readonly string[]): Promise<(subject: string, plaintext: string) => string>;
  /** What `seal` was given; undefined once the key is erased. Throws SealError for a value that was changed or moved. */
  open(reader: Reader, subject: string, sealed: string): Promise<string | undefined>;
  /** As `open`, for many values of one subject: its keys are read once. */
  opener(reader: Reader, subject: string): Promise<(sealed: string) => string | undefined>;
  /** Destroys every key of the subject; what is written about it later gets a new one. */
  erase(tx: Tx, subject: string): Promise<void>;
}

interface DataKey {
  readonly id: string;
  readonly key: KeyObject;
}

interface KeyRow {
  readonly id: string;
  readonly wrapped: string;
}

const OLDEST = 'select id, wrapped from data_key where company_id = $1 and subject_id = $2 order by id limit 1';
const BY_ID = 'select id, wrapped from data_key where company_id = $1 and subject_id = $2 and id = $3';
const ALL = 'select id, wrapped from data_key where company_id = $1 and subject_id = $2';
const INSERT = 'insert into data_key (company_id, subject_id, id, wrapped, created_at) values ($1, $2, $3, $4, $5)';
const INSERT_MANY = `insert into data_key (company_id, subject_id, id, wrapped, created_at)
  select $1, made.subject, made.id, made.wrapped, $3
  from jsonb_to_recordset($2) as made(subject uuid, id uuid, wrapped text)`;
const ERASE = 'delete from data_key where company_id = $1 and subject_id = $2';

/**
 * The vault over table `data_key`, whose keys stand wrapped under `keyRing` (setting DATA_KEY). Units of work that meet a
 * new subject at the same time each make a key: none waits for another, so none can deadlock; later ones use the oldest.
 */
export const createVault = (keyRing: KeyRing): PersonalVault => {
  const known = new WeakMap<Tx, Map<string, Promise<DataKey>>>();
  const random = createRandom();
  const owner = (companyId: string, subject: string, id: string) => `${companyId}:${subject}:${id}`;
  const place = (companyId: string, subject: string) => `personal:${companyId}:${subject}`;
  const unwrapRow = (companyId: string, subject: string, { id, wrapped }: KeyRow): DataKey => ({
    id,
    key: unwrap(wrapped, keyRing, owner(companyId, subject, id)),
  });

  const keyFor = async (tx: Tx, subject: string): Promise<DataKey> => {
    const [row] = await tx.prepared<KeyRow>(OLDEST, [tx.companyId, subject]);
    if (row !== undefined) return unwrapRow(tx.companyId, subject, row);
    const made: DataKey = { id: uuidv7(), key: newDataKey(random) };
    const wrapped = wrap(made.key, keyRing, owner(tx.companyId, subject, made.id), random);
    await tx.prepared(INSERT, [tx.companyId, subject, made.id, wrapped, tx.now]);
    return made;
  };

  const keysOf = (tx: Tx): Map<string, Promise<DataKey>> => {
    const keys = known.get(tx) ?? new Map<string, Promise<DataKey>>();
    known.set(tx, keys);
    return keys;
  };

  return {
    seal: async (tx, subject, plaintext) => {
      const keys = keysOf(tx);
      const pending = keys.get(subject) ?? keyFor(tx, subject);
      keys.set(subject, pending);
      const { id, key } = await pending;
      return `${id}.${seal(plaintext, dataKeyRing(key), place(tx.companyId, subject), random)}`;
    },
    create: async (tx, subjects) => {
      const made = new Map(subjects.map((subject) => [subject, { id: uuidv7(), key: newDataKey(random) }]));
      const rows = [...made].map(([subject, { id, key }]) => {
        return { subject, id, wrapped: wrap(key, keyRing, owner(tx.companyId, subject, id), random) };
      });
      await tx.prepared(INSERT_MANY, [tx.companyId, JSON.stringify(rows), tx.now]);
      return (subject, plaintext) => {
        const found = made.get(subject);
        if (found === undefined) throw new Error(`no key was made for ${subject}`);
        return `${found.id}.${seal(plaintext, dataKeyRing(found.key), place(tx.companyId, subject), random)}`;
      };
    },
    open: async (reader, subject, sealed) => {
      const dot = sealed.indexOf('.');
      const [row] = await reader.prepared<KeyRow>(BY_ID, [reader.companyId, subject, sealed.slice(0, dot)]);
      if (row === undefined) return undefined;
      const { key } = unwrapRow(reader.companyId, subject, row);
      return open(sealed.slice(dot + 1), dataKeyRing(key), place(reader.companyId, subject));
    },
    opener: async (reader, subject) => {
      const rows = await reader.prepared<KeyRow>(ALL, [reader.companyId, subject]);
      const keys = new Map(rows.map((row) => [row.id, unwrapRow(reader.companyId, subject, row).key]));
      return (sealed) => {
        const dot = sealed.indexOf('.');
        const key = keys.get(sealed.slice(0, dot));
        return key && open(sealed.slice(dot + 1), dataKeyRing(key), place(reader.companyId, subject));
      };
    },
    erase: async (tx, subject) => {
      known.get(tx)?.delete(subject);
      await tx.prepared(ERASE, [tx.companyId, subject]);
    },
  };
};
