import Type from 'typebox';
import type { Setting } from '../../../platform/configuration.ts';
import { exact, integer, line, ok, okRow, route } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type { createAppconfigService } from './appconfig.service.ts';

type Service = ReturnType<typeof createAppconfigService>;

const BY_KEY = exact({
  key: Type.String({ pattern: '^[a-zA-Z][a-zA-Z.-]{2,99}$', examples: ['organization.branding'] }),
});
const VIEW = exact({
  key: Type.String(),
  value: Type.Unknown(),
  default: Type.Unknown(),
  schema: Type.Unknown({ description: 'JSON Schema of the value' }),
  public: Type.Boolean(),
  version: integer(0, 2_147_483_647, { description: '0: not set by the company; goes into If-Match' }),
});

/** /admin/appconfig */
export const appconfigModule = (service: Service, settings: readonly Setting<unknown>[]): Module => ({
  name: 'appconfig',
  base: '/admin/appconfig',
  permissions: { 'organization:appconfig:read': 'company', 'organization:appconfig:write': 'company' },
  settings,
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listSettings',
        summary: 'All settings of the company, with their defaults',
        permission: 'organization:appconfig:read',
        clients: ['admin'],
        responses: { 200: exact({ items: Type.Array(VIEW, { maxItems: 500 }) }) },
      },
      async (_input, context) => ok({ items: await service.all(context) }),
    ),
    route(
      {
        method: 'get',
        path: '/:key',
        id: 'getSetting',
        summary: 'One setting',
        permission: 'organization:appconfig:read',
        clients: ['admin'],
        params: BY_KEY,
        responses: { 200: VIEW },
      },
      async ({ params }, context) => okRow(await service.one(context, params.key)),
    ),
    route(
      {
        method: 'put',
        path: '/:key',
        id: 'setSetting',
        summary: 'Set a setting',
        permission: 'organization:appconfig:write',
        clients: ['admin'],
        params: BY_KEY,
        body: exact({ value: Type.Unknown() }),
        ifMatch: true,
        responses: { 200: VIEW },
      },
      async ({ params, body, version }, context) => okRow(await service.set(context, params.key, body.value, version)),
    ),
  ],
});

/** /appconfig: for frontends, before anybody signed in; the company comes from header, host or path. */
export const publicAppconfigModule = (service: Service): Module => ({
  name: 'public-appconfig',
  base: '/appconfig',
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'getPublicSettings',
        summary: 'Public settings of the company that the request names',
        permission: 'public',
        responses: {
          200: exact({
            company: exact({ slug: Type.String(), name: line(200), locale: Type.String(), timezone: Type.String() }),
            settings: Type.Record(Type.String(), Type.Unknown()),
          }),
        },
      },
      async (_input, context) => ok(await service.open(context)),
    ),
  ],
});
