import type { Bind } from '../../platform/db/list.ts';
import type { Context } from '../../platform/http/context.ts';
import { invalid } from '../../platform/problem.ts';
import type { People } from './ports.ts';

/** SQL that holds for the profiles a caller reaches; `$1` is the company's id. */
export type VisibleProfiles = (context: Context, idExpression: string, bind: Bind) => string;

/** The callers' reach over people, by the one rule of the organization. */
export const createPeople = (visible: VisibleProfiles): People => {
  const reaches: People['reaches'] = async (reader, context, profileId) => {
    const values: unknown[] = [reader.companyId, profileId];
    const reach = visible(context, 'p.id', (value) => `$${values.push(value)}`);
    const rows = await reader.prepared(
      `select 1 from profile p where p.company_id = $1 and p.id = $2 and p.deleted_at is null and ${reach}`,
      values,
    );
    return rows.length > 0;
  };
  return {
    restrict:
      (context, idExpression = 't.profile_id') =>
      (bind) =>
        visible(context, idExpression, bind),
    reaches,
    mustReach: async (reader, context, profileId, pointer = '/profileId') => {
      if (!(await reaches(reader, context, profileId))) throw invalid(pointer, 'UNKNOWN_REFERENCE');
    },
  };
};
