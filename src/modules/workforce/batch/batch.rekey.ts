import type { PersonalVault } from '../../../platform/change/vault.ts';
import { rekeying } from '../../../platform/crypto/rekey.ts';
import type { Rekeying } from '../../../platform/crypto/rekey.ts';

interface Staged {
  readonly id: string;
  readonly kind: string;
  readonly sealed: string;
}

interface BatchRekeyParts {
  /** Id of the current key. */
  readonly current: string;
  readonly vault: Pick<PersonalVault, 'open'>;
  /** The hashes under which a national id may be stored in a company, the current key's first. */
  readonly hashesOf: (companyId: string, kind: string, value: string) => string[];
}

/** The hashes by which a checked upload finds people who are there already when it is committed. */
export const batchRekeying = ({ current, vault, hashesOf }: BatchRekeyParts): Rekeying =>
  rekeying<Staged>({
    name: 'batch_row: look-ups of national id',
    ring: 'LOOKUP_KEY',
    of: 'company',
    current,
    columns: 'r.id, r.national_id_kind as kind, r.national_id_sealed as sealed',
    rows: `from batch_row r where r.company_id = $1 and split_part(r.national_id_hashes[1], '.', 1) <> $2`,
    order: 'r.id',
    renew: async (tx, { id, kind, sealed }) => {
      const value = await vault.open(tx, tx.companyId, sealed);
      const hashes = value === undefined ? [] : hashesOf(tx.companyId, kind, value);
      const values = [tx.companyId, id, hashes];
      await tx.prepared('update batch_row set national_id_hashes = $3 where company_id = $1 and id = $2', values);
    },
  });
