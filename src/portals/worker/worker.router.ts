import type { List } from '../../platform/db/list.ts';
import type { Module } from '../../platform/http/module.ts';
import { ok, RawJson, route } from '../../platform/http/route.ts';
import { pageOf } from '../../platform/schema/types.ts';
import { CaseItem, ResultItem, TodayView } from './worker.schemas.ts';
import type { WorkerPortal } from './worker.service.ts';

interface WorkerParts {
  readonly portal: WorkerPortal;
  readonly results: List;
  readonly cases: List;
}

/** /worker */
export const workerModule = ({ portal, results, cases }: WorkerParts): Module => ({
  name: 'worker-portal',
  base: '/worker',
  permissions: { 'fitness:own:read': 'everybody' },
  routes: [
    route(
      {
        method: 'get',
        path: '/today',
        id: 'getMyDay',
        summary: 'My day: shift, required tests, hold, case, what happens next',
        permission: 'fitness:own:read',
        responses: { 200: TodayView },
      },
      async (_input, context) => ok(new RawJson(JSON.stringify(await portal.today(context)))),
    ),
    route(
      {
        method: 'get',
        path: '/results',
        id: 'listMyResults',
        summary: 'My results: levels, without raw values',
        permission: 'fitness:own:read',
        query: results.query,
        responses: { 200: pageOf(ResultItem) },
      },
      async ({ query }, context) => ok(new RawJson(await portal.results(context, query))),
    ),
    route(
      {
        method: 'get',
        path: '/cases',
        id: 'listMyCases',
        summary: 'My cases',
        permission: 'fitness:own:read',
        query: cases.query,
        responses: { 200: pageOf(CaseItem) },
      },
      async ({ query }, context) => ok(new RawJson(await portal.cases(context, query))),
    ),
  ],
});
