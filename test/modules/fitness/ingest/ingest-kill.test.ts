import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createTestSources, saferRow } from '../../../support/sources.ts';
import type { TestSources } from '../../../support/sources.ts';
import { createIngestHarness } from './harness.ts';
import type { Company, IngestHarness } from './harness.ts';

const CHILD = fileURLToPath(new URL('ingest.child.ts', import.meta.url));
const ROWS = 2_000;
const KILLS = 4;

describe('ingest, killed', () => {
  let h: IngestHarness;
  let sources: TestSources;
  let company: Company;
  before(async function prepare() {
    this.timeout(30_000);
    h = await createIngestHarness();
    sources = await createTestSources();
    company = await h.addCompany();
  });
  after(async () => {
    await h.close();
    await sources.drop();
  });

  const count = async (): Promise<number> =>
    (
      await h.root.query<{ n: number }>('select count(*)::int as n from test_result where company_id = $1', [
        company.id,
      ])
    ).rows[0]!.n;

  it('with SIGKILL in the middle again and again, loses no row and writes none twice', async function run() {
    this.timeout(120_000);
    for (const n of [1, 2, 3]) await h.addPerson(company, `P-${n}`);
    const start = Date.now() - ROWS * 60_000;
    for (let from = 0; from < ROWS; from += 500)
      await sources.feeder.safer(
        Array.from({ length: 500 }, (_, n) =>
          saferRow(company.slug, `P-${((from + n) % 4) + 1}`, new Date(start + (from + n) * 60_000), {
            practice: true,
          }),
        ),
      );
    const config = {
      app: h.database.url('app'),
      system: h.database.url('system'),
      sources: sources.urls,
      key: randomBytes(32).toString('base64'),
    };
    const begin = () =>
      spawn(process.execPath, [CHILD], {
        env: { ...process.env, INGEST_CHILD: JSON.stringify(config) },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const expected = (ROWS * 3) / 4;
    let partly = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = begin();
      const before = await count();
      const growth = async () => before === expected || (await count()) > before;
      while (!(await growth())) await sleep(5);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      const now = await count();
      if (now > 0 && now < expected) partly += 1;
    }
    expect(partly, 'no kill came in the middle').to.be.greaterThan(0);
    const last = begin();
    await new Promise((resolve) => last.stdout.once('data', resolve));
    const ended = new Promise((resolve) => last.once('exit', resolve));
    last.kill('SIGKILL');
    await ended;
    const figures = await h.root.query(
      `select (select count(*) from test_result where company_id = $1)::int as results,
         (select count(distinct external_id) from test_result where company_id = $1)::int as tests,
         (select count(*) from test_result_key where company_id = $1)::int as keys,
         (select count(distinct entity_id) from change where company_id = $1)::int as told,
         (select count(*) from change where company_id = $1)::int as changes,
         (select count(*) from ingest_quarantine where company_id = $1 and reason = 'UNKNOWN_PERSON')::int as waiting`,
      [company.id],
    );
    expect(figures.rows[0]).to.deep.equal({
      results: expected,
      tests: expected,
      keys: expected,
      told: expected,
      changes: expected,
      waiting: ROWS / 4,
    });
  });
});
