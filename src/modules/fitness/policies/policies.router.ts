import { BY_ID } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { created, ok, RawJson, route } from '../../../platform/http/route.ts';
import { pageOf } from '../../../platform/schema/types.ts';
import { DefaultPolicy, PolicyRevision, StoredPolicy } from './policies.repository.ts';
import type { createPoliciesService } from './policies.service.ts';

interface PoliciesRouterDependencies {
  readonly service: ReturnType<typeof createPoliciesService>;
  readonly list: List;
}

const base = '/fitness/policies';
const read = 'fitness:policy:read';
const write = 'fitness:policy:write';

/** /fitness/policies */
export const policiesModule = ({ service, list }: PoliciesRouterDependencies): Module => ({
  name: 'fitness-policies',
  base,
  permissions: { [read]: 'company', [write]: 'company' },
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listFitnessPolicies',
        summary: 'List policies with all their versions',
        permission: read,
        query: list.query,
        responses: { 200: pageOf(StoredPolicy.view) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'get',
        path: '/default',
        id: 'getDefaultFitnessPolicy',
        summary: 'The policy that holds where a company has none of its own',
        permission: read,
        responses: { 200: DefaultPolicy },
      },
      async (_input, context) => ok(await service.byDefault(context)),
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getFitnessPolicy',
        summary: 'Read one version of a policy',
        permission: read,
        params: BY_ID,
        responses: { 200: StoredPolicy.view },
      },
      async ({ params }, context) => {
        const { text, version } = await service.detail(context, params.id);
        return ok(new RawJson(text), `"${version}"`);
      },
    ),
    route(
      {
        method: 'post',
        path: '/',
        id: 'createFitnessPolicy',
        summary: 'The first policy of a risk group, or the company’s default',
        permission: write,
        body: StoredPolicy.createBody,
        idempotency: 'accepted',
        responses: { 201: StoredPolicy.view },
      },
      async ({ body }, context) => {
        const row = await service.create(context, body);
        return created(`/angelis${base}/${row.id}`, row);
      },
    ),
    route(
      {
        method: 'post',
        path: '/:id/revise',
        id: 'reviseFitnessPolicy',
        summary: 'A new version in place of the active one; results keep the version they were judged by',
        permission: write,
        params: BY_ID,
        body: PolicyRevision,
        ifMatch: true,
        idempotency: 'accepted',
        responses: { 201: StoredPolicy.view },
      },
      async ({ params, body, version }, context) => {
        const row = await service.revise(context, params.id, body, version);
        return created(`/angelis${base}/${row.id}`, row);
      },
    ),
  ],
});
