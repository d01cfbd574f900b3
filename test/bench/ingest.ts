import { expect } from 'chai';
import pg from 'pg';
import { createTestSources, saferRow } from '../support/sources.ts';
import { runChild } from './child.ts';
import { against, figure, rate, timed } from './measure.ts';
import type { Row } from './measure.ts';
import type { Place } from './place.ts';

const FED_AT_ONCE = 1_000;
const WRITTEN_AT_ONCE = 500;
/** What results leave, and which of their rows came since $2. */
const LEFT = {
  test_result: 'created_at >= $2',
  test_result_key: 'result_id in (select id from test_result where company_id = $1 and created_at >= $2)',
  change: 'created_at >= $2',
  change_pending: 'change_id in (select id from change where company_id = $1 and created_at >= $2)',
  change_recipient: 'change_id in (select id from change where company_id = $1 and created_at >= $2)',
} as const;

/** The people whose results come, by their numbers in the source. */
const link = async ({ client, companyId, results }: Place): Promise<{ slug: string; codes: string[] }> => {
  const { rows: slugs } = await client.query<{ slug: string }>('select slug from company where id = $1', [companyId]);
  const { rows } = await client.query<{ code: string }>(
    `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
     select $1, gen_random_uuid(), 'SAFER', 'W' || p.n, p.id, $2, $2 from bench_profile p where p.company_id = $1 order by p.n limit $3
     returning external_id as code`,
    [companyId, new Date(), results],
  );
  return { slug: slugs[0]!.slug, codes: rows.map(({ code }) => code) };
};

/** Each of these people is required to take a test. */
const requireTests = async ({ client, companyId, results }: Place, now: Date): Promise<void> => {
  // Each process seals with keys of its own.
  await client.query('delete from company_key where company_id = $1', [companyId]);
  await client.query(
    `insert into requirement (company_id, id, profile_id, shift_date, site_id, kind, definition_code, window_from, due_at, grace_until,
       miss_at, terms, status, high_risk, attempts, had_invalid, review_drawn, created_at, updated_at)
     select $1, gen_random_uuid(), p.id, $2::timestamptz::date, p.site_id, 'pre_shift', 'PVT-B', $2::timestamptz - interval '2 hours',
       $2::timestamptz + interval '2 hours', $2::timestamptz + interval '2 hours', $2::timestamptz + interval '12 hours',
       '{"supervisorHours": 4, "reviewOneIn": 10, "deviceSilentMinutes": 60}', 'due', false, 0, false, false, $2, $2
     from bench_profile p where p.company_id = $1 order by p.n limit $3`,
    [companyId, now, results],
  );
};

/** The next round finds what this one found, but for the keys of results: a source is read again from a little before its end. */
const forget = async ({ client, companyId }: Place, since: Date): Promise<void> => {
  await client.query('set session_replication_role = replica');
  for (const [table, came] of Object.entries(LEFT).toReversed())
    if (table !== 'test_result_key')
      await client.query(`delete from ${table} where company_id = $1 and ${came}`, [companyId, since]);
  await client.query('delete from requirement where company_id = $1 and created_at >= $2', [companyId, since]);
  await client.query('reset session_replication_role');
  await client.query(`vacuum requirement, ${Object.keys(LEFT).join(', ')}`);
};

type Statement = readonly [text: string, values: readonly unknown[]];

/** INSERTs of all these rows, some hundred at a time, into table `again`. */
const insertsOf = (names: readonly string[], rows: readonly (readonly unknown[])[]): Statement[] => {
  const statements: Statement[] = [];
  for (let from = 0; from < rows.length; from += WRITTEN_AT_ONCE) {
    const some = rows.slice(from, from + WRITTEN_AT_ONCE);
    const places = some.map((row, at) => `(${row.map((_, column) => `$${at * row.length + column + 1}`).join(', ')})`);
    statements.push([
      `insert into again (${names.join(', ')}) overriding system value values ${places.join(', ')}`,
      some.flat(),
    ]);
  }
  return statements;
};

/** Rows a second that the same rows take as INSERTs and UPDATEs of some hundred rows each, in tables with the same keys and indexes. */
const writeAgain = async ({ client, companyId, superuserUrl, results }: Place, since: Date): Promise<number> => {
  const bare = new pg.Client({ connectionString: superuserUrl });
  await bare.connect();
  const all = (table: string, came: string) =>
    client.query<unknown[]>({
      text: `select * from ${table} where company_id = $1 and ${came}`,
      values: [companyId, since],
      rowMode: 'array',
      types: { getTypeParser: () => (text: string) => text },
    });
  try {
    let took = 0;
    const write = async (
      table: string,
      filled: string | undefined,
      statements: readonly Statement[],
    ): Promise<void> => {
      await bare.query(`create table again (like ${table} including all)`);
      if (filled !== undefined) await bare.query(filled);
      took += await timed(async () => {
        for (const [text, values] of statements) await bare.query(text, [...values]);
      });
      await bare.query('drop table again');
    };
    for (const [table, came] of Object.entries(LEFT)) {
      const { rows, fields } = await all(table, came);
      await write(
        table,
        undefined,
        insertsOf(
          fields.map(({ name }) => name),
          rows,
        ),
      );
    }
    const ids = (
      await client.query<{ id: string }>('select id from requirement where company_id = $1 and created_at >= $2', [
        companyId,
        since,
      ])
    ).rows.map(({ id }) => id);
    const updates: Statement[] = [];
    for (let from = 0; from < ids.length; from += WRITTEN_AT_ONCE)
      updates.push([
        `update again a set status = r.status, level = r.level, result_id = r.result_id, done_at = r.done_at, attempts = r.attempts,
           version = r.version, updated_at = r.updated_at
         from requirement r where r.company_id = $1 and r.id = any($2::uuid[]) and a.company_id = r.company_id and a.id = r.id`,
        [companyId, ids.slice(from, from + WRITTEN_AT_ONCE)],
      ]);
    await write(
      'requirement',
      `insert into again select * from requirement where company_id = '${companyId}' and created_at >= '${since.toISOString()}'`,
      updates,
    );
    return (results * 1_000) / took;
  } finally {
    await bare.end();
  }
};

/** Ingest of results that come in order, each round in a process of its own. */
export const ingest = async (place: Place): Promise<Row[]> => {
  const { client, companyId, database, results, full } = place;
  const rounds = full ? 3 : 2;
  const sources = await createTestSources();
  try {
    const { slug, codes } = await link(place);
    expect(codes).to.have.length(results);
    const ours: number[] = [];
    const peaks: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const now = new Date();
      await requireTests(place, now);
      for (let from = 0; from < results; from += FED_AT_ONCE)
        await sources.feeder.safer(
          codes
            .slice(from, from + FED_AT_ONCE)
            .map((code, index) => saferRow(slug, code, new Date(now.getTime() - 60_000 - index))),
        );
      const { ms, peak } = await runChild('ingest.child', {
        BENCH_DATABASE: database,
        BENCH_SOURCES: JSON.stringify(sources.urls),
        BENCH_ROWS: String(results),
      });
      const { rows } = await client.query<{ n: number }>(
        `select count(*)::int as n from requirement r join test_result t on t.company_id = $1 and t.id = r.result_id
         where r.company_id = $1 and r.status = 'done_on_time' and t.level is not null and t.created_at >= $2`,
        [companyId, now],
      );
      expect(rows[0]!.n, 'requirements that were met').to.equal(results);
      ours.push((results * 1_000) / ms);
      peaks.push(peak);
      theirs.push(await writeAgain(place, now));
      if (round + 1 < rounds) await forget(place, now);
    }
    return [
      rate(
        {
          work: `ingest of ${results.toLocaleString('en')} results, from source to level, requirement, changes`,
          baseline: against('the same rows, 500 a statement', theirs, '/s'),
          unit: 'results/s',
        },
        ours,
        theirs,
        0.3,
      ),
      figure({ work: 'the same, resident at most', baseline: '–', unit: 'MiB' }, peaks, 256),
    ];
  } finally {
    await sources.drop();
  }
};
