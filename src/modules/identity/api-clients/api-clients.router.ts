import Type from 'typebox';
import { exact, ok, pageOf, RawJson, route, uuid } from '../../../platform/module.ts';
import type { List, Module } from '../../../platform/module.ts';
import { ApiClient, ApiClientView } from './api-clients.repository.ts';
import type { ApiClientRow } from './api-clients.repository.ts';
import type { ApiClients } from './api-clients.service.ts';

const base = '/admin/api-client';
const BY_ID = exact({ id: uuid() });
const read = 'identity:api-client:read';
const write = 'identity:api-client:write';
const WithSecret = exact({
  ...ApiClient.view.properties,
  secret: Type.Optional(Type.String({ description: 'Shown this once; a repeated request does not show it again' })),
});
const shown = ({ text, version }: { text: string; version: number }) => ok(new RawJson(text), `"${version}"`);
const revealed = ({ secret, ...row }: ApiClientRow & { secret: string }) => ({
  body: { ...(ApiClient.show(row) as ApiClientRow), secret },
  etag: `"${row.version}"`,
});
const NO_STORE = { 'Cache-Control': 'no-store' };

/** /admin/api-client */
export const apiClientsModule = ({ service, list }: { service: ApiClients; list: List }): Module => ({
  name: 'api-clients',
  base,
  permissions: [read, write],
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
    route(
      {
        method: 'post',
        path: '/',
        id: 'createApiClient',
        summary: 'Create a machine client: its secret is shown once',
        permission: write,
        body: ApiClient.createBody,
        idempotency: 'accepted',
        secrets: ['secret'],
        responses: { 201: WithSecret },
      },
      async ({ body }, context) => {
        const made = await service.create(context, body);
        const headers = { ...NO_STORE, Location: `/angelis${base}/${made.id}` };
        return { status: 201 as const, ...revealed(made), headers };
      },
    ),
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
        path: '/:id/rotate',
        id: 'rotateApiClientSecret',
        summary: 'Give a machine client a new secret, shown once',
        permission: write,
        params: BY_ID,
        ifMatch: true,
        idempotency: 'accepted',
        secrets: ['secret'],
        responses: { 200: WithSecret },
      },
      async ({ params, version }, context) => ({
        status: 200 as const,
        ...revealed(await service.rotate(context, params.id, version)),
        headers: NO_STORE,
      }),
    ),
    route(
      {
        method: 'post',
        path: '/:id/revoke',
        id: 'revokeApiClient',
        summary: 'End a machine client for good',
        permission: write,
        params: BY_ID,
        ifMatch: true,
        idempotency: 'accepted',
        responses: { 200: ApiClientView },
      },
      async ({ params, version }, context) => shown(await service.revoke(context, params.id, version)),
    ),
  ],
});
