import { rekeying } from '../../../platform/crypto/rekey.ts';
import type { Rekeying } from '../../../platform/crypto/rekey.ts';
import { createContacts } from './contact.ts';
import type { Keys, Sealed } from './contact.ts';

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
    rekeying<Sealed>({
      name: 'person: look-ups of email and phone',
      ring: 'LOOKUP_KEY',
      of: 'operator',
      current: keys.lookup.current.id,
      columns: `p.id, p.data_key as "dataKey", p.email_sealed as "emailSealed", p.phone_sealed as "phoneSealed"`,
      rows: `from person p where p.status <> 'erased'
        and (split_part(p.email_hash, '.', 1) <> $1 or split_part(p.phone_hash, '.', 1) <> $1)`,
      order: 'p.id',
      renew: async (tx, person) => {
        const { emailHash, phoneHash } = contacts.rehash(person);
        const values = [person.id, emailHash, phoneHash];
        await tx.prepared('update person set email_hash = $2, phone_hash = $3 where id = $1', values);
      },
    }),
  ];
};
