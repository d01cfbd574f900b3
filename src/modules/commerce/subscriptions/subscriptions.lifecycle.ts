import type { Worker } from '../../../platform/db/unit-of-work.ts';
import { exact, lifecycle, move, text } from '../../../platform/module.ts';
import type { Tx } from '../../../platform/module.ts';
import { Subscription } from './subscriptions.repository.ts';
import type { SubscriptionRow } from './subscriptions.repository.ts';

/** What licenses do when their subscription moves. */
export interface Followers {
  follow(tx: Tx, worker: Worker, subscriptionId: string, move: 'suspend' | 'resume' | 'expire'): Promise<void>;
}

const permission = 'commerce:subscription:move';
const LIVE = ['trial', 'active', 'past_due', 'suspended'];

const instantOf = (at: string | null): Date | null => (at === null ? null : new Date(at));

/** Subscriptions; their licenses follow. A cancellation takes effect at the end of the period. */
export const createSubscriptionLifecycle = (licenses: Followers) =>
  lifecycle<SubscriptionRow>({
    entity: Subscription,
    initial: 'trial',
    moves: {
      activate: move({
        from: ['trial', 'past_due', 'suspended'],
        to: 'active',
        permission,
        summary: 'Put a subscription in force: after its trial, or paid',
        when: ({ endsAt }, now) => (endsAt !== null && new Date(endsAt) <= now ? 'SUBSCRIPTION_OVER' : undefined),
        effect: (tx, { row, worker }) => licenses.follow(tx, worker, row.id, 'resume'),
      }),
      mark_past_due: move({
        from: ['active'],
        to: 'past_due',
        permission,
        summary: 'Note that the period is not paid in time',
        set: (): Partial<SubscriptionRow> => ({ paymentState: 'overdue' }),
      }),
      suspend: move({
        from: ['past_due'],
        to: 'suspended',
        permission,
        summary: 'Suspend an unpaid subscription with its licenses',
        fields: exact({ reason: text(500) }),
        effect: (tx, { row, worker }) => licenses.follow(tx, worker, row.id, 'suspend'),
      }),
      cancel: move({
        from: LIVE,
        to: 'cancelled',
        system: true,
        summary: 'A cancellation takes effect',
        dueAt: ({ cancelsAt }) => instantOf(cancelsAt),
        effect: (tx, { row, worker }) => licenses.follow(tx, worker, row.id, 'expire'),
      }),
      expire: move({
        from: LIVE,
        to: 'expired',
        system: true,
        summary: 'The last day of a subscription is over',
        dueAt: ({ cancelsAt, endsAt }) => (cancelsAt === null ? instantOf(endsAt) : null),
        effect: (tx, { row, worker }) => licenses.follow(tx, worker, row.id, 'expire'),
      }),
    },
  });
