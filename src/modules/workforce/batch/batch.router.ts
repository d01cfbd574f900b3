import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BY_ID, moveRoutes } from '../../../platform/crud/routes.ts';
import type { List } from '../../../platform/db/list.ts';
import type { Module } from '../../../platform/http/module.ts';
import { accepted, ok, RawJson, route } from '../../../platform/http/route.ts';
import type { StreamBody } from '../../../platform/http/route.ts';
import type { JobDefinition } from '../../../platform/jobs/definitions.ts';
import type { Lifecycle } from '../../../platform/lifecycle/lifecycle.ts';
import { pageOf } from '../../../platform/schema/types.ts';
import { BATCH_ERROR, BatchUpload } from './batch.repository.ts';
import type { BatchUploadRow } from './batch.repository.ts';
import type { createBatchService } from './batch.service.ts';

interface BatchRouterDependencies {
  readonly service: ReturnType<typeof createBatchService>;
  readonly list: List;
  readonly errors: List;
  readonly lifecycle: Lifecycle<BatchUploadRow>;
  readonly jobs: readonly JobDefinition[];
}

const base = '/admin/profile/batch';
const read = 'organization:batch-upload:read';
const write = 'organization:batch-upload:write';

const csvBody = (source: () => Readable): StreamBody => ({
  stream: (response) => {
    response.type('text/csv').attachment('people.csv');
    return pipeline(source(), response);
  },
});

/** /admin/profile/batch */
export const batchModule = ({ service, list, errors, lifecycle, jobs }: BatchRouterDependencies): Module => ({
  name: 'batch-uploads',
  base,
  permissions: [read, write],
  lifecycles: [lifecycle],
  jobs,
  routes: [
    route(
      {
        method: 'get',
        path: '/',
        id: 'listBatchUploads',
        summary: 'List uploads of people',
        permission: read,
        query: list.query,
        responses: { 200: pageOf(BatchUpload.view) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'post',
        path: '/',
        id: 'uploadBatch',
        summary: 'Upload a CSV file of people: it is checked in the background, nobody is added yet',
        description: 'A multipart form with the file in the field `file`; follow the upload at Location.',
        permission: write,
        consumes: 'multipart/form-data',
        responses: { 202: BatchUpload.view },
      },
      async ({ request }, context) => {
        const row = await service.upload(context, request);
        return accepted(`/angelis${base}/${row.id}`, row);
      },
    ),
    route(
      {
        method: 'get',
        path: '/template',
        id: 'getBatchTemplate',
        summary: 'Download the template of the file',
        permission: read,
        produces: 'text/csv',
        responses: { 200: 'stream' },
      },
      () => Promise.resolve(ok(csvBody(() => service.template()))),
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: 'getBatchUpload',
        summary: 'Read an upload: its counts and how far it is',
        permission: read,
        params: BY_ID,
        responses: { 200: BatchUpload.view },
      },
      async ({ params }, context) => {
        const { text, version } = await service.detail(context, params.id);
        return ok(new RawJson(text), `"${version}"`);
      },
    ),
    route(
      {
        method: 'get',
        path: '/:id/errors',
        id: 'listBatchErrors',
        summary: 'What is wrong with the file, row by row',
        permission: read,
        params: BY_ID,
        query: errors.query,
        responses: { 200: pageOf(BATCH_ERROR) },
      },
      async ({ params, query }, context) => ok(await service.errors(context, params.id, query)),
    ),
    ...moveRoutes({
      name: 'batchUpload',
      permission: 'organization:batch-upload',
      view: BatchUpload.view,
      lifecycle,
      service,
    }),
  ],
});
