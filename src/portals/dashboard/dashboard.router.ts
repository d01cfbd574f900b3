import Type from 'typebox';
import type { Module } from '../../platform/http/module.ts';
import { ok, RawJson, route } from '../../platform/http/route.ts';
import { day, exact, instant, integer, nullable } from '../../platform/schema/types.ts';
import type { Dashboard } from './dashboard.service.ts';

const count = () => integer(0, 2_147_483_647);
const percent = nullable(Type.Number());

const DashboardView = exact(
  {
    at: instant(),
    timezone: Type.String(),
    own: nullable(
      exact({ nextShiftAt: nullable(instant()), testsDue: count(), held: Type.Boolean(), unread: count() }),
    ),
    board: Type.Optional(
      exact({
        people: count(),
        onShift: count(),
        held: count(),
        undecided: count(),
        unacknowledged: count(),
        missing: count(),
      }),
    ),
    cases: Type.Optional(
      exact(
        {
          opened: count(),
          minutesToAcknowledge: nullable(Type.Number({ description: 'The median' })),
          lapsed: count(),
          retests: count(),
          clearedAfterRetest: count(),
        },
        { description: 'Of the last 30 days' },
      ),
    ),
    compliance: Type.Optional(
      exact({
        from: day(),
        to: day(),
        today: percent,
        week: percent,
        month: percent,
        days: Type.Array(exact({ day: day(), percent }), { maxItems: 31 }),
      }),
    ),
    company: Type.Optional(
      exact({
        activeProfiles: count(),
        invitedProfiles: count(),
        activeAssignments: count(),
        seats: Type.Array(exact({ offering: Type.String(), bought: count(), used: count() }), { maxItems: 100 }),
        deadDeliveries: count(),
      }),
    ),
  },
  { 'x-component': 'dashboard' },
);

/** /dashboard */
export const dashboardModule = (dashboard: Dashboard): Module => ({
  name: 'dashboard',
  base: '/dashboard',
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'getDashboard',
        summary: 'Figures for my first screen; a part is there when I may see it',
        permission: 'signed-in',
        responses: { 200: DashboardView },
      },
      async (_input, context) => ok(new RawJson(JSON.stringify(await dashboard.read(context)))),
    ),
  ],
});
