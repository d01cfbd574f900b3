import { createCrud } from '../../../platform/crud/service.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import type { Mover } from '../../../platform/lifecycle/mover.ts';
import { conflict, invalid } from '../../../platform/problem.ts';
import { addDays, startOfDay } from '../../../platform/time/zone.ts';
import { companyZone, seatsUsed } from './subscriptions.repository.ts';
import type { SubscriptionRow } from './subscriptions.repository.ts';

interface SubscriptionsDependencies {
  readonly repository: Repository<SubscriptionRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly mover: Mover<SubscriptionRow>;
  readonly now: () => Date;
}

const OVER: readonly string[] = ['expired', 'cancelled'];

/** Subscriptions of a company, kept by operator staff. */
export const createSubscriptionsService = (dependencies: SubscriptionsDependencies) => {
  const { repository, work, mover } = dependencies;
  const derive = async (tx: Tx, { startsOn, endsOn }: Pick<SubscriptionRow, 'startsOn' | 'endsOn'>) => {
    if (endsOn === null) return { endsAt: null };
    if (endsOn < startsOn) throw invalid('/endsOn', 'BEFORE_START');
    return { endsAt: startOfDay(addDays(endsOn, 1), await companyZone(tx)).toISOString() };
  };
  const crud = createCrud({
    ...dependencies,
    onCreate: async (tx, body) => ({
      status: 'trial',
      cancelsAt: null,
      ...(await derive(tx, body as SubscriptionRow)),
    }),
    onEdit: async (tx, row, patch: Partial<SubscriptionRow>) => {
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
