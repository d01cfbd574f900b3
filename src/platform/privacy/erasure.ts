import type { Tx } from '../db/database.ts';

/** A profile that is erased, in a transaction of its company. */
export interface ErasedProfile {
  readonly profileId: string;
  /** Ids under which other systems know the person. */
  readonly externalIds: readonly string[];
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
}

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

interface KeepOptions {
  /** Which column names the profile. Default `profile_id`. */
  readonly by?: string;
  /** For tables whose rows are never deleted softly. */
  readonly writtenOnce?: boolean;
}

/** Declares that rows of a table stay as they are: what they say must be known longer than whom it is about. */
export const keeps = (of: string, { by = 'profile_id', writtenOnce = false }: KeepOptions = {}): Erasure => ({
  of,
  fate: 'kept',
  apply: async (tx, { profileId }) => {
    const [found] = await tx.prepared<{ rows: number }>(
      `select count(*)::int as rows from ${of} where company_id = $1 and ${by} = $2${writtenOnce ? '' : ' and deleted_at is null'}`,
      [tx.companyId, profileId],
    );
    return found!.rows;
  },
});
