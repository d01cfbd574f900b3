import type { Parameter } from './requests.ts';
import type { Column } from './tokens.ts';
import { columnType } from './types.ts';
import type { TdsValue } from './types.ts';

/** A table in memory: types by column in T-SQL's words, rows in any order. */
export interface TestTable {
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: Record<string, TdsValue>[];
}

export interface Answer {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly TdsValue[])[];
}

/** What a server of ours holds, and what its users may do in it. */
export interface Holdings {
  /** By `schema.name`. */
  readonly tables: ReadonlyMap<string, TestTable>;
  /** Rights by user; SELECT is understood. */
  readonly rights: ReadonlyMap<string, readonly string[]>;
}

/** An error of the server: its number, as in sys.messages, and severity. */
export class SqlError extends Error {
  readonly number: number;
  readonly severity: number;
  constructor(number: number, severity: number, message: string) {
    super(message);
    this.number = number;
    this.severity = severity;
  }
}

const NAME = String.raw`\[((?:[^\]]|\]\])+)\]`;
const PAGE = new RegExp(
  String.raw`^SELECT TOP \((@\w+)\) (.+) FROM ${NAME}\.${NAME} AS t WHERE t\.${NAME} > (@\w+) ORDER BY t\.${NAME}$`,
);
const ITEM = new RegExp(`^t\\.${NAME} AS ${NAME}$`);
const COLUMNS =
  /^SELECT COLUMN_NAME AS name FROM INFORMATION_SCHEMA\.COLUMNS WHERE TABLE_SCHEMA = (@\w+) AND TABLE_NAME = (@\w+)$/;
const RIGHTS =
  /^SELECT permission_name AS name FROM sys\.fn_my_permissions\(NULL, N'DATABASE'\)\s+WHERE permission_name IN \((.+)\)\s+UNION SELECT permission_name FROM sys\.fn_my_permissions\((@\w+), N'OBJECT'\)\s+WHERE permission_name IN \(\1\)$/;

const plain = (quoted: string): string => quoted.replaceAll(']]', ']');
const nameColumn: Column = { name: 'name', type: columnType('nvarchar(128)') };

/** Values of the parameters, which must be declared as what they are sent as. */
const valuesOf = (declared: string, parameters: readonly Parameter[]) => {
  const types = new Map(
    declared
      .split(/,\s*(?=@)/)
      .filter((one) => one !== '')
      .map((one) => one.split(' ') as [string, string]),
  );
  return (name: string, expected: RegExp): string | bigint => {
    const found = parameters.find((parameter) => parameter.name === name);
    const type = types.get(name);
    if (type === undefined || found === undefined)
      throw new SqlError(137, 15, `Must declare the scalar variable "${name}".`);
    if (!expected.test(type) || !expected.test(found.type) || found.value === null)
      throw new SqlError(
        8114,
        16,
        `Error converting data type ${found.type} (declared ${type}) to ${expected.source}.`,
      );
    return found.value;
  };
};

const BIGINT = /^bigint$/;
const NVARCHAR = /^nvarchar\((\d+|max)\)$/;

const tableOf = ({ tables }: Holdings, name: string): TestTable => {
  const table = tables.get(name);
  if (table === undefined) throw new SqlError(208, 16, `Invalid object name '${name}'.`);
  return table;
};

/**
 * Answers the requests that a reader of sources makes, in the words of T-SQL and in no others: a page above a cursor, the
 * columns of a table, what a user may do. Throws SqlError as SQL Server does.
 */
export const evaluate = (holdings: Holdings, user: string, [sql, declared, ...rest]: readonly Parameter[]): Answer => {
  const text = String(sql?.value ?? '');
  const value = valuesOf(String(declared?.value ?? ''), rest);
  const page = PAGE.exec(text);
  if (page !== null) {
    const [, top = '', list = '', schema = '', name = '', key = '', after = '', order] = page;
    const table = tableOf(holdings, `${plain(schema)}.${plain(name)}`);
    const items = list.split(/, (?=t\.\[)/).map((item) => {
      const [, column = '', alias = ''] = ITEM.exec(item) ?? [];
      const type = table.columns[plain(column)];
      if (type === undefined) throw new SqlError(207, 16, `Invalid column name '${plain(column)}'.`);
      return { column: plain(column), name: plain(alias), type: columnType(type) };
    });
    if (key !== order) throw new SqlError(145, 15, 'this page is not ordered by its key');
    const [above, most] = [value(after, BIGINT) as bigint, value(top, BIGINT) as bigint];
    const rows = table.rows
      .map((row) => ({ row, id: BigInt(row[plain(key)] as number) }))
      .filter(({ id }) => id > above)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, Number(most));
    return { columns: items, rows: rows.map(({ row }) => items.map(({ column }) => row[column] ?? null)) };
  }
  const columns = COLUMNS.exec(text);
  if (columns !== null) {
    const [schema, name] = [value(columns[1]!, NVARCHAR), value(columns[2]!, NVARCHAR)];
    const found = holdings.tables.get(`${schema}.${name}`)?.columns ?? {};
    return { columns: [nameColumn], rows: Object.keys(found).map((column) => [column]) };
  }
  const asked = RIGHTS.exec(text);
  if (asked !== null) {
    const [, list = '', place = ''] = asked;
    const of = [...list.matchAll(/N'(\w+)'/g)].map(([, right = '']) => right);
    const table = String(value(place, NVARCHAR)).replaceAll(/[[\]]/g, '');
    const held = holdings.tables.has(table) ? (holdings.rights.get(user) ?? []) : [];
    return { columns: [nameColumn], rows: of.filter((right) => held.includes(right)).map((right) => [right]) };
  }
  throw new SqlError(102, 15, `Incorrect syntax near '${text.slice(0, 40)}'.`);
};
