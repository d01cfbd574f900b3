import { companyIndex, companyTable, reference } from '../src/platform/db/ddl.ts';

export const up = [
  ...companyTable('export_job', [
    'kind text not null',
    'format text not null',
    'locale text not null',
    'filters jsonb not null',
    'columns text[]',
    'bom boolean not null',
    'separator text',
    'requested_by uuid not null',
    'permission_snapshot jsonb not null',
    'status text not null',
    'rows_done integer not null',
    'rows_estimated integer',
    'row_count integer',
    'started_at timestamptz(3)',
    'finished_at timestamptz(3)',
    'file_name text',
    'file_key text',
    'size bigint',
    'sha256 text',
    'expires_at timestamptz(3)',
    'downloads integer not null',
    'max_downloads integer not null',
    'error text',
    reference('export_job', 'requested_by', 'profile'),
    `constraint export_job_format_check check (format in ('csv', 'pdf'))`,
    `constraint export_job_locale_check check (locale in ('es', 'en', 'fr'))`,
    `constraint export_job_separator_check check (separator in (',', ';'))`,
    `constraint export_job_status_check check (status in ('queued', 'running', 'ready', 'expired', 'cancelled', 'failed'))`,
    `constraint export_job_ready_check check
       (status <> 'ready' or num_nonnulls(file_key, file_name, size, sha256, row_count, expires_at) = 6)`,
    'constraint export_job_downloads_check check (downloads between 0 and max_downloads)',
  ]),
  companyIndex('export_job', 'requested_by, kind', {
    unique: true,
    where: `status in ('queued', 'running') and deleted_at is null`,
  }),
  companyIndex('export_job', 'requested_by, created_at, id', { where: 'deleted_at is null' }),
  companyIndex('export_job', 'id', { where: `file_key is not null and status <> 'ready'` }),
];

export const down = ['drop table export_job'];
