import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { csvStream, type CsvRow } from '../../../src/platform/render/csv.ts';

/** Writes 300,000 rows into nothing and prints how far the resident memory rose after the first 50,000. */
const TOTAL = 300_000;
const LIST = 500;
let base = 0;
let peak = 0;
let bytes = 0;

function* lists() {
  const list: CsvRow[] = [];
  for (let row = 0; row < TOTAL; row++) {
    if (row === 50_000) base = process.memoryUsage.rss();
    if (row > 50_000 && row % 1000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
    list.push({
      id: `id-${row}`,
      name: 'María José Ñáñez-O’Higgins, supervisora',
      value: row / 7,
      note: `${row}`.padEnd(500, '.'),
    });
    if (list.length === LIST) yield list.splice(0);
  }
}

await pipeline(
  csvStream(lists(), { columns: ['id', 'name', 'value', 'note'].map((key) => ({ key, label: key })) }),
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      setImmediate(done);
    },
  }),
);
process.stdout.write(JSON.stringify({ bytes, grownMb: (peak - base) / 1024 / 1024 }));
