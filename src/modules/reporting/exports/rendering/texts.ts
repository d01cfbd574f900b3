import type { Formatters } from '../../../../platform/i18n/formatters.ts';
import type { I18n, TextParams } from '../../../../platform/i18n/i18n.ts';
import type { Locale } from '../../../../platform/i18n/locales.ts';
import { labelsOf } from '../../../../platform/render/report.ts';
import type { ReportColumn } from '../../../../platform/render/report.ts';

/** A rate as a percentage with one decimal, by the one rule that screens round by too; null without a denominator. */
export type PercentOf = (rate: { readonly numerator: number; readonly denominator: number }) => number | null;

/** The texts of one report in one language. */
export interface Texts {
  readonly locale: Locale;
  readonly zone: string;
  readonly format: Formatters;
  readonly t: (key: string, params?: TextParams) => string;
  readonly percentOf: PercentOf;
}

export const createTexts = (i18n: I18n, percentOf: PercentOf, locale: Locale, zone: string): Texts => ({
  locale,
  zone,
  percentOf,
  format: i18n.formatters(locale, zone),
  t: (key, params) => i18n.t(locale, key, params),
});

/** The percentage of a cell that holds `[numerator, denominator]`. */
export const percentage = (value: unknown, { percentOf }: Texts): number | null => {
  const [numerator = 0, denominator = 0] = value as readonly number[];
  return percentOf({ numerator, denominator });
};

/** A rate as text: `92,3 %`, a dash without a denominator. */
export const rateText = (value: unknown, texts: Texts): string => {
  const percent = percentage(value, texts);
  return percent === null ? '–' : texts.format.percent(percent / 100, 1);
};

/** The text of a code, of a list of codes one after the other. */
export const labelText = (labels: string, value: unknown, { t }: Pick<Texts, 't'>): string =>
  (Array.isArray(value) ? value : [value]).map((code) => t(`${labels}.${code}`)).join(', ');

/** A value as a reader of the language writes it; empty where there is none. */
export const cellText = (column: ReportColumn, value: unknown, texts: Texts): string => {
  if (value === null || value === undefined) return '';
  const { format } = texts;
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  switch (column.kind) {
    case 'text':
      return plain;
    case 'named':
      return (value as readonly string[]).join(' · ');
    case 'integer':
      return format.number(Number(value));
    case 'number':
      return format.number(Number(value), Number.isInteger(value) ? 0 : 2);
    case 'rate':
      return rateText(value, texts);
    case 'date':
      return format.day(plain);
    case 'month':
      return format.month(plain);
    case 'instant':
      return format.dateTime(new Date(plain));
    case 'label':
      return labelText(labelsOf(column), value, texts);
    default:
      return labelText('common:level', value, texts);
  }
};
