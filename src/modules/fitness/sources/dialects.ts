/** Where a source's rows lie, as far as its SQL needs to know: canonical names to columns; null: this site has none. */
export interface SourceTable {
  readonly table: string;
  readonly columns: Readonly<Record<string, string | null>>;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** How one kind of database wants its SQL. */
export interface Dialect {
  /** The next `limit` rows above `after`, in ascending order of id, under canonical names. */
  page(source: SourceTable, after: number, limit: number): Statement;
  /** Names of the table's columns that this user may read; no row: no such table. Answered as `name`. */
  columns(source: SourceTable): Statement;
  /** What this user may do beyond reading, answered as `name`; no row: nothing. */
  rights(source: SourceTable): Statement;
}

export const DIALECTS = ['mssql', 'mysql', 'postgres'] as const;
export type DialectName = (typeof DIALECTS)[number];

const SCHEMES: Readonly<Record<string, DialectName>> = {
  'mssql:': 'mssql',
  'sqlserver:': 'mssql',
  'mysql:': 'mysql',
  'mariadb:': 'mysql',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
};

/** The kind of database a URL leads to. Throws an Error that says which schemes there are. */
export const dialectOf = (url: string): DialectName => {
  const { protocol } = new URL(url);
  const dialect = SCHEMES[protocol];
  if (dialect === undefined)
    throw new Error(`a source's URL begins with mssql, mysql or postgres, not with ${protocol.replace(':', '')}`);
  return dialect;
};

const split = (table: string): { schema: string | undefined; name: string } => {
  const dot = table.indexOf('.');
  return dot < 0 ? { schema: undefined, name: table } : { schema: table.slice(0, dot), name: table.slice(dot + 1) };
};

type Quote = (name: string) => string;
const brackets: Quote = (name) => `[${name.replaceAll(']', ']]')}]`;
const backticks: Quote = (name) => `\`${name.replaceAll('`', '``')}\``;
const quotes: Quote = (name) => `"${name.replaceAll('"', '""')}"`;

const parts = ({ table, columns }: SourceTable, quote: Quote) => {
  const { schema, name } = split(table);
  const list = Object.entries(columns).flatMap(([alias, column]) =>
    column === null ? [] : `${quote(column)} AS ${quote(alias)}`,
  );
  return {
    list: list.join(', '),
    from: schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`,
    id: quote(columns['id'] ?? 'id'),
  };
};

const wholeNumber = (value: number): number => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a whole number: ${value}`);
  return value;
};

const mssql: Dialect = {
  page: (source, after, limit) => {
    const { list, from, id } = parts(source, brackets);
    return {
      text: `SELECT TOP (@p2) ${list} FROM ${from} WHERE ${id} > @p1 ORDER BY ${id}`,
      values: [wholeNumber(after), wholeNumber(limit)],
    };
  },
  columns: ({ table }) => {
    const { schema = 'dbo', name } = split(table);
    return {
      text: 'SELECT COLUMN_NAME AS name FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = @p1 AND TABLE_NAME = @p2',
      values: [schema, name],
    };
  },
  rights: (source) => ({
    text: `SELECT permission_name AS name FROM sys.fn_my_permissions(NULL, N'DATABASE')
      WHERE permission_name IN (N'INSERT', N'UPDATE', N'DELETE', N'ALTER', N'CONTROL')
      UNION SELECT permission_name FROM sys.fn_my_permissions(@p1, N'OBJECT')
      WHERE permission_name IN (N'INSERT', N'UPDATE', N'DELETE', N'ALTER', N'CONTROL')`,
    values: [parts(source, brackets).from],
  }),
};

/** Of a user's own rights, wherever they were given to it: those that change data or tables. */
const grants = ['USER', 'SCHEMA', 'TABLE', 'COLUMN']
  .map(
    (scope) => `SELECT PRIVILEGE_TYPE AS name FROM information_schema.${scope}_PRIVILEGES
      WHERE GRANTEE = CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')
      AND PRIVILEGE_TYPE IN ('INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'DROP', 'SUPER')`,
  )
  .join(' UNION ');

const mysql: Dialect = {
  // A prepared LIMIT takes no double, which is how the driver sends numbers: the checked number stands in the text.
  page: (source, after, limit) => {
    const { list, from, id } = parts(source, backticks);
    return {
      text: `SELECT ${list} FROM ${from} WHERE ${id} > ? ORDER BY ${id} LIMIT ${wholeNumber(limit)}`,
      values: [wholeNumber(after)],
    };
  },
  columns: ({ table }) => {
    const { schema, name } = split(table);
    const where = schema === undefined ? 'DATABASE()' : '?';
    return {
      text: `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${where} AND TABLE_NAME = ?`,
      values: schema === undefined ? [name] : [schema, name],
    };
  },
  rights: () => ({ text: grants, values: [] }),
};

const postgres: Dialect = {
  page: (source, after, limit) => {
    const { list, from, id } = parts(source, quotes);
    return {
      text: `SELECT ${list} FROM ${from} WHERE ${id} > $1 ORDER BY ${id} LIMIT $2`,
      values: [wholeNumber(after), wholeNumber(limit)],
    };
  },
  columns: ({ table }) => {
    const { schema = 'public', name } = split(table);
    return {
      text: 'SELECT column_name AS name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2',
      values: [schema, name],
    };
  },
  rights: () => ({
    text: `SELECT r.name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS r(name)
      WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        AND (has_table_privilege(c.oid, r.name)
          OR (r.name IN ('INSERT', 'UPDATE') AND has_any_column_privilege(c.oid, r.name)))
      GROUP BY r.name`,
    values: [],
  }),
};

export const dialects: Readonly<Record<DialectName, Dialect>> = { mssql, mysql, postgres };
