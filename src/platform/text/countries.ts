import { getCountries, getCountryCallingCode } from 'libphonenumber-js/min';

/** Codes that telephones have and ISO 3166-1 has not assigned: Ascension, Tristan da Cunha, Kosovo. */
const NOT_ASSIGNED: ReadonlySet<string> = new Set(['AC', 'TA', 'XK']);

/** Countries of ISO 3166-1 where nobody has a telephone, with the calling code of those who go there. */
const UNINHABITED: Readonly<Record<string, string>> = {
  AQ: '672',
  BV: '47',
  GS: '500',
  HM: '672',
  PN: '64',
  TF: '262',
  UM: '1',
};

/** The calling code of each country, without `+`, by its assigned code of ISO 3166-1 (alpha-2). */
export const CALLING_CODES: ReadonlyMap<string, string> = new Map([
  ...getCountries()
    .filter((code) => !NOT_ASSIGNED.has(code))
    .map((code): [string, string] => [code, getCountryCallingCode(code)]),
  ...Object.entries(UNINHABITED),
]);

/** Whether ISO 3166-1 has assigned this code (alpha-2, in capitals) to a country. */
export const isCountry = (code: string): boolean => CALLING_CODES.has(code);
