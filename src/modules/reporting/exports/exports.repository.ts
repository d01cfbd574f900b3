import Type from 'typebox';
import { LOCALES } from '../../../platform/i18n/locales.ts';
import { REACHES } from '../../../platform/access/principal.ts';
import {
  entity,
  exact,
  instant,
  integer,
  line,
  listOf,
  nullable,
  oneOf,
  retention,
  uuid,
} from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';

/** Why an export failed. */
export const EXPORT_ERRORS = ['FAILED', 'PERMISSION_CHANGED', 'TOO_MANY_ROWS', 'REPORT_UNKNOWN'] as const;
export type ExportError = (typeof EXPORT_ERRORS)[number];
export const FORMATS = ['csv', 'pdf'] as const;
export const SEPARATORS = [',', ';'] as const;

/** How long a file can be fetched (domain.md 5). */
export const EXPORT_RETENTION = retention({ of: 'export_file', by: 'reporting.export.purge', ms: 86_400_000 });

const MOST_ROWS = 2_147_483_647;

const SCOPES = Type.Array(exact({ kind: oneOf(['department', 'project']), id: uuid() }));

/** How far one permission reached when the export was asked for; no way: it was not held. */
const HELD = exact({
  permission: Type.String(),
  ways: Type.Array(exact({ reach: oneOf(REACHES), scopes: SCOPES })),
  except: SCOPES,
});

/** One wish for a report as a file, and what became of it. */
export const ExportJob = entity({
  table: 'export_job',
  fields: {
    kind: line(60),
    format: oneOf(FORMATS),
    locale: oneOf(LOCALES),
    filters: Type.Unsafe<Record<string, unknown>>({ type: 'object' }),
    columns: nullable(Type.Array(line(60))),
    bom: Type.Boolean(),
    separator: nullable(oneOf(SEPARATORS)),
    requestedBy: uuid(),
    permissionSnapshot: Type.Array(HELD),
    status: oneOf(['queued', 'running', 'ready', 'expired', 'cancelled', 'failed']),
    rowsDone: integer(0, MOST_ROWS),
    rowsEstimated: nullable(integer(0, MOST_ROWS)),
    rowCount: nullable(integer(0, MOST_ROWS)),
    startedAt: nullable(instant()),
    finishedAt: nullable(instant()),
    fileName: nullable(line(200)),
    size: nullable(integer(0, Number.MAX_SAFE_INTEGER, { description: 'Bytes' })),
    sha256: nullable(Type.String({ description: 'Of the file, hexadecimal' })),
    expiresAt: nullable(instant({ description: 'After this instant the file can no longer be fetched' })),
    downloads: integer(0, 1_000),
    maxDownloads: integer(1, 1_000),
    error: nullable(oneOf(EXPORT_ERRORS)),
  },
  hidden: { fileKey: nullable(line(300)) },
  create: [],
  edit: [],
});
export type ExportRow = RowOf<typeof ExportJob>;

export const exportList = listOf(ExportJob, {
  sorts: ['-createdAt'],
  coarse: { status: 'exports are few, and deleted after a while', kind: 'the same' },
});

/**
 * Writes how far a running export has come; no change of its own in the log, and no new version. False when it does not
 * run any more.
 */
export const writeProgress = async (tx: Tx, id: string, done: number, estimated: number): Promise<boolean> => {
  const rows = await tx.prepared(
    `update export_job set rows_done = $3, rows_estimated = $4 where company_id = $1 and id = $2 and status = 'running'
     returning id`,
    [tx.companyId, id, done, estimated],
  );
  return rows.length > 0;
};

/** Exports that are over and still have a file, the oldest first. */
export const exportsToPurge = (reader: Reader, limit: number): Promise<{ id: string }[]> =>
  reader.prepared(
    `select id from export_job where company_id = $1 and file_key is not null and status <> 'ready' order by id limit $2`,
    [reader.companyId, limit],
  );
