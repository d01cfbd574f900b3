import Type from 'typebox';
import type { TProperties, TSchema, TUnsafe } from 'typebox';

/** An object that refuses unknown keys: every body and every nested object is made with it. */
export const exact = <P extends TProperties>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A UUID as PostgreSQL reads it: lower case, no `urn:uuid:`. */
export const uuid = (options: object = {}) =>
  Type.String({ format: 'uuid', examples: ['0198c2f0-7b3a-7cc1-9f4e-3a5b8c7d6e1f'], ...options });

/** Sentences that people write, on as many lines as they like: something is seen of it, and nothing in it hides or turns the rest. */
export const text = (max: number, options: object = {}) =>
  Type.String({ format: 'text', minLength: 1, maxLength: max, ...options });

/** Text on one line, as all names, titles and numbers are: what goes into a mail's head, a cell or a title is nothing else. */
export const line = (max: number, options: object = {}) =>
  Type.String({ format: 'line', minLength: 1, maxLength: max, ...options });

/** A code that people give to things: letters, digits, `.`, `_`, `/` and `-`; those that differ by case alone are one. */
export const code = (max = 40, options: object = {}) =>
  Type.String({
    pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]*$',
    minLength: 1,
    maxLength: max,
    examples: ['PRJ-001'],
    ...options,
  });

/** An instant, ISO 8601 in UTC or with its offset; within what JavaScript and PostgreSQL write in the same way. */
export const instant = (options: object = {}) =>
  Type.String({
    format: 'date-time',
    formatMinimum: '1900-01-01T00:00:00Z',
    formatMaximum: '9999-12-31T00:00:00Z',
    examples: ['2026-11-21T12:00:00.000Z'],
    ...options,
  });

/**
 * A calendar day, `YYYY-MM-DD`; its zone is the site's, else the company's. The year 9999 is what others write for no end: here
 * that is null, since its last day ends in the year 10000, which JavaScript and PostgreSQL write in different ways.
 */
export const day = (options: object = {}) =>
  Type.String({
    format: 'date',
    formatMinimum: '1900-01-01',
    formatMaximum: '9998-12-31',
    examples: ['2026-11-21'],
    ...options,
  });

/** A country, by its assigned code of ISO 3166-1; `/common/countries` lists them. */
export const country = (options: object = {}) =>
  Type.String({ format: 'country', description: 'ISO 3166-1', examples: ['CL'], ...options });

export const integer = (minimum: number, maximum: number, options: object = {}) =>
  Type.Integer({ minimum, maximum, ...options });

/** The schema of one of a closed set of values; `enum` lists them. */
type OneOf<V extends string> = TUnsafe<V> & { readonly enum: readonly V[] };

/** One of a closed set of English constants. */
export const oneOf = <const V extends readonly string[]>(values: V, options: object = {}): OneOf<V[number]> =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...options }) as OneOf<V[number]>;

/** A name in every language of the product. */
export const inEveryLanguage = (max: number, options: object = {}) =>
  exact({ es: line(max), en: line(max), fr: line(max) }, options);

export const email = (options: object = {}) =>
  Type.String({ format: 'email', maxLength: 254, examples: ['ana@example.cl'], ...options });

/** What every read of a mutable row shows beside its own fields. */
export const STANDARD = { id: uuid(), version: integer(1, 2_147_483_647), createdAt: instant(), updatedAt: instant() };

/** A page of a list: `next` is the signed cursor of the page that follows, null on the last. */
export const pageOf = <T extends TSchema>(item: T) =>
  exact({ items: Type.Array(item, { maxItems: 200 }), next: nullable(Type.String()) });
