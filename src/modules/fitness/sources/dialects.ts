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
  /** The table's name as it stands in SQL. */
  place(source: SourceTable): string;
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

/** A table's name, quoted part by part. */
const placeOf = ({ table }: SourceTable, quote: Quote, fallback?: string): string => {
  const { schema = fallback, name } = split(table);
  return schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`;
};

/** Columns are named with their table: a bare name in ORDER BY is taken for a canonical one before it is for a column. */
const parts = (source: SourceTable, quote: Quote) => {
  const list = Object.entries(source.columns).flatMap(([alias, column]) =>
    column === null ? [] : `t.${quote(column)} AS ${quote(alias)}`,
  );
  return { list: list.join(', '), id: `t.${quote(source.columns['id'] ?? 'id')}` };
};

const wholeNumber = (value: number): number => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a whole number: ${value}`);
  return value;
};

const mssql: Dialect = {
  place: (source) => placeOf(source, brackets, 'dbo'),
  page: (source, after, limit) => {
    const { list, id } = parts(source, brackets);
    return {
      text: `SELECT TOP (@p2) ${list} FROM ${mssql.place(source)} AS t WHERE ${id} > @p1 ORDER BY ${id}`,
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
};

const mysql: Dialect = {
  place: (source) => placeOf(source, backticks),
  // A prepared LIMIT takes no double, which is how the driver sends numbers: the checked number stands in the text.
  page: (source, after, limit) => {
    const { list, id } = parts(source, backticks);
    return {
      text: `SELECT ${list} FROM ${mysql.place(source)} AS t WHERE ${id} > ? ORDER BY ${id} LIMIT ${wholeNumber(limit)}`,
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
};

const postgres: Dialect = {
  place: (source) => placeOf(source, quotes, 'public'),
  page: (source, after, limit) => {
    const { list, id } = parts(source, quotes);
    return {
      text: `SELECT ${list} FROM ${postgres.place(source)} AS t WHERE ${id} > $1 ORDER BY ${id} LIMIT $2`,
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
};

export const dialects: Readonly<Record<DialectName, Dialect>> = { mssql, mysql, postgres };
