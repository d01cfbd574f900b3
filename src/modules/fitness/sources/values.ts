import { createHash } from 'node:crypto';
import type { RawRow } from './raw-row.ts';

/** Why a row cannot be a result; `pointer` is the canonical name of the column at fault. */
export class RowFault extends Error {
  override readonly name = 'RowFault';
  readonly code: string;
  readonly pointer: string | null;
  constructor(code: string, pointer: string | null = null) {
    super(code);
    this.code = code;
    this.pointer = pointer;
  }
}

/** Text of a column; blank counts as absent. */
export const textOf = (row: RawRow, name: string): string | null => {
  const value = row[name] ?? null;
  if (value === null) return null;
  const text = String(value).trim();
  return text === '' ? null : text;
};

export const requiredText = (row: RawRow, name: string, code: string): string => {
  const text = textOf(row, name);
  if (text === null) throw new RowFault(code, name);
  return text;
};

/** A number, also from decimal text; null stays null. Throws VALUE_MALFORMED or, outside the limits, VALUE_OUT_OF_RANGE. */
export const numberOf = (row: RawRow, name: string, least: number, most: number): number | null => {
  const text = textOf(row, name);
  if (text === null) return null;
  const value = Number(text);
  if (!/^[-+]?\d/.test(text) || !Number.isFinite(value)) throw new RowFault('VALUE_MALFORMED', name);
  if (value < least || value > most) throw new RowFault('VALUE_OUT_OF_RANGE', name);
  return value;
};

export const wholeOf = (row: RawRow, name: string, least: number, most: number): number | null => {
  const value = numberOf(row, name, least, most);
  if (value !== null && !Number.isInteger(value)) throw new RowFault('VALUE_MALFORMED', name);
  return value;
};

const TRUTH: Readonly<Record<string, boolean>> = { '1': true, true: true, '0': false, false: false };

/** A bit, a tinyint or a boolean; null is no. */
export const flagOf = (row: RawRow, name: string): boolean => {
  const text = textOf(row, name);
  if (text === null) return false;
  const value = TRUTH[text.toLowerCase()];
  if (value === undefined) throw new RowFault('VALUE_MALFORMED', name);
  return value;
};

/** Before this no such system ran: a clock that was never set says 1900 or 1970. */
const EARLIEST = Date.UTC(2000, 0, 1);

export const instantOf = (row: RawRow, name: string): Date => {
  const text = textOf(row, name);
  const at = new Date(text ?? Number.NaN);
  if (Number.isNaN(at.getTime()) || at.getTime() < EARLIEST) throw new RowFault('TIME_MALFORMED', name);
  return at;
};

/** SHA-256 of a row without its id, in the order of its names. */
export const contentHash = (row: RawRow): Buffer => {
  const pairs = Object.entries(row).filter(([name]) => name !== 'id');
  return createHash('sha256')
    .update(JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .digest();
};
