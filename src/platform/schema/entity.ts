import Type from 'typebox';
import type { Static, TObject, TProperties, TSchema, TUnsafe } from 'typebox';
import { exact, STANDARD } from './types.ts';

type Values<F extends TProperties> = { [K in keyof F]: Static<F[K]> };
export type Standard = Values<typeof STANDARD>;
/** A row as services see it: own fields, hidden columns and the standard ones. */
export type RowOf<E extends AnyEntity> = Values<E['fields']> & Values<E['hidden']> & Standard;
/** What an insert needs: everything but what the repository sets. */
export type InsertOf<Row> = Omit<Row, keyof Standard> & { id?: string };
type Body<F extends TProperties, K extends keyof F> = {
  [P in K as null extends Static<F[P]> ? never : P]: Static<F[P]>;
} & { [P in K as null extends Static<F[P]> ? P : never]?: Static<F[P]> };

export interface EntityDefinition<F extends TProperties, H extends TProperties, C extends keyof F, U extends keyof F> {
  /** Table name; also the entity's name in the change log and on the stream. */
  readonly table: string;
  readonly fields: F;
  /** Columns that no answer shows: sealed values, hashes, masks' sources. */
  readonly hidden?: H;
  /** What a caller gives to create one; nullable ones may be left out. */
  readonly create: readonly C[];
  /** What a caller may change by PATCH. */
  readonly edit: readonly U[];
  /** Fields with personal values: in the change log they are encrypted under the key of `subject`. */
  readonly personal?: readonly (keyof F)[];
  /** Whose key encrypts the personal values of a row: a profile's id. Default: the row's own id. */
  readonly subject?: (row: Values<F> & Values<H> & { id: string }) => string;
  /** Words by which the row is found; kept as search tokens with every write. */
  readonly search?: readonly (keyof F)[];
  /** Of rows that are very many: the text by which those found are put in order, kept beside each of their tokens. */
  readonly searchOrder?: keyof F;
}

/** A member of a row shown: its SQL, and how the text that PostgreSQL answers becomes JSON. */
export interface Member {
  readonly name: string;
  readonly sql: string;
  /** `text`: escaped; `plain`: only quoted, has nothing to escape; `instant`: as ISO 8601; `flag`: true or false; `json`: as it is. */
  readonly as: 'text' | 'plain' | 'instant' | 'flag' | 'json';
}

/** Members of an item beside its fields: the SQL of each, and how it is written where that is known. */
export type Extra = Readonly<Record<string, string | Omit<Member, 'name'>>>;

/** What mechanisms need to know of any entity. */
export interface AnyEntity {
  readonly table: string;
  readonly fields: TProperties;
  readonly hidden: TProperties;
  readonly create: readonly PropertyKey[];
  readonly edit: readonly PropertyKey[];
  readonly personal?: readonly PropertyKey[];
  readonly subject?: (row: never) => string;
  readonly search?: readonly PropertyKey[];
  readonly searchOrder?: PropertyKey;
  /** Schema of a row as answers show it. */
  readonly view: TObject;
  readonly createBody: TSchema;
  readonly editBody: TSchema;
  /** All columns with their schemas, in camelCase. */
  readonly columns: Readonly<Record<string, TSchema>>;
  /** What an answer shows of a row: nothing hidden. */
  show(row: object): object;
  /** SQL: the row of alias `alias` as JSON that fits `view`; `extra` adds members (`name: sql`). */
  json(alias: string, extra?: Extra): string;
  /** The same as columns, of which `jsonOf` makes the JSON: half of what it costs PostgreSQL, for pages. */
  members(alias: string, extra?: Extra): readonly Member[];
}

/** A kind of row, declared once: columns, answers, request bodies and the change log come from it. */
export interface Entity<
  F extends TProperties,
  H extends TProperties,
  C extends keyof F,
  U extends keyof F,
> extends AnyEntity {
  readonly fields: F;
  readonly hidden: H;
  readonly view: TObject<F & typeof STANDARD>;
  readonly createBody: TUnsafe<Body<F, C>>;
  readonly editBody: TUnsafe<Partial<Pick<Values<F>, U>>>;
}

/** `site_id` → `siteId` */
export const camel = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** `siteId` → `site_id` */
export const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Whether a column may be null. */
export const isNullable = (schema: object): boolean =>
  'anyOf' in schema && (schema.anyOf as { type?: string }[]).some((s) => s.type === 'null');

/** The schema of the value itself, without `null`. */
export const valueSchema = (schema: object): { type?: string; format?: string; items?: object } =>
  'anyOf' in schema ? ((schema.anyOf as { type?: string }[]).find((s) => s.type !== 'null') ?? {}) : schema;

/** SQL that shows a column as the API does: instants as ISO 8601 in UTC with milliseconds. */
export const shown = (expression: string, schema: object): string =>
  valueSchema(schema).format === 'date-time' ? `to_char(${expression}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : expression;

const STRINGS: Readonly<Record<string, Member['as']>> = { uuid: 'plain', date: 'plain', 'date-time': 'instant' };
/** Types whose columns PostgreSQL writes as JSON does. */
const AS_JSON: readonly (string | undefined)[] = ['integer', 'number', 'object'];

/** A column as PostgreSQL writes it costs it a fraction of what a function's result does, whatever the function. */
const memberOf = (name: string, column: string, schema: object): Member => {
  const { type, format = '' } = valueSchema(schema);
  if (type === 'string') return { name, sql: column, as: STRINGS[format] ?? 'text' };
  if (type === 'boolean') return { name, sql: column, as: 'flag' };
  return { name, sql: AS_JSON.includes(type) ? column : `to_json(${column})`, as: 'json' };
};

/** `2027-01-02 03:04:05.6+00`, as connections write instants, as ISO 8601 in UTC with milliseconds. */
const isoOf = (text: string): string =>
  text.length <= 26 && text.endsWith('+00')
    ? `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(3, '0')}Z`
    : new Date(text).toISOString();

const ESCAPED = /["\\\p{Cc}]/u;

/** Whether a value stands between quotation marks as it is. */
const isAsItIs = (value: string, as: Member['as']): boolean =>
  as === 'plain' || as === 'instant' || (as === 'text' && !ESCAPED.test(value));

/** A value that brings its own quotation marks, if any. */
const written = (value: string, as: Member['as']): string => {
  if (as === 'text') return JSON.stringify(value);
  if (as === 'flag') return value === 't' ? 'true' : 'false';
  return value;
};

/** What stands between two values: where the first has no mark of its own to end it, and where it has. */
type Between = readonly [string, string];
const between = (text: string): Between => [text, `"${text}`];
const END = between('}');

/**
 * A row of texts as a JSON object: the value of each member stands in its place. Marks are part of the text between two values, so that a value
 * is added in two steps: V8 allocates some 32 bytes for each, which was half of all that a page of people allocated.
 */
export const jsonOf = (
  members: readonly Member[],
  places: readonly number[] = members.map((_member, at) => at),
): ((row: readonly (string | null)[]) => string) => {
  const parts = members.map(({ name, as }, at) => {
    const key = `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`;
    return { as, place: places[at]!, toNull: between(`${key}null`), toText: between(`${key}"`), to: between(key) };
  });
  return (row) => {
    let text = '';
    /** 1 where the value before still wants its closing mark. */
    let open: 0 | 1 = 0;
    for (const { as, place, toNull, toText, to } of parts) {
      const value = row[place]!;
      if (value === null) {
        text += toNull[open];
        open = 0;
      } else if (isAsItIs(value, as)) {
        text += toText[open];
        text += as === 'instant' ? isoOf(value) : value;
        open = 1;
      } else {
        text += to[open];
        text += written(value, as);
        open = 0;
      }
    }
    return text + END[open];
  };
};

/** Declares an entity. See docs/adding-a-module.md. */
export const entity = <
  F extends TProperties,
  const C extends keyof F,
  const U extends keyof F,
  H extends TProperties = {},
>(
  definition: EntityDefinition<F, H, C, U>,
): Entity<F, H, C, U> => {
  const { fields } = definition;
  const hidden = definition.hidden ?? ({} as H);
  const shownFields: TProperties = { ...fields, ...STANDARD };
  const pick = (keys: readonly (keyof F)[], optional: (schema: object) => boolean): TProperties =>
    Object.fromEntries(
      keys.map((key) => [key, optional(fields[key] as object) ? Type.Optional(fields[key]!) : fields[key]!]),
    );
  return {
    ...definition,
    hidden,
    members: (alias, extra = {}) => [
      ...Object.entries(shownFields).map(([name, schema]) => memberOf(name, `${alias}.${snake(name)}`, schema)),
      ...Object.entries(extra).map(([name, value]): Member =>
        typeof value === 'string' ? { name, sql: `to_json(${value})`, as: 'json' } : { name, ...value },
      ),
    ],
    view: exact(shownFields, { 'x-component': definition.table }) as unknown as TObject<F & typeof STANDARD>,
    createBody: Type.Unsafe(exact(pick(definition.create, isNullable))),
    editBody: Type.Unsafe(
      exact(
        pick(definition.edit, () => true),
        { minProperties: 1 },
      ),
    ),
    columns: { ...shownFields, ...hidden },
    show: (row) =>
      Object.fromEntries(
        Object.keys(shownFields).map((name) => [name, (row as Record<string, unknown>)[name] ?? null]),
      ),
    json: (alias, extra = {}) => {
      const own = Object.entries(shownFields).map(([name, schema]) => [name, shown(`${alias}.${snake(name)}`, schema)]);
      const added = Object.entries(extra).map(([name, value]) => [name, typeof value === 'string' ? value : value.sql]);
      const pairs = [...own, ...added].map(([name, sql]) => `'${name}', ${sql}`);
      return `json_build_object(${pairs.join(', ')})`;
    },
  };
};
