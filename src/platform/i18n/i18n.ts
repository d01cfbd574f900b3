import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInstance, type ResourceLanguage } from 'i18next';
import { createFormatters, type Formatters } from './formatters.ts';
import { LOCALES, negotiateLocale, type Locale } from './locales.ts';

/** Values put into a text; `count` also chooses its plural form. They are never escaped, nor read as keys or templates. */
export type TextParams = Readonly<Record<string, string | number>>;

export interface I18n {
  /**
   * The text of `namespace:path.to.key` in a language.
   * Throws on a missing key, a key that is a group, or a missing parameter, unless `onMissing` was given.
   */
  t: (locale: Locale, key: string, params?: TextParams) => string;
  /** The language to answer in, from a header and the person's own choice; see {@link negotiateLocale}. */
  locale: (acceptLanguage: string | undefined, own?: string) => Locale;
  /** Formatters of a language and an IANA zone, made once and kept. Throws RangeError on an unknown zone. */
  formatters: (locale: Locale, zone: string) => Formatters;
}

export interface I18nOptions {
  /** The folder that holds `es/`, `en/`, `fr/`, each with one `{namespace}.json` an area. */
  folder: string;
  /**
   * Called with the fault instead of throwing it; the text is then the key itself, or the template with a hole.
   * Give it in production only (to log), so that tests and development meet every missing text as an error.
   */
  onMissing?: (fault: { locale: Locale; key: string; message: string }) => void;
}

/**
 * Loads every text of every language at once and answers from memory.
 * Throws if a folder or file cannot be read, or is not JSON: the message names it.
 */
export function createI18n({ folder, onMissing }: I18nOptions): I18n {
  const resources = Object.fromEntries(LOCALES.map((locale) => [locale, readNamespaces(join(folder, locale))]));
  const namespaces = Object.keys(resources[LOCALES[0]] ?? {});
  const holes: string[] = [];
  let found = true;
  const i18next = createInstance();
  void i18next.init({
    initAsync: false,
    resources,
    ns: namespaces,
    supportedLngs: LOCALES,
    fallbackLng: false,
    interpolation: { escapeValue: false },
    parseMissingKeyHandler: (key: string) => {
      found = false;
      return key;
    },
    missingInterpolationHandler: (_template: string, match: RegExpExecArray) => {
      holes.push(match[1]?.trim() ?? '');
      return '';
    },
  });
  const kept = new Map<string, Formatters>();

  const fail = (locale: Locale, key: string, message: string) => {
    if (!onMissing) throw new Error(message);
    onMissing({ locale, key, message });
  };

  return {
    t(locale, key, params = {}) {
      holes.length = 0;
      found = true;
      const text: unknown = i18next.t(key, { ...params, lng: locale, returnObjects: true });
      if (!found || typeof text !== 'string') {
        fail(locale, key, `no text "${key}" in ${locale}: add it to locales/${locale}/${key.replace(/:.*/, '')}.json`);
        return key;
      }
      if (holes.length > 0) fail(locale, key, `text "${key}" in ${locale} needs the parameters: ${holes.join(', ')}`);
      return text;
    },
    locale: negotiateLocale,
    formatters(locale, zone) {
      const id = `${locale} ${zone}`;
      let formatters = kept.get(id);
      if (!formatters) {
        formatters = createFormatters(locale, zone);
        kept.set(id, formatters);
      }
      return formatters;
    },
  };
}

function readNamespaces(folder: string): ResourceLanguage {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(files.map((name) => [basename(name, '.json'), readTexts(join(folder, name))]));
}

function readTexts(path: string): ResourceLanguage[string] {
  let texts: unknown;
  try {
    texts = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new Error(`cannot read the texts in ${path}: make it valid JSON`, { cause });
  }
  if (typeof texts !== 'object' || texts === null) throw new Error(`the texts in ${path} must be one JSON object`);
  return texts;
}
