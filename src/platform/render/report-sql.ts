import type { Bind } from '../db/list.ts';
import { day } from '../schema/types.ts';
import type { Filters, ReportStatement } from './report.ts';

/** The filters of a report that has a period: its first and last day. */
export const PERIOD = { from: day(), to: day() };

/** Writes a statement of one company: `$1` is the company, further values are bound as they come. */
export const statement = (companyId: string, write: (bind: Bind) => string): ReportStatement => {
  const values: unknown[] = [companyId];
  return { text: write((value) => `$${values.push(value)}`), values };
};

/** ` and column = value` for each filter that is set. */
export const equals = (filters: Filters, columns: Readonly<Record<string, string>>, bind: Bind): string =>
  Object.entries(columns)
    .filter(([name]) => filters[name] !== undefined)
    .map(([name, column]) => ` and ${column} = ${bind(filters[name])}`)
    .join('');
