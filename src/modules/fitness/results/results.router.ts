import { BY_ID } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { ok, RawJson, route } from '../../../platform/http/route.ts';
import { keeps } from '../../../platform/privacy/erasure.ts';
import { pageOf } from '../../../platform/schema/types.ts';
import { MetricsView, ResultView } from './results.repository.ts';
import type { Entered, ResultsService } from './results.service.ts';
import { ManualResultBody, SelfReportBody, SignalBody } from './submissions.ts';

interface ResultsRouterDependencies {
  readonly service: ResultsService;
  readonly list: List;
}

const base = '/fitness/results';

/** A result is never changed, so it has a place and no version. */
const entered = ({ id, text }: Entered) => ({
  status: 201 as const,
  body: new RawJson(text),
  headers: { Location: `/angelis${base}/${id}` },
});

/** /fitness/results */
export const resultsModule = ({ service, list }: ResultsRouterDependencies): Module => ({
  name: 'fitness-results',
  base,
  permissions: { 'fitness:result:read': 'rows', 'fitness:result:write': 'rows', 'fitness:metrics:read': 'rows' },
  erasures: [keeps('test_result', { writtenOnce: true })],
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listTestResults',
        summary: 'List results, with level and decision',
        permission: 'fitness:result:read',
        machines: true,
        query: list.query,
        responses: { 200: pageOf(ResultView) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getTestResult',
        summary: 'Read a result',
        permission: 'fitness:result:read',
        machines: true,
        params: BY_ID,
        responses: { 200: ResultView },
      },
      async ({ params }, context) => ok(new RawJson(await service.detail(context, params.id))),
    ),
    route(
      {
        method: 'get',
        path: '/:id/metrics',
        id: 'getTestResultMetrics',
        summary: 'Read the raw values of a result; the read is logged',
        permission: 'fitness:metrics:read',
        params: BY_ID,
        responses: { 200: MetricsView },
      },
      async ({ params }, context) => ok(await service.metrics(context, params.id)),
    ),
    route(
      {
        method: 'post',
        path: '/',
        id: 'enterTestResult',
        summary: 'Enter a measurement by hand for another person',
        permission: 'fitness:result:write',
        body: ManualResultBody,
        idempotency: 'accepted',
        responses: { 201: ResultView },
      },
      async ({ body }, context) => entered(await service.manual(context, body)),
    ),
  ],
});

/** /fitness/self-report and /fitness/signal */
export const submissionsModules = (service: ResultsService): Module[] => [
  {
    name: 'fitness-self-report',
    base: '/fitness/self-report',
    permissions: { 'fitness:self-report:write': 'everybody' },
    routes: [
      route(
        {
          method: 'post',
          path: '/',
          id: 'submitSelfReport',
          summary: 'Say how one slept and feels',
          permission: 'fitness:self-report:write',
          machines: true,
          body: SelfReportBody,
          idempotency: 'accepted',
          responses: { 201: ResultView },
        },
        async ({ body }, context) => entered(await service.selfReport(context, body)),
      ),
    ],
  },
  {
    name: 'fitness-signal',
    base: '/fitness/signal',
    permissions: { 'fitness:signal:write': 'rows' },
    routes: [
      route(
        {
          method: 'post',
          path: '/',
          id: 'submitSignal',
          summary: 'Say what was seen of another person: an alert, or a clearance of alcohol and drugs',
          permission: 'fitness:signal:write',
          machines: true,
          body: SignalBody,
          idempotency: 'accepted',
          responses: { 201: ResultView },
        },
        async ({ body }, context) => entered(await service.signal(context, body)),
      ),
    ],
  },
];
