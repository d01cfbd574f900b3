import { crudModule } from '../../../platform/crud/module.ts';
import { BY_ID } from '../../../platform/crud/routes.ts';
import { createCrud } from '../../../platform/crud/service.ts';
import type { CrudParts } from '../../../platform/crud/service.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { ok, RawJson, route } from '../../../platform/http/route.ts';
import { pageOf } from '../../../platform/schema/types.ts';
import type { SourceCompanyRow } from './source-companies.ts';
import { DISCARD, QuarantineView } from './sources.repository.ts';
import type { StaffQuarantine } from './staff.service.ts';

const clients = ['admin'] as const;

/** /operations/source-companies: which code in a source's rows is which company. What waits for one is taken by the next reading. */
export const sourceCompaniesModule = (parts: CrudParts<SourceCompanyRow>): Module =>
  crudModule({
    base: '/operations/source-companies',
    permission: 'operator:source-company',
    clients,
    service: createCrud({ ...parts, onRemove: true }),
  });

interface StaffQuarantineDependencies {
  readonly service: StaffQuarantine;
  readonly list: List;
}

const read = 'operator:quarantine:read';
const retry = 'operator:quarantine:retry';
const discard = 'operator:quarantine:discard';

/** /operations/quarantine: rows of sources whose company nobody knows. */
export const staffQuarantineModule = ({ service, list }: StaffQuarantineDependencies): Module => ({
  name: 'operator-quarantine',
  base: '/operations/quarantine',
  permissions: { [read]: 'company', [retry]: 'company', [discard]: 'company' },
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listUnownedRows',
        summary: 'List rows of sources whose company is unknown',
        permission: read,
        clients,
        query: list.query,
        responses: { 200: pageOf(QuarantineView) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'post',
        path: '/:id/retry',
        id: 'retryUnownedRow',
        summary: 'Try a row again: it goes to its company, as a result or into its quarantine',
        permission: retry,
        clients,
        params: BY_ID,
        idempotency: 'accepted',
        responses: { 200: QuarantineView },
      },
      async ({ params }, context) => ok(new RawJson(await service.retry(context, params.id))),
    ),
    route(
      {
        method: 'post',
        path: '/:id/discard',
        id: 'discardUnownedRow',
        summary: 'Give a row up for good',
        permission: discard,
        clients,
        params: BY_ID,
        body: DISCARD,
        idempotency: 'accepted',
        responses: { 200: QuarantineView },
      },
      async ({ params, body }, context) => ok(new RawJson(await service.discard(context, params.id, body.reason))),
    ),
  ],
});
