import type pg from 'pg';

/** Tables that are partitioned by the month inside their ids. Modules add theirs in wiring. */
export const PARTITIONED = ['change'] as const;

const monthsFrom = (now: Date, months: number): Date =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));

/**
 * Makes the partitions of `tables` from `back` months ago to `ahead` months from now, where they are missing. `system` is
 * a pool of user `system`. Answers how many were made.
 */
export const ensurePartitions = async (
  system: pg.Pool,
  tables: readonly string[],
  now: Date,
  { back = 1, ahead = 2 }: { back?: number; ahead?: number } = {},
): Promise<number> => {
  let made = 0;
  for (const table of tables) {
    const { rows } = await system.query<{ made: number }>('select app.ensure_partitions($1, $2, $3) as made', [
      table,
      monthsFrom(now, -back),
      monthsFrom(now, ahead),
    ]);
    made += rows[0]!.made;
  }
  return made;
};
