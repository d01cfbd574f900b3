import { createHmac } from 'node:crypto';
import type { Key } from '../crypto/key-ring.ts';

/** Every column of table `change`, in the order in which they are hashed. */
export const CHAIN_COLUMNS = [
  'company_id',
  'id',
  'at',
  'actor_kind',
  'actor_id',
  'actor_via',
  'on_behalf_of',
  'action',
  'entity',
  'entity_id',
  'before',
  'after',
  'subject_id',
  'personal',
  'reason',
  'trace_id',
  'address',
  'agent',
  'written',
  'created_at',
  'created_by',
] as const;

/** A change row as text: uuids, ISO instants, jsonb as PostgreSQL writes it (numbers keep all their digits). */
export type ChainRow = Readonly<Record<(typeof CHAIN_COLUMNS)[number], string | null>>;

const AS_TEXT: readonly string[] = ['before', 'after', 'written'];

/** `select` list that reads a `ChainRow` from the alias; pools of `createPool` give instants as ISO text. */
export const chainColumns = (alias: string): string =>
  CHAIN_COLUMNS.map((name) => (AS_TEXT.includes(name) ? `${alias}.${name}::text as ${name}` : `${alias}.${name}`)).join(
    ', ',
  );

/** What the first link of every company follows. */
export const GENESIS = Buffer.alloc(32);

const FORM = 'change/1';
const MISSING = Buffer.from([0]);

/**
 * The link of a change row: HMAC-SHA-256 under the chain key over form, previous hash, number and the row's columns, each
 * with its length first, so that no two rows read alike.
 */
export const linkHash = ({ key }: Key, previous: Uint8Array, seq: number, row: ChainRow): Buffer => {
  const mac = createHmac('sha256', key).update(FORM).update(previous);
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(seq));
  mac.update(number);
  for (const name of CHAIN_COLUMNS) {
    const value = row[name];
    if (value === null) {
      mac.update(MISSING);
      continue;
    }
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(5, 1);
    length.writeUInt32BE(bytes.length, 1);
    mac.update(length).update(bytes);
  }
  return mac.digest();
};
