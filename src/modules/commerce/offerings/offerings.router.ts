import { namesOf } from '../../../platform/crud/names.ts';
import { readRoutes, writeRoutes } from '../../../platform/crud/routes.ts';
import { ok, pageOf, RawJson, route } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { Offering, OfferingItem } from './offerings.repository.ts';
import type { Offerings } from './offerings.service.ts';

const base = '/admin/offering';
const { view, createBody, editBody } = Offering;

/** /admin/offering: a list for everybody; one alone, and its changes, for the operator's staff. */
export const offeringsModule = (service: Offerings): Module => {
  const common = { names: namesOf('offering'), permission: 'operator:offering', clients: ['admin'] } as const;
  const [, detail] = readRoutes({ ...common, service, list: service.about.list, item: view, detail: view });
  return {
    name: 'offerings',
    base,
    permissions: {
      'commerce:offering:read': 'everybody',
      'operator:offering:read': 'company',
      'operator:offering:write': 'company',
    },
    routes: [
      route(
        {
          method: 'get',
          path: '/',
          id: 'listOfferings',
          summary: 'List what a company can subscribe to',
          permission: 'commerce:offering:read',
          responses: { 200: pageOf(OfferingItem) },
        },
        async (_input, context) => ok(new RawJson(await service.all(context))),
      ),
      detail!,
      ...writeRoutes({ ...common, base, view, createBody, editBody, service }),
    ],
  };
};
