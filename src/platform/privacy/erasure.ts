import type { Tx } from '../db/database.ts';
import { camel } from '../schema/entity.ts';
import type { AnyEntity } from '../schema/entity.ts';

/** A profile that is erased, in a transaction of its company. */
export interface ErasedProfile {
  readonly profileId: string;
  /** Under which id which other system knows the person, and nobody else by now. */
  readonly links: readonly { readonly system: string; readonly externalId: string }[];
}

/** What a module holds about a profile, and what becomes of it when the profile is erased; one for each table. */
export interface Erasure {
  /** The table, as the report of an erasure names it. */
  readonly of: string;
  /** `kept`: it stays, about somebody who has no name any more. */
  readonly fate: 'cleared' | 'kept';
  /** Does it; answers how many rows there were. */
  readonly apply: (tx: Tx, profile: ErasedProfile) => Promise<number>;
  /** The code of why the profile may not be erased now; asked under the profile's lock, before anything is cleared. */
  readonly obstacle?: (tx: Tx, profileId: string) => Promise<string | undefined>;
  /** What the person is given of it when they ask what stands about them. Absent: nothing. */
  readonly rows?: (tx: Tx, profileId: string) => Promise<DisclosedRow[]>;
  /** Columns of those rows that no answer to their company shows: only the person is given them. */
  readonly hidden?: readonly string[];
}

/** Whose rows are meant: an entity's, or those of a table that has none. */
type Rows = Pick<AnyEntity, 'table' | 'hidden'> | string;
const tableOf = (of: Rows): string => (typeof of === 'string' ? of : of.table);

/** A row as its person is given it: its columns in camelCase. */
export type DisclosedRow = Readonly<Record<string, unknown>>;

interface RowsOptions {
  /** Which column names the profile. Default `profile_id`. */
  readonly by?: string;
  /** For tables whose rows are never deleted softly. */
  readonly writtenOnce?: boolean;
}

/** What only the system reads: sealed values, look-ups, tokens, places of files, counters. */
const INNER = /_(?:sealed|hash|hashes|key)$|^(?:company_id|sid|epoch|path)$/;

const ofProfile = (of: string, { by = 'profile_id', writtenOnce = false }: RowsOptions): string =>
  `from ${of} t where t.company_id = $1 and t.${by} = $2${writtenOnce ? '' : ' and t.deleted_at is null'}`;

/** A row as JSON without what only the system reads. */
export const disclosed = (row: Readonly<Record<string, unknown>>): DisclosedRow =>
  Object.fromEntries(Object.entries(row).flatMap(([name, value]) => (INNER.test(name) ? [] : [[camel(name), value]])));

/** A row as a company is given it, too: without what its entity hides. */
export const withoutHidden = (row: DisclosedRow, hidden: readonly string[] = []): DisclosedRow =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !hidden.includes(name)));

/** Declares that the person is given the rows of a table that are about them, and their company what of them is not hidden. */
export const shows = (of: Rows, options: RowsOptions = {}): Pick<Erasure, 'rows' | 'hidden'> => ({
  rows: async (tx, profileId) => {
    const rows = await tx.prepared<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row ${ofProfile(tableOf(of), options)}`,
      [tx.companyId, profileId],
    );
    return rows.map(({ row }) => disclosed(row));
  },
  hidden: typeof of === 'string' ? [] : Object.keys(of.hidden),
});

/**
 * Declares that rows of a table are emptied or deleted, by a statement that returns a row for each. `$1` is the company,
 * `$2` the profile, the rest `values`.
 */
export const clears = (
  of: string,
  statement: string,
  values: (profile: ErasedProfile, tx: Tx) => readonly unknown[] = () => [],
): Erasure => ({
  of,
  fate: 'cleared',
  apply: async (tx, profile) =>
    (await tx.prepared(statement, [tx.companyId, profile.profileId, ...values(profile, tx)])).length,
});

/** Declares that rows of a table stay as they are: what they say must be known longer than whom it is about. */
export const keeps = (of: Rows, options: RowsOptions = {}): Erasure => ({
  of: tableOf(of),
  fate: 'kept',
  apply: async (tx, { profileId }) => {
    const count = `select count(*)::int as rows ${ofProfile(tableOf(of), options)}`;
    const [found] = await tx.prepared<{ rows: number }>(count, [tx.companyId, profileId]);
    return found!.rows;
  },
  ...shows(of, options),
});
