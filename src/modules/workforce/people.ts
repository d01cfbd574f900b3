import type { Bind } from '../../platform/db/list.ts';
import type { Context } from '../../platform/http/context.ts';
import { invalid } from '../../platform/problem.ts';
import type { People } from './ports.ts';

/** The rule of the organization about whom a caller reaches. */
interface Rule {
  /** SQL that holds for the profiles a caller reaches; `$1` is the company's id. */
  readonly visible: (context: Context, idExpression: string, bind: Bind) => string;
  readonly reaches: People['reaches'];
}

/** The callers' reach over people. */
export const createPeople = ({ visible, reaches }: Rule): People => ({
  restrict:
    (context, idExpression = 't.profile_id') =>
    (bind) =>
      visible(context, idExpression, bind),
  reaches,
  mustReach: async (reader, context, profileId, pointer = '/profileId') => {
    if (!(await reaches(reader, context, profileId))) throw invalid(pointer, 'UNKNOWN_REFERENCE');
  },
});
