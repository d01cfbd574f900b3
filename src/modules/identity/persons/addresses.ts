import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { lookupHashes } from '../../../platform/crypto/sealed.ts';
import type { Tx } from '../../../platform/db/database.ts';
import { conflict, invalid, Problem } from '../../../platform/problem.ts';
import { normalizeEmail } from './identifiers.ts';

/** What codes are sent to, and a person is known by. */
export type AddressKind = 'email' | 'phone';

/** `+56 9 1234 5678` → `+56912345678`; throws 422 for what is no number. */
const readPhone = (text: string): string => {
  const parsed = parsePhoneNumberFromString(text);
  if (parsed === undefined || !parsed.isPossible()) throw invalid('/phone', 'PHONE');
  return parsed.number;
};

/** An address as it is stored; throws 422 for a phone that is none. */
export const readAddress = (kind: AddressKind, text: string): string =>
  kind === 'email' ? normalizeEmail(text) : readPhone(text);

/**
 * Throws 409 where somebody else has this address, in its stored form. While keys of look-ups are replaced it may stand under
 * another hash, which no unique index compares.
 */
export const mustBeFree =
  (lookup: KeyRing) =>
  async (tx: Tx, personId: string, kind: AddressKind, value: string): Promise<void> => {
    const hashes = lookupHashes(lookup, `person:${kind}`, value);
    const others = await tx.prepared(`select 1 from person where ${kind}_hash = any($1) and id <> $2`, [
      hashes,
      personId,
    ]);
    if (others.length > 0) throw conflict('ADDRESS_TAKEN');
  };

/** The error of a write of this address: 409 where somebody else was faster. */
export const takenAddress = (kind: AddressKind, error: unknown): unknown =>
  error instanceof Problem && error.options.constraint === `person_${kind}_hash_key`
    ? conflict('ADDRESS_TAKEN')
    : error;
