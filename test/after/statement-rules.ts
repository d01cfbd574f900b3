import { parse } from 'libpg-query';

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** All nodes below `root`, itself included; what `stop` names is yielded but not entered. */
function* walk(root: unknown, stop: (key: string) => boolean = () => false): Generator<[key: string, node: Node]> {
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

const isParameter = (expression: unknown): boolean => {
  if (!isNode(expression)) return false;
  if ('ParamRef' in expression || 'A_Const' in expression) return true;
  const cast = expression['TypeCast'] as { arg?: unknown } | undefined;
  return cast !== undefined && isParameter(cast.arg);
};

/** Aliases whose company_id is compared with a parameter at this level of the query. */
const boundAliases = (query: Node): Set<string> => {
  const bound = new Set<string>();
  for (const [key, node] of walk(query, (inner) => QUERIES.has(inner))) {
    if (key !== 'A_Expr') continue;
    const operator = (node['name'] as { String?: { sval?: string } }[] | undefined)?.[0]?.String?.sval;
    const sides = [node['lexpr'], node['rexpr']];
    const column = sides
      .map((side) => (side === undefined ? undefined : companyColumn(side)))
      .find((name) => name !== undefined);
    if (operator === '=' && column !== undefined && sides.some(isParameter)) bound.add(column);
  }
  return bound;
};

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

/**
 * What a statement does against architecture.md, "Past one machine": a company table without `company_id = $n` at its own
 * level, a volatile function in UPDATE or ON CONFLICT, MERGE.
 */
export const statementFaults = async (text: string, companyTables: ReadonlySet<string>): Promise<string[]> => {
  const tree = (await parse(text)) as unknown;
  const nodes = [...walk(tree)];
  return [
    ...(nodes.some(([key]) => key === 'MergeStmt') ? ['MERGE'] : []),
    ...nodes
      .filter(([key]) => QUERIES.has(key))
      .flatMap(([kind, query]) => [...scopeFaults(kind, query, companyTables), ...volatileFaults(kind, query)]),
  ];
};
