import Type from 'typebox';
import { exact, instant, lifecycle, move, nullable, oneOf } from '../../platform/module.ts';
import type { Enqueue, Tx } from '../../platform/module.ts';
import { Delivery } from './deliveries.repository.ts';
import type { DeliveryRow } from './deliveries.repository.ts';
import { SKIP_REASONS } from './delivery-choice.ts';

export const SEND_JOB = 'notifications.delivery.send';

export const WEBHOOK_JOB = 'notifications.webhook.call';

/** Asks for the sending of a delivery, now or, where it says so, later. */
export const askToSend = async (
  tx: Tx,
  enqueue: Enqueue,
  { id, channel, nextRetryAt }: Pick<DeliveryRow, 'id' | 'channel' | 'nextRetryAt'>,
): Promise<void> => {
  const options = nextRetryAt === null ? {} : { runAt: new Date(nextRetryAt) };
  await enqueue(tx, channel === 'webhook' ? WEBHOOK_JOB : SEND_JOB, { deliveryId: id }, options);
};

/**
 * pending → sending → sent; sending → failed → retrying (→ sending) or dead; skipped when read, muted, off or without an
 * address. A delivery found in `sending` was cut off with its process: it is sent again, under the same Message-ID.
 */
export const createDeliveryLifecycle = (enqueue: Enqueue) =>
  lifecycle<DeliveryRow>({
    entity: Delivery,
    initial: 'pending',
    moves: {
      begin: move({
        from: ['pending', 'retrying', 'sending'],
        to: 'sending',
        summary: 'Hand the message to its carrier',
        set: ({ row }) => ({ attempts: row.attempts + 1, nextRetryAt: null }),
      }),
      succeed: move({
        from: ['sending'],
        to: 'sent',
        summary: 'The carrier took the message',
        fields: exact({ providerId: Type.String() }),
        set: ({ input }: { row: DeliveryRow; input: { providerId: string } }, now) => ({
          providerId: input.providerId.slice(0, 300),
          sentAt: now.toISOString(),
          error: null,
        }),
      }),
      fail: move({
        from: ['sending'],
        to: 'failed',
        summary: 'The carrier did not take the message',
        fields: exact({ error: Type.String() }),
        set: ({ input }: { row: DeliveryRow; input: { error: string } }) => ({ error: input.error }),
      }),
      retry: move({
        from: ['failed'],
        to: 'retrying',
        summary: 'Try again later',
        fields: exact({ nextRetryAt: instant() }),
        set: ({ input }: { row: DeliveryRow; input: { nextRetryAt: string } }) => input,
        effect: (tx, { row }) => askToSend(tx, enqueue, row),
      }),
      give_up: move({
        from: ['pending', 'retrying', 'sending', 'failed'],
        to: 'dead',
        summary: 'Give the message up',
        fields: exact({ error: Type.String() }),
        set: ({ input }: { row: DeliveryRow; input: { error: string } }) => ({ error: input.error, nextRetryAt: null }),
      }),
      postpone: move({
        from: ['pending', 'retrying', 'sending'],
        to: 'pending',
        summary: 'Wait until the quiet hours are over',
        fields: exact({ nextRetryAt: nullable(instant()) }),
        set: ({ input }: { row: DeliveryRow; input: { nextRetryAt: string | null } }) => input,
        effect: (tx, { row }) => askToSend(tx, enqueue, row),
      }),
      skip: move({
        from: ['pending', 'retrying', 'sending'],
        to: 'skipped',
        summary: 'The message is not wanted, or has nowhere to go',
        fields: exact({ because: oneOf(SKIP_REASONS) }),
        set: ({ input }: { row: DeliveryRow; input: { because: DeliveryRow['skippedBecause'] } }) => ({
          skippedBecause: input.because,
          nextRetryAt: null,
        }),
      }),
      resend: move<DeliveryRow>({
        from: ['dead'],
        to: 'pending',
        permission: 'notifications:delivery:resend',
        summary: 'Try a message again that was given up',
        set: () => ({ attempts: 0 }),
        effect: (tx, { row }) => askToSend(tx, enqueue, row),
      }),
    },
  });
