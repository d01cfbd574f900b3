import type { Tx } from '../platform/db/database.ts';
import { snake } from '../platform/schema/entity.ts';

type Row = Readonly<Record<string, unknown>>;

const BATCH = 5_000;

const stamped = (tx: Tx, row: Row): Row => ({ company_id: tx.companyId, ...row });

/**
 * Inserts many rows of one table at once; keys are columns in camelCase, every row has the same. `company_id` is the
 * transaction's. Nothing is written to the change log: demo data only.
 */
export const insertRows = async (tx: Tx, table: string, rows: readonly Row[]): Promise<void> => {
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = rows
      .slice(from, from + BATCH)
      .map((row) => stamped(tx, Object.fromEntries(Object.entries(row).map(([name, value]) => [snake(name), value]))));
    const columns = Object.keys(batch[0]!).join(', ');
    await tx.query(
      `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1)`,
      [JSON.stringify(batch)],
    );
  }
};

/** As `insertRows`, for tables of the operator: no company_id of the transaction is added. */
export const insertOperatorRows = async (tx: Tx, table: string, rows: readonly Row[]): Promise<void> => {
  if (rows.length === 0) return;
  const batch = rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [snake(name), value])));
  const columns = Object.keys(batch[0]!).join(', ');
  await tx.query(
    `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1)`,
    [JSON.stringify(batch)],
  );
};
