// So many rows of the company as CSV, the same rows again where it has fewer.
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { csvStream } from '../../src/platform/render/csv.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import { done } from './child.ts';
import { COLUMNS, MANY } from './csv.ts';

const { BENCH_DATABASE, BENCH_COMPANY, BENCH_ROWS } = process.env as Record<string, string>;

await done(async () => {
  const db = openDatabase(BENCH_DATABASE!).open({ observed: false });
  let bytes = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, next) {
      bytes += chunk.length;
      next();
    },
  });
  await db.read(scopeOf(BENCH_COMPANY!), async (reader) => {
    const rows = reader.stream(MANY, [BENCH_COMPANY!, Number(BENCH_ROWS)]) as AsyncIterable<string[]>;
    await pipeline(csvStream(rows, { columns: COLUMNS.map((key) => ({ key, label: key })) }), sink);
  });
  await db.close();
  return { bytes: [bytes] };
});
