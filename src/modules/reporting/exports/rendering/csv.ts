import type { Readable } from 'node:stream';
import type { Rows } from '../../../../platform/db/database.ts';
import { csvStream } from '../../../../platform/render/csv.ts';
import type { CsvCell } from '../../../../platform/render/csv.ts';
import type { ReportColumn } from '../../../../platform/render/report.ts';
import { toLocal } from '../../../../platform/time/zone.ts';
import { cellText, percentage } from './texts.ts';
import type { Texts } from './texts.ts';

export interface CsvReport {
  readonly columns: readonly ReportColumn[];
  readonly rows: AsyncIterable<Rows>;
  readonly texts: Texts;
  readonly bom: boolean;
  /** Null: what spreadsheets of the language expect. */
  readonly separator: ',' | ';' | null;
}

const cellOf = (column: ReportColumn, value: unknown, texts: Texts): CsvCell => {
  if (value === null || value === undefined) return null;
  if (column.kind === 'integer' || column.kind === 'number') return Number(value);
  if (column.kind === 'rate') return percentage(value, texts);
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  if (column.kind === 'date' || column.kind === 'month') return plain;
  if (column.kind === 'instant') {
    const { date, time } = toLocal(new Date(plain), texts.zone);
    return `${date} ${time}`;
  }
  return cellText(column, value, texts);
};

const namedCells = (value: unknown): CsvCell[] => (value ?? [null, null]) as CsvCell[];

async function* cells({ columns, rows: lists, texts }: CsvReport): AsyncGenerator<CsvCell[][]> {
  for await (const rows of lists)
    yield rows.map((row) =>
      columns.flatMap((column, index) =>
        column.kind === 'named' ? namedCells(row[index]) : [cellOf(column, row[index], texts)],
      ),
    );
}

const headings = ({ name: key, kind }: ReportColumn, { t }: Texts): { key: string; label: string }[] => {
  const name = t(`reports:columns.${key}`);
  if (kind === 'rate') return [{ key, label: t('reports:inPercent', { name }) }];
  if (kind !== 'named') return [{ key, label: name }];
  return [
    { key: `${key}Code`, label: t('reports:inCode', { name }) },
    { key: `${key}Name`, label: t('reports:inName', { name }) },
  ];
};

/**
 * A report's rows as CSV: texts and the decimal sign as the language writes them; numbers without grouping, rates as numbers
 * of percent, dates as ISO 8601 writes them and times in the report's zone, so that machines read and sort them.
 */
export const renderCsv = (report: CsvReport): Readable => {
  const { texts } = report;
  const comma = texts.format.number(0.5, 1).includes(',');
  return csvStream(cells(report), {
    columns: report.columns.flatMap((column) => headings(column, texts)),
    separator: report.separator ?? (comma ? ';' : ','),
    bom: report.bom,
    formatNumber: (value) => (comma ? String(value).replace('.', ',') : String(value)),
  });
};
