import { expect } from 'chai';
import { pageText, readPdf } from '../support/pdf-reader.ts';
import { runChild } from './child.ts';
import { against, figure, interleave, speed } from './measure.ts';
import type { Row } from './measure.ts';
import { bareReport, ourReport } from './pdf-reports.ts';
import type { Place } from './place.ts';

const ROWS = 10_000;
const CHECKED = 200;

/** A report of ten thousand rows, each in a process of its own: its time without the start of the process, and its memory. */
export const pdf = async ({ rounds }: Place): Promise<Row[]> => {
  for (const report of [ourReport, bareReport]) {
    const { pages } = await readPdf(report(CHECKED, false));
    const text = pages.map(pageText).join('\n');
    for (let row = 0; row < CHECKED; row += 1) expect(text).to.contain(`Worker ${row} O`);
  }
  const peaks: number[] = [];
  const run = (which: 'ours' | 'bare') => async (): Promise<number> => {
    const { ms, peak, told } = await runChild('pdf.child', { BENCH_PDF: which, BENCH_ROWS: String(ROWS) });
    expect(told['bytes']![0]).to.be.greaterThan(100_000);
    if (which === 'ours') peaks.push(peak);
    return ms;
  };
  const [ours, bare] = await interleave([run('ours'), run('bare')], Math.min(rounds, 3), 0);
  const time = speed(
    {
      work: `PDF of ${ROWS.toLocaleString('en')} rows with its chart`,
      baseline: against('pdfkit, text by text', bare!, ' ms'),
      unit: 'ms',
    },
    ours!,
    bare!,
    1 / 1.3,
  );
  return [
    { ...time, reach: '≤ 1.3× its time' },
    figure({ work: 'the same, resident at most', baseline: '–', unit: 'MiB' }, peaks, 256),
  ];
};
