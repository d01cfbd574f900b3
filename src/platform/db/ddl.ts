/** Options of a company's table. */
export interface CompanyTableOptions {
  /** What user `app` may do besides reading and inserting. Default: update (rows are deleted softly). */
  readonly allow?: readonly ('update' | 'delete')[];
  /** Adds `version`, `updated_*` and `deleted_at`: rows that live and change. Default true. */
  readonly mutable?: boolean;
  /** Partitions by month on the time inside the UUIDv7 id. Default false. */
  readonly partitioned?: boolean;
  /** Stays when the company is purged. Default false. */
  readonly kept?: boolean;
}

const MINE = `company_id = current_setting('app.company_id')::uuid`;

/**
 * The statements, one each, that create a table whose every row belongs to one company: `company_id` and `id` as key,
 * row level security enabled and forced, one policy for user `app`. Constraints must be named by the caller.
 */
export const companyTable = (
  name: string,
  columns: readonly string[],
  { allow = ['update'], mutable = true, partitioned = false, kept = false }: CompanyTableOptions = {},
): string[] => {
  const lines = [
    'company_id uuid not null',
    'id uuid not null',
    ...columns.filter((line) => !line.startsWith('constraint')),
    ...(mutable ? ['version integer not null default 1'] : []),
    'created_at timestamptz(3) not null',
    'created_by uuid',
    ...(mutable ? ['updated_at timestamptz(3) not null', 'updated_by uuid', 'deleted_at timestamptz(3)'] : []),
    `constraint ${name}_pkey primary key (company_id, id)`,
    `constraint ${name}_company_id_fkey foreign key (company_id) references company (id)`,
    ...columns.filter((line) => line.startsWith('constraint')),
  ];
  return [
    `create table ${name} (\n  ${lines.join(',\n  ')}\n)${partitioned ? ' partition by range (id)' : ''}`,
    ...isolate(name, kept),
    ...(mutable ? [companyIndex(name, 'deleted_at', { where: 'deleted_at is not null' })] : []),
    `grant ${['select', 'insert', ...allow].join(', ')} on ${name} to app`,
  ];
};

/** Row level security of a company's table: enabled, forced, one policy for user `app`; `kept` when the company is purged. */
export const isolate = (name: string, kept = false): string[] => [
  `alter table ${name} enable row level security`,
  `alter table ${name} force row level security`,
  `create policy ${name}_company on ${name} to app using (${MINE}) with check (${MINE})`,
  ...(kept ? [] : [purgeable(name)]),
];

/** Lets the functions that purge (0012-companies.ts) delete the rows of the one company that they were asked for; nobody else may. */
export const purgeable = (name: string): string =>
  `create policy ${name}_purge on ${name} to current_user using (company_id = nullif(current_setting('app.purging', true), '')::uuid)`;

/** A foreign key inside the company: `reference('project', 'site_id', 'site')`. */
export const reference = (table: string, column: string, target: string): string =>
  `constraint ${table}_${column}_fkey foreign key (company_id, ${column}) references ${target} (company_id, id)`;

/** The same where the row is a part of its target: it goes with it, and does not keep anybody from deleting it. */
export const part = (table: string, column: string, target: string): string =>
  `${reference(table, column, target)} on delete cascade`;

/** Lets user `system` do `what` (for example `select` or `select, update`) on all rows of a table. */
export const systemMay = (name: string, what: string): string[] => [
  `grant ${what} on ${name} to system`,
  ...what
    .split(',')
    .map((verb) => verb.trim())
    .map(
      (verb) =>
        `create policy ${name}_system_${verb} on ${name} for ${verb} to system ${verb === 'insert' ? 'with check (true)' : 'using (true)'}`,
    ),
];

/** An index led by the company; `where` makes it partial. */
export const companyIndex = (
  table: string,
  columns: string,
  options: { unique?: boolean; where?: string } = {},
): string => {
  const name = `${table}_${columns.replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_|_$/g, '')}_${options.unique ? 'key' : 'idx'}`;
  const where = options.where === undefined ? '' : ` where ${options.where}`;
  return `create ${options.unique ? 'unique ' : ''}index ${name.slice(0, 60)} on ${table} (company_id, ${columns})${where}`;
};

/** A table of the operator, of no company: `app` reads and writes the rows for which `visible` (SQL) holds. */
export const operatorTable = (name: string, columns: readonly string[], visible: string, grants: string): string[] => [
  `create table ${name} (${columns.join(', ')})`,
  `alter table ${name} enable row level security`,
  `alter table ${name} force row level security`,
  `create policy ${name}_app on ${name} to app using (${visible}) with check (${visible})`,
  `grant ${grants} on ${name} to app`,
];

/** Holds in transactions of the operator's own company: staff, and the system at work on operator tables. */
export const BY_OPERATOR = `current_setting('app.operator', true) = 'on'`;

/** A table of the operator's catalogue: everybody reads it, staff write it, seed sets add to it. */
export const catalogueTable = (name: string, columns: readonly string[]): string[] => [
  `create table ${name} (${columns.join(', ')})`,
  `alter table ${name} enable row level security`,
  `alter table ${name} force row level security`,
  `create policy ${name}_app on ${name} for select to app using (true)`,
  `create policy ${name}_app_insert on ${name} for insert to app with check (${BY_OPERATOR})`,
  `create policy ${name}_app_update on ${name} for update to app using (${BY_OPERATOR}) with check (${BY_OPERATOR})`,
  `grant select, insert, update on ${name} to app`,
  ...systemMay(name, 'select, insert'),
];

/** The columns that every operator table with rows that live and change has. */
export const OPERATOR_STAMPS = [
  'version integer not null default 1',
  'created_at timestamptz(3) not null',
  'created_by uuid',
  'updated_at timestamptz(3) not null',
  'updated_by uuid',
  'deleted_at timestamptz(3)',
];
