import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { CHAIN_COLUMNS, chainColumns, GENESIS, linkHash } from '../../../src/platform/change/chain.ts';
import type { ChainRow } from '../../../src/platform/change/chain.ts';
import { createSealer } from '../../../src/platform/change/sealer.ts';
import type { SealerOptions } from '../../../src/platform/change/sealer.ts';
import { createTrail } from '../../../src/platform/change/trail.ts';
import { createVault } from '../../../src/platform/change/vault.ts';
import { createCursors } from '../../../src/platform/db/cursor.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { commitChange, plainRecorder } from '../../support/changes.ts';
import { addCompany, randomRing, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

interface Seal {
  readonly seq: number;
  readonly change_id: string;
  readonly hash: Buffer;
  readonly key_id: string;
}

describe('sealer', () => {
  let database: TestDatabase;
  let db: Database;
  let system: pg.Pool;
  let superuser: pg.Client;
  const recorder = plainRecorder();
  const keyRing = randomRing();

  before(async () => {
    database = await cloneDatabase();
    db = database.open({ max: 20 });
    system = database.pool('system');
    superuser = await database.superuser();
  });
  after(() => database.drop());

  const errors: unknown[] = [];
  const sealer = (options: Partial<SealerOptions> = {}) =>
    createSealer({ system, keyRing, now: () => new Date(), onError: (error) => void errors.push(error), ...options });
  const commit = (companyId: string, entityId = uuidv7()) =>
    commitChange(db, recorder, companyId, { entityId, after: { text: 'ñ "quoted"', number: 1.5 } });
  const sealsOf = (companyId: string) =>
    db.read(scopeOf(companyId), (reader) =>
      reader.query<Seal>('select seq, change_id, hash, key_id from change_seal where company_id = $1 order by seq', [
        companyId,
      ]),
    );
  const pendingOf = async (companyId: string) =>
    (await superuser.query('select 1 from change_pending where company_id = $1', [companyId])).rowCount;
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n + 1);
  const until = async (done: () => Promise<boolean>) => {
    while (!(await done())) await sleep(5);
  };

  it('hashes every column of the table', async () => {
    const { rows } = await superuser.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = 'change'::regclass and attnum > 0 and not attisdropped`,
    );
    expect(rows.map(({ name }) => name)).to.have.members(CHAIN_COLUMNS);
  });

  it('gives numbers without gaps and links that follow each other, in batches, to the order of a unit of work', async () => {
    const company = await addCompany(database);
    const entities = numbers(23).map(() => uuidv7());
    await db.write(scopeOf(company), async (tx) => {
      for (const entityId of entities) await recorder.event(tx, { entity: 'thing', entityId, action: 'create' });
    });
    expect(await sealer({ batch: 5 }).sealCompany(company)).to.equal(23);
    const seals = await sealsOf(company);
    expect(seals.map(({ seq }) => seq)).to.deep.equal(numbers(23));
    const rows = await db.read(scopeOf(company), (reader) =>
      reader.query<ChainRow>(
        `select ${chainColumns('c')} from change c join change_seal s on s.company_id = $1 and s.change_id = c.id
         where c.company_id = $1 order by s.seq`,
        [company],
      ),
    );
    expect(rows.map(({ entity_id }) => entity_id)).to.deep.equal(entities);
    let previous: Buffer = GENESIS;
    for (const [n, { seq, hash, key_id }] of seals.entries()) {
      previous = linkHash(keyRing.current, previous, seq, rows[n]!);
      expect(hash.equals(previous)).to.equal(true);
      expect(key_id).to.equal('k1');
    }
    expect(await pendingOf(company)).to.equal(0);
  });

  it('links rows that differ in one column, or in where one ends, differently', () => {
    const row = Object.fromEntries(CHAIN_COLUMNS.map((name) => [name, 'x'])) as Record<string, string | null>;
    const hashes = [
      row,
      ...CHAIN_COLUMNS.flatMap((name) => [
        { ...row, [name]: null },
        { ...row, [name]: '' },
        { ...row, [name]: 'xx' },
      ]),
      { ...row, before: 'xx', after: '' },
      { ...row, before: '', after: 'xx' },
    ].map((one) => linkHash(keyRing.current, GENESIS, 1, one as ChainRow).toString('hex'));
    hashes.push(linkHash(keyRing.current, GENESIS, 2, row as ChainRow).toString('hex'));
    hashes.push(linkHash(keyRing.current, Buffer.alloc(32, 1), 1, row as ChainRow).toString('hex'));
    expect(new Set(hashes).size).to.equal(hashes.length);
  });

  it('keeps one order when several sealers and 16 writers work on one company, with no deadlock', async () => {
    const company = await addCompany(database);
    const sealers = [sealer({ pollEvery: 5, batch: 7 }), sealer({ pollEvery: 5, batch: 7 }), sealer({ pollEvery: 5 })];
    errors.length = 0;
    for (const one of sealers) one.start();
    await Promise.all(
      numbers(16).map(async () => {
        for (const _ of numbers(10)) {
          await commit(company);
          sealers[0]!.nudge(company);
        }
      }),
    );
    await until(async () => (await pendingOf(company)) === 0);
    await Promise.all(sealers.map((one) => one.stop()));
    expect(errors).to.deep.equal([]);
    expect((await sealsOf(company)).map(({ seq }) => seq)).to.deep.equal(numbers(160));
  });

  it('lets a transaction that was held open come later, with later numbers, and loses none', async () => {
    const company = await addCompany(database);
    const one = sealer({ pollEvery: 10 });
    one.start();
    const held = uuidv7();
    const others = numbers(20).map(() => uuidv7());
    await db.write(scopeOf(company), async (tx) => {
      await recorder.event(tx, { entity: 'thing', entityId: held, action: 'update' });
      for (const entityId of others) {
        await sleep(100);
        await commit(company, entityId);
      }
      await until(async () => (await sealsOf(company)).length === others.length);
    });
    await until(async () => (await sealsOf(company)).length === others.length + 1);
    await one.stop();
    const seals = await sealsOf(company);
    expect(seals.map(({ seq }) => seq)).to.deep.equal(numbers(21));
    const { rows } = await superuser.query<{ id: string }>(
      'select id from change where company_id = $1 and entity_id = $2',
      [company, held],
    );
    expect(seals.at(-1)!.change_id).to.equal(rows[0]!.id);
    expect(seals.slice(0, -1).every(({ change_id }) => change_id > rows[0]!.id)).to.equal(true);
  });

  it('numbers changes as they were written, not as their transactions began; so does the history of a row', async () => {
    const company = await addCompany(database);
    let ticks = Date.now();
    const ticking = database.open({ now: () => new Date((ticks += 1_000)) });
    const [begun, written] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const thing = { entity: 'thing', entityId: uuidv7() };
    const early = ticking.write(scopeOf(company), async (tx) => {
      begun.resolve();
      await written.promise;
      await recorder.event(tx, { ...thing, action: 'second' });
    });
    await begun.promise;
    await ticking.write(scopeOf(company), (tx) => recorder.event(tx, { ...thing, action: 'first' }));
    written.resolve();
    await early;
    expect(await sealer().sealCompany(company)).to.equal(2);
    const trail = createTrail(
      createCursors(randomRing(), () => new Date()),
      createVault(randomRing()),
    );
    const page = await ticking.read(scopeOf(company), (reader) => trail.history(reader, 'thing', thing.entityId, {}));
    const { items } = JSON.parse(page) as { items: { seq: number; action: string; at: string }[] };
    expect(items.map(({ seq, action }) => `${seq} ${action}`)).to.deep.equal(['2 thing.second', '1 thing.first']);
    expect(items[0]!.at < items[1]!.at).to.equal(true);
    await ticking.close();
  });

  it('never makes a writer wait: changes commit while another process holds the head', async () => {
    const company = await addCompany(database);
    await commit(company);
    await sealer().sealCompany(company);
    await superuser.query('begin');
    await superuser.query('select 1 from change_head where company_id = $1 for update', [company]);
    await commit(company);
    expect(await sealer().sealCompany(company)).to.equal(0);
    await superuser.query('commit');
    expect(await sealer().sealCompany(company)).to.equal(1);
  });

  it('seals nothing of a unit of work that was rolled back', async () => {
    const company = await addCompany(database);
    await db
      .write(scopeOf(company), async (tx) => {
        await recorder.event(tx, { entity: 'thing', entityId: uuidv7(), action: 'update' });
        throw new Error('no');
      })
      .catch(() => undefined);
    expect(await sealer().sealCompany(company)).to.equal(0);
  });

  it('goes on with the other companies when one cannot be sealed, and says which', async () => {
    const [broken, sound] = [await addCompany(database), await addCompany(database)];
    await commit(broken);
    await sealer().sealCompany(broken);
    await superuser.query('delete from change_head where company_id = $1', [broken]);
    await Promise.all([commit(broken), commit(sound)]);
    const told: (string | undefined)[] = [];
    const error = await sealer({ onError: (_, companyId) => void told.push(companyId) })
      .sealAll()
      .catch((cause: unknown) => cause);
    expect(error).to.have.property('code', '23505');
    expect(told).to.deep.equal([broken]);
    expect(await sealsOf(sound)).to.have.length(1);
    expect(await sealsOf(broken)).to.have.length(1);
  });

  it('seals what is sound when a pending row has lost its change', async () => {
    const company = await addCompany(database);
    await superuser.query('insert into change_pending (company_id, change_id) values ($1, $2)', [
      company,
      '00000000-0000-7000-8000-000000000001',
    ]);
    await commit(company);
    expect(await sealer({ batch: 1 }).sealCompany(company)).to.equal(1);
    await superuser.query('delete from change_pending where company_id = $1', [company]);
  });
});
