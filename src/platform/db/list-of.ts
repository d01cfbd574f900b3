import { snake, valueSchema } from '../schema/entity.ts';
import type { AnyEntity, Extra, Standard } from '../schema/entity.ts';
import { coarse as coarsely, equalTo } from './list.ts';
import type { Filter, ListDefinition } from './list.ts';

type Field<E extends AnyEntity> = (keyof E['columns'] | keyof Standard) & string;

interface ListOptions<E extends AnyEntity> {
  /** Fields to sort by, the default first; a leading `-` there turns its order round. Each needs an index that ends in `id`. */
  readonly sorts: readonly [Field<E> | `-${Field<E>}`, ...Field<E>[]];
  /** Fields to filter by their values. Each needs an index that begins with it. */
  readonly filters?: readonly Field<E>[];
  /** The same without such an index, each with the reason: the rows are read along the order until a page is full. */
  readonly coarse?: Readonly<Partial<Record<Field<E>, string>>>;
  /** Other filters, in SQL over alias `t` and what `join` adds. */
  readonly also?: Readonly<Record<string, Filter>>;
  /** What else is read with a row: `left join … on s.company_id = $1 and …`. */
  readonly join?: string;
  /** Members of an item beside its fields. */
  readonly extra?: Extra;
  /** Those of a row that is read alone. Default: the same. */
  readonly detailExtra?: Extra;
  /** SQL that holds for the rows of this list, where they are not all. */
  readonly only?: string;
  /** What `q` finds, for readers of the API. Default: beginnings of words. */
  readonly finds?: string;
}

/** The list of an entity. */
export interface EntityList<E extends AnyEntity = AnyEntity> extends ListDefinition {
  readonly entity: E;
}

/**
 * Declares the list of an entity's live rows; its table has the alias `t`. Columns, the schemas of filters and whether
 * `q` searches come from the entity.
 */
export const listOf = <E extends AnyEntity>(entity: E, options: ListOptions<E>): EntityList<E> => {
  const { sorts, filters = [], coarse = {}, also = {}, join = '', extra, detailExtra, only, finds } = options;
  const columnOf = (field: string): string => `t.${snake(field)}`;
  const byValue = (field: Field<E>): Filter => equalTo(columnOf(field), valueSchema(entity.columns[field]!));
  const [first] = sorts;
  const rowsThat = (are: 'null' | 'not null'): string =>
    `t.company_id = $1 and t.deleted_at is ${are}${only === undefined ? '' : ` and ${only}`}`;
  return {
    entity,
    name: `${entity.table}${only === undefined ? '' : `:${only}`}`,
    from: `from ${entity.table} t ${join}`.trimEnd(),
    where: rowsThat('null'),
    deleted: rowsThat('not null'),
    alias: 't',
    item: entity.json('t', extra),
    members: entity.members('t', extra),
    ...(detailExtra !== undefined && { detail: entity.json('t', detailExtra) }),
    sorts: Object.fromEntries(sorts.map((sort) => sort.replace(/^-/, '')).map((field) => [field, columnOf(field)])),
    defaultSort: first,
    filters: {
      ...Object.fromEntries(filters.map((field) => [field, byValue(field)])),
      ...Object.fromEntries(
        (Object.entries(coarse) as [Field<E>, string][]).map(([field, why]) => [field, coarsely(byValue(field), why)]),
      ),
      ...also,
    },
    ...(entity.search !== undefined && { search: entity }),
    ...(finds !== undefined && { finds }),
    ...(entity.searchOrder !== undefined && only === undefined && { searchOrder: String(entity.searchOrder) }),
  };
};

/** The list of an entity of the operator, whose rows are of no company, in the order of one of its fields. */
export const operatorListOf = <E extends AnyEntity>(
  entity: E,
  sort: Field<E>,
  filters: ListDefinition['filters'] = {},
): ListDefinition => ({
  name: entity.table,
  from: `from ${entity.table} t`,
  alias: 't',
  // Every list binds the caller's company as `$1`: PostgreSQL has to be told of what type it is.
  where: '$1::uuid is not null and t.deleted_at is null',
  item: entity.json('t'),
  sorts: { [sort]: `t.${snake(sort)}` },
  defaultSort: sort,
  filters,
});
