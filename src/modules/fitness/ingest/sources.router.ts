import Type from 'typebox';
import { BY_ID } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { ok, RawJson, route } from '../../../platform/http/route.ts';
import type { TickDefinition } from '../../../platform/jobs/definitions.ts';
import type { Erasure } from '../../../platform/privacy/erasure.ts';
import { exact, pageOf } from '../../../platform/schema/types.ts';
import { DISCARD, QuarantineView, SourceHealth } from './sources.repository.ts';
import type { SourcesService } from './sources.service.ts';

interface SourcesRouterDependencies {
  readonly service: SourcesService;
  readonly list: List;
  readonly ticks: readonly TickDefinition[];
  readonly erasures: readonly Erasure[];
}

const read = 'fitness:source:read';
const retry = 'fitness:source:retry';
const discard = 'fitness:source:discard';

/** /fitness/sources and /fitness/quarantine */
export const sourcesModules = ({ service, list, ticks, erasures }: SourcesRouterDependencies): Module[] => [
  {
    name: 'fitness-sources',
    base: '/fitness/sources',
    permissions: { [read]: 'company', [retry]: 'company', [discard]: 'company' },
    ticks,
    routes: [
      route(
        {
          method: 'get',
          path: '/',
          id: 'listSources',
          summary: 'How the sources of results do',
          permission: read,
          responses: { 200: exact({ items: Type.Array(SourceHealth, { maxItems: 10 }) }) },
        },
        async (_input, context) => ok(new RawJson(await service.health(context))),
      ),
    ],
  },
  {
    name: 'fitness-quarantine',
    base: '/fitness/quarantine',
    requires: ['fitness-sources'],
    erasures,
    routes: [
      route(
        {
          method: 'get',
          path: '/',
          id: 'listQuarantine',
          summary: 'List rows that could not be taken as results',
          permission: read,
          query: list.query,
          responses: { 200: pageOf(QuarantineView) },
        },
        async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
      ),
      route(
        {
          method: 'post',
          path: '/:id/retry',
          id: 'retryQuarantine',
          summary: 'Try a row again',
          permission: retry,
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
          id: 'discardQuarantine',
          summary: 'Give a row up for good',
          permission: discard,
          params: BY_ID,
          body: DISCARD,
          idempotency: 'accepted',
          responses: { 200: QuarantineView },
        },
        async ({ params, body }, context) => ok(new RawJson(await service.discard(context, params.id, body.reason))),
      ),
    ],
  },
];
