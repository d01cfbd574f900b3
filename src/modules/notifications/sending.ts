import type { Configuration } from '../../platform/configuration.ts';
import type { UnitOfWork, Worker } from '../../platform/db/unit-of-work.ts';
import type { Backoff } from '../../platform/jobs/backoff.ts';
import { describeFailure } from '../../platform/jobs/failure.ts';
import { PermanentDeliveryError, TransientDeliveryError } from '../../platform/messaging/messages.ts';
import type { Receipt } from '../../platform/messaging/messages.ts';
import { job } from '../../platform/module.ts';
import type { JobDefinition, Mover, Repository, Tx } from '../../platform/module.ts';
import type { DeliveryRow } from './deliveries.repository.ts';
import { NOTICES_SETTING } from './settings.ts';

export interface SenderDependencies {
  readonly repository: Repository<DeliveryRow>;
  readonly mover: Mover<DeliveryRow>;
  readonly configuration: Configuration;
  readonly work: UnitOfWork;
  readonly backoff: Backoff;
}

/** How messages of one kind go out. */
export interface Way<P> {
  /** The job's name. */
  readonly job: string;
  /** Takes a delivery on by its move `begin`, or moves it elsewhere and answers undefined: it waits, or is not wanted. */
  prepare(tx: Tx, worker: Worker, row: DeliveryRow): Promise<P | undefined>;
  /** Outside of any transaction. Throws PermanentDeliveryError or TransientDeliveryError. */
  hand(prepared: P, traceId: string): Promise<Receipt>;
  /** What else follows, before the delivery is locked again. */
  settle?(tx: Tx, worker: Worker, prepared: P, failure: unknown): Promise<void>;
}

/** States from which a message is sent; one in `sending` was cut off with its process. */
const OPEN: ReadonlySet<string> = new Set(['pending', 'retrying', 'sending']);

/** Sends deliveries at least once: each try is written down before it is made, and failures are tried again with pauses. */
export const createSender = (dependencies: SenderDependencies) => {
  const { repository, mover, configuration, work, backoff } = dependencies;

  const afterFailure = async (tx: Tx, worker: Worker, id: string, error: unknown): Promise<void> => {
    const row = await repository.lock(tx, id);
    if (row.status !== 'sending') return;
    const reason = describeFailure(error).slice(0, 500);
    const failed = await mover.moveAs(tx, worker, row, 'fail', { error: reason });
    const { maxAttempts } = await configuration.get(tx, NOTICES_SETTING);
    if (error instanceof PermanentDeliveryError || row.attempts >= maxAttempts) {
      await mover.moveAs(tx, worker, failed, 'give_up', { error: reason });
      return;
    }
    const asked = error instanceof TransientDeliveryError ? (error.retryAfterMs ?? 0) : 0;
    const pause = Math.max(asked, backoff(row.attempts));
    await mover.moveAs(tx, worker, failed, 'retry', { nextRetryAt: new Date(tx.now.getTime() + pause).toISOString() });
  };

  const afterSuccess = async (tx: Tx, worker: Worker, id: string, { providerId }: Receipt): Promise<void> => {
    const row = await repository.lock(tx, id);
    if (row.status === 'sending') await mover.moveAs(tx, worker, row, 'succeed', { providerId });
  };

  /** The job itself failed, over and over: not the carrier, whose failures are counted above. */
  const giveUp = async (tx: Tx, { deliveryId }: { deliveryId: string }, error: string): Promise<void> => {
    const row = await repository.lock(tx, deliveryId);
    if (OPEN.has(row.status))
      await mover.moveAs(tx, { scope: tx.scope }, row, 'give_up', { error: error.slice(0, 500) });
  };

  /** The job that sends messages of one kind, in a lane of its own. */
  const sends = <P>(way: Way<P>): JobDefinition =>
    job<{ deliveryId: string }>({
      name: way.job,
      onDead: giveUp,
      concurrency: 4,
      maxAttempts: 10,
      run: async ({ deliveryId }, { scope }) => {
        const worker: Worker = { scope };
        const prepared = await work.write(worker, async (tx) => {
          const row = await repository.lock(tx, deliveryId);
          return OPEN.has(row.status) ? await way.prepare(tx, worker, row) : undefined;
        });
        if (prepared === undefined) return;
        const finish = await way.hand(prepared, scope.traceId).then(
          (receipt) => async (tx: Tx) => {
            await way.settle?.(tx, worker, prepared, undefined);
            await afterSuccess(tx, worker, deliveryId, receipt);
          },
          (failure: unknown) => async (tx: Tx) => {
            await way.settle?.(tx, worker, prepared, failure);
            await afterFailure(tx, worker, deliveryId, failure);
          },
        );
        await work.write(worker, finish);
      },
    });
  return { sends };
};

export type Sender = ReturnType<typeof createSender>;
