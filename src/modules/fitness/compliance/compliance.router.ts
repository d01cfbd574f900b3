import Type from 'typebox';
import { BY_ID } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { keeps } from '../../../platform/privacy/erasure.ts';
import type { Scope } from '../../../platform/db/scope.ts';
import { ok, RawJson, route } from '../../../platform/http/route.ts';
import { day, exact, instant, integer, nullable, oneOf, pageOf, uuid } from '../../../platform/schema/types.ts';
import type { ComplianceService } from './compliance.service.ts';
import { BreachLine, COMPLIANCE_GROUPS } from './report-lines.ts';

interface ComplianceRouterDependencies {
  readonly service: ComplianceService;
  readonly list: List;
  readonly keepTotals: (scope: Scope, signal: AbortSignal) => Promise<void>;
}

const EVERY_HOUR = 3_600;

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
  key: nullable(Type.String({ description: 'The day, the month, or the id of project, site or shift' })),
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

const MOST_LINES = 100_000;

/** /fitness/compliance, /fitness/breaches */
export const complianceModule = ({ service, list, keepTotals }: ComplianceRouterDependencies): Module => ({
  name: 'fitness-compliance',
  base: '/fitness',
  permissions: { 'fitness:compliance:read': 'rows' },
  erasures: [keeps('fitness_breach', { writtenOnce: true })],
  ticks: [
    {
      name: 'fitness.compliance.totals',
      every: EVERY_HOUR,
      for: 'each-active-company',
      run: (scope, { signal }) => keepTotals(scope, signal),
    },
  ],
  routes: [
    route(
      {
        method: 'get',
        path: '/compliance',
        id: 'getCompliance',
        summary: 'Compliance of a period, by day, month, project, site or shift',
        permission: 'fitness:compliance:read',
        machines: true,
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
      async ({ query }, context) => ok(await service.compliance(context, query)),
    ),
    route(
      {
        method: 'get',
        path: '/breaches',
        id: 'listBreaches',
        summary: 'The breach report: undecided cases, late results, missed tests, overrides',
        permission: 'fitness:compliance:read',
        machines: true,
        query: list.query,
        responses: { 200: pageOf(BreachLine) },
      },
      async ({ query }, context) => ok(new RawJson(await service.breaches(context, query))),
    ),
    route(
      {
        method: 'get',
        path: '/breaches/:id',
        id: 'getBreach',
        summary: 'One line of the breach report',
        permission: 'fitness:compliance:read',
        machines: true,
        params: BY_ID,
        responses: { 200: BreachLine },
      },
      async ({ params }, context) => ok(new RawJson(await service.breach(context, params.id))),
    ),
  ],
});
