import type { PersonalVault } from '../../../platform/change/vault.ts';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { rekeying } from '../../../platform/crypto/rekey.ts';
import type { Rekeying } from '../../../platform/crypto/rekey.ts';
import { nationalIdHashes } from './national-id.ts';

interface Hashed {
  readonly id: string;
  readonly kind: string;
  readonly sealed: string;
}

/** The hashes by which a company finds people by their national id; gone where the id itself was erased. */
export const profileRekeyings = (lookup: KeyRing, vault: PersonalVault): readonly Rekeying[] => [
  rekeying<Hashed>({
    name: 'profile: look-ups of national id',
    ring: 'LOOKUP_KEY',
    of: 'company',
    current: lookup.current.id,
    columns: 'p.id, p.national_id_kind as kind, p.national_id_sealed as sealed',
    rows: `from profile p where p.company_id = $1 and split_part(p.national_id_hash, '.', 1) <> $2`,
    order: 'p.id',
    renew: async (tx, { id, kind, sealed }) => {
      const value = await vault.open(tx, id, sealed);
      const hash = value === undefined ? null : nationalIdHashes(lookup, tx.companyId, kind, value)[0];
      const values = [tx.companyId, id, hash];
      await tx.prepared('update profile set national_id_hash = $3 where company_id = $1 and id = $2', values);
    },
  }),
];
