import { parse } from 'libpg-query';

export type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** All nodes below `root`, itself included; what `stop` names is yielded but not entered. */
export function* walk(
  root: unknown,
  stop: (key: string) => boolean = () => false,
): Generator<[key: string, node: Node]> {
  if (Array.isArray(root)) {
    for (const item of root) yield* walk(item, stop);
    return;
  }
  if (!isNode(root)) return;
  for (const [key, value] of Object.entries(root)) {
    if (isNode(value)) yield [key, value];
    if (!stop(key)) yield* walk(value, stop);
  }
}

const QUERIES = new Set(['SelectStmt', 'UpdateStmt', 'DeleteStmt', 'InsertStmt']);
const VOLATILE = new Set([
  'now',
  'random',
  'gen_random_uuid',
  'clock_timestamp',
  'statement_timestamp',
  'transaction_timestamp',
  'uuidv7',
  'uuidv4',
]);

const nameOf = (call: Node): string => {
  const parts = call['funcname'] as { String?: { sval?: string } }[];
  return parts.at(-1)?.String?.sval ?? '';
};

/** `alias.company_id` (or bare `company_id`) of a column reference; undefined for another column. */
const companyColumn = (expression: unknown): string | undefined => {
  const fields = (
    (expression as { ColumnRef?: { fields?: { String?: { sval?: string } }[] } }).ColumnRef?.fields ?? []
  ).map((field) => field.String?.sval ?? '');
  if (fields.at(-1) !== 'company_id') return undefined;
  return fields.length > 1 ? fields[0] : '';
};

/** The number of a parameter, cast or not; undefined for anything else. */
const parameterOf = (expression: unknown): number | undefined => {
  if (!isNode(expression)) return undefined;
  const { ParamRef, TypeCast } = expression as { ParamRef?: { number: number }; TypeCast?: { arg?: unknown } };
  return ParamRef?.number ?? (TypeCast === undefined ? undefined : parameterOf(TypeCast.arg));
};

/** What must hold for every row that the expression keeps: the parts of an AND, however deep. */
const conjuncts = (expression: unknown): unknown[] => {
  const { BoolExpr } = (expression ?? {}) as { BoolExpr?: { boolop: string; args: unknown[] } };
  return BoolExpr?.boolop === 'AND_EXPR' ? BoolExpr.args.flatMap(conjuncts) : [expression];
};

interface Comparison {
  readonly alias: string;
  /** Undefined where company_id is compared in another way than `= $n`. */
  readonly parameter: number | undefined;
}

/** `alias.company_id <operator> something`, whichever side it stands on; undefined for other expressions. */
const comparisonOf = (expression: unknown): Comparison | undefined => {
  const { A_Expr } = (expression ?? {}) as { A_Expr?: { kind: string; name?: unknown; lexpr?: Node; rexpr?: Node } };
  if (A_Expr === undefined) return undefined;
  const sides = [A_Expr.lexpr, A_Expr.rexpr].filter((side) => side !== undefined);
  const alias = sides.map(companyColumn).find((name) => name !== undefined);
  if (alias === undefined) return undefined;
  const operator = (A_Expr.name as { String?: { sval?: string } }[])[0]?.String?.sval;
  const isEquality = A_Expr.kind === 'AEXPR_OP' && operator === '=';
  return { alias, parameter: isEquality ? sides.map(parameterOf).find((number) => number !== undefined) : undefined };
};

/** Aliases whose company_id must equal a parameter by the conditions of a join. An outer join binds only its optional side. */
const boundByJoins = (from: unknown): string[] =>
  [...walk(from, (inner) => QUERIES.has(inner))]
    .filter(([key]) => key === 'JoinExpr')
    .flatMap(([, { jointype, quals, larg, rarg }]) => {
      const bound = boundBy(quals);
      const optional = { JOIN_LEFT: rarg, JOIN_RIGHT: larg }[jointype as string];
      if (jointype === 'JOIN_INNER') return bound;
      const aliases = new Set(references({ fromClause: optional }).map(({ alias }) => alias));
      return bound.filter((alias) => aliases.has(alias));
    });

const boundBy = (condition: unknown): string[] =>
  conjuncts(condition)
    .map(comparisonOf)
    .flatMap((found) => (found?.parameter === undefined ? [] : [found.alias]));

/** Aliases whose company_id equals a parameter, for every row, at this level of the query. */
const boundAliases = (query: Node): Set<string> =>
  new Set([...boundBy(query['whereClause']), ...boundByJoins([query['fromClause'], query['usingClause']])]);

interface Reference {
  readonly table: string;
  readonly alias: string;
}

/** Tables that a query reads or writes at its own level. */
const references = (query: Node): Reference[] =>
  [
    ...walk(
      {
        from: query['fromClause'],
        using: query['usingClause'],
        relation: query['relation'] && { RangeVar: query['relation'] },
      },
      (key) => QUERIES.has(key),
    ),
  ]
    .filter(([key]) => key === 'RangeVar')
    .map(([, node]) => ({
      table: String(node['relname'] as string),
      alias: (node['alias'] as { aliasname?: string } | undefined)?.aliasname ?? String(node['relname'] as string),
    }));

const scopeFaults = (kind: string, query: Node, companyTables: ReadonlySet<string>): string[] => {
  if (kind === 'InsertStmt') {
    const { relname } = query['relation'] as { relname: string };
    const columns = ((query['cols'] ?? []) as { ResTarget?: { name?: string } }[]).map(
      ({ ResTarget }) => ResTarget?.name,
    );
    return companyTables.has(relname) && !columns.includes('company_id')
      ? [`insert into ${relname} without company_id`]
      : [];
  }
  const tables = references(query).filter(({ table }) => companyTables.has(table));
  const bound = boundAliases(query);
  return tables
    .filter(({ alias }) => !bound.has(alias) && !(tables.length === 1 && bound.has('')))
    .map(({ table, alias }) => `${table}${alias === table ? '' : ` ${alias}`} without company_id = $n`);
};

const volatileFaults = (kind: string, query: Node): string[] => {
  const written = kind === 'UpdateStmt' ? query : kind === 'InsertStmt' ? query['onConflictClause'] : undefined;
  const calls = [...walk(written)].filter(([key]) => key === 'FuncCall').map(([, node]) => nameOf(node));
  const times = [...walk(written)].some(([key]) => key === 'SQLValueFunction');
  return [...calls.filter((name) => VOLATILE.has(name)), ...(times ? ['current_timestamp'] : [])].map(
    (name) => `${name}() in a write`,
  );
};

const isLocking = ([key, node]: [string, Node]): boolean =>
  key === 'UpdateStmt' || key === 'DeleteStmt' || node['lockingClause'] !== undefined;

/** Comparisons of a company table's company_id with anything but one parameter, and locks on rows of two companies. */
const comparisonFaults = (
  nodes: readonly [key: string, node: Node][],
  companyTables: ReadonlySet<string>,
): string[] => {
  const tables = nodes
    .filter(([key]) => QUERIES.has(key))
    .flatMap(([, query]) => references(query).filter(({ table }) => companyTables.has(table)));
  const owned = new Set(tables.length === 0 ? [] : ['', ...tables.map(({ alias }) => alias)]);
  const found = nodes
    .flatMap(([key, node]) => (key === 'A_Expr' ? (comparisonOf({ A_Expr: node }) ?? []) : []))
    .filter(({ alias }) => owned.has(alias));
  const companies = new Set(found.map(({ parameter }) => parameter));
  return [
    ...(companies.has(undefined) ? ['company_id compared with something else than = $n'] : []),
    ...(companies.size > 1 && nodes.some(isLocking) ? ['two companies in one locking statement'] : []),
  ];
};

/**
 * What a statement does against architecture.md, "Past one machine": a company table without `company_id = $n` at its own
 * level, a volatile function in UPDATE or ON CONFLICT, MERGE; a company_id compared with anything but a parameter; locks on two
 * companies.
 */
export const statementFaults = async (text: string, companyTables: ReadonlySet<string>): Promise<string[]> => {
  const tree = (await parse(text)) as unknown;
  const nodes = [...walk(tree)];
  return [
    ...(nodes.some(([key]) => key === 'MergeStmt') ? ['MERGE'] : []),
    ...comparisonFaults(nodes, companyTables),
    ...nodes
      .filter(([key]) => QUERIES.has(key))
      .flatMap(([kind, query]) => [...scopeFaults(kind, query, companyTables), ...volatileFaults(kind, query)]),
  ];
};
