import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { expect } from 'chai';
import pg from 'pg';
import QueryStream from 'pg-query-stream';
import { csvStream } from '../../src/platform/render/csv.ts';
import { scopeOf } from '../support/companies.ts';
import { openDatabase } from '../support/database.ts';
import type { Place } from './http.ts';
import { figure, interleave, median, speed, timed } from './measure.ts';
import type { Row } from './measure.ts';

const COLUMNS = ['first_name', 'last_name', 'employee_number', 'kind', 'status', 'due', 'test', 'level'];
const SQL = `select p.first_name, p.last_name, p.employee_number, p.kind, p.status,
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
export const csv = async ({ database, superuserUrl, companyId, client, rounds }: Place): Promise<Row[]> => {
  const db = openDatabase(database).open({ observed: false });
  const bareClient = new pg.Client({ connectionString: superuserUrl });
  await bareClient.connect();
  try {
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from requirement where company_id = $1',
      [companyId],
    );
    let peak = 0;
    const ours = async (): Promise<number> => {
      const { stream, bytes } = sink();
      await db.read(scopeOf(companyId), async (reader) => {
        const body = csvStream(reader.stream(SQL, [companyId]) as AsyncIterable<string[]>, {
          columns: COLUMNS.map((key) => ({ key, label: key })),
        });
        const watch = setInterval(() => {
          peak = Math.max(peak, process.memoryUsage.rss() / 2 ** 20);
        }, 50);
        await pipeline(body, stream);
        clearInterval(watch);
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
    peak = 0;
    const [own, theirs] = await interleave([() => timed(ours), () => timed(bare)], rounds);
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
      figure({ work: 'the same, resident at most (with this program)', baseline: '–', unit: 'MiB' }, [peak], 256),
    ];
  } finally {
    await bareClient.end();
    await db.close();
  }
};
