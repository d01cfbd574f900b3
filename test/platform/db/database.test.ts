import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { ofBody } from '../../../src/platform/db/constraints.ts';
import { createDatabase, Refusal } from '../../../src/platform/db/database.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { SessionEnded, StaleSession } from '../../../src/platform/db/errors.ts';
import { RowStream } from '../../../src/platform/db/row-stream.ts';
import type { Scope } from '../../../src/platform/db/scope.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error instanceof Problem ? error.code : (error as Error).name),
  );

describe('the two data paths', () => {
  let database: TestDatabase;
  let db: Database;
  let client: pg.Client;
  let companyId: string;
  before(async () => {
    database = await cloneDatabase();
    db = database.open({ max: 2, observed: false });
    client = await database.superuser();
    companyId = await addCompany(database);
  });
  after(() => database.drop());

  const addSite = (scope: Scope, code: string) =>
    db.write(scope, (tx) =>
      tx.query(
        `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at) values ($1, $2, '/' || $2::uuid || '/', 1, $3, $3, 'Etc/UTC', $4, $4)`,
        [scope.companyId, uuidv7(), code, tx.now],
      ),
    );

  it('see and write one company’s rows only', async () => {
    const other = await addCompany(database);
    await addSite(scopeOf(companyId), 'MINE');
    await addSite(scopeOf(other), 'THEIRS');
    const codes = await db.read(scopeOf(companyId), (reader) =>
      reader.query<{ code: string }>('select code from site'),
    );
    expect(codes).to.deep.equal([{ code: 'MINE' }]);
    const foreign = db.write(scopeOf(companyId), (tx) =>
      tx.query(
        `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at) values ($1, $2, '/' || $2::uuid || '/', 1, 'X', 'X', 'Etc/UTC', $3, $3)`,
        [other, uuidv7(), tx.now],
      ),
    );
    expect(await codeOf(foreign)).to.equal('error');
    await db.write(scopeOf(companyId), (tx) => tx.query(`update site set name = 'changed'`));
    const { rows } = await client.query(`select name from site where code = 'THEIRS'`);
    expect(rows).to.deep.equal([{ name: 'THEIRS' }]);
  });

  it('roll a refused work back, and leave its record with the problem that it answers', async () => {
    const refused = db.write(scopeOf(companyId), async (tx) => {
      await tx.query(
        `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at) values ($1, $2, '/' || $2::uuid || '/', 1, 'WORK', 'W', 'Etc/UTC', $3, $3)`,
        [tx.companyId, uuidv7(), tx.now],
      );
      throw new Refusal(async (own) => {
        await own.query(
          `insert into site (company_id, id, path, depth, code, name, timezone, created_at, updated_at) values ($1, $2, '/' || $2::uuid || '/', 1, 'RECORD', 'R', 'Etc/UTC', $3, $3)`,
          [own.companyId, uuidv7(), own.now],
        );
        return new Problem(409, 'REFUSED_WITH_RECORD');
      });
    });
    expect(await codeOf(refused)).to.equal('REFUSED_WITH_RECORD');
    const left = async () =>
      (await client.query<{ code: string }>(`select code from site where code in ('WORK', 'RECORD')`)).rows;
    expect(await left()).to.deep.equal([{ code: 'RECORD' }]);
    await client.query(`delete from site where code = 'RECORD'`);
    const broken = db.write(scopeOf(companyId), () =>
      Promise.reject(new Refusal(() => Promise.reject(new Problem(503, 'NOT_RECORDED')))),
    );
    expect(await codeOf(broken)).to.equal('NOT_RECORDED');
  });

  it('keep as many statements prepared as they may: those that come again', async () => {
    const [pool] = [database.pool('app', 1)];
    const one = createDatabase({ writer: pool, reader: pool, now: () => new Date(), mostPrepared: 3 });
    const run = (n: number) =>
      one.read(scopeOf(companyId), (reader) => reader.prepared<{ n: number }>(`select ${n} + $1::int as n`, [1]));
    const kept = async () =>
      (
        await pool.query<{ text: string }>('select statement as text from pg_prepared_statements order by name')
      ).rows.map(({ text }) => Number(/select (\d+)/.exec(text)?.[1]));
    for (let n = 0; n < 10; n += 1) expect(await run(n)).to.deep.equal([{ n: n + 1 }]);
    expect(await kept()).to.deep.equal([]);
    // Three were run so lately that they are known: they come again.
    for (const n of [9, 8, 7, 0, 9, 8, 7]) expect(await run(n)).to.deep.equal([{ n: n + 1 }]);
    expect(await kept()).to.deep.equal([9, 8, 7]);
    for (let round = 0; round < 3; round += 1)
      for (let n = 20; n < 30; n += 1) expect(await run(n)).to.deep.equal([{ n: n + 1 }]);
    expect(await kept()).to.deep.equal([9, 8, 7]);
  });

  it('read only where they read, and undo everything when the work throws', async () => {
    const writing = db.read(scopeOf(companyId), (reader) => reader.query(`update site set name = 'no'`));
    expect(await codeOf(writing)).to.equal('error');
    let isTold = false;
    const failing = db.write(scopeOf(companyId), async (tx) => {
      tx.afterCommit(() => (isTold = true));
      await tx.query(`update site set name = 'half'`);
      throw new Error('stop');
    });
    expect(await codeOf(failing)).to.equal('Error');
    expect(isTold).to.equal(false);
    const rows = await db.read(scopeOf(companyId), (reader) => reader.query<{ name: string }>('select name from site'));
    expect(rows).to.deep.equal([{ name: 'changed' }]);
  });

  it('tell what was refused as problems with a pointer', async () => {
    expect(await codeOf(addSite(scopeOf(companyId), 'MINE'))).to.equal('DUPLICATE');
    const problem = await addSite(scopeOf(companyId), 'MINE').catch((error: unknown) => error as Problem);
    expect((problem as Problem).options.errors).to.deep.equal([{ pointer: '/code', code: 'DUPLICATE', in: 'body' }]);
    const unknown = db.write(scopeOf(companyId), (tx) =>
      tx.query(
        `insert into project (company_id, id, code, name, status, site_id, created_at, updated_at) values ($1, $2, 'P', 'P', 'planning', $3, $4, $4)`,
        [companyId, uuidv7(), uuidv7(), tx.now],
      ),
    );
    const missing = (await unknown.catch((error: unknown) => error)) as Problem;
    expect(missing.code).to.equal('UNKNOWN_REFERENCE');
    expect(missing.options.errors?.map(({ pointer }) => pointer)).to.deep.equal(['/siteId']);
    const pointersFor = (body: unknown) =>
      (ofBody(missing, body) as Problem).options.errors?.map(({ pointer }) => pointer);
    expect([{ siteId: null }, { name: 'P' }, undefined].map(pointersFor)).to.deep.equal([['/siteId'], [''], ['']]);
  });

  it('answer 503 when every connection is taken, and go on when one is free', async () => {
    const busy = database.open({ max: 1 });
    const release = Promise.withResolvers<void>();
    const holding = busy.write(scopeOf(companyId), () => release.promise);
    const waiting = codeOf(busy.write(scopeOf(companyId), () => Promise.resolve()));
    expect(await waiting).to.equal('DATABASE_UNAVAILABLE');
    release.resolve();
    await holding;
    expect(await codeOf(busy.write(scopeOf(companyId), () => Promise.resolve()))).to.equal('nothing');
  }).timeout(15_000);

  it('outlive a connection that the server ended', async () => {
    const ended = db.write(scopeOf(companyId), async (tx) => {
      const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      await client.query('select pg_terminate_backend($1)', [row!.pid]);
      await tx.query('select 1');
    });
    expect(await codeOf(ended)).to.equal('DATABASE_UNAVAILABLE');
    expect(await codeOf(addSite(scopeOf(companyId), 'AFTER'))).to.equal('nothing');
  });

  describe('enter a session', () => {
    let scope: Scope;
    let ids: { person: string; profile: string; session: string };
    beforeEach(async () => {
      ids = { person: uuidv7(), profile: uuidv7(), session: uuidv7() };
      const at = new Date();
      await client.query(
        `insert into person (id, first_name, last_name, locale, status, data_key, created_at, updated_at) values ($1, 'A', 'B', 'es', 'active', 'k', $2, $2)`,
        [ids.person, at],
      );
      await client.query(
        `insert into profile (company_id, id, person_id, first_name, last_name, national_id_kind, kind, status, created_at, updated_at)
         values ($1, $2, $3, 'A', 'B', 'RUT', 'employee', 'active', $4, $4)`,
        [companyId, ids.profile, ids.person, at],
      );
      await client.query(
        `insert into session (company_id, id, person_id, profile_id, kind, client, sid, last_seen_at, expires_at, created_at, updated_at)
         values ($1, $2, $3, $4, 'member', 'admin', $5, $6, $7, $6, $6)`,
        [companyId, ids.session, ids.person, ids.profile, `sid-${ids.session}`, at, new Date(at.getTime() + 3_600_000)],
      );
      const { rows } = await client.query<{ epoch: string }>(
        'select 3 + access_epoch as epoch from company where id = $1',
        [companyId],
      );
      scope = { ...scopeOf(companyId, ids.profile), session: { id: ids.session, epoch: Number(rows[0]!.epoch) } };
    });
    const outcome = async () => {
      const once = await codeOf(db.read(scope, (reader) => reader.prepared('select 1 as one'), { once: true }));
      const without = await codeOf(db.read(scope, () => Promise.reject(new Error('refused')), { once: true }));
      const told = await codeOf(db.read(scope, () => Promise.resolve()));
      expect(once, 'in one message').to.equal(told);
      expect(without, 'before any statement').to.equal(told === 'nothing' ? 'Error' : told);
      const caught = db.read(scope, (reader) => reader.prepared('select 1 as one').catch(() => 'caught'), {
        once: true,
      });
      expect(await codeOf(caught), 'whoever catches it').to.equal(told);
      return told;
    };

    it('that is as it was cached', async () => {
      expect(await outcome()).to.equal('nothing');
    });

    it('in one message with the statement that it may run, once the connection has prepared it', async () => {
      const pool = database.pool('app', 1);
      const lone = createDatabase({ writer: pool, reader: pool, now: () => new Date() });
      const text = `select id, version, created_at as "at", null as none, array['a,', '"b'] as list from profile where id = any($1)`;
      const ask = (who: Scope, run: 'prepared' | 'texts') =>
        lone.read(who, (reader) => reader[run](text, [[ids.profile]]) as Promise<unknown[]>, { once: true });
      const [at] = await lone.read(scope, (reader) =>
        reader.query<{ at: string }>('select created_at as "at" from profile where id = $1', [ids.profile]),
      );
      const row = { id: ids.profile, version: 1, at: at!.at, none: null, list: ['a,', '"b'] };
      for (let time = 0; time < 4; time += 1) expect(await ask(scope, 'prepared')).to.deep.equal([row]);
      expect((await ask(scope, 'texts'))[0]).to.include.members([ids.profile, '1', null, '{"a,","\\"b"}']);
      const stale = { ...scope, session: { id: ids.session, epoch: scope.session!.epoch + 1 } };
      expect(await codeOf(ask(stale, 'prepared'))).to.equal(StaleSession.name);
      expect(await ask(scope, 'prepared')).to.deep.equal([row]);
      const ended = { ...scope, session: { id: uuidv7(), epoch: 1 } };
      expect(await codeOf(ask(ended, 'texts'))).to.equal(SessionEnded.name);
      const wrong = lone.read(scope, (reader) => reader.prepared(text, ['no list']), { once: true });
      expect(await codeOf(wrong)).to.equal('error');
      const other = await addCompany(database);
      expect(await ask(scopeOf(other), 'prepared'), 'of another company').to.deep.equal([]);
      expect(await ask(scope, 'prepared')).to.deep.equal([row]);
    });

    it('that is not over by the clock that everything else goes by', async () => {
      const [opened, ends] = [new Date('2020-01-06T12:00:00Z'), new Date('2020-01-06T20:00:00Z')];
      await client.query('update session set expires_at = $2 where id = $1', [ids.session, ends]);
      let now = opened;
      const then = database.open({ now: () => now, max: 1 });
      const ask = async () => [
        await codeOf(then.read(scope, () => Promise.resolve())),
        await codeOf(then.read(scope, (reader) => reader.prepared('select 1 as one'), { once: true })),
        await codeOf(then.write(scope, () => Promise.resolve())),
      ];
      expect(await ask()).to.deep.equal(['nothing', 'nothing', 'nothing']);
      now = ends;
      expect(await ask()).to.deep.equal([SessionEnded.name, SessionEnded.name, SessionEnded.name]);
      await then.close();
    });

    it('or see nothing, and leave the connection as good as it was, however much was sent along', async () => {
      const lone = database.open({ max: 1, observed: false });
      const refused = { ...scope, session: { id: ids.session, epoch: scope.session!.epoch + 1 } };
      const ask = (who: Scope) =>
        lone.read(
          who,
          (reader) => reader.prepared<{ id: string }>('select id from profile where id = $1', [ids.profile]),
          {
            once: true,
          },
        );
      expect(await codeOf(ask(refused))).to.equal(StaleSession.name);
      expect(await ask(scope)).to.deep.equal([{ id: ids.profile }]);
      expect(await codeOf(ask(refused))).to.equal(StaleSession.name);
      const second = lone.read(
        scope,
        async (reader) => {
          await reader.query('select 1 as one');
          return reader.query('select id from profile');
        },
        { once: true },
      );
      expect(await codeOf(second), 'one statement and no other').to.equal('Error');
      const thrown = lone.read(scope, () => {
        throw new TypeError('at once');
      });
      expect(await codeOf(thrown)).to.equal('TypeError');
      expect(await ask(scope)).to.deep.equal([{ id: ids.profile }]);
      await lone.close();
    });

    for (const [what, statement] of [
      ['session', 'update session set epoch = epoch + 1 where id = $1'],
      ['person', 'update person set epoch = epoch + 1 where id = $2'],
      ['profile', 'update profile set epoch = epoch + 1 where id = $3'],
      ['company', 'update company set access_epoch = access_epoch + 1 where id = $4'],
    ] as const)
      it(`never with what was true before its ${what} changed`, async () => {
        await client.query(
          `${statement} or ($1::uuid is null and $2::uuid is null and $3::uuid is null and $4::uuid is null)`,
          [ids.session, ids.person, ids.profile, companyId],
        );
        expect(await outcome()).to.equal(StaleSession.name);
      });

    for (const [what, statement] of [
      ['revoked', 'update session set revoked_at = now() where id = $1'],
      ['expired', `update session set expires_at = now() - interval '1 s' where id = $1`],
      ['of a disabled person', `update person set status = 'disabled' where id = $2`],
      ['of a suspended profile', `update profile set status = 'suspended' where id = $3`],
    ] as const)
      it(`never when it is ${what}`, async () => {
        await client.query(`${statement} or ($1::uuid is null and $2::uuid is null and $3::uuid is null)`, [
          ids.session,
          ids.person,
          ids.profile,
        ]);
        expect(await outcome()).to.equal(SessionEnded.name);
      });

    it('of another company never', async () => {
      const other = await addCompany(database);
      expect(await codeOf(db.read({ ...scope, companyId: other }, () => Promise.resolve()))).to.equal(
        SessionEnded.name,
      );
    });
  });

  it('refuse ids that are none, before anything is sent', async () => {
    expect(await codeOf(db.read(scopeOf(`${companyId}'; drop table site; --`), () => Promise.resolve()))).to.equal(
      'TypeError',
    );
  });

  describe('stream rows whose connection is cut', () => {
    const ROWS = 'select n, pg_backend_pid() as pid from generate_series(1, 100000) n';
    const cut = async (pid: unknown): Promise<void> => {
      await client.query('select pg_terminate_backend($1)', [pid]);
      await until(
        async () => (await client.query('select 1 from pg_stat_activity where pid = $1', [pid])).rowCount === 0,
      );
    };
    /** Reads until row `at` and cuts then; `leaves`: stops there. */
    const reading = (at: number, leaves: boolean): Promise<number> =>
      db.read(scopeOf(companyId), async (reader) => {
        let count = 0;
        for await (const rows of reader.stream(ROWS))
          for (const [, pid] of rows) {
            count += 1;
            if (count !== at) continue;
            await cut(pid);
            await sleep(50); // Longer than the process takes to hear of it.
            if (leaves) return count;
          }
        return count;
      });

    it('and end with the outage, wherever they were', async () => {
      for (const at of [1, 249, 250, 1_500])
        expect(await codeOf(reading(at, false)), `${at}`).to.equal('DATABASE_UNAVAILABLE');
      expect(await reading(700, true)).to.equal(700);
    });

    it('while it computes, too', async () => {
      const slow = db.read(scopeOf(companyId), async (reader) => {
        const rows: unknown[] = [];
        for await (const list of reader.stream('select pg_sleep(n * 30)::text from generate_series(0, 1) n'))
          rows.push(...list);
        return rows;
      });
      const waiting = codeOf(slow);
      const asleep = `select pid from pg_stat_activity where query like 'select pg_sleep(n%' and state = 'active' and datname = current_database()`;
      await until(async () => (await client.query(asleep)).rowCount === 1);
      await cut((await client.query<{ pid: number }>(asleep)).rows[0]!.pid);
      expect(await waiting).to.equal('DATABASE_UNAVAILABLE');
    });

    it('after the last row, before the database says that it was the last', async () => {
      const nothing = () => undefined;
      const wire = {
        parse: nothing,
        bind: nothing,
        describe: nothing,
        flush: nothing,
        execute: nothing,
        close: nothing,
      };
      const connection = Object.assign(new EventEmitter(), { ...wire, sync: nothing }) as unknown as pg.Connection;
      const rows = new RowStream('select 1', []);
      const read = codeOf((async () => void (await rows.toArray()))());
      rows.submit(connection);
      rows.handleRowDescription({ fields: [] });
      await new Promise(setImmediate);
      rows.handleDataRow({ fields: [] });
      rows.handleCommandComplete({ text: 'SELECT 1' });
      rows.handleError(new TypeError('gone'), connection);
      expect(await read).to.equal('TypeError');
    });

    it('and leave a connection that others may use, where the reader stops or the statement fails', async () => {
      for (let n = 0; n < 5; n += 1) {
        const some = db.read(scopeOf(companyId), async (reader) => {
          for await (const [first] of reader.stream(ROWS)) return first?.[0];
          return undefined;
        });
        expect(await some).to.equal(1);
        const wrong = db.read(scopeOf(companyId), async (reader) => {
          for await (const rows of reader.stream('select 1 / (600 - n) from generate_series(1, 1000) n'))
            expect(rows).to.have.length(250);
        });
        expect(await codeOf(wrong)).to.equal('error');
      }
    });
  });
});
