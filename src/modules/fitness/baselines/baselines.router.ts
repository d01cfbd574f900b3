import Type from 'typebox';
import { BY_ID } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { created, ok, RawJson, route } from '../../../platform/http/route.ts';
import { keeps } from '../../../platform/privacy/erasure.ts';
import { exact, nullable, pageOf, text, uuid } from '../../../platform/schema/types.ts';
import { StoredBaseline } from './baselines.repository.ts';
import type { BaselinesService } from './baselines.service.ts';

interface BaselinesRouterDependencies {
  readonly service: BaselinesService;
  readonly list: List;
}

const base = '/fitness/baselines';
const read = 'fitness:baseline:read';
const write = 'fitness:baseline:write';
const perSecond = nullable(Type.Number({ description: '1/s' }));

/** /fitness/baselines */
export const baselinesModule = ({ service, list }: BaselinesRouterDependencies): Module => ({
  name: 'fitness-baselines',
  base,
  requires: ['fitness-results'],
  permissions: { [read]: 'rows', [write]: 'rows' },
  erasures: [keeps(StoredBaseline)],
  ticks: [
    {
      name: 'fitness.baselines',
      every: 86_400,
      timeout: 1_800_000,
      for: 'each-active-company',
      run: (scope, { signal }) => service.recompute(scope, signal),
    },
  ],
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listBaselines',
        summary: 'List baselines, without their values',
        permission: read,
        query: list.query,
        responses: { 200: pageOf(StoredBaseline.view) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getBaseline',
        summary: 'Read a baseline, without its values',
        permission: read,
        params: BY_ID,
        responses: { 200: StoredBaseline.view },
      },
      async ({ params }, context) => {
        const { text: body, version } = await service.detail(context, params.id);
        return ok(new RawJson(body), `"${version}"`);
      },
    ),
    route(
      {
        method: 'get',
        path: '/:id/values',
        id: 'getBaselineValues',
        summary: 'Read the values of a baseline; the read is logged',
        permission: 'fitness:metrics:read',
        params: BY_ID,
        responses: {
          200: exact({ id: uuid(), mean: perSecond, sd: perSecond, testIds: Type.Array(uuid(), { maxItems: 100 }) }),
        },
      },
      async ({ params }, context) => ok(await service.values(context, params.id)),
    ),
    route(
      {
        method: 'post',
        path: '/:id/supersede',
        id: 'supersedeBaseline',
        summary: 'Make a new version of the latest tests',
        permission: write,
        params: BY_ID,
        body: exact({ reason: text(500) }),
        ifMatch: true,
        idempotency: 'accepted',
        responses: { 201: StoredBaseline.view },
      },
      async ({ params, body, version }, context) => {
        const row = await service.supersede(context, params.id, body.reason, version);
        return created(`/angelis${base}/${row.id}`, row);
      },
    ),
  ],
});
