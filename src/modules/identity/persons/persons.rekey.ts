import { rekeying } from '../../../platform/crypto/rekey.ts';
import type { Rekeying } from '../../../platform/crypto/rekey.ts';
import { createContacts } from './contact.ts';
import type { Keys, Sealed } from './contact.ts';

interface Hashed extends Sealed {
  readonly nationalIdSealed: string | null;
}

const HASHES = ['email_hash', 'phone_hash', 'national_id_hash'];

/** The keys of persons, and the hashes by which they are found. */
export const personRekeyings = (keys: Keys): readonly Rekeying[] => {
  const contacts = createContacts(keys);
  return [
    rekeying<Pick<Sealed, 'id' | 'dataKey'>>({
      name: 'person.data_key',
      ring: 'DATA_KEY',
      of: 'operator',
      current: keys.data.current.id,
      columns: 'p.id, p.data_key as "dataKey"',
      rows: `from person p where p.status <> 'erased' and split_part(p.data_key, '.', 1) <> $1`,
      order: 'p.id',
      renew: async (tx, person) => {
        await tx.prepared('update person set data_key = $2 where id = $1', [person.id, contacts.rewrap(person)]);
      },
    }),
    rekeying<Hashed>({
      name: 'person: look-ups of email, phone and national id',
      ring: 'LOOKUP_KEY',
      of: 'operator',
      current: keys.lookup.current.id,
      columns: `p.id, p.data_key as "dataKey", p.email_sealed as "emailSealed", p.phone_sealed as "phoneSealed",
        p.national_id_sealed as "nationalIdSealed"`,
      rows: `from person p where p.status <> 'erased'
        and (${HASHES.map((column) => `split_part(p.${column}, '.', 1) <> $1`).join(' or ')})`,
      order: 'p.id',
      renew: async (tx, person) => {
        const { emailHash, phoneHash, nationalIdHash } = contacts.rehash(person);
        await tx.prepared('update person set email_hash = $2, phone_hash = $3, national_id_hash = $4 where id = $1', [
          person.id,
          emailHash,
          phoneHash,
          nationalIdHash,
        ]);
      },
    }),
  ];
};
