import Type from 'typebox';
import type { Reader, Tx } from '../../../platform/db/database.ts';
import { coarse, equalTo } from '../../../platform/db/list.ts';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { exact, instant, nullable, oneOf } from '../../../platform/module.ts';

const OUTCOMES = ['succeeded', 'failed', 'locked'] as const;

export interface Attempt {
  /** The provider's own id of the event. */
  readonly id: string;
  readonly at: Date;
  readonly personId: string | null;
  readonly outcome: (typeof OUTCOMES)[number];
  readonly client: string | null;
  readonly address: string | null;
  readonly error: string | null;
}

/** A sign-in that was tried, as staff see it. */
export const AttemptView = exact(
  {
    at: instant(),
    outcome: oneOf(OUTCOMES),
    client: nullable(Type.String({ examples: ['angelis-worker'] })),
    address: nullable(Type.String()),
    error: nullable(Type.String({ description: 'The code of the identity provider.' })),
  },
  { 'x-component': 'signInAttempt' },
);

/** Attempts of one person: whoever reads a page says whose. */
export const attemptList: ListDefinition = {
  name: 'sign-in-attempts',
  from: 'from sign_in_attempt a',
  alias: 'a',
  where: '$1::uuid is not null',
  item: `json_build_object('at', to_char(a.at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'outcome', a.outcome,
    'client', a.client, 'address', a.address, 'error', a.error)`,
  sorts: { at: 'a.at' },
  defaultSort: '-at',
  filters: { outcome: coarse(equalTo('a.outcome', oneOf(OUTCOMES)), 'attempts of one person are few') },
};

/** When the newest event happened that was read; undefined before the first. */
export const newestEvent = async (reader: Reader): Promise<Date | undefined> => {
  const [row] = await reader.prepared<{ at: string | null }>('select max(at) as at from provider_event');
  return row?.at == null ? undefined : new Date(row.at);
};

/** Which of the events are marked as read. */
export const knownEvents = async (reader: Reader, ids: readonly string[]): Promise<ReadonlySet<string>> => {
  const rows = await reader.prepared<{ id: string }>('select id from provider_event where id = any($1)', [ids]);
  return new Set(rows.map(({ id }) => id));
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

/** Forgets from where a person tried to sign in. */
export const forgetAttempts = async (tx: Tx, personId: string): Promise<void> => {
  await tx.prepared('delete from sign_in_attempt where person_id = $1', [personId]);
};
