import { toLocal } from '../../../platform/time/zone.ts';

export interface FileNameParts {
  /** Translated; blanks become hyphens. */
  readonly prefix: string;
  readonly companySlug: string;
  readonly from?: string;
  readonly to?: string;
  readonly at: Date;
  /** IANA zone of the timestamp. */
  readonly zone: string;
  readonly extension: string;
}

/** `cumplimiento_minera-norte_2026-01-01_2026-03-31_20260401-0834.pdf`: prefix, company, period, when it was made. */
export const fileNameOf = ({ prefix, companySlug, from, to, at, zone, extension }: FileNameParts): string => {
  const { date, time } = toLocal(at, zone);
  const stamp = `${date.replaceAll('-', '')}-${time.replace(':', '')}`;
  const parts = [prefix.trim().replaceAll(/\s+/g, '-'), companySlug, from, to, stamp].filter(
    (part) => part !== undefined,
  );
  return `${parts.join('_')}.${extension}`;
};

const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/**
 * Content-Disposition of a download: the name as it is for those who read RFC 5987 (`filename*`), and without accents for
 * the others.
 */
export const attachment = (name: string): string => {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const full = encodeURIComponent(name.normalize('NFC')).replaceAll(/['()*]/g, percent);
  return `attachment; filename="${plain}"; filename*=UTF-8''${full}`;
};
