import Type from 'typebox';
import { BY_ID, moveRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { created, ok, RawJson, route } from '../../../platform/http/route.ts';
import { code, exact, pageOf, text, uuid } from '../../../platform/schema/types.ts';
import { licenseLifecycle } from './licenses.lifecycle.ts';
import { License } from './licenses.repository.ts';
import type { createLicensesService } from './licenses.service.ts';

interface LicensesRouterDependencies {
  readonly service: ReturnType<typeof createLicensesService>;
  readonly list: List;
}

const ASSIGN = exact({
  offering: code(40, { examples: ['SAFER'] }),
  profileId: uuid(),
  externalId: Type.Optional(text(100, { description: 'The person’s number in the offering’s system' })),
});

/** /admin/license */
export const licensesModule = ({ service, list }: LicensesRouterDependencies): Module => ({
  name: 'licenses',
  requires: ['subscriptions'],
  base: '/admin/license',
  permissions: ['commerce:license:read', 'commerce:license:write', 'commerce:license:release'],
  lifecycles: [licenseLifecycle],
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listLicenses',
        summary: 'List licenses, released ones too',
        permission: 'commerce:license:read',
        query: list.query,
        responses: { 200: pageOf(License.view) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'post',
        path: '/',
        id: 'assignLicense',
        summary: 'Assign a license to a person',
        permission: 'commerce:license:write',
        body: ASSIGN,
        idempotency: 'accepted',
        responses: { 201: License.view },
      },
      async ({ body }, context) => {
        const row = await service.assign(context, body);
        return created(`/angelis/admin/license/${row.id}`, row);
      },
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getLicense',
        summary: 'Read a license',
        permission: 'commerce:license:read',
        params: BY_ID,
        responses: { 200: License.view },
      },
      async ({ params }, context) => {
        const { text: body, version } = await service.detail(context, params.id);
        return ok(new RawJson(body), `"${version}"`);
      },
    ),
    ...moveRoutes({
      name: 'license',
      permission: 'commerce:license',
      view: License.view,
      lifecycle: licenseLifecycle,
      service,
    }),
  ],
});
