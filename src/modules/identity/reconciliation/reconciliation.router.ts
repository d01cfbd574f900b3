import { ok, pageOf, RawJson, route } from '../../../platform/module.ts';
import type { JobDefinition, List, Module, TickDefinition } from '../../../platform/module.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { DriftView } from './reconciliation.repository.ts';

interface ReconciliationRouterDependencies {
  readonly work: UnitOfWork;
  readonly list: List;
  readonly jobs: readonly JobDefinition[];
  readonly ticks: readonly TickDefinition[];
}

/** /admin/person/drift: what stood otherwise at the identity provider than here, last night. */
export const reconciliationModule = ({ work, list, jobs, ticks }: ReconciliationRouterDependencies): Module => ({
  name: 'reconciliation',
  base: '/admin/person/drift',
  requires: ['persons'],
  jobs,
  ticks,
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listProviderDrift',
        summary: 'What stood otherwise at the identity provider than here, last night',
        description: 'Kinds that are not mended by themselves wait for somebody to look: docs/runbook.md.',
        permission: 'operator:person:read',
        clients: ['admin'],
        query: list.query,
        responses: { 200: pageOf(DriftView) },
      },
      async ({ query }, context) => ok(new RawJson(await work.read(context, (reader) => list.page(reader, query)))),
    ),
  ],
});
