import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { copyCell } from '../platform/db/copy.ts';
import type { Tx } from '../platform/db/database.ts';
import { snake } from '../platform/schema/entity.ts';

export type DemoRow = Readonly<Record<string, unknown>>;

const CHUNK = 1_000;

/** A value as COPY reads it: lists as arrays where the column is one, everything else that has parts as JSON. */
const cellOf = (value: unknown, isArray: boolean): string => {
  if (value === null || value === undefined) return copyCell(null);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return copyCell(value);
  if (value instanceof Date) return value.toISOString();
  if (isArray && Array.isArray(value)) return copyCell(`{${value.map((one) => JSON.stringify(one)).join(',')}}`);
  return copyCell(JSON.stringify(value));
};

function* linesOf(rows: readonly DemoRow[], names: readonly string[], arrays: ReadonlySet<string>, before: string) {
  const columns = names.map((name) => [name, arrays.has(snake(name))] as const);
  for (let from = 0; from < rows.length; from += CHUNK)
    yield rows
      .slice(from, from + CHUNK)
      .map((row) => `${before}${columns.map(([name, isArray]) => cellOf(row[name], isArray)).join('\t')}\n`)
      .join('');
}

const ARRAYS = `select a.attname as name from pg_attribute a join pg_type t on t.oid = a.atttypid
  where a.attrelid = $1::regclass and a.attnum > 0 and t.typcategory = 'A'`;

/**
 * Inserts many rows of one table at once; keys are columns in camelCase, every row has the same. `company_id` is the
 * transaction's, save for tables of the operator, whose rows name it themselves. Nothing is written to the change log:
 * demo data only. COPY is refused on tables with row level security: the rows land in a table of this transaction first.
 */
export const insertRows = async (
  tx: Tx,
  table: string,
  rows: readonly DemoRow[],
  { ofOperator = false }: { ofOperator?: boolean } = {},
): Promise<void> => {
  if (rows.length === 0) return;
  const names = Object.keys(rows[0]!);
  const columns = [...(ofOperator ? [] : ['company_id']), ...names.map(snake)].join(', ');
  const stage = `stage_${table}`;
  await tx.query(`create temporary table ${stage} on commit drop as select ${columns} from ${table} with no data`);
  const arrays = await tx.query<{ name: string }>(ARRAYS, [stage]);
  const lines = linesOf(rows, names, new Set(arrays.map(({ name }) => name)), ofOperator ? '' : `${tx.companyId}\t`);
  await pipeline(Readable.from(lines), tx.client.query(copyFrom(`copy ${stage} (${columns}) from stdin`)));
  await tx.query(`insert into ${table} (${columns}) select ${columns} from ${stage}`);
  await tx.query(`drop table ${stage}`);
};

/** The stamps of a row that nobody has changed since. */
export const stamps = (at: Date) => ({ createdAt: at, updatedAt: at, version: 1 });
