import type { Readable } from 'node:stream';
import type { Rows } from '../../../../platform/db/database.ts';
import { pdfStream } from '../../../../platform/render/pdf.ts';
import type { PdfReport } from '../../../../platform/render/pdf.ts';
import type { Table, TableCell, TableRow } from '../../../../platform/render/pdf-table.ts';
import type {
  ReportColumn,
  ReportDefinition,
  ReportFigure,
  ReportSeries,
  ReportSummary,
} from '../../../../platform/render/report.ts';
import type { Tone } from '../../../../platform/render/pdf-theme.ts';
import { cellText, rateText } from './texts.ts';
import type { Texts } from './texts.ts';

export interface Fact {
  readonly label: string;
  readonly value: string;
}

export interface PdfParts {
  readonly report: ReportDefinition;
  readonly columns: readonly ReportColumn[];
  readonly rows: AsyncIterable<Rows>;
  readonly summary: ReportSummary | undefined;
  readonly texts: Texts;
  readonly company: string;
  readonly author: string;
  readonly at: Date;
  readonly zone: string;
  /** First and last day, where the report has a period. */
  readonly period: { readonly from: string; readonly to: string } | undefined;
  /** Filters beside the period, and how far the report reaches. */
  readonly facts: readonly Fact[];
}

/** More columns than this are set across the page. */
const PORTRAIT_WIDTH = 9.5;
const NUMBERS = new Set(['integer', 'number', 'rate']);
const MOST_BARS = 40;

const figureText = ({ kind, value }: ReportFigure, texts: Texts): string =>
  kind === 'rate' ? rateText(value, texts) : texts.format.number(Number(value));

const drawFigures = (pdf: PdfReport, figures: readonly ReportFigure[], texts: Texts): void => {
  const { t, format } = texts;
  pdf.tiles(
    figures.map((figure) => ({
      label: t(`reports:figures.${figure.name}`),
      value: figureText(figure, texts),
      ...(figure.note && { note: t(`reports:notes.${figure.note.name}`, { value: format.number(figure.note.value) }) }),
      ...(figure.tone && { tone: figure.tone }),
    })),
  );
};

const drawSeries = (pdf: PdfReport, { name, section, points }: ReportSeries, { t, format }: Texts): void => {
  pdf.heading(t(`reports:sections.${section}`));
  pdf.lineChart({
    series: [
      {
        label: t(`reports:figures.${name}`),
        points: points.map(({ day, ratio }) => ({ x: Date.parse(day), y: ratio })),
      },
    ],
    range: [0, 1],
    shortened: (lowest) => t('reports:shortenedAxis', { lowest }),
    formatX: (x) => format.shortDay(new Date(x).toISOString().slice(0, 10)),
    formatY: (y) => format.percent(y, Number.isInteger(y * 100) ? 0 : 1),
    empty: t('common:document.noData'),
  });
};

const drawLevels = (pdf: PdfReport, levels: NonNullable<ReportSummary['levels']>, { t, format }: Texts): void => {
  const shown = levels.groups.filter(({ values }) => values !== null);
  pdf.heading(t('reports:sections.levels'));
  pdf.stackedBars({
    parts: levels.tones.map((tone) => ({ tone, label: t(`common:level.${tone}`) })),
    bars: shown
      .slice(0, MOST_BARS)
      .map(({ label, values }) => ({ label: label ?? t('reports:unassigned'), values: values ?? [] })),
    formatValue: (value) => format.number(value),
    empty: t('common:document.noData'),
  });
  const hidden = levels.groups.length - shown.length;
  if (hidden > 0) pdf.paragraph(t('reports:suppressed', { count: hidden }));
};

const cellOf = (column: ReportColumn, value: unknown, texts: Texts): TableCell => {
  const text = cellText(column, value, texts);
  if (text === '') return '–';
  return column.kind === 'level' ? { text, tone: value as Tone } : text;
};

const drawTable = (
  pdf: PdfReport,
  columns: readonly ReportColumn[],
  rows: Table['rows'],
  { t }: Texts,
): Promise<void> =>
  pdf.table({
    columns: columns.map(({ name, kind, width = 1 }) => ({
      label: t(`reports:columns.${name}`),
      width,
      align: NUMBERS.has(kind) ? 'right' : 'left',
    })),
    rows,
    continued: (group) => t('common:document.continued', { group }),
    empty: t('common:document.noRows'),
  });

/** Rows as cells, with the title of their group before the first of each. */
async function* tableRows({ report, columns, rows: lists, texts }: PdfParts): AsyncGenerator<TableRow> {
  const grouping = columns.findIndex(({ name }) => name === report.groupBy);
  const column = columns[grouping];
  let group: unknown;
  let isFirst = true;
  for await (const rows of lists)
    for (const row of rows) {
      if (column !== undefined && (isFirst || row[grouping] !== group)) {
        group = row[grouping];
        isFirst = false;
        yield { group: cellText(column, group, texts) || texts.t('reports:unassigned') };
      }
      yield columns.flatMap((each, index) => (index === grouping ? [] : [cellOf(each, row[index], texts)]));
    }
}

/** A report as PDF: title block, key figures, charts and the table of its rows. */
export const renderPdf = (parts: PdfParts): Readable => {
  const { report, columns, summary, texts, company, author, at, zone, period } = parts;
  const { t, format } = texts;
  const title = t(`reports:kinds.${report.kind}.title`);
  const when =
    period === undefined
      ? format.date(at)
      : t('common:document.periodRange', { from: format.day(period.from), to: format.day(period.to) });
  const shown = columns.filter(({ name }) => name !== report.groupBy);
  const options = {
    lang: texts.locale,
    title,
    author,
    createdAt: at,
    landscape: shown.reduce((sum, { width = 1 }) => sum + width, 0) > PORTRAIT_WIDTH,
    runningTitle: `${company} · ${title} · ${when}`,
    footer: t('common:document.generatedByAt', { name: author, time: format.dateTime(at) }),
    pageOf: (page: number, total: string) => t('common:document.pageOf', { page, total }),
  };
  return pdfStream(options, async (pdf) => {
    pdf.titleBlock({
      company,
      title,
      subtitle: t(`reports:kinds.${report.kind}.about`),
      facts: [
        { label: t(period === undefined ? 'reports:asOf' : 'common:document.period'), value: when },
        { label: t('common:document.generatedBy'), value: author },
        { label: t('common:document.timeZone'), value: zone },
        { label: t('common:document.generatedAt'), value: format.dateTime(at) },
        ...parts.facts,
      ],
    });
    if (summary !== undefined) {
      drawFigures(pdf, summary.figures, texts);
      if (summary.series !== undefined) drawSeries(pdf, summary.series, texts);
      if (summary.levels !== undefined) drawLevels(pdf, summary.levels, texts);
      for (const { name, columns: own, rows } of summary.breakdowns ?? []) {
        if (rows.length === 0) continue;
        pdf.heading(t(`reports:sections.${name}`));
        const cells = rows.map((row) => own.map((column, index) => cellOf(column, row[index], texts)));
        await drawTable(pdf, own, cells, texts);
      }
      pdf.heading(t('reports:sections.detail'));
    }
    await drawTable(pdf, shown, tableRows(parts), texts);
  });
};
