import type { ChangeEvent } from '../platform/change/recorder.ts';
import type { Tx } from '../platform/db/database.ts';
import { insertRows } from './bulk.ts';
import type { DemoRow } from './bulk.ts';
import type { Random } from './random.ts';

/** A change of the past: when it happened, and who did it; without `by` a timer or job of this name. */
export interface PastChange {
  readonly event: ChangeEvent;
  readonly at: Date;
  readonly by?: { readonly profileId: string };
  readonly via?: string;
}

export const changeRow = ({ event, at, by, via }: PastChange, id: string, random: Random): DemoRow => ({
  id,
  at,
  actorKind: by === undefined ? 'system' : 'profile',
  actorId: by?.profileId ?? null,
  actorVia: via ?? null,
  action: `${event.entity}.${event.action}`,
  entity: event.entity,
  entityId: event.entityId,
  before: event.before ?? null,
  after: event.after ?? null,
  reason: event.reason ?? null,
  traceId: Buffer.from(random.bytes()).toString('hex'),
  createdAt: at,
});

const TO_SEAL = `select c.id as "changeId" from change c
  where c.company_id = $1 and c.id < $2
    and not exists (select 1 from change_seal s where s.company_id = $1 and s.change_id = c.id)
    and not exists (select 1 from change_pending p where p.company_id = $1 and p.change_id = c.id)
  order by c.id`;

/**
 * Hands the past changes of a company to the sealer, all at once, so that the chain's numbers follow their time: people's
 * histories are written in another order. `before` is the least id of the present.
 */
export const handToSealer = async (tx: Tx, before: string): Promise<void> => {
  await insertRows(tx, 'change_pending', await tx.query<{ changeId: string }>(TO_SEAL, [tx.companyId, before]));
};
