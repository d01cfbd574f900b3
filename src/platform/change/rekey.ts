import type { KeyRing } from '../crypto/key-ring.ts';
import { rekeying } from '../crypto/rekey.ts';
import type { Rekeying } from '../crypto/rekey.ts';
import { unwrap, wrap } from '../crypto/sealed.ts';

interface PersonalKey {
  readonly subject: string;
  readonly id: string;
  readonly wrapped: string;
}

/** The keys of profiles and of companies: they are wrapped anew, what they sealed stays as it is. */
export const vaultRekeyings = (keyRing: KeyRing): readonly Rekeying[] => {
  const current = keyRing.current.id;
  const renewed = (wrapped: string, owner: string) => wrap(unwrap(wrapped, keyRing, owner), keyRing, owner);
  return [
    rekeying<PersonalKey>({
      name: 'data_key.wrapped',
      ring: 'DATA_KEY',
      of: 'company',
      current,
      columns: 'd.subject_id as subject, d.id, d.wrapped',
      rows: `from data_key d where d.company_id = $1 and split_part(d.wrapped, '.', 1) <> $2`,
      order: 'd.subject_id, d.id',
      renew: async (tx, { subject, id, wrapped }) => {
        await tx.prepared('update data_key set wrapped = $4 where company_id = $1 and subject_id = $2 and id = $3', [
          tx.companyId,
          subject,
          id,
          renewed(wrapped, `${tx.companyId}:${subject}:${id}`),
        ]);
      },
    }),
    rekeying<Omit<PersonalKey, 'subject'>>({
      name: 'company_key.wrapped',
      ring: 'DATA_KEY',
      of: 'company',
      current,
      columns: 'k.id, k.wrapped',
      rows: `from company_key k where k.company_id = $1 and split_part(k.wrapped, '.', 1) <> $2`,
      order: 'k.id',
      renew: async (tx, { id, wrapped }) => {
        const owner = `${tx.companyId}:${id}`;
        const values = [tx.companyId, id, renewed(wrapped, owner)];
        await tx.prepared('update company_key set wrapped = $3 where company_id = $1 and id = $2', values);
      },
    }),
  ];
};
