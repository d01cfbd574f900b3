import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Database, Tx } from '../db/database.ts';
import { systemScope } from '../db/scope.ts';
import type { Scope } from '../db/scope.ts';
import { asOutage } from '../outage.ts';
import { NO_TRACER } from '../telemetry/tracer.ts';
import type { Tracer } from '../telemetry/tracer.ts';
import { beginAttempt, finishJob, giveUpJob, holdRow, postponeJob, releaseJob } from './attempts.ts';
import type { Attempt } from './attempts.ts';
import type { Backoff } from './backoff.ts';
import type { JobContext, JobDefinition } from './definitions.ts';
import { describeFailure, Stopping, Vanished } from './failure.ts';
import { runLimited } from './limits.ts';
import type { QueueHandler, QueueItem } from './queue.ts';
import type { JobRegistry } from './registry.ts';

export type Outcome = 'done' | 'retried' | 'dead' | 'cut';

export interface ConsumerDependencies {
  readonly db: Pick<Database, 'write'>;
  readonly registry: JobRegistry;
  readonly now: () => Date;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly tracer?: Tracer | undefined;
  readonly backoff: Backoff;
  /** Told of each try, with its seconds. */
  readonly observe: (job: string, outcome: Outcome, seconds: number) => void;
  /** Ms that a job has between its signal and its end. */
  readonly grace: number;
  /** Raised when the process cuts what runs. */
  readonly cut: AbortSignal;
}

interface Try {
  readonly definition: JobDefinition;
  readonly attempt: Attempt;
  readonly context: Omit<JobContext, 'signal'>;
}

const MAX_ATTEMPTS = 5;
/** So many tries more has a job whose process ended: whoever was killed beside it is not to blame, a job that kills is. */
const MORE_AFTER_ENDS = 3;
/** Longest pause while a part is away, ms: it may be back any moment. */
const OUTAGE_PAUSE = 30_000;
/** About a day: then an outage is the job's own failure. */
const MOST_OUTAGES = 3_000;
const TIMEOUT_MS = 60_000;

/** Runs the jobs that the queue hands over: as user `app`, in the company of the outbox row. */
export const createConsumer = (dependencies: ConsumerDependencies): QueueHandler => {
  const { db, registry, now, log, tracer = NO_TRACER, backoff, observe, grace, cut } = dependencies;

  const outagePause = (outages: number): number => Math.min(backoff(outages), OUTAGE_PAUSE);

  /** What became of a try is written down, however long the database is away: else it would count as one that vanished. */
  const record: ConsumerDependencies['db']['write'] = async (scope, work) => {
    for (let outages = 1; ; outages += 1)
      try {
        return await db.write(scope, work);
      } catch (error) {
        if (cut.aborted || asOutage(error) === undefined) throw error;
        await sleep(outagePause(outages), undefined, { signal: cut });
      }
  };

  const limits = ({ timeout = TIMEOUT_MS }: JobDefinition) => ({ timeout, grace, cut });

  /** Work that is no longer waited for must not reach a connection that others use next: the connection ends with it. */
  const runFenced = async (
    tx: Tx,
    definition: JobDefinition,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> => {
    let isRunning = true;
    try {
      await runLimited(async (signal) => {
        try {
          await work(signal);
        } finally {
          isRunning = false;
        }
      }, limits(definition));
    } finally {
      if (isRunning && tx.client instanceof pg.Client) void tx.client.end().catch(() => undefined);
    }
  };

  const runInTransaction = (
    scope: Scope,
    { definition, attempt, context }: Try,
    work: (tx: Tx, payload: never, context: JobContext) => Promise<void>,
  ): Promise<void> =>
    db.write(scope, async (tx) => {
      const state = await holdRow(tx, context.id, definition.name);
      if (state === 'closed') return;
      if (state === 'open')
        await runFenced(tx, definition, (signal) => work(tx, attempt.payload as never, { ...context, signal }));
      await finishJob(tx, context.id, definition.name);
    });

  const runOutside = async (
    scope: Scope,
    { definition, attempt, context }: Try,
    work: (payload: never, context: JobContext) => Promise<void>,
  ): Promise<void> => {
    await runLimited((signal) => work(attempt.payload as never, { ...context, signal }), limits(definition));
    await record(scope, (tx) => finishJob(tx, context.id, definition.name));
  };

  /** `onDead` and the mark are one transaction, unless `onDead` itself fails. */
  const giveUp = async (scope: Scope, { definition, context }: Try, error: string): Promise<void> => {
    const { onDead } = definition;
    try {
      await record(scope, async (tx) => {
        const payload = await giveUpJob(tx, context.id, error);
        if (payload !== undefined) await onDead?.(tx, payload as never, error);
      });
    } catch (cause) {
      log.error(
        { err: cause, job: definition.name, outboxId: context.id },
        'onDead failed, the job is given up all the same',
      );
      await record(scope, (tx) => giveUpJob(tx, context.id, `${error} | onDead: ${describeFailure(cause)}`));
    }
  };

  const afterFailure = async (scope: Scope, one: Try, error: unknown): Promise<[Outcome, number | undefined]> => {
    const { definition, context } = one;
    if (error instanceof Stopping) {
      await record(scope, (tx) => releaseJob(tx, context.id));
      return ['cut', 0];
    }
    const about = { err: error, job: definition.name, outboxId: context.id, attempt: context.attempt };
    const reason = describeFailure(error);
    const { outages } = one.attempt;
    const isOutage = asOutage(error) !== undefined && outages < MOST_OUTAGES;
    if (!isOutage && context.attempt >= context.maxAttempts) {
      log.error(about, 'a job is given up');
      await giveUp(scope, one, reason);
      return ['dead', undefined];
    }
    const pause = isOutage ? outagePause(outages + 1) : backoff(context.attempt);
    log.warn({ ...about, pause, isOutage }, 'a job failed, it is tried again');
    const runAt = new Date(now().getTime() + pause);
    const isWanted = await record(scope, (tx) => postponeJob(tx, context.id, { runAt, error: reason, isOutage }));
    return ['retried', isWanted ? pause : undefined];
  };

  const perform = async (scope: Scope, one: Try): Promise<void> => {
    if (one.attempt.number > one.context.maxAttempts + MORE_AFTER_ENDS) throw new Vanished();
    await ('run' in one.definition
      ? runOutside(scope, one, one.definition.run)
      : runInTransaction(scope, one, one.definition.inTransaction));
  };

  const attemptJob = async (
    definition: JobDefinition,
    { companyId, outboxId }: QueueItem,
  ): Promise<number | undefined> => {
    const { name, timeout = TIMEOUT_MS, maxAttempts = MAX_ATTEMPTS } = definition;
    const silentFrom = new Date(now().getTime() + timeout + grace);
    const attempt = await db.write(systemScope(companyId, name, outboxId), (tx) =>
      beginAttempt(tx, outboxId, silentFrom),
    );
    if (attempt === undefined) return undefined;
    const scope = systemScope(companyId, name, attempt.traceId);
    const one = { definition, attempt, context: { scope, id: outboxId, attempt: attempt.number, maxAttempts } };
    const start = performance.now();
    const seen = (outcome: Outcome): void => observe(name, outcome, (performance.now() - start) / 1000);
    const span = { name: `job ${name}`, kind: 'consumer', traceId: attempt.traceId } as const;
    try {
      await tracer.span({ ...span, attributes: { 'angelis.attempt': attempt.number } }, () => perform(scope, one));
      seen('done');
      return undefined;
    } catch (error) {
      const [outcome, later] = await afterFailure(scope, one, error);
      seen(outcome);
      return later;
    }
  };

  return async (item) => {
    const definition = registry.find(item.job);
    // Another release's job: the relay of a process that knows it brings it back.
    return definition === undefined ? undefined : attemptJob(definition, item);
  };
};
