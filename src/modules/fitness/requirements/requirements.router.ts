import { namesOf } from '../../../platform/crud/names.ts';
import { BY_ID, moveRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { created, ok, RawJson, route } from '../../../platform/http/route.ts';
import type { Lifecycle } from '../../../platform/lifecycle/lifecycle.ts';
import { exact, oneOf, pageOf, uuid } from '../../../platform/schema/types.ts';
import { Requirement } from './requirements.repository.ts';
import type { RequirementRow } from './requirements.repository.ts';
import type { RequirementsService } from './requirements.service.ts';

interface RequirementsRouterDependencies {
  readonly service: RequirementsService;
  readonly list: List;
  readonly lifecycle: Lifecycle<RequirementRow>;
}

const base = '/fitness/requirements';
const EVERY_FIVE_MINUTES = 300;

/** /fitness/requirements */
export const requirementsModule = ({ service, list, lifecycle }: RequirementsRouterDependencies): Module => ({
  name: 'fitness-requirements',
  base,
  permissions: [
    'fitness:requirement:read',
    'fitness:requirement:ask',
    'fitness:requirement:excuse',
    'fitness:requirement:assess',
    'fitness:requirement:review',
  ],
  lifecycles: [lifecycle],
  ticks: [
    {
      name: 'fitness.requirements.generate',
      every: EVERY_FIVE_MINUTES,
      for: 'each-company',
      run: (scope, { now, signal }) => service.generate(scope, now, signal),
    },
    {
      name: 'fitness.requirements.close',
      every: EVERY_FIVE_MINUTES,
      for: 'each-company',
      run: (scope, { now, signal }) => service.closeOverdue(scope, now, signal),
    },
  ],
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listRequirements',
        summary: 'List required tests',
        permission: 'fitness:requirement:read',
        query: list.query,
        responses: { 200: pageOf(Requirement.view) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'post',
        path: '/',
        id: 'askForTest',
        summary: 'Ask for a test for cause, or after an incident',
        permission: 'fitness:requirement:ask',
        body: exact({ profileId: uuid(), kind: oneOf(['for_cause', 'post_incident']) }),
        idempotency: 'accepted',
        responses: { 201: Requirement.view },
      },
      async ({ body }, context) => {
        const row = await service.ask(context, body);
        return created(`/angelis${base}/${row.id}`, row);
      },
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getRequirement',
        summary: 'Read a required test',
        permission: 'fitness:requirement:read',
        params: BY_ID,
        responses: { 200: Requirement.view },
      },
      async ({ params }, context) => {
        const { text, version } = await service.detail(context, params.id);
        return ok(new RawJson(text), `"${version}"`);
      },
    ),
    ...moveRoutes({
      names: namesOf('requirement'),
      permission: 'fitness:requirement',
      view: Requirement.view,
      lifecycle,
      service,
    }),
  ],
});
