import { quarantineRekeying } from '../modules/fitness/ingest/quarantine.ts';
import { personRekeyings } from '../modules/identity/persons/persons.rekey.ts';
import { webhookRekeyings } from '../modules/notifications/webhooks.rekey.ts';
import { profileRekeyings } from '../modules/organization/profiles/profiles.rekey.ts';
import { vaultRekeyings } from '../platform/change/rekey.ts';
import { createVault } from '../platform/change/vault.ts';
import type { KeyRing } from '../platform/crypto/key-ring.ts';
import type { Rekeying } from '../platform/crypto/rekey.ts';

/**
 * Everything that stands under DATA_KEY or LOOKUP_KEY for longer than a day. One-time codes, sign-in cookies and rows of
 * uploads live for minutes to hours: old keys stay until those are gone.
 */
export const rekeyingsOf = (keys: { readonly data: KeyRing; readonly lookup: KeyRing }): readonly Rekeying[] => [
  ...vaultRekeyings(keys.data),
  ...personRekeyings(keys),
  ...webhookRekeyings(keys.data),
  quarantineRekeying(keys.data),
  ...profileRekeyings(keys.lookup, createVault(keys.data)),
];
