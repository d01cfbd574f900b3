import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { dataKeyRing, hmac, newDataKey, open, seal, unwrap, wrap } from '../../../platform/crypto/sealed.ts';
import { maskAddress, maskPhone } from '../../../platform/messaging/messages.ts';
import { normalizeEmail } from './identifiers.ts';

export interface Keys {
  readonly data: KeyRing;
  readonly lookup: KeyRing;
}

/** What of a person is needed to open what is sealed under their own key. */
export interface Sealed {
  readonly id: string;
  readonly dataKey: string;
  readonly emailSealed: string | null;
  readonly phoneSealed: string | null;
}

type Owner = Pick<Sealed, 'id' | 'dataKey'>;

/** Encrypts and opens what the login of a person consists of, each value bound to its person and column. */
export const createContacts = ({ data, lookup }: Keys) => {
  const ringOf = ({ id, dataKey }: Owner): KeyRing => dataKeyRing(unwrap(dataKey, data, `person:${id}`));
  const place = (id: string, column: string): string => `person:${id}:${column}`;
  const sealFor = (owner: Owner, column: string, value: string): string =>
    seal(value, ringOf(owner), place(owner.id, column));
  return {
    /** A new key for a person, wrapped; erasing it erases the login. */
    newKey: (id: string): string => wrap(newDataKey(), data, `person:${id}`),
    email: (owner: Owner, text: string) => {
      const value = normalizeEmail(text);
      return {
        emailSealed: sealFor(owner, 'email', value),
        emailHash: hmac(lookup, 'person:email', value),
        emailMask: maskAddress(value),
      };
    },
    phone: (owner: Owner, value: string) => ({
      phoneSealed: sealFor(owner, 'phone', value),
      phoneHash: hmac(lookup, 'person:phone', value),
      phoneMask: maskPhone(value),
    }),
    /** The bcrypt hash of a password of an older system: AES at rest, and gone with the person's key. */
    legacyHash: (owner: Owner, hash: string): string => sealFor(owner, 'legacy_hash', hash),
    legacyHashOf: (owner: Owner, sealed: string): string => open(sealed, ringOf(owner), place(owner.id, 'legacy_hash')),
    /** The person's key under the current key of the ring; what it sealed stays as it is. */
    rewrap: ({ id, dataKey }: Owner): string => wrap(unwrap(dataKey, data, `person:${id}`), data, `person:${id}`),
    /** The hashes of what is sealed, under the current key of the ring. */
    rehash: (person: Sealed) => {
      const hash = (sealed: string | null, column: string, purpose: string): string | null =>
        sealed === null ? null : hmac(lookup, purpose, open(sealed, ringOf(person), place(person.id, column)));
      return {
        emailHash: hash(person.emailSealed, 'email', 'person:email'),
        phoneHash: hash(person.phoneSealed, 'phone', 'person:phone'),
      };
    },
    emailOf: (person: Sealed): string | null =>
      person.emailSealed === null ? null : open(person.emailSealed, ringOf(person), place(person.id, 'email')),
    phoneOf: (person: Sealed): string | null =>
      person.phoneSealed === null ? null : open(person.phoneSealed, ringOf(person), place(person.id, 'phone')),
  };
};
export type Contacts = ReturnType<typeof createContacts>;
