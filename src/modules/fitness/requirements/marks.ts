import { v7 as uuidv7 } from 'uuid';
import type { Bulk } from '../../../platform/db/bulk.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { Repository } from '../../../platform/db/repository.ts';
import type { RequirementRow } from './requirements.repository.ts';

/** What the count of compliance reads of a requirement. */
const COUNTED = ['status', 'dueAt', 'shiftDate', 'siteId', 'projectId', 'hadInvalid'] as const;

const MARK = `insert into compliance_mark (company_id, shift_date, id)
  select $1, n.day, n.id from unnest($2::date[], $3::uuid[]) n(day, id)`;

type Written = Pick<RequirementRow, (typeof COUNTED)[number]>;

const daysOf = (before: Written, after: Written): string[] =>
  COUNTED.some((name) => before[name] !== after[name]) ? [before.shiftDate, after.shiftDate] : [];

/** The days that a transaction has marked: one mark is enough. */
const marked = new WeakMap<object, ReadonlySet<string>>();

/**
 * Marks days on which a requirement was written, in the same transaction: their totals are not read until they are counted
 * anew (`createDayTotals`). Marks are rows of their own, so that writers never wait for each other.
 */
const mark = async (tx: Tx, days: readonly string[]): Promise<void> => {
  const known = marked.get(tx.orm) ?? new Set();
  const missing = [...new Set(days).difference(known)];
  if (missing.length === 0) return;
  await tx.prepared(MARK, [tx.companyId, missing, missing.map(() => uuidv7())]);
  marked.set(tx.orm, known.union(new Set(missing)));
};

/** The repository of requirements, marking the days that it writes on. */
export const withMarks = (rows: Repository<RequirementRow>): Repository<RequirementRow> => ({
  ...rows,
  insert: async (tx, values, note) => {
    const row = await rows.insert(tx, values, note);
    await mark(tx, [row.shiftDate]);
    return row;
  },
  update: async (tx, row, patch, note) => {
    const after = await rows.update(tx, row, patch, note);
    await mark(tx, daysOf(row, after));
    return after;
  },
  remove: async (tx, row, note) => {
    await rows.remove(tx, row, note);
    await mark(tx, [row.shiftDate]);
  },
});

/** The bulk writes of requirements, marking the days that they write on. */
export const withBulkMarks = (bulk: Bulk<RequirementRow>): Bulk<RequirementRow> => ({
  ...bulk,
  updateMany: async (tx, patched) => {
    const after = await bulk.updateMany(tx, patched);
    await mark(
      tx,
      patched.flatMap(({ row }, index) => daysOf(row, after[index]!)),
    );
    return after;
  },
});
