import type { Tx } from '../db/database.ts';
import type { Scope } from '../db/scope.ts';

/** What a job is told when it runs. */
export interface JobContext {
  readonly scope: Scope;
  /** The outbox row that asked for it: stable over every try, good as a Message-ID or a file's key. */
  readonly id: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Aborted when the process stops or the job's longest run time is over. */
  readonly signal: AbortSignal;
}

interface JobBase {
  /** `area.thing.verb`, unique. */
  readonly name: string;
  /** Default 5. A try in which a part of the system was away (503) is not counted among them. */
  readonly maxAttempts?: number;
  /** Longest run time, in ms. Default 60 s. */
  readonly timeout?: number;
  /**
   * How many run at once in one process, in a lane of their own. Without it the job shares the common lane with all others
   * that have none (8 at once): give it to jobs that are slow or come in floods, so that they hold up nobody else.
   */
  readonly concurrency?: number;
  /** Told in its own transaction when the last try failed. */
  readonly onDead?: (tx: Tx, payload: never, error: string) => Promise<void>;
}

/**
 * Work in the background, asked for by an outbox row. With `inTransaction` its effects and the mark that it is done are
 * one transaction: exactly once. With `run` it may reach outside (mail, files): at least once, `context.id` tells repeats.
 */
export type JobDefinition = JobBase &
  (
    | { readonly inTransaction: (tx: Tx, payload: never, context: JobContext) => Promise<void> }
    | { readonly run: (payload: never, context: JobContext) => Promise<void> }
  );

/** Declares a job with the type of its payload. The payload holds ids and codes only: no personal value, no secret. */
export const job = <P extends object>(
  definition: JobBase & { onDead?: (tx: Tx, payload: P, error: string) => Promise<void> } & (
      | { inTransaction: (tx: Tx, payload: P, context: JobContext) => Promise<void> }
      | { run: (payload: P, context: JobContext) => Promise<void> }
    ),
): JobDefinition => definition;

/**
 * A repeated piece of work. Ticks are idempotent by (name, slot): of several processes one runs each slot; a slot whose
 * process was stopped or killed is taken over, one that failed is not repeated. Work that must not fail is enqueued as jobs.
 */
export interface TickDefinition {
  readonly name: string;
  /** Seconds between runs. */
  readonly every: number;
  /** Longest run time of a slot, all companies together, in ms. Default 60 s. */
  readonly timeout?: number;
  /**
   * `once` runs once, with the operator's scope. `each-active-company` is the work of companies: a run for each that is
   * active, with its scope. `each-company` is what ends or goes in its time, whatever became of the company: roles, sessions,
   * what is kept for so long only. It runs for all but those that were purged.
   */
  readonly for: 'once' | 'each-active-company' | 'each-company';
  readonly run: (scope: Scope, context: { readonly now: Date; readonly signal: AbortSignal }) => Promise<void>;
}

export interface EnqueueOptions {
  /** Not before this instant. */
  readonly runAt?: Date;
  /** A second row with the same key for the same job is not written. */
  readonly dedupeKey?: string;
}

/** Asks for a job in the same transaction as the change that needs it. */
export type Enqueue = (tx: Tx, job: string, payload: object, options?: EnqueueOptions) => Promise<string | undefined>;
