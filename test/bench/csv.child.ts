// So many rows of the company as CSV, the same rows again where it has fewer: as reports write them, or as the bare libraries do.
import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import pg from 'pg';
import QueryStream from 'pg-query-stream';
import { csvStream } from '../../src/platform/render/csv.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import { superuserUrl } from '../support/template.ts';
import { done } from './child.ts';
import { COLUMNS, MANY } from './csv.ts';

const { BENCH_DATABASE, BENCH_COMPANY, BENCH_ROWS, BENCH_WRITER } = process.env as Record<string, string>;
const values = [BENCH_COMPANY!, Number(BENCH_ROWS)];

const asReports = async (into: Writable): Promise<void> => {
  const db = openDatabase(BENCH_DATABASE!).open({ observed: false });
  await db.read(scopeOf(BENCH_COMPANY!), async (reader) => {
    const rows = reader.stream(MANY, values) as AsyncIterable<string[][]>;
    await pipeline(csvStream(rows, { columns: COLUMNS.map((key) => ({ key, label: key })) }), into);
  });
  await db.close();
};

const asTheLibraries = async (into: Writable): Promise<void> => {
  const client = new pg.Client({ connectionString: superuserUrl(BENCH_DATABASE!) });
  await client.connect();
  const rows = client.query(new QueryStream(MANY, values, { batchSize: 1_000, rowMode: 'array' }));
  await pipeline(rows, stringify({ header: true, columns: COLUMNS, record_delimiter: '\r\n' }), into);
  await client.end();
};

await done(async () => {
  const hash = createHash('sha256');
  const sink = new Writable({
    write(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      next();
    },
  });
  await (BENCH_WRITER === 'libraries' ? asTheLibraries : asReports)(sink);
  return { digest: [...hash.digest()] };
});
