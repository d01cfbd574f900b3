import type { Locale } from '../../../platform/i18n/locales.ts';
import { CALLING_CODES } from '../../../platform/text/countries.ts';

export interface Country {
  readonly code: string;
  readonly name: string;
  readonly callingCode: string;
}

export interface Zone {
  readonly name: string;
  /** Minutes east of UTC at the instant asked for. */
  readonly offset: number;
}

/** The countries of ISO 3166-1, by their names in a language. */
export const countriesIn = (locale: Locale): Country[] => {
  const names = new Intl.DisplayNames(locale, { type: 'region' });
  return [...CALLING_CODES]
    .map(([code, callingCode]) => ({ code, name: names.of(code) ?? code, callingCode: `+${callingCode}` }))
    .toSorted((a, b) => a.name.localeCompare(b.name, locale));
};

const offsetAt = (zone: string, at: Date): number => {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at);
  const written = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(written) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) || 0;
};

/** IANA time zones with their offset at `at`. */
export const zonesAt = (at: Date): Zone[] =>
  [...Intl.supportedValuesOf('timeZone'), 'Etc/UTC']
    .filter((name, index, all) => all.indexOf(name) === index)
    .map((name) => ({ name, offset: offsetAt(name, at) }));
