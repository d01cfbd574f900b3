import Type from 'typebox';
import { count, COUNTS, percent } from '../compliance.schemas.ts';
import { day, exact, instant, integer, nullable, oneOf, uuid } from '../../platform/schema/types.ts';

const MOST_LINES = 100_000;

const PERIOD = {
  from: day({ description: 'First start day of the shifts' }),
  to: day({ description: 'Last start day of the shifts' }),
};
const only = { projectId: Type.Optional(uuid()), siteId: Type.Optional(uuid()) };

export const GROUPS = ['day', 'month', 'project', 'site', 'shift'] as const;
export const ComplianceQuery = exact({ ...PERIOD, ...only, by: oneOf(GROUPS) });
export const PeriodQuery = exact({ ...PERIOD, ...only });
export const LevelsQuery = exact({ ...PERIOD, ...only, by: oneOf(['project', 'site']) });

const head = { ...PERIOD, computedAt: instant() };
const key = nullable(Type.String({ description: 'The day, or an id; null: what belongs to none' }));
const name = nullable(Type.String());

export const ComplianceView = exact(
  {
    ...head,
    total: exact(COUNTS),
    previous: exact({ ...PERIOD, total: exact(COUNTS) }, { description: 'As many days before' }),
    lines: Type.Array(
      exact({
        ...COUNTS,
        key,
        name,
        previousPercent: percent,
        change: nullable(Type.Number({ description: 'Percentage points against the days before' })),
      }),
      { maxItems: MOST_LINES },
    ),
  },
  { 'x-component': 'compliance_comparison' },
);

export const HeatView = exact(
  {
    ...head,
    cells: Type.Array(
      exact({ ...COUNTS, weekday: integer(1, 7, { description: '1: Monday' }), hour: integer(0, 23) }),
      { maxItems: 168 },
    ),
  },
  { 'x-component': 'compliance_heat_map' },
);

export const LevelsView = exact(
  {
    ...head,
    lines: Type.Array(
      exact({
        key,
        name,
        suppressed: Type.Boolean({ description: 'Too few people, or they could be told by taking the others away' }),
        people: nullable(count()),
        levels: nullable(Type.Record(Type.String(), count())),
      }),
      { maxItems: MOST_LINES },
    ),
  },
  { 'x-component': 'level_mix' },
);

export const BreachesView = exact(
  {
    ...head,
    total: count(),
    lines: Type.Array(exact({ kind: Type.String(), siteId: nullable(uuid()), name, count: count(), people: count() }), {
      maxItems: MOST_LINES,
    }),
  },
  { 'x-component': 'breach_summary' },
);
