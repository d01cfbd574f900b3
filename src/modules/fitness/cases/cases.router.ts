import { namesOf } from '../../../platform/crud/names.ts';
import { BY_ID, moveRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { ok, RawJson, route } from '../../../platform/http/route.ts';
import type { Lifecycle } from '../../../platform/lifecycle/lifecycle.ts';
import { exact, nullable, pageOf, text } from '../../../platform/schema/types.ts';
import { ASSESSMENT } from './cases.lifecycle.ts';
import { CaseDetail, FitnessCase } from './cases.repository.ts';
import type { FitnessCaseRow } from './cases.repository.ts';
import type { CasesService } from './cases.service.ts';

interface CasesRouterDependencies {
  readonly service: CasesService;
  readonly list: List;
  readonly lifecycle: Lifecycle<FitnessCaseRow>;
}

/** /fitness/cases */
export const casesModule = ({ service, list, lifecycle }: CasesRouterDependencies): Module => ({
  name: 'fitness-cases',
  base: '/fitness/cases',
  permissions: ['fitness:case:read', 'fitness:case:move', 'fitness:case:notes', 'fitness:safety:reopen'],
  lifecycles: [lifecycle],
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listFitnessCases',
        summary: 'List cases',
        permission: 'fitness:case:read',
        query: list.query,
        responses: { 200: pageOf(FitnessCase.view) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getFitnessCase',
        summary: 'Read a case with its escalations',
        permission: 'fitness:case:read',
        params: BY_ID,
        responses: { 200: CaseDetail },
      },
      async ({ params }, context) => {
        const { text: body, version } = await service.detail(context, params.id);
        return ok(new RawJson(body), `"${version}"`);
      },
    ),
    route(
      {
        method: 'get',
        path: '/:id/notes',
        id: 'getFitnessCaseNotes',
        summary: 'Read the assessment and the note of a case; the read is logged',
        permission: 'fitness:case:notes',
        params: BY_ID,
        responses: { 200: exact({ assessment: nullable(ASSESSMENT), note: nullable(text(2_000)) }) },
      },
      async ({ params }, context) => ok(await service.notes(context, params.id)),
    ),
    ...moveRoutes({
      names: namesOf('fitness-case'),
      permission: 'fitness:case',
      view: FitnessCase.view,
      lifecycle,
      service,
    }),
  ],
});
