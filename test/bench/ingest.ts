import { expect } from 'chai';
import pg from 'pg';
import { createTestSources, saferRow } from '../support/sources.ts';
import { runChild } from './child.ts';
import { figure, rate, timed } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

const RESULTS = 20_000;
const FED_AT_ONCE = 1_000;
const INSERTED_AT_ONCE = 500;
/** What a result leaves. */
const TABLES = ['test_result', 'test_result_key', 'change', 'change_pending', 'change_recipient'] as const;

/** The people whose results come, each with the requirement that theirs is for. */
const prepare = async ({ client, companyId }: Place, today: Date): Promise<{ slug: string; codes: string[] }> => {
  const { rows: slugs } = await client.query<{ slug: string }>('select slug from company where id = $1', [companyId]);
  // Other parts of the bench sealed with keys of their own.
  await client.query('delete from company_key where company_id = $1', [companyId]);
  const { rows } = await client.query<{ code: string }>(
    `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
     select $1, gen_random_uuid(), 'SAFER', 'W' || p.n, p.id, $2, $2 from bench_profile p where p.company_id = $1 order by p.n limit $3
     returning external_id as code`,
    [companyId, today, RESULTS],
  );
  await client.query(
    `insert into requirement (company_id, id, profile_id, shift_date, site_id, kind, definition_code, window_from, due_at, grace_until,
       miss_at, terms, status, high_risk, attempts, had_invalid, review_drawn, created_at, updated_at)
     select $1, gen_random_uuid(), p.id, $2::timestamptz::date, p.site_id, 'pre_shift', 'PVT-B', $2::timestamptz - interval '2 hours',
       $2::timestamptz + interval '2 hours', $2::timestamptz + interval '2 hours', $2::timestamptz + interval '12 hours',
       '{"supervisorHours": 4, "reviewOneIn": 10, "deviceSilentMinutes": 60}', 'due', false, 0, false, false, $2, $2
     from bench_profile p where p.company_id = $1 order by p.n limit $3`,
    [companyId, today, RESULTS],
  );
  return { slug: slugs[0]!.slug, codes: rows.map(({ code }) => code) };
};

/** Rows a second that the same rows take as INSERTs of some hundred rows each, into tables with the same keys and indexes. */
const insertAgain = async ({ client, companyId, superuserUrl }: Place, since: Date): Promise<number> => {
  const bare = new pg.Client({ connectionString: superuserUrl });
  await bare.connect();
  try {
    let took = 0;
    for (const table of TABLES) {
      const filter = table === 'test_result' || table === 'change' ? 'created_at >= $2' : '$2::timestamptz is not null';
      const { rows, fields } = await client.query<unknown[]>({
        text: `select * from ${table} where company_id = $1 and ${filter}`,
        values: [companyId, since],
        rowMode: 'array',
        types: { getTypeParser: () => (text: string) => text },
      });
      await bare.query(`create temporary table again (like ${table} including all)`);
      const names = fields.map(({ name }) => name).join(', ');
      const statements: [string, unknown[]][] = [];
      for (let from = 0; from < rows.length; from += INSERTED_AT_ONCE) {
        const some = rows.slice(from, from + INSERTED_AT_ONCE);
        const places = some.map(
          (row, index) => `(${row.map((_, column) => `$${index * row.length + column + 1}`).join(', ')})`,
        );
        statements.push([
          `insert into again (${names}) overriding system value values ${places.join(', ')}`,
          some.flat(),
        ]);
      }
      took += await timed(async () => {
        for (const [text, values] of statements) await bare.query(text, values);
      });
      await bare.query('drop table again');
    }
    return (RESULTS * 1_000) / took;
  } finally {
    await bare.end();
  }
};

/** Ingest of results that come in order, in a process of its own. */
export const ingest = async (place: Place): Promise<Row[]> => {
  const { client, companyId, database } = place;
  const sources = await createTestSources();
  try {
    const now = new Date();
    const { slug, codes } = await prepare(place, now);
    expect(codes).to.have.length(RESULTS);
    for (let from = 0; from < RESULTS; from += FED_AT_ONCE)
      await sources.feeder.safer(
        codes
          .slice(from, from + FED_AT_ONCE)
          .map((code, index) => saferRow(slug, code, new Date(now.getTime() - 60_000 - index))),
      );
    const { ms, peak } = await runChild('ingest.child', {
      BENCH_DATABASE: database,
      BENCH_SOURCES: JSON.stringify(sources.urls),
      BENCH_ROWS: String(RESULTS),
    });
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from requirement r join test_result t on t.company_id = $1 and t.id = r.result_id
       where r.company_id = $1 and r.status = 'done_on_time' and t.level is not null and t.created_at >= $2`,
      [companyId, now],
    );
    expect(rows[0]!.n, 'requirements that were met').to.equal(RESULTS);
    const again = await insertAgain(place, now);
    return [
      rate(
        {
          work: `ingest of ${RESULTS.toLocaleString('en')} results, from source to level, requirement, changes`,
          baseline: `the same rows as INSERTs of 500: ${again.toFixed(0)}/s`,
          unit: 'results/s',
        },
        [(RESULTS * 1_000) / ms],
        [again],
        0.3,
      ),
      figure({ work: 'the same, resident at most', baseline: '–', unit: 'MiB' }, [peak], 256),
    ];
  } finally {
    await sources.drop();
  }
};
