/** The languages of the product; the first is the default. */
export const LOCALES = ['es', 'en', 'fr'] as const;

/** One of the languages of the product. */
export type Locale = (typeof LOCALES)[number];

export const DEFAULT_LOCALE: Locale = LOCALES[0];

/** Whether a text is one of the product's language codes, exactly as written in {@link LOCALES}. */
export function isLocale(value: unknown): value is Locale {
  return LOCALES.some((locale) => locale === value);
}

/**
 * The language to answer in: the best of an `Accept-Language` header (RFC 9110, 12.5.4: weights, `q=0` refuses, `fr-CA`
 * matches `fr`), else the person's own, else Spanish. A malformed header never throws; its unreadable parts are passed over.
 */
export function negotiateLocale(acceptLanguage: string | undefined, own?: string): Locale {
  const otherwise = isLocale(own) ? own : DEFAULT_LOCALE;
  if (acceptLanguage === undefined || acceptLanguage === '') return otherwise;
  const ranges = acceptLanguage
    .split(',')
    .slice(0, 20)
    .map((part) => /^\s*([a-z]{1,8}|\*)(?:-[a-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/i.exec(part))
    .filter((match) => match !== null)
    .map(([, language = '', weight = '1']) => ({ language: language.toLowerCase(), weight: Number(weight) }));
  const refused = new Set(ranges.filter(({ weight }) => weight === 0).map(({ language }) => language));
  const wanted = ranges.filter(({ weight }) => weight > 0).toSorted((a, b) => b.weight - a.weight);
  for (const { language } of wanted) {
    if (isLocale(language)) return language;
    if (language === '*') return [otherwise, ...LOCALES].find((locale) => !refused.has(locale)) ?? otherwise;
  }
  return otherwise;
}
