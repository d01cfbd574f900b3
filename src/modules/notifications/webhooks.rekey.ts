import type { KeyRing } from '../../platform/crypto/key-ring.ts';
import { rekeying } from '../../platform/crypto/rekey.ts';
import type { Rekeying } from '../../platform/crypto/rekey.ts';
import { open, seal } from '../../platform/crypto/sealed.ts';
import { place } from './webhooks.service.ts';

/** The secrets of webhooks. */
export const webhookRekeyings = (keyRing: KeyRing): readonly Rekeying[] =>
  (['secret_sealed', 'previous_sealed'] as const).map((column) =>
    rekeying<{ id: string; sealed: string }>({
      name: `webhook_endpoint.${column}`,
      ring: 'DATA_KEY',
      of: 'company',
      current: keyRing.current.id,
      columns: `e.id, e.${column} as sealed`,
      rows: `from webhook_endpoint e where e.company_id = $1 and split_part(e.${column}, '.', 1) <> $2`,
      order: 'e.id',
      renew: async (tx, { id, sealed }) => {
        const values = [tx.companyId, id, seal(open(sealed, keyRing, place(id)), keyRing, place(id))];
        await tx.prepared(`update webhook_endpoint set ${column} = $3 where company_id = $1 and id = $2`, values);
      },
    }),
  );
