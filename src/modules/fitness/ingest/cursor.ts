import type { Reader, Tx } from '../../../platform/db/database.ts';
import type { TestSource } from '../definitions/definitions.ts';

/** The sources that are read; the others send. */
export const INGESTED = ['SAFER', 'FIT2000'] as const;

/** up: its rows arrive · down: it does not answer · mapping: it answers, and what the mapping names is not there. */
export const SOURCE_STATES = ['up', 'down', 'mapping'] as const;
export type SourceState = (typeof SOURCE_STATES)[number];

export interface Progress {
  /** Highest id that was read; lower ones that commit late are found in the overlap. */
  readonly position: number;
  readonly status: SourceState;
  /** What `position` was at the instant that was asked for; null where nobody remembers. */
  readonly earlier: number | null;
}

export interface Step {
  readonly position: number;
  readonly read: number;
  readonly taken: number;
  readonly quarantined: number;
}

/** How far a source was read, now and at `at`: ids that were given after that instant are all above `earlier`. */
export const progressOf = async (reader: Reader, source: TestSource, at: Date): Promise<Progress> => {
  const rows = await reader.prepared<Progress>(
    `select c.position, c.status, (select m.position from ingest_mark m where m.source = $1 and m.at <= $2
       order by m.at desc limit 1) as earlier
     from ingest_cursor c where c.source = $1`,
    [source, at],
  );
  return rows[0] ?? { position: 0, status: 'up', earlier: null };
};

/** Remembers how far was read at `tx.now`, once a minute at most; that instant is after the rows were read. */
const MARK = `insert into ingest_mark (source, at, position) select $1, $2, $3 where not exists (
  select 1 from ingest_mark m where m.source = $1 and (m.position = $3 or m.at > $4))`;
const MINUTE = 60_000;

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
  await tx.prepared(MARK, [source, tx.now, step.position, new Date(tx.now.getTime() - MINUTE)]);
};

/** Notes a search for late rows that found `late`, and forgets marks that none will need: those before the last one before `since`. */
export const saveReconciliation = async (tx: Tx, source: TestSource, late: number, since: Date): Promise<void> => {
  await tx.prepared('update ingest_cursor set rows_late = rows_late + $2, reconciled_at = $3 where source = $1', [
    source,
    late,
    tx.now,
  ]);
  await tx.prepared(
    `delete from ingest_mark where source = $1
       and at < (select max(m.at) from ingest_mark m where m.source = $1 and m.at <= $2)`,
    [source, since],
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
