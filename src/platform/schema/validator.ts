import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { TSchema } from 'typebox';
import type { Fault } from '../problem.ts';
import { isCountry } from '../text/countries.ts';

/** `allErrors` goes on past maxItems: 1 MB of wrong items would be 500,000 faults. */
const MAX_FAULTS = 50;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** What turns the writing direction around, so that text reads as something else. */
const TURNS = /[\u202A-\u202E\u2066-\u2069]/u;
/** Blanks, and what is not drawn: Unicode's default ignorables (joiners, fillers, tags), other format characters, empty Braille. */
const UNSEEN_ONLY = /^[\s\p{Z}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u;
/** Control characters (tab and line breaks aside), turns, lone surrogates and text of which nothing is seen do not pass. */
const isText = (value: string): boolean =>
  !/[^\P{Cc}\t\n\r]/u.test(value) && !TURNS.test(value) && value.isWellFormed() && !UNSEEN_ONLY.test(value);
/** No tabs, and nothing after which a reader may begin a new line. */
const isLine = (value: string): boolean => isText(value) && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value);

const createAjv = (): Ajv2020 => {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    // The tests hold every schema to that of JSON Schema itself.
    validateSchema: false,
    strictTypes: false,
    strictRequired: false,
    ownProperties: true,
    discriminator: true,
    keywords: ['x-component', 'x-column', 'example'],
  });
  ajvFormats.default(ajv, { keywords: true });
  ajv.addFormat('uuid', UUID);
  ajv.addFormat('text', isText);
  ajv.addFormat('line', isLine);
  ajv.addFormat('country', isCountry);
  return ajv;
};

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

const ownKey = (error: ErrorObject): string | undefined => {
  const params = error.params as Record<string, unknown>;
  const key = params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty'];
  return typeof key === 'string' ? key : undefined;
};

/** The limit that was broken (`minLength` 3, `maximum` 10 …), for the text of the fault. */
const limitOf = (error: ErrorObject): Fault['params'] => {
  const params = error.params as Record<string, unknown>;
  const limit = params['limit'] ?? params['format'] ?? params['type'];
  return typeof limit === 'number' || typeof limit === 'string' ? { limit } : undefined;
};

const isUnionNoise = (error: ErrorObject): boolean =>
  error.keyword === 'anyOf' ||
  (error.keyword === 'type' &&
    error.schemaPath.includes('/anyOf/') &&
    (error.params as { type?: string }).type === 'null');

const isBound = ({ keyword }: ErrorObject): boolean => keyword === 'formatMinimum' || keyword === 'formatMaximum';

/** Each error is looked at once: there may be as many as the value has members. */
const toFaults = (errors: readonly ErrorObject[], where: Fault['in']): Fault[] => {
  const malformed = new Set(errors.filter(({ keyword }) => keyword === 'format').map((error) => error.instancePath));
  /** A bound that only fails because the text is no day or instant at all. */
  const isOfMalformed = (error: ErrorObject): boolean => isBound(error) && malformed.has(error.instancePath);
  return errors
    .filter((error) => !isUnionNoise(error) && !isOfMalformed(error))
    .slice(0, MAX_FAULTS)
    .map((error) => {
      const key = ownKey(error);
      const params = limitOf(error);
      return {
        ...(where && { in: where }),
        pointer: key === undefined ? error.instancePath : `${error.instancePath}/${escapePointer(key)}`,
        code: error.keyword,
        ...(params && { params }),
      };
    });
};

export interface Validator {
  /**
   * The check of a schema: its faults, none when the value fits; it never changes the value. Compiled by the first value
   * that is checked (ms each, seconds for all routes together), once for all schemas that read alike; that first check
   * throws when the schema is malformed.
   */
  compile(schema: TSchema): (value: unknown, where?: Fault['in']) => Fault[];
}

/** The one JSON Schema checker of the process, behind requests, responses, settings and stored configuration. */
export const createValidator = (): Validator => {
  let ajv: Ajv2020 | undefined;
  const compiled = new WeakMap<object, ValidateFunction>();
  const alike = new Map<string, ValidateFunction>();
  const compile = (schema: TSchema): ValidateFunction => {
    const text = JSON.stringify(schema);
    ajv ??= createAjv();
    const validate = alike.get(text) ?? ajv.compile(schema);
    alike.set(text, validate);
    compiled.set(schema, validate);
    return validate;
  };
  return {
    compile: (schema) => (value, where) => {
      const validate = compiled.get(schema) ?? compile(schema);
      return validate(value) ? [] : toFaults(validate.errors ?? [], where);
    },
  };
};
