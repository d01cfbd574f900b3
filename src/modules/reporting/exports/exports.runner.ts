import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import type { Decide, Decision } from '../../../platform/access/decision.ts';
import type { Directory, Standing } from '../../../platform/access/directory.ts';
import type { Rows } from '../../../platform/db/database.ts';
import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { I18n } from '../../../platform/i18n/i18n.ts';
import type { JobContext } from '../../../platform/jobs/definitions.ts';
import type { ReportReach, ReportScope } from '../../../platform/render/report.ts';
import { companyKey } from '../../../platform/storage/company-files.ts';
import type { FileRoom } from '../../../platform/storage/company-files.ts';
import type { FileStore } from '../../../platform/storage/file-store.ts';
import type { Mover, Reader, ReportDefinition, Repository, Tx } from '../../../platform/module.ts';
import { renderCsv } from './rendering/csv.ts';
import { filterFacts, reachFact } from './rendering/facts.ts';
import { renderPdf } from './rendering/pdf.ts';
import { createTexts } from './rendering/texts.ts';
import type { PercentOf } from './rendering/texts.ts';
import { isUnchanged, shownColumns } from './exports.access.ts';
import { fileNameOf } from './exports.file-name.ts';
import { createProgress } from './exports.progress.ts';
import type { Progress } from './exports.progress.ts';
import { EXPORT_RETENTION, writeProgress } from './exports.repository.ts';
import type { ExportError, ExportRow } from './exports.repository.ts';

export interface RunnerDependencies {
  readonly work: UnitOfWork;
  readonly repository: Repository<ExportRow>;
  readonly mover: Mover<ExportRow>;
  readonly directory: Pick<Directory, 'standing'>;
  readonly decide: Decide;
  readonly reports: ReadonlyMap<string, ReportDefinition>;
  readonly files: FileStore;
  readonly room: Pick<FileRoom, 'count'>;
  readonly i18n: I18n;
  /** Whom the reader of a report may see. */
  readonly visible: ReportReach;
  readonly percentOf: PercentOf;
  readonly now: () => Date;
}

/** What is asked of the job. */
export interface ExportPayload {
  readonly exportId: string;
}

/** An export of which trying again makes nothing better. */
class Unfit extends Error {
  override readonly name = 'Unfit';
  readonly code: ExportError;
  constructor(code: ExportError) {
    super(code);
    this.code = code;
  }
}

/** A PDF of more rows is read by nobody, a CSV of more opens nowhere. */
const MOST_ROWS = { csv: 1_000_000, pdf: 20_000 } as const;
const MOST_BYTES = 1024 ** 3;
const TYPES = { csv: 'text/csv; charset=utf-8', pdf: 'application/pdf' } as const;

/** Where the files of an export lie: one for each try, all but one of them removed. */
export const folderOf = (companyId: string, exportId: string): string =>
  companyKey('exports', companyId, `${exportId}/`);

export const removeFiles = async (files: FileStore, folder: string, except?: string): Promise<void> => {
  for await (const { key } of files.list(folder)) if (key !== except) await files.remove(key);
};

/** First and last day, where the report has a period. */
const periodOf = ({ filters: { from, to } }: ExportRow): { from: string; to: string } | undefined =>
  typeof from === 'string' && typeof to === 'string' ? { from, to } : undefined;

/** What a report is asked with: whose, how far, for which instant. */
const scopeFor = (standing: Standing, decision: Decision, at: Date): ReportScope => {
  if (!decision.allowed) throw new Unfit('PERMISSION_CHANGED');
  const { companyId, profileId, timezone } = standing;
  return { companyId, principal: { profileId }, allowance: decision, at, zone: timezone };
};

/** The job that writes exports. Each run may be the second: whatever the first left is found and finished once. */
export const createRunner = (dependencies: RunnerDependencies) => {
  const { work, repository, mover, directory, decide, reports, files, room, i18n, visible, percentOf, now } =
    dependencies;

  /** Takes the export up. Undefined when it is over already: cancelled, ready, failed. */
  const begin = (exportId: string, { scope }: JobContext): Promise<ExportRow | undefined> =>
    work.write({ scope }, async (tx) => {
      const row = await repository.lock(tx, exportId);
      if (row.status === 'running') return row;
      if (row.status !== 'queued') return undefined;
      return mover.moveAs(tx, { scope }, row, 'start', { startedAt: tx.now.toISOString() });
    });

  const render = async (
    reader: Reader,
    row: ExportRow,
    report: ReportDefinition,
    standing: Standing,
    at: Date,
    progress: Progress,
  ): Promise<Readable> => {
    const scope = scopeFor(standing, decide(standing, report.permission), at);
    const condensed = row.format === 'pdf' && row.columns === null ? report.condensed?.(row.filters) : undefined;
    const shape = { ...report, ...condensed };
    const columns = shownColumns(shape, row);
    const { text, values } = shape.rows(scope, row.filters);
    const [{ n } = { n: 0 }] = await reader.query<{ n: number }>(
      `select count(*)::int as n from (${text}) counted`,
      values,
    );
    if (n > MOST_ROWS[row.format]) throw new Unfit('TOO_MANY_ROWS');
    await progress.begin(n);
    const texts = createTexts(i18n, percentOf, row.locale, standing.timezone);
    const names = columns.map(({ name }) => `"${name}"`).join(', ');
    const rows = (): AsyncIterable<Rows> =>
      progress.over(reader.stream(`select ${names} from (${text}) shown`, values));
    if (row.format === 'csv')
      return renderCsv({ columns, rows: rows(), texts, bom: row.bom, separator: row.separator });
    const summary = await report.summary?.(reader, scope, row.filters);
    const reach = await reachFact(reader, scope.allowance, texts);
    const facts = [reach, ...(await filterFacts(reader, { report, visible, scope }, row.filters, texts))];
    return renderPdf({
      report,
      columns,
      rows: rows(),
      summary,
      texts,
      company: standing.companyName,
      author: `${standing.firstName} ${standing.lastName}`,
      at,
      zone: standing.timezone,
      period: periodOf(row),
      facts,
    });
  };

  const produce = async (row: ExportRow, context: JobContext) => {
    const report = reports.get(row.kind);
    if (report === undefined) throw new Unfit('REPORT_UNKNOWN');
    const standing = await directory.standing(context.scope.companyId, row.requestedBy);
    if (
      standing === undefined ||
      !isUnchanged(row.permissionSnapshot, (permission) => decide(standing, permission), report)
    )
      throw new Unfit('PERMISSION_CHANGED');
    const at = now();
    const fileKey = `${folderOf(standing.companyId, row.id)}${uuidv7()}.${row.format}`;
    const progress = createProgress(context.signal, (done, estimated) =>
      work.write({ scope: context.scope }, (tx) => writeProgress(tx, row.id, done, estimated)),
    );
    const stored = await work.read(
      { scope: context.scope },
      async (reader) =>
        files.put(fileKey, await render(reader, row, report, standing, at, progress), {
          contentType: TYPES[row.format],
          maxBytes: MOST_BYTES,
        }),
      { replica: true, snapshot: true },
    );
    const fileName = fileNameOf({
      prefix: i18n.t(row.locale, `reports:kinds.${row.kind}.file`),
      companySlug: standing.companySlug,
      ...periodOf(row),
      at,
      zone: standing.timezone,
      extension: row.format,
    });
    return { fileKey, fileName, ...stored, rowCount: progress.done(), rowsDone: progress.done() };
  };

  /** Offers the file, once: a second run, or one whose export was cancelled, finds the row moved on and leaves no file. */
  const finish = async (
    exportId: string,
    { scope }: JobContext,
    produced: Awaited<ReturnType<typeof produce>>,
  ): Promise<void> => {
    const kept = await work.write({ scope }, async (tx) => {
      const row = await repository.lock(tx, exportId);
      if (row.status !== 'running') return row.fileKey;
      const finishedAt = tx.now.toISOString();
      const expiresAt = new Date(tx.now.getTime() + EXPORT_RETENTION.ms).toISOString();
      await room.count(tx, produced.size);
      await mover.moveAs(tx, { scope }, row, 'finish', { ...produced, finishedAt, expiresAt });
      return produced.fileKey;
    });
    await removeFiles(files, folderOf(scope.companyId, exportId), kept ?? undefined);
  };

  /** Leaves of an export that is over the file that it offers, if any. */
  const clear = async ({ exportId }: ExportPayload, { scope }: Pick<JobContext, 'scope'>): Promise<void> => {
    const { fileKey } = await work.read({ scope }, (reader) => repository.get(reader, exportId));
    await removeFiles(files, folderOf(scope.companyId, exportId), fileKey ?? undefined);
  };

  const fail = async (tx: Tx, exportId: string, error: ExportError): Promise<void> => {
    const row = await repository.lock(tx, exportId);
    if (row.status !== 'queued' && row.status !== 'running') return;
    await mover.moveAs(tx, tx, row, 'fail', { error, finishedAt: tx.now.toISOString() });
  };

  return {
    run: async ({ exportId }: ExportPayload, context: JobContext): Promise<void> => {
      const row = await begin(exportId, context);
      // It ended just before its files were cleared.
      if (row === undefined) return clear({ exportId }, context);
      try {
        await finish(exportId, context, await produce(row, context));
      } catch (error) {
        if (error instanceof Unfit) await work.write({ scope: context.scope }, (tx) => fail(tx, exportId, error.code));
        else if (await isOver(exportId, context)) await clear({ exportId }, context);
        else throw error;
      }
    },
    clear,
    giveUp: (tx: Tx, { exportId }: ExportPayload): Promise<void> => fail(tx, exportId, 'FAILED'),
  };

  /** Whether it was cancelled while it ran: then what broke its writing off is no failure. */
  async function isOver(exportId: string, { scope }: JobContext): Promise<boolean> {
    const { status } = await work.read({ scope }, (reader) => repository.get(reader, exportId));
    return status !== 'running';
  }
};
