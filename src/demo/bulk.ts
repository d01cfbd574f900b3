import type { Tx } from '../platform/db/database.ts';
import { snake } from '../platform/schema/entity.ts';

export type DemoRow = Readonly<Record<string, unknown>>;

const BATCH = 4_000;

/**
 * Inserts many rows of one table at once; keys are columns in camelCase, every row has the same. `company_id` is the
 * transaction's, save for tables of the operator, whose rows name it themselves. Nothing is written to the change log:
 * demo data only.
 */
export const insertRows = async (
  tx: Tx,
  table: string,
  rows: readonly DemoRow[],
  { ofOperator = false }: { ofOperator?: boolean } = {},
): Promise<void> => {
  const own = ofOperator ? {} : { companyId: tx.companyId };
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = rows
      .slice(from, from + BATCH)
      .map((row) =>
        Object.fromEntries(Object.entries({ ...own, ...row }).map(([name, value]) => [snake(name), value])),
      );
    const columns = Object.keys(batch[0]!).join(', ');
    await tx.query(
      `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1)`,
      [JSON.stringify(batch)],
    );
  }
};

/** The stamps of a row that nobody has changed since. */
export const stamps = (at: Date) => ({ createdAt: at, updatedAt: at, version: 1 });
