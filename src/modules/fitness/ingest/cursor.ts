import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { TestSource } from '../definitions/definitions.ts';

/** up: its rows arrive · down: it does not answer · mapping: it answers, and what the mapping names is not there. */
export const SOURCE_STATES = ['up', 'down', 'mapping'] as const;
export type SourceState = (typeof SOURCE_STATES)[number];

export interface Progress {
  /** Highest id that was read; lower ones that commit late are found in the overlap. */
  readonly position: number;
  readonly status: SourceState;
}

export interface Step {
  readonly position: number;
  readonly read: number;
  readonly taken: number;
  readonly quarantined: number;
}

export const progressOf = async (reader: Reader, source: TestSource): Promise<Progress> => {
  const rows = await reader.prepared<Progress>('select position, status from ingest_cursor where source = $1', [
    source,
  ]);
  return rows[0] ?? { position: 0, status: 'up' };
};

/** Moves the cursor after its rows were committed; it never moves back. */
export const saveStep = async (tx: Tx, source: TestSource, step: Step): Promise<void> => {
  await tx.prepared(
    `insert into ingest_cursor (source, position, read_at, succeeded_at, rows_read, rows_taken, rows_quarantined, status)
     values ($1, $2, $3, $3, $4, $5, $6, 'up')
     on conflict (source) do update set position = greatest(ingest_cursor.position, excluded.position),
       row_at = case when excluded.rows_taken > 0 then excluded.read_at else ingest_cursor.row_at end,
       read_at = excluded.read_at, succeeded_at = excluded.succeeded_at,
       rows_read = ingest_cursor.rows_read + excluded.rows_read,
       rows_taken = ingest_cursor.rows_taken + excluded.rows_taken,
       rows_quarantined = ingest_cursor.rows_quarantined + excluded.rows_quarantined, status = 'up', error = null`,
    [source, step.position, tx.now, step.read, step.taken, step.quarantined],
  );
};

/** Notes that a source could not be read, and why. */
export const saveFailure = async (
  tx: Tx,
  source: TestSource,
  status: Exclude<SourceState, 'up'>,
  error: string,
): Promise<void> => {
  await tx.prepared(
    `insert into ingest_cursor (source, position, read_at, rows_read, rows_taken, rows_quarantined, status, error)
     values ($1, 0, $2, 0, 0, 0, $3, $4)
     on conflict (source) do update set read_at = excluded.read_at, status = excluded.status, error = excluded.error`,
    [source, tx.now, status, error.slice(0, 500)],
  );
};
