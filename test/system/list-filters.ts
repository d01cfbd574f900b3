import { parse } from 'libpg-query';
import type { Filter, ListDefinition } from '../../src/platform/db/list.ts';
import { walk } from '../after/statement-rules.ts';
import type { Node } from '../after/statement-rules.ts';

/** An index as filters meet it. */
export interface Index {
  readonly table: string;
  /** Its first column, that of the company aside. */
  readonly first: string;
  /** What it is limited to, as the catalogue writes it. */
  readonly only: string | null;
}

const plain = (sql: string): string =>
  sql
    .toLowerCase()
    .replaceAll(/::\w+|[()]|\b[a-z]\./g, '')
    .replaceAll(/\s+/g, ' ');

interface Compared {
  readonly alias: string;
  readonly column: string;
}

/** `alias.column` of a plain column reference. */
const columnOf = (expression: unknown): Compared | undefined => {
  const { ColumnRef } = (expression ?? {}) as { ColumnRef?: { fields: { String?: { sval?: string } }[] } };
  const [alias, column] = ColumnRef?.fields.map((field) => field.String?.sval ?? '') ?? [];
  return alias === undefined || column === undefined ? undefined : { alias, column };
};

/** Whether a value that the caller gave is in an expression; `$1` is the company. */
const isGiven = (expression: unknown): boolean =>
  [...walk([expression])].some(([key, node]) => key === 'ParamRef' && Number(node['number']) > 1);

/** What values of the caller are compared with; undefined for a comparison that no index answers, such as of a function's result. */
const comparedIn = (tree: unknown): (Compared | undefined)[] =>
  [...walk(tree)]
    .filter(([key]) => key === 'A_Expr')
    .flatMap(([, { lexpr, rexpr }]: [string, Node]) => {
      if (!isGiven(lexpr) && !isGiven(rexpr)) return [];
      return [isGiven(lexpr) ? columnOf(rexpr) : columnOf(lexpr)];
    });

const tablesIn = (tree: unknown): ReadonlyMap<string, string> =>
  new Map(
    [...walk(tree)]
      .filter(([key]) => key === 'RangeVar')
      .map(([, { relname, alias }]) => [
        (alias as { aliasname?: string } | undefined)?.aliasname ?? (relname as string),
        relname as string,
      ]),
  );

/** Filters of a list that compare what no index begins with, and do not say why that does. */
export const unservedFilters = async (definition: ListDefinition, indexes: readonly Index[]): Promise<string[]> => {
  const where = plain(definition.where);
  const isServed = (table: string | undefined, column: string): boolean =>
    indexes.some(
      (index) =>
        index.table === table &&
        index.first === column &&
        (index.only ?? '')
          .split(' AND ')
          .every((part) => where.includes(plain(part)) || plain(part) === `${column} is not null`),
    );
  const served = async ({ sql }: Filter): Promise<boolean> => {
    let n = 1;
    const condition = sql(() => `$${(n += 1)}`, '' as never);
    const tree = (await parse(`select 1 ${definition.from} where ${condition}`)) as unknown;
    const tables = tablesIn(tree);
    return comparedIn(tree).every((found) => found !== undefined && isServed(tables.get(found.alias), found.column));
  };
  const faults: string[] = [];
  for (const [name, filter] of Object.entries(definition.filters ?? {}))
    if (filter.coarse === undefined && !(await served(filter))) faults.push(`${definition.name}: ${name}`);
  return faults;
};
