import Type from 'typebox';
import { accepted, BY_ID, crudModule, exact, ok, oneOf, pageOf, route } from '../../../platform/module.ts';
import type { JobDefinition, List, Module } from '../../../platform/module.ts';
import { streamOf } from '../../../platform/http/stream-of.ts';
import { BATCH_ERROR, BatchUpload } from './batch.repository.ts';
import type { createBatchService } from './batch.service.ts';
import { BATCH_KINDS } from './columns.ts';

interface BatchRouterDependencies {
  readonly service: ReturnType<typeof createBatchService>;
  readonly errors: List;
  readonly jobs: readonly JobDefinition[];
}

const base = '/admin/profile/batch';
const read = 'organization:batch-upload:read';
const write = 'organization:batch-upload:write';

const KIND = exact({
  kind: Type.Optional(oneOf(BATCH_KINDS, { description: 'What becomes of the people. Default: profiles, drafts' })),
});

const headersOf = (name: string) => ({
  'Content-Type': 'text/csv; charset=utf-8',
  'Content-Disposition': `attachment; filename="${name}.csv"`,
});

/** /admin/profile/batch */
export const batchModule = ({ service, errors, jobs }: BatchRouterDependencies): Module =>
  crudModule({
    base,
    permission: 'organization:batch-upload',
    service,
    jobs,
    routes: [
      route(
        {
          method: 'post',
          path: '/',
          id: 'uploadBatch',
          summary: 'Upload a CSV file of people: it is checked in the background, nobody is added or invited yet',
          description:
            'A multipart form with the file in the field `file`; follow the upload at Location. Its errors name every faulty row and column; one that is no UTF-8, or cannot be read to its end, is rejected as a whole.',
          permission: write,
          query: KIND,
          consumes: 'multipart/form-data',
          responses: { 202: BatchUpload.view },
        },
        async ({ request, query: { kind = 'profiles' } }, context) => {
          const row = await service.upload(context, request, kind);
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
          query: KIND,
          produces: 'text/csv',
          responses: { 200: 'stream' },
        },
        ({ query: { kind = 'profiles' } }) =>
          Promise.resolve({
            ...ok(streamOf(() => service.template(kind))),
            headers: headersOf(kind === 'profiles' ? 'people' : kind),
          }),
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
    ],
  });
