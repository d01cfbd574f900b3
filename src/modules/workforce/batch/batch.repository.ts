import Type from 'typebox';
import type { ListDefinition } from '../../../platform/db/list.ts';
import { entity, exact, instant, integer, listOf, nullable, oneOf, text } from '../../../platform/module.ts';
import type { RowOf, Tx } from '../../../platform/module.ts';
import type { NewPerson } from '../ports.ts';

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
    kind: oneOf(['profiles']),
    fileName: text(200),
    mode: oneOf(['dry_run', 'commit']),
    partial: Type.Boolean({ description: 'Takes the rows without faults though others have some' }),
    rowCount: count('Rows of the file, without the headings'),
    validCount: count('Rows without a fault'),
    errorCount: count('Rows with one'),
    committedCount: count('People who were added'),
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

/** Forgets the staged people of an upload; what was wrong with the others is kept. */
export const dropStaged = async (tx: Tx, uploadId: string): Promise<void> => {
  await tx.prepared('delete from batch_row where company_id = $1 and upload_id = $2', [tx.companyId, uploadId]);
};
