import type { Request } from 'express';
import { body, header, param, query } from 'express-validator';
import type { ValidationChain } from 'express-validator';
import type { TSchema } from 'typebox';
import { Problem } from '../problem.ts';
import type { Fault } from '../problem.ts';
import { valueSchema } from '../schema/entity.ts';
import type { Validator } from '../schema/validator.ts';
import type { Contract } from './route.ts';

const LOCATIONS = ['params', 'query', 'headers', 'body'] as const;
type Location = (typeof LOCATIONS)[number];
type Loose = { type?: string; items?: Loose; enum?: unknown[]; properties?: Record<string, Loose> };

const NUMBER = { integer: /^(0|-?[1-9]\d{0,14})$/, number: /^-?(0|[1-9]\d{0,14})(\.\d{1,9})?$/ };

/** Reads URL text by the schema's type and by nothing else: '0x10', ' 5', '1e3' or '' never turn into numbers. */
const readText = (schema: Loose | undefined, raw: unknown): unknown => {
  if (schema === undefined) return raw;
  const { type } = valueSchema(schema);
  if (type === 'array') return (Array.isArray(raw) ? raw : [raw]).map((item) => readText(schema.items, item));
  if (typeof raw !== 'string') return raw;
  if (type === 'integer' || type === 'number') return NUMBER[type].test(raw) ? Number(raw) : raw;
  if (type === 'boolean' && (raw === 'true' || raw === 'false')) return raw === 'true';
  return raw;
};

const readLocation = (schema: Loose, raw: object, keepUnknown: boolean): object =>
  Object.fromEntries(
    Object.entries(raw)
      .filter(([key]) => keepUnknown || Object.hasOwn(schema.properties ?? {}, key))
      .map(([key, value]) => [key, readText(schema.properties?.[key], value)]),
  );

/** PostgreSQL stores no NUL, and half a pair of surrogates has no bytes in UTF-8: whatever is done with it, it is another text. */
const isText = (value: string): boolean => !value.includes('\0') && value.isWellFormed();

/** The pointer of the first text, or object with a name, that is none. However deep the value is, nothing is called within itself. */
const findNoText = (given: unknown): string | undefined => {
  const left: (readonly [pointer: string, value: unknown])[] = [['', given]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [pointer, value] = next;
    if (typeof value === 'string' && !isText(value)) return pointer;
    if (typeof value !== 'object' || value === null) continue;
    const members = Object.entries(value);
    if (members.some(([key]) => !isText(key))) return pointer;
    for (const [key, inner] of members.toReversed()) left.push([`${pointer}/${key}`, inner]);
  }
  return undefined;
};

/** One express-validator chain for a whole location; `hide` keeps values (passwords) out of error objects. */
const chainFor = (where: Location, schema: TSchema, validator: Validator): ValidationChain => {
  const check = validator.compile(schema);
  const select = { params: param, query, headers: header, body }[where];
  const read = (raw: object | undefined): unknown =>
    where === 'body' ? raw : readLocation(schema, raw ?? {}, where !== 'headers');
  return select()
    .customSanitizer(read)
    .custom((value) => {
      const faults = check(value, where);
      // What the schema refuses is not walked: of whoever asks, it may be of any depth.
      const pointer = faults.length === 0 && where !== 'headers' ? findNoText(value) : undefined;
      if (pointer !== undefined) faults.push({ in: where, pointer, code: 'format', params: { limit: 'text' } });
      return faults.length === 0 ? true : Promise.reject(faults);
    })
    .hide();
};

const versionOf = (request: Request): number => {
  const given = request.headers['if-match'];
  if (given === undefined) throw new Problem(428, 'IF_MATCH_REQUIRED');
  const version = /^"(\d{1,9})"$/.exec(given)?.[1];
  if (version === undefined) throw new Problem(400, 'IF_MATCH_MALFORMED');
  return Number(version);
};

/** What a handler is given: each location checked against the route's contract, the request itself left as it came. */
export type ReadInput = (request: Request) => Promise<Record<Location, unknown> & { version: number | undefined }>;

/**
 * The reader of a route's input. Throws 400 for a parameter, query or header that does not fit, 422 when only the body
 * is at fault, 428 without If-Match where the route needs it.
 */
export const createInputReader = (contract: Contract, validator: Validator): ReadInput => {
  const chains = LOCATIONS.flatMap((where) => {
    const schema = contract[where];
    if (schema === undefined) return [];
    const fits = validator.compile(schema);
    let mayBeEmpty: boolean | undefined;
    let made: ValidationChain | undefined;
    return [
      {
        where,
        /** Made for the first request: those of all routes together are a third of what wiring the application costs. */
        chain: () => (made ??= chainFor(where, schema, validator)),
        /** Whether nothing was given where nothing need be: then there is nothing to read. */
        isEmpty: (given: object) =>
          where === 'query' && Object.keys(given).length === 0 && (mayBeEmpty ??= fits({}, where).length === 0),
      },
    ];
  });
  return async (request) => {
    const input: Record<Location, unknown> = {
      params: undefined,
      query: undefined,
      headers: undefined,
      body: undefined,
    };
    const faults: Fault[] = [];
    for (const { where, chain, isEmpty } of chains) {
      if (isEmpty(request.query)) {
        input[where] = {};
        continue;
      }
      const result = await chain().run(request, { dryRun: true });
      faults.push(...result.array().flatMap((error) => error.msg as Fault[]));
      input[where] = result.context.getData()[0]?.value;
    }
    if (faults.some((fault) => fault.in !== 'body')) throw new Problem(400, 'MALFORMED_REQUEST', { errors: faults });
    if (faults.length > 0) throw new Problem(422, 'INVALID', { errors: faults });
    return { ...input, version: contract.ifMatch ? versionOf(request) : undefined };
  };
};
