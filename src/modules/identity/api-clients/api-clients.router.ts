import { exact, ok, pageOf, RawJson, route, secretRoutes, uuid } from '../../../platform/module.ts';
import type { JobDefinition, List, Module } from '../../../platform/module.ts';
import { ApiClient, ApiClientView } from './api-clients.repository.ts';
import type { ApiClients } from './api-clients.service.ts';

const base = '/admin/api-client';
const BY_ID = exact({ id: uuid() });
const read = 'identity:api-client:read';
const write = 'identity:api-client:write';
const shown = ({ text, version }: { text: string; version: number }) => ok(new RawJson(text), `"${version}"`);

/** /admin/api-client */
export const apiClientsModule = ({
  service,
  list,
  jobs,
}: {
  service: ApiClients;
  list: List;
  jobs: readonly JobDefinition[];
}): Module => ({
  name: 'api-clients',
  base,
  permissions: { [read]: 'company', [write]: 'company' },
  jobs,
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listApiClients',
        summary: 'List machine clients',
        permission: read,
        query: list.query,
        responses: { 200: pageOf(ApiClientView) },
      },
      async ({ query }, context) => ok(new RawJson(await service.page(context, query))),
    ),
    ...secretRoutes({
      base,
      entity: ApiClient,
      permission: write,
      body: ApiClient.createBody,
      create: {
        id: 'createApiClient',
        summary: 'Create a machine client: its secret is shown once',
        description:
          'Its scopes are permissions that its maker holds for the whole company, at least for as long as it is there, and that open something to machine clients: `clients` of GET /admin/role/permissions.',
        run: (context, body) => service.create(context, body),
      },
      rotate: {
        id: 'rotateApiClientSecret',
        summary: 'Give a machine client a new secret, shown once',
        run: (context, id, version) => service.rotate(context, id, version),
      },
    }),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getApiClient',
        summary: 'Read a machine client',
        permission: read,
        params: BY_ID,
        responses: { 200: ApiClientView },
      },
      async ({ params }, context) => shown(await service.read(context, params.id)),
    ),
    route(
      {
        method: 'patch',
        path: '/:id',
        id: 'editApiClient',
        summary: 'Change the name, scopes or expiry of a machine client',
        description:
          'Whoever may not do all that it may, or not for as long, takes scopes and time away from it, and changes nothing else.',
        permission: write,
        params: BY_ID,
        body: ApiClient.editBody,
        ifMatch: true,
        responses: { 200: ApiClientView },
      },
      async ({ params, body, version }, context) => shown(await service.edit(context, params.id, body, version)),
    ),
    route(
      {
        method: 'post',
        path: '/:id/revoke',
        id: 'revokeApiClient',
        summary: 'End a machine client for good',
        description: 'Also in a company that is pending or suspended: a secret that got out is no good any more.',
        permission: write,
        ofCompany: false,
        params: BY_ID,
        ifMatch: true,
        idempotency: 'accepted',
        responses: { 200: ApiClientView },
      },
      async ({ params, version }, context) => shown(await service.revoke(context, params.id, version)),
    ),
  ],
});
