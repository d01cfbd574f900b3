import Type from 'typebox';
import type { TObject, TProperties } from 'typebox';
import { jsonOf } from '../schema/entity.ts';
import type { AnyEntity, Member } from '../schema/entity.ts';
import { exact } from '../schema/types.ts';
import { Problem } from '../problem.ts';
import type { Cursors } from './cursor.ts';
import type { Reader } from './database.ts';
import { foundInOrder, tokensIn } from './search.ts';
import type { FoundTokens } from './search.ts';

/** Adds a value to the statement's parameters and answers its place, `$3`. */
export type Bind = (value: unknown) => string;

/** A filter of a list: its schema in the query, and the SQL that holds for the rows it keeps. */
export interface Filter {
  readonly schema: TProperties[string];
  readonly sql: (bind: Bind, value: never) => string;
  /** Why it needs no index that begins with its column: the rows are then read along the list's order until a page is full. */
  readonly coarse?: string;
}

/** `column = value`, or any of several values: `?status=active&status=on_hold`. */
export const equalTo = (expression: string, schema: TProperties[string]): Filter => ({
  schema: Type.Array(schema, { minItems: 1, maxItems: 20 }),
  sql: (bind, value) => `${expression} = any(${bind(value)})`,
});
export const atLeast = (expression: string, schema: TProperties[string]): Filter => ({
  schema,
  sql: (bind, value) => `${expression} >= ${bind(value)}`,
});
export const atMost = (expression: string, schema: TProperties[string]): Filter => ({
  schema,
  sql: (bind, value) => `${expression} <= ${bind(value)}`,
});

/** A filter without an index that begins with its column, and why it needs none. */
export const coarse = (filter: Filter, why: string): Filter => ({ ...filter, coarse: why });

export interface ListDefinition {
  /** Names the list in its cursors: a cursor of one list is refused by another. */
  readonly name: string;
  /** `from project p …`; joins carry `company_id = $1` at every table. */
  readonly from: string;
  /** Always true for rows of the list, for example `p.company_id = $1 and p.deleted_at is null`. */
  readonly where: string;
  /** The same of rows that were deleted softly, where they can be brought back. */
  readonly deleted?: string;
  /** SQL of one item as JSON. */
  readonly item: string;
  /** The same item as columns, where it is one row's: pages are made of these. */
  readonly members?: readonly Member[];
  /** SQL of one row read alone, where it shows more. Default: `item`. */
  readonly detail?: string;
  /** Alias of the entity's table in `from`; its `id` and `version` are read. */
  readonly alias: string;
  /** Sorts by name: a NOT NULL expression that an index (company_id, …) serves. */
  readonly sorts: Readonly<Record<string, string>>;
  readonly defaultSort: string;
  readonly filters?: Readonly<Record<string, Filter>>;
  /** The entity whose words find its rows; adds `q`. */
  readonly search?: Pick<AnyEntity, 'table' | 'search'>;
  /** The sort in whose order search tokens stand, where every row of the entity is the list's. */
  readonly searchOrder?: string;
  /** What `q` finds, for readers of the API. Default: beginnings of words. */
  readonly finds?: string;
}

export interface ListQuery {
  readonly cursor?: string;
  readonly limit?: number;
  readonly sort?: string;
  readonly q?: string;
}

/** Restricts a list to what its caller may see: SQL that holds for visible rows. */
export type Restriction = (bind: Bind) => string;
/** What a restriction answers that leaves no row out. */
export const EVERY_ROW = 'true';

/** Rows that what was typed (`q`) names in another way than by their words. */
export interface Found {
  /** SQL that selects the ids of such rows, one way each; at least one. */
  readonly ids: readonly [string, ...string[]];
  /** Whether rows are searched by their words as well. */
  readonly words: boolean;
}
/** How rows are found by a `q` that is no words, or not only words. */
export type Finder = (bind: Bind) => Found;

export interface List {
  readonly query: TObject;
  /** The rows that were deleted softly, the last first, where they can be brought back. */
  readonly deleted?: List;
  /** One page as JSON text: `{"items":[…],"next":…}`. Throws 400 for a cursor that is not of this list and query. */
  page(reader: Reader, query: ListQuery & object, restrict?: Restriction, find?: Finder): Promise<string>;
  /** One row as JSON text with its version, or undefined when it is not there or may not be seen. */
  one(
    reader: Reader,
    id: string,
    restrict?: Restriction,
  ): Promise<{ readonly text: string; readonly version: number } | undefined>;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
const NOTHING = '{"items":[],"next":null}';

const querySchema = ({ sorts, filters = {}, search, finds }: ListDefinition): TObject => {
  const directions = Object.keys(sorts).flatMap((name) => [name, `-${name}`]);
  return exact({
    cursor: Type.Optional(Type.String({ maxLength: 1_000, description: 'The `next` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT })),
    sort: Type.Optional(Type.Enum(directions, { type: 'string', description: 'A leading `-` turns the order round.' })),
    ...(search !== undefined && {
      q: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: finds ?? 'Beginnings of words.' })),
    }),
    ...Object.fromEntries(Object.entries(filters).map(([name, { schema }]) => [name, Type.Optional(schema)])),
  });
};

/**
 * What `select` makes of the row of each id, as `alias`, beside where the id stands (`nth`). Row by row by its key, whatever
 * the planner thinks of their number: it would rather read the rows of a whole company in the order that a list has.
 */
const eachOf = (ids: string, idOf: string, select: string, alias: string): string =>
  `unnest(${ids}) with ordinality as listed(listed_id, nth) cross join lateral (${select} and ${idOf} = listed_id offset 0) ${alias}`;

type TextRow = readonly (string | null)[];

/** Everything that must stay the same from page to page. */
const fingerprint = (query: ListQuery & object): string => {
  const rest: Record<string, unknown> = { ...query };
  delete rest['cursor'];
  delete rest['limit'];
  return JSON.stringify(Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

/** The list of what was deleted softly: few rows, found by an index of their own. */
const deletedOf = ({ deleted, name, from, item, members, alias }: ListDefinition): ListDefinition | undefined =>
  deleted === undefined
    ? undefined
    : {
        name: `${name}:deleted`,
        from,
        where: deleted,
        item,
        alias,
        ...(members !== undefined && { members }),
        sorts: { deletedAt: `${alias}.deleted_at` },
        defaultSort: '-deletedAt',
      };

/**
 * A list: bounded always, filtered and sorted only by what it names, paged by signed cursors. Those of one entity are
 * declared with `listOf`.
 */
export const createList = (definition: ListDefinition, cursors: Cursors): List => {
  const members: readonly Member[] = definition.members ?? [
    { name: 'item', sql: `${definition.item}::text`, as: 'json' },
  ];
  const idOf = `${definition.alias}.id`;
  /** A page's columns, id and sort key last, with what makes an item of a row: a member that is one of these is read once. */
  const shapeOf = (key: string) => {
    const before = members.filter(({ sql }) => sql !== idOf && sql !== key);
    const columns = [...before.map(({ sql }) => sql), `${idOf} as id`, `(${key})::text as key`].join(', ');
    const ends = [idOf, key];
    const places = members.map((member) =>
      ends.includes(member.sql) ? before.length + ends.indexOf(member.sql) : before.indexOf(member),
    );
    const itemOf = definition.members === undefined ? ([item]: TextRow) => item! : jsonOf(members, places);
    return { key, columns, itemOf, idAt: before.length, keyAt: before.length + 1 };
  };
  const shapes = new Map(Object.entries(definition.sorts).map(([name, key]) => [name, shapeOf(key)]));
  const deleted = deletedOf(definition);
  return {
    query: querySchema(definition),
    ...(deleted !== undefined && { deleted: createList(deleted, cursors) }),
    one: async (reader, id, restrict) => {
      const values: unknown[] = [reader.companyId, id];
      const condition = restrict === undefined ? '' : ` and ${restrict((value) => `$${values.push(value)}`)}`;
      const { alias, item, detail = item } = definition;
      const rows = await reader.prepared<{ text: string; version: number }>(
        `select ${detail}::text as text, ${alias}.version as version ${definition.from}
       where ${definition.where} and ${alias}.id = $2${condition}`,
        values,
      );
      return rows[0];
    },
    page: async (reader, query, restrict, find) => {
      const values: unknown[] = [reader.companyId];
      const bind: Bind = (value) => `$${values.push(value)}`;
      const sort = query.sort ?? definition.defaultSort;
      const isDescending = sort.startsWith('-');
      const { key: expression, columns, itemOf, idAt, keyAt } = shapes.get(sort.replace(/^-/, ''))!;
      const narrowing: string[] = [];
      for (const [name, filter] of Object.entries(definition.filters ?? {})) {
        const value = (query as Record<string, unknown>)[name];
        if (value !== undefined) narrowing.push(filter.sql(bind, value as never));
      }
      if (restrict !== undefined) narrowing.push(restrict(bind));
      const conditions = [definition.where, ...narrowing.filter((condition) => condition !== EVERY_ROW)];
      const isWhole = conditions.length === 1;
      const purpose = `${definition.name}:${reader.companyId}:${fingerprint({ ...query, sort })}`;
      let position: string | undefined;
      if (query.cursor !== undefined) {
        const after = cursors.read(purpose, query.cursor);
        if (after === undefined)
          throw new Problem(400, 'CURSOR_INVALID', { errors: [{ pointer: '/cursor', code: 'cursor', in: 'query' }] });
        position = `${bind(after.key)}, ${bind(after.id)}`;
        conditions.push(`(${expression}, ${idOf}) ${isDescending ? '<' : '>'} (${position})`);
      }
      const limit = query.limit ?? DEFAULT_LIMIT;
      const direction = isDescending ? 'desc' : 'asc';
      const most = bind(limit + 1);
      const where = conditions.join(' and ');
      const { search } = definition;
      const found = find?.(bind);
      const isWords = query.q !== undefined && search !== undefined && found?.words !== false;
      const tokens = isWords ? tokensIn(search.table, query.q, bind) : undefined;
      // What has no word (`%`) finds nothing: as no filter at all it would list everything.
      if (query.q !== undefined && tokens === undefined && found === undefined) return NOTHING;
      // Whatever was typed, an order that the index of tokens has is followed in the same steps.
      const isInOrder = isWhole && sort.replace(/^-/, '') === definition.searchOrder;
      let text = `select ${columns} ${definition.from} where ${where} order by ${expression} ${direction}, ${idOf} ${direction} limit ${most}`;
      if (tokens !== undefined || found !== undefined) {
        const one = `select ${idOf} as id, ${expression} as key ${definition.from} where ${where}`;
        const sorted = (
          unsorted: string,
        ): string => `select match.id from ${eachOf(`array(${unsorted})`, idOf, one, 'match')}
          order by match.key ${direction}, match.id ${direction} limit ${most}`;
        const listed = `select ${expression} as place, ${idOf} as entity_id ${definition.from} where ${where}
          order by ${expression} ${direction}, ${idOf} ${direction}`;
        const byWords = (words: FoundTokens): string =>
          isInOrder ? foundInOrder(words, { direction, position, most, listed }) : `array(${sorted(words.ids)})`;
        const inWords = tokens === undefined ? [] : [byWords(tokens)];
        const ids =
          found === undefined
            ? inWords[0]!
            : `array(${sorted([...found.ids, ...inWords.map((array) => `select unnest(${array})`)].join(' union '))})`;
        text = `select item.* from ${eachOf(ids, idOf, `select ${columns} ${definition.from} where ${definition.where}`, 'item')} order by nth`;
      }
      const rows = await reader.texts(text, values, { onePlan: isWhole && (tokens === undefined || isInOrder) });
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      const next =
        last === undefined ? 'null' : JSON.stringify(cursors.write(purpose, { key: last[keyAt]!, id: last[idAt]! }));
      // Added up: joining makes each item a text of its own first.
      let items = '';
      for (const row of shown) items += (items === '' ? '' : ',') + itemOf(row);
      return `{"items":[${items}],"next":${next}}`;
    },
  };
};
