import type { Database, Tx } from '../db/database.ts';
import type { Scope } from '../db/scope.ts';

/** The settings whose keys stand beside stored values. */
export type RingName = 'DATA_KEY' | 'LOOKUP_KEY';

/** Values of one table that stand under a key of the settings, and how each comes under the current one. */
export interface Rekeying {
  /** As people read it: `data_key.wrapped`. */
  readonly name: string;
  readonly ring: RingName;
  /** Whether its rows are those of companies, or the operator's. */
  readonly of: 'company' | 'operator';
  /** Brings rows that are not under the current key to it, at most `limit`; answers how many there were. */
  readonly step: (tx: Tx, limit: number) => Promise<number>;
  /** How many rows are not under the current key. */
  readonly left: (tx: Tx) => Promise<number>;
}

/** Declares a rekeying by its statements. `$1` is the company (for `company`), the next the current key's id. */
export const rekeying = <Row extends object>(definition: {
  readonly name: string;
  readonly ring: RingName;
  readonly of: Rekeying['of'];
  /** Id of the current key. */
  readonly current: string;
  /** Selects from here on: `from data_key d where d.company_id = $1 and …`. */
  readonly rows: string;
  readonly columns: string;
  /** Orders the rows, so that all who write them lock them alike. */
  readonly order: string;
  readonly renew: (tx: Tx, row: Row) => Promise<void>;
}): Rekeying => {
  const { name, ring, of, current, rows, columns, order, renew } = definition;
  const values = (tx: Tx) => (of === 'company' ? [tx.companyId, current] : [current]);
  const limitAt = of === 'company' ? '$3' : '$2';
  return {
    name,
    ring,
    of,
    left: async (tx) => {
      const [row] = await tx.query<{ count: number }>(`select count(*)::int as count ${rows}`, values(tx));
      return row!.count;
    },
    step: async (tx, limit) => {
      const found = await tx.query<Row>(
        `select ${columns} ${rows} order by ${order} limit ${limitAt} for no key update`,
        [...values(tx), limit],
      );
      for (const row of found) await renew(tx, row);
      return found.length;
    },
  };
};

const BATCH = 200;

/** The scopes in which a rekeying has rows. */
const scopesOf = ({ of }: Rekeying, companies: readonly Scope[], operator: Scope): readonly Scope[] =>
  of === 'company' ? companies : [operator];

export interface RekeyParts {
  readonly db: Pick<Database, 'write'>;
  readonly companies: readonly Scope[];
  readonly operator: Scope;
}

/** Brings every row to the current key, in batches of their own transactions: cut short, it goes on where it was. */
export const rekey = async (
  one: Rekeying,
  { db, companies, operator }: RekeyParts,
  onProgress: (done: number) => void = () => undefined,
): Promise<number> => {
  let done = 0;
  for (const scope of scopesOf(one, companies, operator))
    for (let last = BATCH; last === BATCH;) {
      last = await db.write(scope, (tx) => one.step(tx, BATCH));
      done += last;
      onProgress(done);
    }
  return done;
};

/** How many rows are not under the current key. */
export const countLeft = async (one: Rekeying, { db, companies, operator }: RekeyParts): Promise<number> => {
  let left = 0;
  for (const scope of scopesOf(one, companies, operator)) left += await db.write(scope, one.left);
  return left;
};
