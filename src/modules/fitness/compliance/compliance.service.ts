import type { List, ListQuery } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import { notFound, Problem } from '../../../platform/problem.ts';
import { daysBetween } from '../../../platform/time/zone.ts';
import type { visibleProfiles } from '../../organization/reach.ts';
import { complianceBy } from './compliance.reads.ts';
import type { ComplianceGroup } from './report-lines.ts';

interface ComplianceDependencies {
  readonly work: UnitOfWork;
  readonly list: List;
  readonly now: () => Date;
  readonly visible: typeof visibleProfiles;
}

export interface ComplianceQuery {
  readonly from: string;
  readonly to: string;
  readonly by?: ComplianceGroup;
  readonly projectId?: string;
  readonly siteId?: string;
  readonly shiftId?: string;
}

/** Longest period of one answer, in days: lines by day or shift stay bounded. */
const LONGEST = 366;

/** Compliance and breaches of the people a caller reaches. */
export const createCompliance = ({ work, list, now, visible }: ComplianceDependencies) => {
  const within = (context: Context, expression: string) => (bind: (value: unknown) => string) =>
    visible(context, expression, bind);
  return {
    /** Throws 400 for a period that ends before it begins or is longer than a year. */
    compliance: async (context: Context, { by = 'total', from, to, ...only }: ComplianceQuery) => {
      if (to < from || daysBetween(from, to) >= LONGEST) {
        const errors = [{ pointer: '/to', code: 'INVALID', in: 'query' }] as const;
        throw new Problem(400, 'PERIOD_INVALID', { params: { limit: LONGEST }, errors });
      }
      const at = now();
      const lines = await work.read(
        context,
        (reader) => complianceBy(reader, by, { from, to, now: at, ...only }, within(context, 'r.profile_id')),
        { once: true },
      );
      return { from, to, computedAt: at.toISOString(), lines };
    },

    /** One line of the breach report as JSON text. Throws 404 for one that is not there or out of reach. */
    breach: async (context: Context, id: string): Promise<string> => {
      const found = await work.read(context, (reader) => list.one(reader, id, within(context, 'l.profile_id')));
      if (found === undefined) throw notFound();
      return found.text;
    },

    breaches: (context: Context, query: ListQuery & object) =>
      work.read(context, (reader) => list.page(reader, query, within(context, 'l.profile_id'))),
  };
};

export type ComplianceService = ReturnType<typeof createCompliance>;
