// One report of many rows: ours with its title, chart and table, or the loop that pdfkit's own guide shows.
import { Writable } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bareReport, ourReport } from './pdf-reports.ts';
import { done } from './child.ts';

const { BENCH_PDF, BENCH_ROWS } = process.env as { BENCH_PDF: 'ours' | 'bare'; BENCH_ROWS: string };

const bytesOf = async (source: Readable): Promise<number> => {
  let bytes = 0;
  await pipeline(
    source,
    new Writable({
      write(chunk: Buffer, _encoding, next) {
        bytes += chunk.length;
        next();
      },
    }),
  );
  return bytes;
};

await done(async () => ({
  bytes: [await bytesOf((BENCH_PDF === 'ours' ? ourReport : bareReport)(Number(BENCH_ROWS), true))],
}));
