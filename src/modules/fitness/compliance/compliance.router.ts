import Type from 'typebox';
import type { List } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Context } from '../../../platform/http/context.ts';
import type { Module } from '../../../platform/http/module.ts';
import { ok, RawJson, route } from '../../../platform/http/route.ts';
import { day, exact, instant, integer, nullable, oneOf, pageOf, uuid } from '../../../platform/schema/types.ts';
import { Problem } from '../../../platform/problem.ts';
import { daysBetween } from '../../../platform/time/zone.ts';
import { visibleProfiles } from '../../organization/reach.ts';
import { BreachLine } from './breaches.reads.ts';
import { COMPLIANCE_GROUPS, complianceBy } from './compliance.reads.ts';

interface ComplianceRouterDependencies {
  readonly work: UnitOfWork;
  readonly breaches: List;
  readonly now: () => Date;
}

const count = (description: string) => integer(0, 2_147_483_647, { description });

const QUERY = exact({
  from: day({ description: 'First start day of the shifts' }),
  to: day({ description: 'Last start day of the shifts' }),
  by: Type.Optional(oneOf(COMPLIANCE_GROUPS, { description: 'Default: total' })),
  projectId: Type.Optional(uuid()),
  siteId: Type.Optional(uuid()),
  shiftId: Type.Optional(uuid()),
});

const LINE = exact({
  key: nullable(Type.String({ description: 'The day, or the id of project, site or shift' })),
  onTime: count('Done before the first exposure'),
  late: count('Done after it'),
  missed: count('Not done'),
  overdue: count('Fallen due and still open'),
  excused: count('Excused: not in the rate'),
  blocked: count('Made impossible by an outage: not in the rate'),
  invalid: count('Among all of them: with an invalid attempt'),
  required: count('Everything that fell due'),
  rate: exact({ numerator: count('On time'), denominator: count('Required, without excused and blocked') }),
});

/** Longest period of one answer, in days: lines by day or shift stay bounded. */
const LONGEST = 366;
const MOST_LINES = 100_000;

/** /fitness/compliance, /fitness/breaches */
export const complianceModule = ({ work, breaches, now }: ComplianceRouterDependencies): Module => {
  const within = (context: Context, expression: string) => (bind: (value: unknown) => string) =>
    visibleProfiles(context, expression, bind);
  return {
    name: 'fitness-compliance',
    base: '/fitness',
    permissions: ['fitness:compliance:read'],
    routes: [
      route(
        {
          method: 'get',
          path: '/compliance',
          id: 'getCompliance',
          summary: 'Compliance of a period, by day, project, site or shift',
          permission: 'fitness:compliance:read',
          query: QUERY,
          responses: {
            200: exact({
              from: day(),
              to: day(),
              computedAt: instant(),
              lines: Type.Array(LINE, { maxItems: MOST_LINES }),
            }),
          },
        },
        async ({ query }, context) => {
          const { by = 'total', from, to, ...only } = query;
          if (to < from || daysBetween(from, to) >= LONGEST) {
            const errors = [{ pointer: '/to', code: 'INVALID', in: 'query' }] as const;
            throw new Problem(400, 'PERIOD_INVALID', { params: { limit: LONGEST }, errors });
          }
          const at = now();
          const period = { from, to, now: at, ...only };
          const lines = await work.read(context, (reader) =>
            complianceBy(reader, by, period, within(context, 'r.profile_id')),
          );
          return ok({ from, to, computedAt: at.toISOString(), lines });
        },
      ),
      route(
        {
          method: 'get',
          path: '/breaches',
          id: 'listBreaches',
          summary: 'The breach report: undecided cases, late results, missed tests, overrides',
          permission: 'fitness:compliance:read',
          query: breaches.query,
          responses: { 200: pageOf(BreachLine) },
        },
        async ({ query }, context) =>
          ok(
            new RawJson(
              await work.read(context, (reader) => breaches.page(reader, query, within(context, 'l.profile_id'))),
            ),
          ),
      ),
    ],
  };
};
