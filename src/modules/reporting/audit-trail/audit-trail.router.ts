import Type from 'typebox';
import type { TObject } from 'typebox';
import { HISTORY_ITEM, TRAIL_ENTRY, TRAIL_ITEM } from '../../../platform/change/trail.ts';
import { BY_ID, exact, integer, ok, pageOf, RawJson, route, uuid } from '../../../platform/module.ts';
import type { Module } from '../../../platform/module.ts';
import type { AuditTrail } from './audit-trail.service.ts';

interface AuditTrailRouterDependencies {
  readonly service: AuditTrail;
  readonly searchQuery: TObject;
  readonly historyQuery: TObject;
}

const clients = ['admin'] as const;
const number = (description: string) => Type.Optional(integer(1, Number.MAX_SAFE_INTEGER, { description }));
const BY_ENTITY = exact({
  entity: Type.String({ pattern: '^[a-z][a-z0-9_]{0,60}$', examples: ['project'] }),
  entityId: uuid(),
});
const REPORT = exact({
  company: uuid(),
  from: integer(0, Number.MAX_SAFE_INTEGER),
  to: integer(0, Number.MAX_SAFE_INTEGER),
  checked: integer(0, Number.MAX_SAFE_INTEGER),
  ok: Type.Boolean(),
  faults: Type.Array(
    exact({
      seq: Type.Optional(Type.Integer()),
      changeId: Type.Optional(uuid()),
      kind: Type.String({ examples: ['edited'] }),
      detail: Type.String(),
    }),
    { maxItems: 1_000 },
  ),
});

/** /admin/auditLog */
export const auditTrailModule = ({ service, searchQuery, historyQuery }: AuditTrailRouterDependencies): Module => ({
  name: 'audit-trail',
  base: '/admin/auditLog',
  permissions: {
    'reporting:audit:read': 'company',
    'reporting:audit:reveal': 'company',
    'reporting:audit:verify': 'company',
  },
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'searchAuditLog',
        summary: 'What was changed in the company, the newest first',
        permission: 'reporting:audit:read',
        clients,
        query: searchQuery,
        responses: { 200: pageOf(TRAIL_ITEM) },
      },
      async ({ query }, context) => ok(new RawJson(await service.search(context, query))),
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getAuditEntry',
        summary: 'One change, with what was before and after',
        permission: 'reporting:audit:read',
        clients,
        params: BY_ID,
        responses: { 200: TRAIL_ENTRY },
      },
      async ({ params }, context) => ok(await service.entry(context, params.id)),
    ),
    route(
      {
        method: 'get',
        path: '/:id/personal',
        id: 'revealAuditEntry',
        summary: 'One change with its personal values in the clear',
        description: 'Every read is written to the change log before it is answered.',
        permission: 'reporting:audit:reveal',
        clients,
        params: BY_ID,
        responses: { 200: TRAIL_ENTRY },
      },
      async ({ params }, context) => ok(await service.reveal(context, params.id)),
    ),
    route(
      {
        method: 'get',
        path: '/history/:entity/:entityId',
        id: 'getEntityHistory',
        summary: 'What happened to one thing, the newest first',
        permission: 'reporting:audit:read',
        clients,
        params: BY_ENTITY,
        query: historyQuery,
        responses: { 200: pageOf(HISTORY_ITEM) },
      },
      async ({ params, query }, context) =>
        ok(new RawJson(await service.history(context, params.entity, params.entityId, query))),
    ),
    route(
      {
        method: 'get',
        path: '/verify',
        id: 'verifyAuditLog',
        summary: 'Whether the chain of changes is whole; what was done to it where it is not',
        permission: 'reporting:audit:verify',
        clients,
        rate: 'export',
        query: exact({ from: number('First number'), to: number('Last number') }),
        responses: { 200: REPORT },
      },
      async ({ query }, context) => {
        const report = await service.verify(context, query);
        return ok({ ...report, faults: [...report.faults] });
      },
    ),
  ],
});
