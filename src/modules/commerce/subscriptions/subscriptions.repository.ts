import { code, day, entity, instant, integer, line, listOf, nullable, oneOf } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';

const PAYMENT_STATES = ['pending', 'paid', 'overdue', 'waived'] as const;

export const Subscription = entity({
  table: 'subscription',
  fields: {
    offering: code(40, { examples: ['SAFER'] }),
    seats: integer(0, 1_000_000),
    startsOn: day(),
    endsOn: nullable(day({ description: 'Last day of the period, included; absent: open' })),
    paymentState: oneOf(PAYMENT_STATES),
    statement: nullable(line(200, { description: 'Number of the period’s statement' })),
    cancelsAt: nullable(instant({ description: 'When a cancellation that was asked for takes effect' })),
    status: oneOf(['trial', 'active', 'past_due', 'suspended', 'expired', 'cancelled']),
  },
  hidden: { endsAt: nullable(instant()) },
  create: ['offering', 'seats', 'startsOn', 'endsOn', 'paymentState', 'statement'],
  edit: ['seats', 'endsOn', 'paymentState', 'statement'],
});
export type SubscriptionRow = RowOf<typeof Subscription>;

const COUNTS = {
  seatsUsed: `(select count(*) from license l where l.company_id = $1 and l.subscription_id = t.id
    and l.status in ('active', 'suspended') and l.deleted_at is null)`,
};

/** A subscription as it is read: with the seats in use. */
export const subscriptionList = listOf(Subscription, {
  sorts: ['offering', 'startsOn'],
  filters: ['offering'],
  coarse: { status: 'subscriptions are few' },
  extra: COUNTS,
});

/** How many seats of a subscription are taken: suspended licenses keep theirs. */
export const seatsUsed = async (reader: Reader, id: string): Promise<number> => {
  const [row] = await reader.prepared<{ used: number }>(
    `select count(*)::int as used from license l where l.company_id = $1 and l.subscription_id = $2
     and l.status in ('active', 'suspended') and l.deleted_at is null`,
    [reader.companyId, id],
  );
  return row!.used;
};

/** Locks the subscription under which new licenses of an offering can be had; undefined: there is none. */
export const lockSubscriptionOf = async (
  tx: Tx,
  offering: string,
): Promise<{ id: string; seats: number } | undefined> => {
  const [row] = await tx.prepared<{ id: string; seats: number }>(
    `select s.id, s.seats from subscription s where s.company_id = $1 and s.offering = $2
     and s.status in ('trial', 'active', 'past_due') and s.deleted_at is null
     and s.starts_on <= (select ($3::timestamptz at time zone c.timezone)::date from company c where c.id = $1) for no key update`,
    [tx.companyId, offering, tx.now],
  );
  return row;
};
