import type { Setting } from '../configuration.ts';

/** Asks what a company has set. */
type Ask = <T>(wanted: Setting<T>) => Promise<T>;

/**
 * How long one kind of data is kept. Declared once, beside the work that erases what is older, which reads the declaration;
 * what it is kept for stands in the texts, as `identity:retention.<of>`.
 */
export interface Retention {
  /** The kind: a table, or what of it ends sooner. */
  readonly of: string;
  /** The name of the tick, or of the job, that erases it. */
  readonly by: string;
  /** For how long, in ms. */
  readonly keptFor: (ask: Ask) => Promise<number>;
}

/** One that is the same in every company. */
export interface FixedRetention extends Retention {
  readonly ms: number;
  /** What is of before then goes. */
  readonly before: (now: Date) => Date;
}

/** Declares what is kept for `ms` in every company. */
export const retention = ({ ms, ...kind }: Pick<FixedRetention, 'of' | 'by' | 'ms'>): FixedRetention => ({
  ...kind,
  ms,
  before: (now) => new Date(now.getTime() - ms),
  keptFor: () => Promise.resolve(ms),
});

/** Declares what each company says itself how long it is kept. */
export const retentionBySetting = <T>(
  kind: Pick<Retention, 'of' | 'by'>,
  wanted: Setting<T>,
  read: (value: T) => number,
): Retention => ({ ...kind, keptFor: async (ask) => read(await ask(wanted)) });
