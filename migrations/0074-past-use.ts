import { companyIndex } from '../src/platform/db/ddl.ts';

/** Counts of periods that are long past are found and forgotten each day. */
export const up = [companyIndex('usage_counter', 'starts_on')];

export const down = ['drop index usage_counter_starts_on_idx'];
