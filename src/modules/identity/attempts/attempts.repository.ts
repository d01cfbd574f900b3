import type { Reader, Tx } from '../../../platform/db/database.ts';

export interface Attempt {
  /** The provider's own id of the event. */
  readonly id: string;
  readonly at: Date;
  readonly personId: string | null;
  readonly outcome: 'succeeded' | 'failed' | 'locked';
  readonly client: string | null;
  readonly address: string | null;
  readonly error: string | null;
}

/** When the newest event happened that was read; undefined before the first. */
export const newestEvent = async (reader: Reader): Promise<Date | undefined> => {
  const [row] = await reader.prepared<{ at: string | null }>('select max(at) as at from provider_event');
  return row?.at == null ? undefined : new Date(row.at);
};

/** Marks an event as read; false when it was. */
export const markEvent = async (tx: Tx, id: string, at: Date): Promise<boolean> =>
  (
    await tx.prepared('insert into provider_event (id, at) values ($1, $2) on conflict (id) do nothing returning id', [
      id,
      at,
    ])
  ).length === 1;

export const insertAttempt = async (tx: Tx, attempt: Attempt): Promise<void> => {
  const { id, at, personId, outcome, client, address, error } = attempt;
  await tx.prepared(
    `insert into sign_in_attempt (id, at, person_id, outcome, client, address, error) values ($1, $2, $3, $4, $5, $6, $7)`,
    [id, at, personId, outcome, client, address, error],
  );
};

/** Forgets attempts of before `attemptsBefore`, and marks of before `marksBefore` save the newest. */
export const purgeAttempts = async (tx: Tx, attemptsBefore: Date, marksBefore: Date): Promise<void> => {
  await tx.prepared('delete from sign_in_attempt where at < $1', [attemptsBefore]);
  await tx.prepared(
    'delete from provider_event where at < $1 and at < (select max(newest.at) from provider_event newest)',
    [marksBefore],
  );
};
