import { Readable } from 'node:stream';
import PdfKit from 'pdfkit';
import { pdfStream } from '../../src/platform/render/pdf.ts';

const COLUMNS = ['Worker', 'Position', 'Shift', 'Date', 'Level', 'Done', 'On time', 'Days'];
const WIDTHS = [150, 90, 60, 55, 45, 40, 40, 30];
const LEVELS = ['green', 'yellow', 'orange', 'red'];

/** The cells of one row, the same for both. */
const cellsOf = (row: number): string[] => [
  `Worker ${row} O'Higgins Sotomayor`,
  `Operator ${row % 17}`,
  row % 2 === 0 ? '07:00 - 19:00' : '19:00 - 07:00',
  `2026-0${1 + (row % 9)}-1${row % 10}`,
  LEVELS[row % 4]!,
  String(1_000 + (row % 300)),
  `${80 + (row % 20)} %`,
  String(row % 90),
];

function* rowsOf(count: number): Generator<string[]> {
  for (let row = 0; row < count; row += 1) yield cellsOf(row);
}

/** As a report of the product: title, figures, chart, table with repeated header, footers. */
export const ourReport = (rows: number, compress: boolean): Readable =>
  pdfStream(
    {
      lang: 'en',
      title: 'Compliance',
      author: 'bench',
      createdAt: new Date(),
      compress,
      runningTitle: 'Compliance',
      footer: 'made by the bench',
      pageOf: (page, total) => `${page} of ${total}`,
    },
    async (report) => {
      report.titleBlock({ company: 'Bench', title: 'Compliance', subtitle: 'by worker', facts: [] });
      report.lineChart({
        series: ['Compliance', 'On time'].map((label, line) => ({
          label,
          points: Array.from({ length: 90 }, (_, day) => ({ x: day, y: 0.9 - line * 0.1 + Math.sin(day / 9) / 20 })),
        })),
        range: [0, 1],
        formatX: String,
        formatY: (y) => `${Math.round(y * 100)} %`,
        empty: 'nothing',
      });
      await report.table({
        columns: COLUMNS.map((label, index) => ({ label, width: WIDTHS[index]!, align: index > 4 ? 'right' : 'left' })),
        rows: rowsOf(rows),
        continued: (group) => group,
        empty: 'nothing',
      });
    },
  );

/** The same rows by pdfkit alone: each text at its place, cut at its width, a page when one is full. */
export const bareReport = (rows: number, compress: boolean): Readable => {
  const doc = new PdfKit({ size: 'A4', margin: 42, compress, autoFirstPage: false });
  const draw = async (): Promise<void> => {
    let y = Infinity;
    for (const cells of rowsOf(rows)) {
      if (y > 780) {
        await new Promise(setImmediate);
        doc.addPage().font('Helvetica').fontSize(8);
        y = 54;
      }
      let x = 42;
      for (const [index, cell] of cells.entries()) {
        doc.text(cell, x, y, { width: WIDTHS[index]! - 4, lineBreak: false, ellipsis: true });
        x += WIDTHS[index]!;
      }
      y += 15;
    }
    doc.end();
  };
  void draw();
  return Readable.from(doc);
};
