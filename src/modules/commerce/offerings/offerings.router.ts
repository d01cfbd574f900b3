import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { ok, pageOf, RawJson, route } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import { OFFERING, offeringsPage } from './offerings.repository.ts';

/** /admin/offering */
export const offeringsModule = ({ work }: { readonly work: UnitOfWork }): Module => ({
  name: 'offerings',
  base: '/admin/offering',
  permissions: { 'commerce:offering:read': 'everybody' },
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listOfferings',
        summary: 'List what a company can subscribe to',
        permission: 'commerce:offering:read',
        responses: { 200: pageOf(OFFERING) },
      },
      async (_input, context) =>
        ok(new RawJson(await work.read(context, (reader) => offeringsPage(reader, context.locale)))),
    ),
  ],
});
