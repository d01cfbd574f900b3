import Type from 'typebox';
import type { TSchema } from 'typebox';
import { ACTIONS } from '../../../platform/crud/routes.ts';
import { streamOf } from '../../../platform/http/stream-of.ts';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import {
  accepted,
  BY_ID,
  exact,
  keeps,
  nullable,
  ok,
  oneOf,
  pageOf,
  RawJson,
  route,
} from '../../../platform/module.ts';
import type { List, Module, ReportDefinition, Route } from '../../../platform/module.ts';
import { CREATE_PERMISSION } from './exports.access.ts';
import { attachment } from './exports.file-name.ts';
import { CANCEL_PERMISSION } from './exports.lifecycle.ts';
import { EXPORT_RETENTION, ExportJob, FORMATS, SEPARATORS } from './exports.repository.ts';
import type { createExportsService, Download, ExportRequest } from './exports.service.ts';

const READ_PERMISSION = 'reporting:export:read';

interface ExportsRouterDependencies {
  readonly service: ReturnType<typeof createExportsService>;
  readonly list: List;
  readonly reports: readonly ReportDefinition[];
}

const VIEW = exact({
  ...ExportJob.view.properties,
  download: nullable(
    Type.String({ description: 'Fetches the file without a token, until `expiresAt`; null while there is none' }),
  ),
});

const wishFor = ({ kind, filters, columns }: ReportDefinition): TSchema => {
  const isRequired = ((filters.required ?? []) as readonly string[]).length > 0;
  return exact({
    kind: Type.Literal(kind),
    format: oneOf(FORMATS),
    locale: Type.Optional(oneOf(LOCALES, { description: 'Default: the language of the request' })),
    filters: isRequired ? filters : Type.Optional(filters),
    columns: Type.Optional(
      Type.Array(oneOf(columns.map(({ name }) => name)), { minItems: 1, maxItems: columns.length, uniqueItems: true }),
    ),
    bom: Type.Optional(
      Type.Boolean({ description: 'CSV: a byte order mark, by which Excel reads accents', default: true }),
    ),
    separator: Type.Optional(oneOf(SEPARATORS, { description: 'CSV. Default: what the language expects' })),
  });
};

/** One variant a report, so that filters and columns are checked, and shown in the API, for each. */
const wishes = (reports: readonly ReportDefinition[]) =>
  Type.Unsafe<ExportRequest>({
    type: 'object',
    required: ['kind'],
    discriminator: { propertyName: 'kind' },
    oneOf: reports.map(wishFor),
  });

const headersOf = ({ name, contentType, size }: Download): Record<string, string> => ({
  'Content-Type': contentType,
  'Content-Length': String(size),
  'Content-Disposition': attachment(name),
  'Cache-Control': 'private, no-store',
});

const title = (area: string): string => area.charAt(0).toUpperCase() + area.slice(1);

const routesBelow = (area: 'admin' | 'manager', { service, list, reports }: ExportsRouterDependencies): Route[] => {
  const suffix = area === 'admin' ? '' : `For${title(area)}`;
  return [
    route(
      {
        method: 'post',
        path: '/',
        id: `createExport${suffix}`,
        summary: 'Ask for a report as CSV or PDF',
        description: 'Written in the background: follow it at Location, `download` is there once it is `ready`.',
        permission: CREATE_PERMISSION,
        rate: 'export',
        body: wishes(reports),
        idempotency: 'required',
        responses: { 202: ExportJob.view },
      },
      async ({ body }, context) => {
        const row = await service.request(context, body);
        return accepted(`/angelis/${area}/export/${row.id}`, row);
      },
    ),
    route(
      {
        method: 'get',
        path: '/',
        id: `listExports${suffix}`,
        summary: 'List own exports',
        permission: READ_PERMISSION,
        query: list.query,
        responses: { 200: pageOf(ExportJob.view) },
      },
      async ({ query }, context) => ok(new RawJson(await service.list(context, query))),
    ),
    route(
      {
        method: 'get',
        path: '/:id',
        id: `getExport${suffix}`,
        summary: 'Follow an export',
        permission: READ_PERMISSION,
        params: BY_ID,
        responses: { 200: VIEW },
      },
      async ({ params }, context) => ok(await service.detail(context, params.id)),
    ),
    route(
      {
        method: 'get',
        path: '/:id/actions',
        id: `listExportActions${suffix}`,
        summary: 'What may be done next with an export',
        permission: READ_PERMISSION,
        params: BY_ID,
        responses: { 200: ACTIONS },
      },
      async ({ params }, context) => ok({ items: await service.actions(context, params.id) }),
    ),
    route(
      {
        method: 'post',
        path: '/:id/cancel',
        id: `cancelExport${suffix}`,
        summary: 'Cancel an export',
        description: 'From queued or running. Takes no If-Match: an export moves on by itself while it is watched.',
        permission: CANCEL_PERMISSION,
        params: BY_ID,
        idempotency: 'accepted',
        responses: { 200: ExportJob.view },
      },
      async ({ params }, context) => ok(await service.cancel(context, params.id)),
    ),
  ];
};

const downloading = ({ service }: ExportsRouterDependencies): Route =>
  route(
    {
      method: 'get',
      path: '/download/:token',
      id: 'downloadExport',
      summary: 'Fetch the file of an export',
      description: 'For whoever holds the link; every download is counted and stands in the audit trail.',
      permission: 'public',
      params: exact({ token: Type.String({ minLength: 1, maxLength: 1_000 }) }),
      produces: 'application/octet-stream',
      responses: { 200: 'stream' },
    },
    async ({ params }, context) => {
      const file = await service.download(params.token, context);
      return { status: 200 as const, body: streamOf(() => file.file), headers: headersOf(file) };
    },
  );

/** /admin/export and /manager/export: the same exports, one's own. */
export const exportsModules = (
  dependencies: ExportsRouterDependencies,
  brings: Pick<Module, 'jobs' | 'ticks' | 'lifecycles' | 'reports'>,
): readonly Module[] => [
  {
    ...brings,
    name: 'exports',
    base: '/admin/export',
    permissions: { [CREATE_PERMISSION]: 'everybody', [READ_PERMISSION]: 'everybody', [CANCEL_PERMISSION]: 'everybody' },
    retentions: [EXPORT_RETENTION],
    erasures: [keeps(ExportJob, { by: 'requested_by' })],
    routes: [...routesBelow('admin', dependencies), downloading(dependencies)],
  },
  {
    name: 'manager-exports',
    requires: ['exports'],
    base: '/manager/export',
    routes: routesBelow('manager', dependencies),
  },
];
