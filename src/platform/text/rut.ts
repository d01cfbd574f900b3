/** Why a text is not a RUT; the first problem found is the one reported. */
export type RutProblem =
  | 'RUT_EMPTY'
  | 'RUT_TOO_LONG'
  | 'RUT_CHARACTERS'
  | 'RUT_NO_CHECK_DIGIT'
  | 'RUT_LENGTH'
  | 'RUT_LEADING_ZERO'
  | 'RUT_CHECK_DIGIT';

export interface Rut {
  /** The number without its check digit, 7 or 8 digits. */
  body: string;
  /** `0`–`9` or `K`. */
  digit: string;
  /** `body-digit`, the one form that is stored and hashed. */
  value: string;
}

export type RutResult = { ok: true; rut: Rut } | { ok: false; problem: RutProblem };

export interface RutOptions {
  minBody: number;
  maxBody: number;
}

const DEFAULTS: RutOptions = { minBody: 7, maxBody: 8 };
const LONGEST_INPUT = 40;
/** `12.345.678`: grouped in thousands up to the end, so the last character is no check digit. */
const GROUPED_BODY = /^\d{1,3}(?:\.\d{3})+$/;

const refuse = (problem: RutProblem): RutResult => ({ ok: false, problem });

/**
 * The check digit of a RUT body: modulo 11, weights 2 to 7 from the right; 11 - sum mod 11, where 11 is `0` and 10 is `K`.
 * `body` holds ASCII digits only.
 */
export const rutCheckDigit = (body: string): string => {
  let sum = 0;
  for (let place = 0; place < body.length; place += 1) {
    sum += Number(body[body.length - 1 - place]) * (2 + (place % 6));
  }
  const rest = 11 - (sum % 11);
  return rest === 11 ? '0' : rest === 10 ? 'K' : String(rest);
};

/**
 * Reads a Chilean RUT as people write it: dots and white space anywhere, `k` or `K`, the hyphen before the check digit or none.
 * A body that shows it has no check digit (a hyphen with nothing behind it, or thousands grouped to the end) is refused.
 */
export const parseRut = (input: string, options: RutOptions = DEFAULTS): RutResult => {
  if (input.length > LONGEST_INPUT) return refuse('RUT_TOO_LONG');
  const written = input.replaceAll(/\s/g, '');
  const text = written.replaceAll('.', '');
  if (text === '') return refuse('RUT_EMPTY');
  if (GROUPED_BODY.test(written) || /^\d+-$/.test(text)) return refuse('RUT_NO_CHECK_DIGIT');
  const [, body = '', last = ''] = /^(\d+)-?([\dKk])$/.exec(text) ?? [];
  if (last === '') return refuse(/^\d$/.test(text) ? 'RUT_LENGTH' : 'RUT_CHARACTERS');
  if (body.startsWith('0')) return refuse('RUT_LEADING_ZERO');
  if (body.length < options.minBody || body.length > options.maxBody) return refuse('RUT_LENGTH');
  const digit = last === 'k' ? 'K' : last;
  if (digit !== rutCheckDigit(body)) return refuse('RUT_CHECK_DIGIT');
  return { ok: true, rut: { body, digit, value: `${body}-${digit}` } };
};

/** `12345678-5` → `12.345.678-5`, as it is printed. Takes the stored form. */
export const formatRut = (value: string): string => value.replaceAll(/\B(?=(?:\d{3})+-)/g, '.');

/** `12345678-5` → `*****678-5`, as lists show it; every mask has the same length. Takes the stored form. */
export const maskRut = (value: string): string => `*****${value.slice(-5)}`;
