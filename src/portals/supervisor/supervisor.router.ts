import type { TObject } from 'typebox';
import type { List } from '../../platform/db/list.ts';
import type { Module } from '../../platform/http/module.ts';
import { ok, RawJson, route } from '../../platform/http/route.ts';
import { pageOf } from '../../platform/schema/types.ts';
import { boardPage, BoardQuerySchema, caseItem } from './supervisor.schemas.ts';
import type { SupervisorPortal } from './supervisor.service.ts';

interface SupervisorParts {
  readonly portal: SupervisorPortal;
  readonly cases: List;
  readonly caseView: TObject;
}

/** /supervisor */
export const supervisorModule = ({ portal, cases, caseView }: SupervisorParts): Module => ({
  name: 'supervisor-portal',
  base: '/supervisor',
  permissions: { 'fitness:board:read': 'rows' },
  routes: [
    route(
      {
        method: 'get',
        path: '/board',
        id: 'getBoard',
        summary: 'My people now, the most urgent first: shift, tests, level, case and what I may do',
        permission: 'fitness:board:read',
        query: BoardQuerySchema,
        responses: { 200: boardPage(caseView) },
      },
      async ({ query }, context) => ok(new RawJson(JSON.stringify(await portal.board(context, query)))),
    ),
    route(
      {
        method: 'get',
        path: '/cases',
        id: 'listSupervisedCases',
        summary: 'Cases of my people, with what I may do',
        permission: 'fitness:case:read',
        query: cases.query,
        responses: { 200: pageOf(caseItem(caseView)) },
      },
      async ({ query }, context) => ok(new RawJson(JSON.stringify(await portal.cases(context, query)))),
    ),
  ],
});
