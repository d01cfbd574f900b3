import type { Readable } from 'node:stream';
import type { Decide } from '../../../platform/access/decision.ts';
import type { Directory } from '../../../platform/access/directory.ts';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { databaseError } from '../../../platform/db/errors.ts';
import type { Reader } from '../../../platform/db/database.ts';
import type { ListQuery } from '../../../platform/db/list.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import { checkCompanyHints } from '../../../platform/http/company-hints.ts';
import type { PublicContext } from '../../../platform/http/context.ts';
import type { Locale } from '../../../platform/i18n/locales.ts';
import type { FileRoom } from '../../../platform/storage/company-files.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import type { Filters, ReportReach } from '../../../platform/render/report.ts';
import { sign, verify } from '../../../platform/storage/signed-link.ts';
import { conflict, createCrud, forbidden, invalid, notFound, Problem } from '../../../platform/module.ts';
import type { Context, Enqueue, List, Mover, ReportDefinition, Repository } from '../../../platform/module.ts';
import { isUnchanged, snapshotOf } from './exports.access.ts';
import { EXPORT_JOB } from './exports.jobs.ts';
import { isReference, referenceName } from './exports.references.ts';
import type { ExportRow } from './exports.repository.ts';

export interface ExportRequest {
  readonly kind: string;
  readonly format: ExportRow['format'];
  readonly locale?: Locale;
  readonly filters?: Readonly<Record<string, unknown>>;
  readonly columns?: string[];
  readonly bom?: boolean;
  readonly separator?: ',' | ';';
}

export interface Download {
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  readonly file: Readable;
}

interface ExportsDependencies {
  readonly repository: Repository<ExportRow>;
  readonly list: List;
  readonly work: UnitOfWork;
  readonly mover: Mover<ExportRow>;
  readonly enqueue: Enqueue;
  readonly reports: ReadonlyMap<string, ReportDefinition>;
  readonly directory: Pick<Directory, 'standing'>;
  readonly decide: Decide;
  readonly files: FileStore;
  readonly room: Pick<FileRoom, 'take'>;
  readonly signing: KeyRing;
  readonly publicUrl: string;
  /** Whom the reader of a report may see. */
  readonly visible: ReportReach;
  readonly now: () => Date;
}

/** How often a file can be fetched. */
const MAX_DOWNLOADS = 10;
const PURPOSE = 'export';
const RUNNING_KEY = 'export_job_requested_by_kind_key';
const TYPES = { csv: 'text/csv; charset=utf-8', pdf: 'application/pdf' } as const;

const EMPTY = {
  status: 'queued',
  rowsDone: 0,
  rowsEstimated: null,
  rowCount: null,
  startedAt: null,
  finishedAt: null,
  fileName: null,
  fileKey: null,
  size: null,
  sha256: null,
  expiresAt: null,
  downloads: 0,
  maxDownloads: MAX_DOWNLOADS,
  error: null,
} as const;

/** A column that is asked for by name must be one that the person may see. */
const checkColumns = (
  { columns }: ReportDefinition,
  wanted: readonly string[] | undefined,
  may: (permission: string) => boolean,
) => {
  for (const { name, permission } of columns)
    if (permission !== undefined && wanted?.includes(name) && !may(permission))
      throw forbidden('FORBIDDEN', { params: { permission } });
};

const checkPeriod = ({ filters = {} }: ExportRequest): void => {
  const { from, to } = filters;
  if (typeof from === 'string' && typeof to === 'string' && from > to) throw invalid('/filters/to', 'BEFORE_START');
};

/** Exports: asked for, followed, cancelled by their owner; fetched by whoever holds their link. */
export const createExportsService = (dependencies: ExportsDependencies) => {
  const { repository, list, work, mover, enqueue, reports, directory, decide } = dependencies;
  const { files, room, signing, publicUrl, visible, now } = dependencies;
  const crud = createCrud<ExportRow>({
    repository,
    list,
    work,
    mover,
    now,
    restrict: (context) => (bind) => `t.requested_by = ${bind(context.principal.profileId)}`,
  });

  /** The address under which the file can be fetched without a token, until it expires; null while there is no file. */
  const linkOf = (
    companyId: string,
    row: Pick<ExportRow, 'id' | 'status' | 'requestedBy' | 'expiresAt'>,
  ): string | null => {
    if (row.status !== 'ready' || row.expiresAt === null) return null;
    const claims = { company: companyId, export: row.id, profile: row.requestedBy };
    const token = sign({ purpose: PURPOSE, claims, expiresAt: new Date(row.expiresAt) }, signing);
    return `${publicUrl}/angelis/admin/export/download/${token}`;
  };

  /** Nobody is told the name of anything, in which they may see nobody, by an empty report of it. */
  const checkReferences = async (reader: Reader, context: Context, report: ReportDefinition, filters: Filters) => {
    const { principal } = context;
    const allowance = decide(principal, report.permission);
    if (!allowance.allowed) return;
    const scope = { companyId: reader.companyId, principal, allowance, at: now(), zone: 'UTC' };
    for (const [filter, id] of Object.entries(filters))
      if (isReference(filter) && (await referenceName(reader, { report, visible, scope }, filter, id)) === undefined)
        throw invalid(`/filters/${filter}`, 'UNKNOWN_REFERENCE');
  };

  const request = async (context: Context, body: ExportRequest): Promise<ExportRow> => {
    const report = reports.get(body.kind);
    const { profileId } = context.principal;
    if (report === undefined) throw notFound();
    const { permission } = report;
    if (profileId === null || !decide(context.principal, permission).allowed)
      throw forbidden('FORBIDDEN', { params: { permission } });
    checkColumns(report, body.columns, (each) => decide(context.principal, each).allowed);
    checkPeriod(body);
    const row = await work.write(context, async (tx) => {
      await checkReferences(tx, context, report, body.filters ?? {});
      // How large it becomes is not known yet: one that began is finished.
      await room.take(tx, 0);
      const values = {
        ...EMPTY,
        kind: body.kind,
        format: body.format,
        locale: body.locale ?? context.locale,
        filters: body.filters ?? {},
        columns: body.columns ?? null,
        bom: body.bom ?? true,
        separator: body.separator ?? null,
        requestedBy: profileId,
        permissionSnapshot: snapshotOf((each) => decide(context.principal, each), report),
      };
      const made = await repository.insert(tx, values).catch((error: unknown) => {
        throw isRunning(databaseError(error)) ? conflict('EXPORT_RUNNING', { cause: error }) : error;
      });
      await enqueue(tx, EXPORT_JOB, { exportId: made.id });
      return made;
    });
    return repository.entity.show(row) as ExportRow;
  };

  const readLink = (token: string): { company: string; id: string; profile: string } => {
    const verdict = verify(token, { purpose: PURPOSE, now: now() }, signing);
    if (!verdict.ok && verdict.reason === 'expired') throw new Problem(410, 'LINK_EXPIRED');
    if (!verdict.ok) throw forbidden('LINK_INVALID');
    const { company, export: id, profile } = verdict.claims;
    return { company: String(company), id: String(id), profile: String(profile) };
  };

  /** Whoever asked for it must still be allowed everything that it shows. */
  const checkStanding = async (row: ExportRow, companyId: string, context: PublicContext): Promise<void> => {
    const standing = await directory.standing(companyId, row.requestedBy);
    const report = reports.get(row.kind);
    if (standing === undefined || report === undefined) throw forbidden('EXPORT_NO_LONGER_ALLOWED');
    checkCompanyHints(context.hints, standing);
    if (!isUnchanged(row.permissionSnapshot, (permission) => decide(standing, permission), report))
      throw forbidden('EXPORT_NO_LONGER_ALLOWED');
  };

  const download = async (token: string, context: PublicContext): Promise<Download> => {
    const { company, id, profile } = readLink(token);
    const { traceId, address, agent } = context;
    const scope = {
      companyId: company,
      actor: { kind: 'profile', id: profile, via: 'link' },
      traceId,
      address,
      agent,
    } as const;
    await checkStanding(await work.read({ scope }, (reader) => repository.get(reader, id)), company, context);
    return work.write({ scope }, async (tx) => {
      const row = await repository.lock(tx, id);
      const { status, fileKey, fileName, size, expiresAt, downloads, maxDownloads, format } = row;
      if (status === 'expired' || expiresAt === null || new Date(expiresAt) <= tx.now)
        throw new Problem(410, 'LINK_EXPIRED');
      if (fileKey === null || fileName === null || size === null) throw notFound();
      if (downloads >= maxDownloads) throw new Problem(410, 'DOWNLOADS_USED_UP', { params: { limit: maxDownloads } });
      await repository.update(tx, row, { downloads: downloads + 1 }, { action: 'download' });
      return { name: fileName, contentType: TYPES[format], size, file: await files.get(fileKey) };
    });
  };

  return {
    request,
    download,
    list: (context: Context, query: ListQuery & object) => crud.list(context, query),
    actions: (context: Context, id: string) => crud.actions(context, id),
    detail: async (context: Context, id: string) => {
      const { text } = await crud.detail(context, id);
      const row = JSON.parse(text) as ExportRow;
      return { ...row, download: linkOf(context.scope.companyId, row) };
    },
    cancel: (context: Context, id: string): Promise<ExportRow> => crud.move(context, id, 'cancel', {}, undefined),
  };
};

const isRunning = (error: unknown): boolean => error instanceof Problem && error.options.constraint === RUNNING_KEY;
