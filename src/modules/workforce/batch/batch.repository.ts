import Type from 'typebox';
import { v7 as uuidv7 } from 'uuid';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity, exact, instant, integer, line, listOf, nullable, oneOf } from '../../../platform/module.ts';
import type { Reader, RowOf, Tx } from '../../../platform/module.ts';
import type { BulkInvitee, NewPerson } from '../ports.ts';
import { BATCH_KINDS } from './columns.ts';

const BATCH_STATES = [
  'uploaded',
  'validating',
  'rejected',
  'validated',
  'committing',
  'committed',
  'failed',
  'expired',
] as const;

const count = (description: string) => integer(0, 10_000_000, { description });

export const BatchUpload = entity({
  table: 'batch_upload',
  fields: {
    kind: oneOf(BATCH_KINDS, { description: 'Adds people as drafts, or invites them' }),
    fileName: line(200),
    mode: oneOf(['dry_run', 'commit']),
    partial: Type.Boolean({ description: 'Takes the rows without faults though others have some' }),
    rowCount: count('Rows of the file, without the headings'),
    validCount: count('Rows without a fault'),
    errorCount: count('Rows with one'),
    committedCount: count('People who were added, or invited'),
    progress: integer(0, 100, { description: 'Percent of what runs' }),
    expiresAt: nullable(instant({ description: 'Until when a validated upload can be committed' })),
    status: oneOf(BATCH_STATES),
  },
  hidden: { fileKey: nullable(Type.String()) },
  create: [],
  edit: [],
});
export type BatchUploadRow = RowOf<typeof BatchUpload>;

export const batchList = listOf(BatchUpload, { sorts: ['-createdAt'], coarse: { status: 'uploads are few' } });

/** One fault as the read model gives it; the text is added in the caller's language. */
export const BATCH_ERROR = exact({
  row: integer(1, 10_000_000, { description: 'As a spreadsheet counts: the headings are row 1' }),
  column: nullable(Type.String()),
  code: Type.String(),
  message: Type.String(),
});

export const batchErrorList: ListDefinition = {
  name: 'batch-errors',
  from: 'from batch_error e',
  alias: 'e',
  where: 'e.company_id = $1',
  item: `json_build_object('row', e.row_number, 'column', e.column_name, 'code', e.code, 'params', e.params)`,
  sorts: { row: 'e.row_number' },
  defaultSort: 'row',
};

/** Percent of what a running job has done, never less than before; no change of the row itself. */
export const noteProgress = async (tx: Tx, id: string, percent: number): Promise<void> => {
  await tx.prepared('update batch_upload set progress = $3 where company_id = $1 and id = $2 and progress < $3', [
    tx.companyId,
    id,
    percent,
  ]);
};

/** A person of the file, the national id sealed under the company's key. */
export type StagedPerson = NewPerson & { readonly row: number; readonly nationalIdSealed: string };

/** The staged people of an upload after row `after`, at most `limit`, in the order of the file. */
export const stagedPeople = (tx: Tx, uploadId: string, after: number, limit: number): Promise<StagedPerson[]> =>
  tx.prepared(
    `select r.row_number as row, r.id, r.first_name as "firstName", r.last_name as "lastName",
       r.national_id_kind as "nationalIdKind", r.national_id_sealed as "nationalIdSealed",
       r.contact_email as "contactEmail", r.contact_phone as "contactPhone", r.employee_number as "employeeNumber",
       r.kind, r.department_id as "departmentId", r.site_id as "siteId", r.risk_group_id as "riskGroupId",
       r.expires_at as "expiresAt", r.links
     from batch_row r where r.company_id = $1 and r.upload_id = $2 and r.row_number > $3
       and not exists (select 1 from batch_error e where e.company_id = $1 and e.upload_id = $2
         and e.row_number = r.row_number)
     order by r.row_number limit $4`,
    [tx.companyId, uploadId, after, limit],
  );

/** How many rows have a fault. */
export const countFaulty = async (tx: Tx, uploadId: string): Promise<number> => {
  const [row] = await tx.prepared<{ rows: number }>(
    'select count(distinct e.row_number)::int as rows from batch_error e where e.company_id = $1 and e.upload_id = $2',
    [tx.companyId, uploadId],
  );
  return row!.rows;
};

/** Somebody of a file of invitations. */
export type StagedInvitee = BulkInvitee & { readonly row: number };

/** Keeps the invitees whose rows have no fault, for the commit. */
export const stageInvitees = async (tx: Tx, uploadId: string, invitees: readonly StagedInvitee[]): Promise<void> => {
  await tx.prepared(
    `insert into batch_invitee (company_id, id, upload_id, row_number, email, first_name, last_name, kind, department_id,
       site_id, expires_at, locale, system_role, features, attributes, created_at)
     select $1, n.id, $2, n."row", n.email, n."firstName", n."lastName", n.kind, n."departmentId", n."siteId",
       n."expiresAt", n.locale, n."systemRole", n.features, n.attributes, $3
     from jsonb_to_recordset($4) as n(id uuid, "row" integer, email text, "firstName" text, "lastName" text, kind text,
       "departmentId" uuid, "siteId" uuid, "expiresAt" timestamptz, locale text, "systemRole" text,
       features text[], attributes jsonb)`,
    [tx.companyId, uploadId, tx.now, JSON.stringify(invitees.map((invitee) => ({ ...invitee, id: uuidv7() })))],
  );
};

/** The invitees of an upload, in the order of the file. */
export const stagedInvitees = (tx: Tx, uploadId: string): Promise<StagedInvitee[]> =>
  tx.prepared(
    `select i.row_number as row, i.email, i.first_name as "firstName", i.last_name as "lastName", i.kind,
       i.department_id as "departmentId", i.site_id as "siteId", i.expires_at as "expiresAt", i.locale,
       i.system_role as "systemRole", i.features, i.attributes
     from batch_invitee i where i.company_id = $1 and i.upload_id = $2 order by i.row_number`,
    [tx.companyId, uploadId],
  );

/** The ids of live rows of a table by their codes. */
export const idsByCode = async (
  reader: Reader,
  table: 'department' | 'site',
  codes: readonly string[],
): Promise<ReadonlyMap<string, string>> => {
  const rows = await reader.prepared<{ code: string; id: string }>(
    `select lower(t.code) as code, t.id from ${table} t where t.company_id = $1 and lower(t.code) = any($2) and t.deleted_at is null`,
    [reader.companyId, codes.map((code) => code.toLowerCase())],
  );
  return new Map(rows.map(({ code, id }) => [code, id]));
};

/** Forgets the staged people of an upload; what was wrong with the others is kept. */
export const dropStaged = async (tx: Tx, uploadId: string): Promise<void> => {
  for (const table of ['batch_row', 'batch_invitee'])
    await tx.prepared(`delete from ${table} where company_id = $1 and upload_id = $2`, [tx.companyId, uploadId]);
};
