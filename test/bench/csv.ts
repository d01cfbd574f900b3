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
export const SQL = `select p.first_name, p.last_name, p.employee_number, p.kind, p.status,
    to_char(r.due_at, 'YYYY-MM-DD HH24:MI'), r.definition_code, r.level
  from requirement r join profile p on p.company_id = $1 and p.id = r.profile_id where r.company_id = $1 and r.deleted_at is null`;

const sink = () => {
  let bytes = 0;
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  return { stream, bytes: () => bytes };
};

/** The rows of a company as CSV: ours with its guards against formulas, beside the bare libraries. */
export const csv = async ({ database, superuserUrl, companyId, client, full }: Place): Promise<Row[]> => {
  const db = openDatabase(database).open({ observed: false });
  const bareClient = new pg.Client({ connectionString: superuserUrl });
  await bareClient.connect();
  try {
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from requirement where company_id = $1',
      [companyId],
    );
    const ours = async (): Promise<number> => {
      const { stream, bytes } = sink();
      await db.read(scopeOf(companyId), async (reader) => {
        const body = csvStream(reader.stream(SQL, [companyId]) as AsyncIterable<string[]>, {
          columns: COLUMNS.map((key) => ({ key, label: key })),
        });
        await pipeline(body, stream);
      });
      return bytes();
    };
    const bare = async (): Promise<number> => {
      const { stream, bytes } = sink();
      const source = bareClient.query(new QueryStream(SQL, [companyId], { batchSize: 1_000, rowMode: 'array' }));
      await pipeline(source, stringify({ header: true, columns: COLUMNS, record_delimiter: '\r\n' }), stream);
      return bytes();
    };
    expect(await ours()).to.equal(await bare());
    const copy = async (): Promise<number> => {
      const { stream, bytes } = sink();
      await pipeline(
        bareClient.query(
          copyTo(
            `copy (${SQL.replace('$1', `'${companyId}'`).replace('$1', `'${companyId}'`)}) to stdout (format csv, header)`,
          ),
        ),
        stream,
      );
      return bytes();
    };
    const [own, theirs, copied] = await interleave(
      [ours, bare, copy].map((run) => () => timed(run)),
      full ? 5 : 3,
    );
    const many = full ? 1_000_000 : 500_000;
    const memory = async (count: number) =>
      (
        await runChild('csv.child', {
          BENCH_DATABASE: database,
          BENCH_COMPANY: companyId,
          BENCH_ROWS: String(count),
        })
      ).peak;
    const [low, high] = [await memory(many / 10), await memory(many)];
    const count = rows[0]!.n.toLocaleString('en');
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
      speed(
        { work: 'the same', baseline: `COPY TO, without a guard: ${median(copied!).toFixed(0)} ms`, unit: 'ms' },
        own!,
        copied!,
      ),
      figure(
        { work: `CSV of ${many.toLocaleString('en')} rows, resident at most`, baseline: '–', unit: 'MiB' },
        [high],
        256,
      ),
      figure({ work: 'what ten times the rows add to it', baseline: '–', unit: 'MiB' }, [high - low], 10),
    ];
  } finally {
    await bareClient.end();
    await db.close();
  }
};
