import { quarantineRekeying } from '../modules/fitness/ingest/quarantine.ts';
import { personRekeyings } from '../modules/identity/persons/persons.rekey.ts';
import { webhookRekeyings } from '../modules/notifications/webhooks.rekey.ts';
import { nationalIdHashes } from '../modules/organization/profiles/national-id.ts';
import { profileRekeyings } from '../modules/organization/profiles/profiles.rekey.ts';
import { batchRekeying } from '../modules/workforce/batch/batch.rekey.ts';
import { vaultRekeyings } from '../platform/change/rekey.ts';
import { createVault } from '../platform/change/vault.ts';
import type { KeyRing } from '../platform/crypto/key-ring.ts';
import type { Rekeying } from '../platform/crypto/rekey.ts';

/**
 * Everything that stands under DATA_KEY or LOOKUP_KEY for longer than minutes. One-time codes and sign-ins under way do not:
 * the old keys stay until those are over.
 */
export const rekeyingsOf = (keys: { readonly data: KeyRing; readonly lookup: KeyRing }): readonly Rekeying[] => {
  const vault = createVault(keys.data);
  return [
    ...vaultRekeyings(keys.data),
    ...personRekeyings(keys),
    ...webhookRekeyings(keys.data),
    quarantineRekeying(keys.data),
    ...profileRekeyings(keys.lookup, vault),
    batchRekeying({
      current: keys.lookup.current.id,
      vault,
      hashesOf: (companyId, kind, value) => nationalIdHashes(keys.lookup, companyId, kind, value),
    }),
  ];
};
