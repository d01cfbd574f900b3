import type { Module } from '../../platform/http/module.ts';
import { ok, route } from '../../platform/http/route.ts';
import {
  BreachesView,
  ComplianceQuery,
  ComplianceView,
  HeatView,
  LevelsQuery,
  LevelsView,
  PeriodQuery,
} from './manager.schemas.ts';
import type { ManagerPortal } from './manager.service.ts';

/** /manager */
export const managerModule = (portal: ManagerPortal): Module => ({
  name: 'manager-portal',
  base: '/manager',
  requires: ['fitness-compliance'],
  routes: [
    route(
      {
        method: 'get',
        path: '/compliance',
        id: 'compareCompliance',
        summary: 'Compliance by day, project, site or shift, against as many days before',
        permission: 'fitness:compliance:read',
        query: ComplianceQuery,
        responses: { 200: ComplianceView },
      },
      async ({ query }, context) => ok(await portal.compliance(context, query)),
    ),
    route(
      {
        method: 'get',
        path: '/heat-map',
        id: 'getComplianceHeatMap',
        summary: 'Compliance by weekday and hour at which tests fell due',
        permission: 'fitness:compliance:read',
        query: PeriodQuery,
        responses: { 200: HeatView },
      },
      async ({ query }, context) => ok(await portal.heatMap(context, query)),
    ),
    route(
      {
        method: 'get',
        path: '/levels',
        id: 'getLevelMix',
        summary: 'Levels by project or site; groups in which a person could be told are hidden',
        permission: 'fitness:compliance:read',
        query: LevelsQuery,
        responses: { 200: LevelsView },
      },
      async ({ query }, context) => ok(await portal.levels(context, query)),
    ),
    route(
      {
        method: 'get',
        path: '/breaches',
        id: 'countBreaches',
        summary: 'The breach report counted by kind and site; its lines are at /fitness/breaches',
        permission: 'fitness:compliance:read',
        query: PeriodQuery,
        responses: { 200: BreachesView },
      },
      async ({ query }, context) => ok(await portal.breaches(context, query)),
    ),
  ],
});
