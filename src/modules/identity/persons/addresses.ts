import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { conflict, invalid, Problem } from '../../../platform/problem.ts';
import { normalizeEmail } from './identifiers.ts';

/** What codes are sent to, and a person is known by. */
export type AddressKind = 'email' | 'phone';

/** `+56 9 1234 5678` → `+56912345678`; throws 422 for what is no number. */
const readPhone = (text: string): string => {
  const parsed = parsePhoneNumberFromString(text);
  if (parsed === undefined || !parsed.isPossible()) throw invalid('/phone', 'PHONE');
  return parsed.number;
};

/** An address as it is stored; throws 422 for a phone that is none. */
export const readAddress = (kind: AddressKind, text: string): string =>
  kind === 'email' ? normalizeEmail(text) : readPhone(text);

/** The error of a write of this address: 409 where somebody else has it. */
export const takenAddress = (kind: AddressKind, error: unknown): unknown =>
  error instanceof Problem && error.options.constraint === `person_${kind}_hash_key`
    ? conflict('ADDRESS_TAKEN')
    : error;
