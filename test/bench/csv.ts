import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Place } from './place.ts';
import { runChild } from './child.ts';
import type { Done } from './child.ts';
import { against, figure, interleave, median, speed, timed } from './measure.ts';
import type { Row } from './measure.ts';

export const COLUMNS = ['first_name', 'last_name', 'employee_number', 'kind', 'status', 'due', 'test', 'level'];
const SQL = `select p.first_name, p.last_name, p.employee_number, p.kind, p.status,
    to_char(r.due_at, 'YYYY-MM-DD HH24:MI'), r.definition_code, r.level
  from requirement r join profile p on p.company_id = $1 and p.id = r.profile_id where r.company_id = $1 and r.deleted_at is null`;
/** The same rows again and again, $2 of them. */
export const MANY = `select b.* from (${SQL}) b, generate_series(1, 100) limit $2`;

/** Rows that a report of a million has: those of the company, again and again. */
const ROWS = 1_000_000;

/** The rows of a company as CSV: ours with its guards against formulas, beside the bare libraries. */
export const csv = async ({ database, superuserUrl, companyId, full }: Place): Promise<Row[]> => {
  const digests = new Set<string>();
  const write = async (writer: 'reports' | 'libraries', count: number): Promise<Done> => {
    const given = { BENCH_DATABASE: database, BENCH_COMPANY: companyId };
    return runChild('csv.child', { ...given, BENCH_ROWS: String(count), BENCH_WRITER: writer });
  };
  const rounds = full ? 5 : 2;
  const peaks: number[] = [];
  const many = (writer: 'reports' | 'libraries') => async (): Promise<number> => {
    const { ms, peak, told } = await write(writer, ROWS);
    if (writer === 'reports') peaks.push(peak);
    digests.add(String(told['digest']));
    return ms;
  };
  const [own, theirs] = await interleave([many('reports'), many('libraries')], rounds, 0);
  expect([...digests], 'what each of them wrote').to.have.length(1);
  const [few] = await interleave([async () => (await write('reports', ROWS / 10)).peak], rounds, 0);
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    const text = MANY.replaceAll('$1', `'${companyId}'`).replace('$2', String(ROWS));
    const copied = await timed(() =>
      pipeline(client.query(copyTo(`copy (${text}) to stdout (format csv, header)`)), createHash('sha256')),
    );
    const count = ROWS.toLocaleString('en');
    return [
      speed(
        {
          work: `CSV of ${count} rows`,
          baseline: against('pg-query-stream → csv-stringify', theirs!, ' ms'),
          unit: 'ms',
        },
        own!,
        theirs!,
        1,
      ),
      speed(
        { work: 'the same', baseline: `COPY TO, without a guard, once: ${copied.toFixed(0)} ms`, unit: 'ms' },
        own!,
        own!.map(() => copied),
      ),
      figure({ work: `CSV of ${count} rows, resident at most`, baseline: '–', unit: 'MiB' }, peaks, 256),
      figure(
        { work: 'what ten times the rows add to it', baseline: '–', unit: 'MiB' },
        [median(peaks) - median(few!)],
        10,
      ),
    ];
  } finally {
    await client.end();
  }
};
