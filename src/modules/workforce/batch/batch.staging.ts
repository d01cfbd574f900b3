import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { copyCell } from '../../../platform/db/copy.ts';
import type { Tx } from '../../../platform/db/database.ts';
import type { RowFault } from './parse.ts';

/** A row of the file as it is staged. Texts only; a fault leaves what it is about null. */
export interface StagedRow {
  readonly row: number;
  readonly id: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly nationalIdKind: string | null;
  readonly nationalIdSealed: string | null;
  readonly nationalIdHashes: readonly string[];
  readonly contactEmail: string | null;
  readonly contactPhone: string | null;
  readonly employeeNumber: string | null;
  readonly kind: string;
  readonly department: string | null;
  readonly site: string | null;
  readonly riskGroup: string | null;
  readonly expiresOn: string | null;
  readonly links: Readonly<Record<string, string>>;
  readonly faults: readonly RowFault[];
}

/** COPY is refused on tables with row level security: the file lands in a table of this transaction alone. */
const STAGE = `create temporary table batch_stage (
  row_number integer not null, id uuid not null, first_name text, last_name text, national_id_kind text,
  national_id_sealed text, national_id_hashes text[] not null, contact_email text, contact_phone text,
  employee_number text, kind text not null, department text, site text, risk_group text, expires_on date,
  links jsonb not null, faults jsonb not null) on commit drop`;

const BATCH_BYTES = 65_536;
const lineOf = (row: StagedRow): string =>
  `${[
    row.row,
    row.id,
    row.firstName,
    row.lastName,
    row.nationalIdKind,
    row.nationalIdSealed,
    `{${row.nationalIdHashes.map((hash) => `"${hash}"`).join(',')}}`,
    row.contactEmail,
    row.contactPhone,
    row.employeeNumber,
    row.kind,
    row.department,
    row.site,
    row.riskGroup,
    row.expiresOn,
    JSON.stringify(row.links),
    JSON.stringify(row.faults),
  ]
    .map(copyCell)
    .join('\t')}\n`;

async function* chunks(rows: AsyncIterable<StagedRow>): AsyncGenerator<string> {
  let text = '';
  for await (const row of rows) {
    text += lineOf(row);
    if (text.length < BATCH_BYTES) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/** Streams rows into the staging table of this transaction. */
export const stage = async (tx: Tx, rows: AsyncIterable<StagedRow>): Promise<void> => {
  await tx.query(STAGE);
  await pipeline(Readable.from(chunks(rows)), tx.client.query(copyFrom('copy batch_stage from stdin')));
  await tx.query('analyze batch_stage');
};

const ERROR = 'insert into batch_error (company_id, id, upload_id, row_number, column_name, code, params, created_at)';
const found = (row: string, column: string, code: string, params = `'{}'::jsonb`): string =>
  `${ERROR} select $1, gen_random_uuid(), $2, ${row}, ${column}, ${code}, ${params}, $3`;

const LINKS = `jsonb_each_text(s.links) as l(system, external_id)`;
const COLUMN_OF = `case l.system when 'SAFER' then 'safer_id' when 'FIT2000' then 'fit2000_id' else 'checkingmate_id' end`;
const NATIONAL_COLUMN = `case s.national_id_kind when 'RUT' then 'rut' else 'passport' end`;

/** What is wrong with the file by itself. */
const IN_FILE = [
  `${found('s.row_number', `f ->> 'column'`, `f ->> 'code'`, `coalesce(f -> 'params', '{}')`)}
   from batch_stage s cross join lateral jsonb_array_elements(s.faults) f`,
  `${found('s.row_number', NATIONAL_COLUMN, `'DUPLICATE_IN_FILE'`)}
   from (select x.row_number, x.national_id_kind, count(*) over (partition by x.national_id_hashes[1]) as n
     from batch_stage x where x.national_id_sealed is not null) s where s.n > 1`,
  `${found('s.row_number', `'employee_number'`, `'DUPLICATE_IN_FILE'`)}
   from (select x.row_number, count(*) over (partition by lower(x.employee_number)) as n
     from batch_stage x where x.employee_number is not null) s where s.n > 1`,
  `${found('d.row_number', 'd.column_name', `'DUPLICATE_IN_FILE'`)}
   from (select s.row_number, ${COLUMN_OF} as column_name, count(*) over (partition by l.system, l.external_id) as n
     from batch_stage s cross join lateral ${LINKS}) d where d.n > 1`,
];

/** What a person of the file may refer to, with how its name stands to the file's: codes are alike in whatever case. */
const TARGETS = [
  { table: 'department', is: 'lower(t.code) = lower(s.department)' },
  { table: 'risk_group', is: 't.name = s.risk_group' },
  { table: 'site', is: 'lower(t.code) = lower(s.site)' },
] as const;

/** What the file names and the company does not have. */
const REFERENCES = TARGETS.map(
  ({ table, is }) => `${found('s.row_number', `'${table}'`, `'UNKNOWN_REFERENCE'`)}
   from batch_stage s where s.${table} is not null and not exists (
     select 1 from ${table} t where t.company_id = $1 and ${is} and t.deleted_at is null)`,
);

/** Departments `d` that would be too full with `rows`, which name them as `named` says. */
const tooFull = (rows: string, named: string): string =>
  `${found('s.row_number', `'department'`, `'HEADCOUNT_LIMIT'`, `jsonb_build_object('limit', s.headcount_limit)`)}
   from (select x.row_number, d.headcount_limit, count(*) over (partition by d.id) as added,
       (select count(*) from profile p where p.company_id = $1 and p.department_id = d.id and p.status <> 'ended'
         and p.deleted_at is null) as there
     from ${rows} join department d on d.company_id = $1 and ${named} and d.deleted_at is null
     where d.headcount_limit is not null) s where s.added + s.there > s.headcount_limit`;

/** Whether a profile `p` is that of the person of a row, who left: of them the row says so once, at their national id. */
const hasLeft = (row: string): string =>
  `(p.status = 'ended' and coalesce(p.national_id_hash = any(${row}.national_id_hashes), false))`;

/** Who is in the company already, or was, by `rows` of the file (the stage, or what was kept of it). */
const inCompany = (rows: string): string[] => [
  `${found('s.row_number', NATIONAL_COLUMN, `case p.status when 'ended' then 'PROFILE_ENDED' else 'DUPLICATE_IN_COMPANY' end`)}
   from (select x.row_number, x.national_id_kind, unnest(x.national_id_hashes) as hash from ${rows}) s
   join profile p on p.company_id = $1 and p.national_id_hash = s.hash and p.deleted_at is null`,
  `${found('x.row_number', `'employee_number'`, `'DUPLICATE_IN_COMPANY'`)}
   from ${rows} ${rows.includes(' where ') ? 'and' : 'where'} x.employee_number is not null and exists (
     select 1 from profile p where p.company_id = $1 and lower(p.employee_number) = lower(x.employee_number) and p.deleted_at is null
       and not ${hasLeft('x')})`,
  `${found('s.row_number', COLUMN_OF, `'DUPLICATE_IN_COMPANY'`)}
   from (select x.row_number, x.links, x.national_id_hashes from ${rows}) s cross join lateral ${LINKS}
   where exists (select 1 from system_link k join profile p on p.company_id = $1 and p.id = k.profile_id
     where k.company_id = $1 and k.system = l.system and k.external_id = l.external_id and k.deleted_at is null
       and not ${hasLeft('s')})`,
];

const KEEP = `insert into batch_row (company_id, id, upload_id, row_number, first_name, last_name, national_id_kind,
    national_id_sealed, national_id_hashes, contact_email, contact_phone, employee_number, kind, department_id, site_id,
    risk_group_id, expires_at, links, created_at)
  select $1, s.id, $2, s.row_number, s.first_name, s.last_name, s.national_id_kind, s.national_id_sealed,
    s.national_id_hashes, s.contact_email, s.contact_phone, s.employee_number, s.kind, d.id, t.id, g.id,
    (s.expires_on + 1)::timestamp at time zone $4, s.links, $3
  from batch_stage s
  left join department d on d.company_id = $1 and lower(d.code) = lower(s.department) and d.deleted_at is null
  left join site t on t.company_id = $1 and lower(t.code) = lower(s.site) and t.deleted_at is null
  left join risk_group g on g.company_id = $1 and g.name = s.risk_group and g.deleted_at is null
  where not exists (select 1 from batch_error e where e.company_id = $1 and e.upload_id = $2 and e.row_number = s.row_number)`;

/**
 * Writes down every fault of the staged file, keeps the rows without one, and answers how many rows there are and how many
 * were kept. `zone` is the company's: people leave at the end of their last day there.
 */
export const settle = async (tx: Tx, uploadId: string, zone: string): Promise<{ rows: number; valid: number }> => {
  const values = [tx.companyId, uploadId, tx.now];
  for (const check of IN_FILE) await tx.query(check, values);
  const checks = [
    ...REFERENCES,
    tooFull('batch_stage x', 'lower(d.code) = lower(x.department)'),
    ...inCompany('batch_stage x'),
  ];
  for (const check of checks) await tx.query(check, values);
  await tx.query(KEEP, [...values, zone]);
  const [row] = await tx.query<{ rows: number; valid: number }>(
    `select (select count(*) from batch_stage)::int as rows, (select count(*) from batch_row r
       where r.company_id = $1 and r.upload_id = $2)::int as valid`,
    [tx.companyId, uploadId],
  );
  return row!;
};

/**
 * Looks again, before the commit: what the kept rows refer to must still be there, with room for them, and nobody of them in
 * the company. Nobody else takes that room meanwhile.
 */
export const recheck = async (tx: Tx, uploadId: string): Promise<void> => {
  const kept = 'batch_row x where x.company_id = $1 and x.upload_id = $2';
  for (const { table } of TARGETS) {
    await tx.query(
      `select t.id from ${table} t where t.company_id = $1 and t.deleted_at is null
         and t.id in (select x.${table}_id from ${kept}) order by t.id for key share of t`,
      [tx.companyId, uploadId],
    );
    await tx.query(
      `${found('x.row_number', `'${table}'`, `'UNKNOWN_REFERENCE'`)} from ${kept} and x.${table}_id is not null
         and not exists (select 1 from ${table} t where t.company_id = $1 and t.id = x.${table}_id and t.deleted_at is null)`,
      [tx.companyId, uploadId, tx.now],
    );
  }
  await tx.query(
    `select d.id from department d where d.company_id = $1 and d.headcount_limit is not null and d.deleted_at is null
       and d.id in (select x.department_id from ${kept}) order by d.id for no key update of d`,
    [tx.companyId, uploadId],
  );
  const mine = '(select * from batch_row r where r.company_id = $1 and r.upload_id = $2) x';
  for (const check of [tooFull(mine, 'd.id = x.department_id'), ...inCompany(kept)])
    await tx.query(check, [tx.companyId, uploadId, tx.now]);
};

/** Writes down why a file as a whole is refused. */
export const noteFaults = async (tx: Tx, uploadId: string, faults: readonly RowFault[]): Promise<void> => {
  await tx.prepared(
    `${ERROR} select $1, gen_random_uuid(), $2, f."row", f."column", f.code, coalesce(f.params, '{}'), $3
     from jsonb_to_recordset($4) as f("row" integer, "column" text, code text, params jsonb)`,
    [tx.companyId, uploadId, tx.now, JSON.stringify(faults)],
  );
};
