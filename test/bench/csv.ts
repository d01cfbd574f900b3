import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { expect } from 'chai';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import QueryStream from 'pg-query-stream';
import { csvStream } from '../../src/platform/render/csv.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import type { Place } from './place.ts';
import { runChild } from './child.ts';
import { figure, interleave, median, speed, timed } from './measure.ts';
import type { Row } from './measure.ts';

export const COLUMNS = ['first_name', 'last_name', 'employee_number', 'kind', 'status', 'due', 'test', 'level'];
const SQL = `select p.first_name, p.last_name, p.employee_number, p.kind, p.status,
    to_char(r.due_at, 'YYYY-MM-DD HH24:MI'), r.definition_code, r.level
  from requirement r join profile p on p.company_id = $1 and p.id = r.profile_id where r.company_id = $1 and r.deleted_at is null`;
/** The same rows again and again, $2 of them. */
export const MANY = `select b.* from (${SQL}) b, generate_series(1, 100) limit $2`;

/** Rows that a report of a million has: those of the company, again and again. */
const ROWS = 1_000_000;

/** Takes a text and says what it was, in short. */
const digestOf = async (write: (into: Writable) => Promise<void>): Promise<string> => {
  const hash = createHash('sha256');
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done();
    },
  });
  await write(sink);
  return hash.digest('hex');
};

/** The rows of a company as CSV: ours with its guards against formulas, beside the bare libraries. */
export const csv = async ({ database, superuserUrl, companyId, full }: Place): Promise<Row[]> => {
  const db = openDatabase(database).open({ observed: false });
  const bareClient = new pg.Client({ connectionString: superuserUrl });
  await bareClient.connect();
  try {
    const ours = (into: Writable): Promise<void> =>
      db.read(scopeOf(companyId), async (reader) => {
        const body = csvStream(reader.stream(MANY, [companyId, ROWS]) as AsyncIterable<string[]>, {
          columns: COLUMNS.map((key) => ({ key, label: key })),
        });
        await pipeline(body, into);
      });
    const bare = async (into: Writable): Promise<void> => {
      const source = bareClient.query(new QueryStream(MANY, [companyId, ROWS], { batchSize: 1_000, rowMode: 'array' }));
      await pipeline(source, stringify({ header: true, columns: COLUMNS, record_delimiter: '\r\n' }), into);
    };
    const digests = new Set<string>();
    const [own, theirs] = await interleave(
      [ours, bare].map((write) => () => timed(async () => digests.add(await digestOf(write)))),
      full ? 5 : 2,
      0,
    );
    expect([...digests], 'what each of them wrote').to.have.length(1);
    const text = MANY.replaceAll('$1', `'${companyId}'`).replace('$2', String(ROWS));
    const copy = (into: Writable): Promise<void> =>
      pipeline(bareClient.query(copyTo(`copy (${text}) to stdout (format csv, header)`)), into);
    const copied = await timed(() => digestOf(copy));
    const memory = async (count: number) =>
      (
        await runChild('csv.child', {
          BENCH_DATABASE: database,
          BENCH_COMPANY: companyId,
          BENCH_ROWS: String(count),
        })
      ).peak;
    const [low, high] = [await memory(ROWS / 10), await memory(ROWS)];
    const count = ROWS.toLocaleString('en');
    return [
      speed(
        {
          work: `CSV of ${count} rows`,
          baseline: `pg-query-stream → csv-stringify: ${median(theirs!).toFixed(0)} ms`,
          unit: 'ms',
        },
        own!,
        theirs!,
        1,
      ),
      speed({ work: 'the same', baseline: `COPY TO, without a guard: ${copied.toFixed(0)} ms`, unit: 'ms' }, own!, [
        copied,
      ]),
      figure({ work: `CSV of ${count} rows, resident at most`, baseline: '–', unit: 'MiB' }, [high], 256),
      figure({ work: 'what ten times the rows add to it', baseline: '–', unit: 'MiB' }, [high - low], 10),
    ];
  } finally {
    await bareClient.end();
    await db.close();
  }
};
