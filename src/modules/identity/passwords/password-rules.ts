import { invalid } from '../../../platform/problem.ts';
import { PASSWORD_LENGTH } from '../../../platform/identity-provider/realm.ts';
import Type from 'typebox';
import { isCommon } from './common-passwords.ts';

/** A password somebody chooses: 10 to 128 characters, any of them. */
export const NewPassword = Type.String({ minLength: PASSWORD_LENGTH.min, maxLength: PASSWORD_LENGTH.max });

const plain = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

const isOneCharacter = (password: string): boolean => new Set(password).size === 1;

/** True when next to nothing is left of it but digits and signs once the person's names are taken out. */
const isName = (password: string, names: readonly string[]): boolean => {
  const parts = names.flatMap((name) => plain(name).split(/[^\p{L}\p{N}]+/u)).filter((part) => part.length > 1);
  const rest = parts
    .toSorted((a, b) => b.length - a.length)
    .reduce((left, part) => left.replaceAll(part, ''), plain(password));
  return rest !== plain(password) && (rest.match(/\p{L}/gu) ?? []).length < 3;
};

/** Throws 422 for a password that is too short or long, on the list of common ones, or the person's name with figures. */
export const checkPassword = (password: string, names: readonly string[], pointer: string): void => {
  const { length } = Array.from(password);
  const { min, max } = PASSWORD_LENGTH;
  if (length < min) throw invalid(pointer, 'minLength', { limit: min });
  if (length > max) throw invalid(pointer, 'maxLength', { limit: max });
  const lower = password.normalize('NFC').toLowerCase();
  if (isCommon(lower) || isOneCharacter(lower)) throw invalid(pointer, 'PASSWORD_COMMON');
  if (isName(password, names)) throw invalid(pointer, 'PASSWORD_NAME');
};
