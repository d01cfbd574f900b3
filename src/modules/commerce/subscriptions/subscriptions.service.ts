import { conflict, createCrud, invalid } from '../../../platform/module.ts';
import type { Context, MovingParts, Reader, Tx } from '../../../platform/module.ts';
import type { Zones } from '../../organization/zones.ts';
import { seatsUsed } from './subscriptions.repository.ts';
import type { SubscriptionRow } from './subscriptions.repository.ts';

const OVER: readonly string[] = ['expired', 'cancelled'];

interface SubscriptionsDependencies extends MovingParts<SubscriptionRow> {
  readonly zones: Zones;
  /** Whether companies can still subscribe to an offering; undefined where there is none. */
  readonly isOffered: (reader: Reader, code: string) => Promise<boolean | undefined>;
}

/** Subscriptions of a company, kept by operator staff. */
export const createSubscriptionsService = ({ zones, isOffered, ...parts }: SubscriptionsDependencies) => {
  const { repository, work, mover } = parts;
  const derive = async (tx: Tx, { startsOn, endsOn }: Pick<SubscriptionRow, 'startsOn' | 'endsOn'>) => {
    if (endsOn !== null && endsOn < startsOn) throw invalid('/endsOn', 'BEFORE_START');
    return { endsAt: await zones.endOfDay(tx, endsOn) };
  };
  const crud = createCrud({
    ...parts,
    onCreate: async (tx, body) => {
      if ((await isOffered(tx, body.offering)) === false) throw conflict('OFFERING_WITHDRAWN');
      return derive(tx, body);
    },
    onEdit: async (tx, row, patch) => {
      if (OVER.includes(row.status)) throw conflict('SUBSCRIPTION_OVER');
      const used = await seatsUsed(tx, row.id);
      if (patch.seats !== undefined && patch.seats < used) throw conflict('SEATS_IN_USE', { params: { used } });
      const derived = await derive(tx, { ...row, ...patch });
      return { ...derived, ...(row.cancelsAt !== null && derived.endsAt !== null && { cancelsAt: derived.endsAt }) };
    },
  });
  return {
    ...crud,
    /** Cancels at the end of the period; at once where the subscription has none. */
    cancel: (context: Context, id: string, reason: string, version: number): Promise<SubscriptionRow> =>
      work.write(context, async (tx) => {
        const row = await repository.lock(tx, id, version);
        if (OVER.includes(row.status)) throw conflict('SUBSCRIPTION_OVER');
        const patch = { cancelsAt: row.endsAt ?? tx.now.toISOString() };
        const asked = await repository.update(tx, row, patch, { action: 'ask_to_cancel', reason });
        await mover.schedule(tx, asked);
        const after = row.endsAt === null ? await mover.moveAs(tx, context, asked, 'cancel', { reason }) : asked;
        return repository.entity.show(after) as SubscriptionRow;
      }),
  };
};
