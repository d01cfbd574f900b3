import type { Bind } from '../../../platform/db/list.ts';
import { exact, day, uuid } from '../../../platform/schema/types.ts';
import type { Filters } from '../../../platform/render/report.ts';
import Type from 'typebox';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Writes a statement of one company: `$1` is the company, further values are bound as they come. */
export const statement = (companyId: string, write: (bind: Bind) => string): Statement => {
  const values: unknown[] = [companyId];
  return { text: write((value) => `$${values.push(value)}`), values };
};

/** `and column = value` for each filter that is set. */
export const equals = (filters: Filters, columns: Readonly<Record<string, string>>, bind: Bind): string =>
  Object.entries(columns)
    .filter(([name]) => filters[name] !== undefined)
    .map(([name, column]) => ` and ${column} = ${bind(filters[name])}`)
    .join('');

export const PERIOD = { from: day(), to: day() };
const PLACES = { siteId: Type.Optional(uuid()), projectId: Type.Optional(uuid()), profileId: Type.Optional(uuid()) };

/** The filters of reports about the work of a period. */
export const PERIOD_AND_PLACES = exact({ ...PERIOD, ...PLACES });
export const PERIOD_SITE_PERSON = exact({ ...PERIOD, siteId: PLACES.siteId, profileId: PLACES.profileId });
