import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pdfStream } from '../../../src/platform/render/pdf.ts';
import type { TableRow } from '../../../src/platform/render/pdf-table.ts';

/** Renders 40,000 rows into nothing and prints how far the live memory rose after the first 5,000. */
const TOTAL = 40_000;
let base = 0;
let grown = 0;
let bytes = 0;
let pages = 0;

const live = () => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

function* rows(): Generator<TableRow> {
  for (let row = 0; row < TOTAL; row++) {
    if (row === 5_000) base = live();
    if (row > 5_000 && row % 5_000 === 0) grown = Math.max(grown, live() - base);
    yield [
      `${row}. María José Ñáñez-O’Higgins`,
      'Planta concentradora',
      '07:00 – 19:00',
      { text: 'Verde', tone: 'green' },
    ];
  }
}

const stream = pdfStream(
  {
    lang: 'es',
    title: 'Memory',
    author: 'test',
    createdAt: new Date(),
    compress: false,
    runningTitle: 'running',
    footer: 'foot',
    pageOf: (page, total) => {
      pages = Math.max(pages, page);
      return `${page} / ${total}`;
    },
  },
  (report) =>
    report.table({
      columns: ['a', 'b', 'c', 'd'].map((label) => ({ label, width: 1 })),
      rows: rows(),
      continued: (group) => group,
      empty: '',
    }),
);
await pipeline(
  stream,
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      setImmediate(done);
    },
  }),
);
process.stdout.write(JSON.stringify({ bytes, pages, grownMb: grown / 1024 / 1024 }));
