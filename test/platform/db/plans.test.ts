import { expect } from 'chai';
import type pg from 'pg';
import { createDatabase } from '../../../src/platform/db/database.ts';
import type { Database, Reader, ReadOptions } from '../../../src/platform/db/database.ts';
import type { Scope } from '../../../src/platform/db/scope.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

const CONNECTIONS = 3;
const COLUMN = 'select n from plan_probe';

/** What became of it: its answer, or the problem that the caller is told. */
const told = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error: unknown) =>
    error instanceof Problem ? [error.status, error.code, error.options.retryAfter] : error,
  );
const UNAVAILABLE = [503, 'DATABASE_UNAVAILABLE', 1];

describe('statements that connections keep prepared', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let scope: Scope;
  let pool: pg.Pool;
  let db: Database;
  before(async () => {
    database = await cloneDatabase();
    client = await database.superuser();
    scope = scopeOf(await addCompany(database));
    await client.query(
      'create table plan_probe (n integer not null); grant select, update on plan_probe to app; insert into plan_probe values (7)',
    );
  });
  after(() => database.drop());
  beforeEach(() => {
    pool = database.pool('app', CONNECTIONS);
    db = createDatabase({ writer: pool, reader: pool, now: () => new Date() });
  });
  afterEach(() => pool.end());

  const read = (options: ReadOptions, work = (reader: Reader): Promise<unknown> => reader.prepared(COLUMN)) =>
    db.read(scope, work, options);
  const write = () => db.write(scope, (tx) => tx.prepared(COLUMN));
  /** Every connection of the pool has run it, until it keeps it prepared. */
  const warm = async (run: () => Promise<unknown>) => {
    for (let round = 0; round < 3; round += 1)
      await Promise.all(Array.from({ length: CONNECTIONS }, async () => run()));
    expect(pool.totalCount).to.equal(CONNECTIONS);
  };
  const changeType = async () => {
    const { rows } = await client.query<{ type: string }>('select pg_typeof(n)::text as type from plan_probe');
    await client.query(
      `alter table plan_probe alter column n type ${rows[0]!.type === 'bigint' ? 'integer' : 'bigint'}`,
    );
  };
  const forget = async () => {
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.connect()));
    for (const one of clients) {
      await one.query('discard all');
      one.release();
    }
  };

  for (const [what, lose] of [
    ['a column got another type', changeType],
    ['the server forgot them', forget],
  ] as const) {
    for (const options of [{ once: true }, {}, { snapshot: true }] satisfies ReadOptions[])
      it(`are prepared anew after ${what}: nobody who reads sees it (${JSON.stringify(options)})`, async () => {
        await warm(() => read(options));
        await lose();
        const answers = await Promise.all(Array.from({ length: 3 * CONNECTIONS }, () => told(read(options))));
        expect(answers).to.deep.equal(answers.map(() => [{ n: 7 }]));
        await warm(() => read(options));
      });

    it(`refuse one write with 503 after ${what}, and the next is right, on whichever connection`, async () => {
      await warm(write);
      await lose();
      expect(await told(write())).to.deep.equal(UNAVAILABLE);
      const answers = await Promise.all(Array.from({ length: 3 * CONNECTIONS }, () => told(write())));
      expect(answers).to.deep.equal(answers.map(() => [{ n: 7 }]));
    });
  }

  it('are planned once where one plan is right for any values, and for themselves alone', async () => {
    const lone = createDatabase({ writer: pool, reader: pool, now: () => new Date() });
    const plans = (text: string) =>
      pool
        .query<{ n: number[] }>(
          'select array[generic_plans::int, custom_plans::int] as n from pg_prepared_statements where statement = $1',
          [text],
        )
        .then(({ rows }) => rows[0]?.n);
    const texts = (text: string, onePlan: boolean) =>
      lone.read(scope, (reader) => reader.texts(text, [7], { onePlan }), { once: true });
    const [one, each] = ['select n from plan_probe where n = $1', 'select n, $1::int from plan_probe'];
    for (let run = 0; run < 4; run += 1) {
      expect(await texts(one, true)).to.deep.equal([['7']]);
      expect(await texts(each, false)).to.deep.equal([['7', '7']]);
    }
    // The first run of each was not prepared yet.
    expect([await plans(one), await plans(each)]).to.deep.equal([
      [3, 0],
      [0, 3],
    ]);
    expect((await pool.query('show plan_cache_mode')).rows).to.deep.equal([{ plan_cache_mode: 'auto' }]);
  });

  it('write nothing where they read, and leave nothing of it to whom their connection serves next, prepared or not', async () => {
    const lone = database.pool('app', 1);
    const one = createDatabase({ writer: lone, reader: lone, now: () => new Date() });
    const state = `select current_setting('app.company_id', true) as company, current_setting('transaction_read_only') as "readOnly",
      current_setting('plan_cache_mode') as plans`;
    const once = (text: string, onePlan: boolean) =>
      one.read(scope, (reader) => reader.texts(text, [], { onePlan }), { once: true });
    for (let run = 0; run < 4; run += 1)
      for (const onePlan of [false, true]) {
        const plans = onePlan ? 'force_generic_plan' : 'auto';
        expect(await once(state, onePlan), `run ${run}`).to.deep.equal([[scope.companyId, 'on', plans]]);
        await once('update plan_probe set n = 8 returning n', onePlan).then(
          () => expect.fail('it was written'),
          (error: Error) => expect(error.message).to.equal('cannot execute UPDATE in a read-only transaction'),
        );
        expect((await lone.query(state)).rows).to.deep.equal([{ company: '', readOnly: 'off', plans: 'auto' }]);
      }
    expect((await client.query(COLUMN)).rows).to.deep.equal([{ n: 7 }]);
  });

  it('give their connection back when it is ready, also where they fail: what streams next has rows of its own', async () => {
    const lone = database.pool('app', 1);
    const one = createDatabase({ writer: lone, reader: lone, now: () => new Date() });
    const divide = (by: number) =>
      one.read(scope, (reader) => reader.prepared(`select 7 / $1::integer as n`, [by]), { once: true });
    const stream = async (reader: Reader) => {
      const all: unknown[] = [];
      for await (const rows of reader.stream('select n, n + $1::integer from plan_probe', [1])) all.push(...rows);
      return all;
    };
    for (let run = 0; run < 3; run += 1) expect(await divide(1)).to.deep.equal([{ n: 7 }]);
    for (let run = 0; run < 200; run += 1) {
      const [failed, streamed] = await Promise.allSettled([divide(0), one.read(scope, stream)]);
      expect([failed.status, streamed], `run ${run}`).to.deep.equal([
        'rejected',
        { status: 'fulfilled', value: [[7, 8]] },
      ]);
    }
  });

  it('are not repeated behind rows that somebody has read already', async () => {
    const seen: unknown[] = [];
    const work = async (reader: Reader) => {
      for await (const rows of reader.stream('select 1')) seen.push(...rows);
      return reader.prepared(COLUMN);
    };
    await warm(() => read({}, work));
    seen.length = 0;
    await changeType();
    expect([await told(read({}, work)), seen]).to.deep.equal([UNAVAILABLE, [[1]]]);
    expect(await told(read({}, work))).to.deep.equal([{ n: 7 }]);
  });

  it('are repeated once and no more', async () => {
    let times = 0;
    const work = async (reader: Reader) => {
      times += 1;
      await reader.query('deallocate all');
      return reader.prepared(COLUMN);
    };
    await read({});
    await read({});
    const outcome = await told(
      read({}, async (reader) => {
        await reader.prepared(COLUMN);
        return work(reader);
      }),
    );
    expect([outcome, times]).to.deep.equal([UNAVAILABLE, 2]);
  });
});

describe('a value that cannot be written', () => {
  let database: TestDatabase;
  let lone: Database;
  let scope: Scope;
  before(async () => {
    database = await cloneDatabase();
    scope = scopeOf(await addCompany(database));
    const pool = database.pool('app', 1);
    lone = createDatabase({ writer: pool, reader: pool, now: () => new Date() });
  });
  after(() => database.drop());

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const ways: readonly [string, (value: unknown) => Promise<unknown>][] = [
    ...(['query', 'prepared', 'texts'] as const).flatMap((run) =>
      [{ once: true }, {}].map((options): [string, (value: unknown) => Promise<unknown>] => [
        `${run} ${JSON.stringify(options)}`,
        (value) =>
          lone.read(scope, (reader): Promise<unknown> => reader[run]('select $1::text as v', [value]), options),
      ]),
    ),
    ['write', (value) => lone.write(scope, (tx) => tx.prepared('select $1::text as v', [value]))],
  ];
  for (const [what, run] of ways)
    it(`is refused, and the connection goes on (${what})`, async () => {
      for (let time = 0; time < 3; time += 1) {
        expect(await run('x')).to.have.length(1);
        expect(await run(circular).catch((error: unknown) => error)).to.be.instanceOf(TypeError);
      }
      expect(await run('x')).to.have.length(1);
    });
});
