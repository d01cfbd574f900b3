import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import {
  checkpointName,
  createCheckpointer,
  readCheckpoint,
  writeCheckpoint,
} from '../../../src/platform/change/checkpoints.ts';
import type { CheckpointStore } from '../../../src/platform/change/checkpoints.ts';
import { chainColumns, linkHash } from '../../../src/platform/change/chain.ts';
import type { ChainRow } from '../../../src/platform/change/chain.ts';
import type { FaultKind } from '../../../src/platform/change/report.ts';
import { createSealer } from '../../../src/platform/change/sealer.ts';
import { createVerifier } from '../../../src/platform/change/verifier.ts';
import type { KeyRing } from '../../../src/platform/crypto/key-ring.ts';
import { createKeyRing } from '../../../src/platform/crypto/key-ring.ts';
import type { Database } from '../../../src/platform/db/database.ts';
import { plainRecorder } from '../../support/changes.ts';
import { addCompany, randomRing, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

/** A store in memory: what is put stays, whatever happens to the database. */
const memoryStore = (): CheckpointStore & { readonly files: Map<string, string> } => {
  const files = new Map<string, string>();
  return {
    files,
    put: (name, text) => Promise.resolve(void files.set(name, text)),
    get: (name) => Promise.resolve(files.get(name)),
    list: (prefix) => Promise.resolve([...files.keys()].filter((name) => name.startsWith(prefix))),
  };
};

describe('chain verifier', () => {
  let database: TestDatabase;
  let db: Database;
  let system: pg.Pool;
  let superuser: pg.Client;
  let company: string;
  let store: ReturnType<typeof memoryStore>;
  const recorder = plainRecorder();
  const keyRing = randomRing();
  const onError = (error: unknown) => {
    throw error;
  };
  const now = () => new Date();

  const change = async (count: number): Promise<void> => {
    await db.write(scopeOf(company), async (tx) => {
      for (let n = 0; n < count; n += 1)
        await recorder.event(tx, { entity: 'thing', entityId: uuidv7(), action: 'update', after: { n, big: 1e15 } });
    });
  };
  const seal = (ring: KeyRing = keyRing) => createSealer({ system, keyRing: ring, now, onError }).sealCompany(company);
  const checkpoint = () => createCheckpointer({ system, keyRing, store, now, onError, everyMs: 0 }).run();
  const verify = (range = {}, options = {}) =>
    db.read(scopeOf(company), (reader) =>
      createVerifier({ keyRing, store, now, page: 7, ...options }).verify(reader, range),
    );
  const named = async (range = {}, options = {}) =>
    (await verify(range, options)).faults.map(({ kind, seq }): [FaultKind, number | undefined] => [kind, seq]);
  const sql = (text: string, ...values: unknown[]) => superuser.query(text, [company, ...values]);
  const idOf = async (seq: number) =>
    (await sql('select change_id from change_seal where company_id = $1 and seq = $2', seq)).rows[0] as {
      change_id: string;
    };

  before(async () => {
    database = await cloneDatabase();
    db = database.open();
    system = database.pool('system');
    superuser = await database.superuser();
  });
  after(() => database.drop());
  beforeEach(async () => {
    company = await addCompany(database);
    store = memoryStore();
    await change(20);
    await seal();
    await checkpoint();
    await change(3);
    await seal();
  });

  it('finds a sound chain sound, whole or in part, with keys that rotate', async () => {
    expect(await verify()).to.deep.equal({ company, from: 1, to: 23, checked: 23, ok: true, faults: [] });
    expect(await verify({ from: 5, to: 9 })).to.include({ from: 5, to: 9, checked: 5, ok: true });
    await change(4);
    const rotated = createKeyRing([
      { id: 'k2', bytes: new Uint8Array(32) },
      { id: 'k1', bytes: keyRing.current.key.export() },
    ]);
    await seal(rotated);
    expect(await verify({}, { keyRing: rotated })).to.include({ to: 27, ok: true });
    expect(await named()).to.deep.equal([24, 25, 26, 27].map((seq) => ['unknown_key', seq]));
  });

  it('finds an empty chain sound', async () => {
    company = await addCompany(database);
    expect(await verify()).to.deep.equal({ company, from: 1, to: 0, checked: 0, ok: true, faults: [] });
  });

  for (const [column, value] of [
    ['after', `jsonb_set(after, '{n}', '99')`],
    ['after', `jsonb_set(after, '{big}', '1000000000000000.0000000000000000001')`],
    ['reason', `'because'`],
    ['actor_id', `'${uuidv7()}'`],
    ['at', `at + interval '1 millisecond'`],
    ['created_by', `'${uuidv7()}'`],
  ] as const)
    it(`names an edited row: ${column} = ${value}`, async () => {
      const { change_id } = await idOf(8);
      await sql(`update change set ${column} = ${value} where company_id = $1 and id = $2`, change_id);
      const { ok, faults } = await verify();
      expect(ok).to.equal(false);
      expect(faults).to.have.length(1);
      expect(faults[0]).to.include({ kind: 'edited', seq: 8, changeId: change_id });
    });

  it('names rows edited side by side, and no row beside them', async () => {
    for (const seq of [8, 9, 15])
      await sql(`update change set reason = 'x' where company_id = $1 and id = $2`, (await idOf(seq)).change_id);
    expect(await named()).to.deep.equal([8, 9, 15].map((seq) => ['edited', seq]));
  });

  it('names rows whose contents were exchanged', async () => {
    const [a, b] = [(await idOf(4)).change_id, (await idOf(17)).change_id];
    await sql(
      `update change set after = case id when $2 then (select after from change where company_id = $1 and id = $3)
         else (select after from change where company_id = $1 and id = $2) end,
       entity_id = case id when $2 then (select entity_id from change where company_id = $1 and id = $3)
         else (select entity_id from change where company_id = $1 and id = $2) end
       where company_id = $1 and id in ($2, $3)`,
      a,
      b,
    );
    expect(await named()).to.deep.equal([
      ['swapped', 4],
      ['swapped', 17],
    ]);
  });

  for (const [a, b] of [
    [4, 17],
    [8, 9],
  ] as const) {
    it(`names numbers ${a} and ${b} whose rows were exchanged`, async () => {
      const [first, second] = [(await idOf(a)).change_id, (await idOf(b)).change_id];
      await sql('update change_seal set change_id = $3 where company_id = $1 and seq = $2', a, uuidv7());
      await sql('update change_seal set change_id = $3 where company_id = $1 and seq = $2', b, first);
      await sql('update change_seal set change_id = $3 where company_id = $1 and seq = $2', a, second);
      expect(await named()).to.deep.equal([
        ['swapped', a],
        ['swapped', b],
      ]);
    });

    it(`names links ${a} and ${b} whose numbers were exchanged, and not the links after them`, async () => {
      await sql('update change_seal set seq = 1000 where company_id = $1 and seq = $2', a);
      await sql('update change_seal set seq = $3 where company_id = $1 and seq = $2', b, a);
      await sql('update change_seal set seq = $2 where company_id = $1 and seq = 1000', b);
      expect(await named()).to.deep.equal([
        ['swapped', a],
        ['swapped', b],
      ]);
    });
  }

  it('names a deleted row', async () => {
    const { change_id } = await idOf(11);
    await sql('delete from change where company_id = $1 and id = $2', change_id);
    const { faults } = await verify();
    expect(faults).to.have.length(1);
    expect(faults[0]).to.include({ kind: 'change_deleted', seq: 11, changeId: change_id });
  });

  it('does not miss rows that retention dropped', async () => {
    const { change_id } = await idOf(1);
    await sql('delete from change where company_id = $1 and id = $2', change_id);
    expect(await named({}, { retainedFrom: new Date(Date.now() + 60_000) })).to.deep.equal([]);
    expect(await named({}, { retainedFrom: new Date(Date.now() - 60_000) })).to.deep.equal([['change_deleted', 1]]);
  });

  it('names a deleted seal, and the row that lost its number', async () => {
    const { change_id } = await idOf(11);
    await sql('delete from change_seal where company_id = $1 and seq = 11');
    const { faults } = await verify();
    expect(faults.map(({ kind, seq, changeId }) => ({ kind, seq, changeId }))).to.deep.equal([
      { kind: 'seal_deleted', seq: 11, changeId: undefined },
      { kind: 'never_sealed', seq: undefined, changeId: change_id },
    ]);
  });

  it('names a row and its seal that were deleted together', async () => {
    const { change_id } = await idOf(11);
    await sql('delete from change_seal where company_id = $1 and seq between 11 and 12');
    await sql('delete from change where company_id = $1 and id = $2', change_id);
    expect((await named())[0]).to.deep.equal(['seal_deleted', 11]);
  });

  const cutFrom = async (seq: number) => {
    await sql(
      `delete from change where company_id = $1 and id in
         (select change_id from change_seal where company_id = $1 and seq >= $2)`,
      seq,
    );
    await sql('delete from change_seal where company_id = $1 and seq >= $2', seq);
  };
  const mendHead = (seq: number) =>
    sql(
      `update change_head set seq = $2, hash = (select hash from change_seal where company_id = $1 and seq = $2)
       where company_id = $1`,
      seq,
    );

  it('names a cut tail by the head', async () => {
    await cutFrom(22);
    expect(await named()).to.deep.equal([['tail_cut', 22]]);
  });

  it('names a cut tail by the signed checkpoint when the head was mended', async () => {
    await cutFrom(15);
    await mendHead(14);
    expect(await named()).to.deep.equal([['tail_cut', 15]]);
    await cutFrom(1);
    await sql('delete from change_head where company_id = $1');
    expect(await named()).to.deep.equal([['tail_cut', 1]]);
  });

  it('names a tail that was cut and grown again beyond the checkpoint', async () => {
    await cutFrom(15);
    await mendHead(14);
    await change(10);
    await seal();
    expect(await named()).to.deep.equal([['resealed', 20]]);
  });

  it('names a head that was moved', async () => {
    await sql(`update change_head set hash = '\\x00' where company_id = $1`);
    expect(await named()).to.deep.equal([['head_differs', 23]]);
    await sql(`update change_head set seq = 3 where company_id = $1`);
    expect(await named()).to.deep.equal([['head_differs', 23]]);
  });

  /** What somebody does who edits row 12 and writes all links from there on with a key of their own. */
  const resealFrom12 = async (ring: KeyRing, keyId: string) => {
    await sql(`update change set reason = 'x' where company_id = $1 and id = $2`, (await idOf(12)).change_id);
    let { hash } = (await sql('select hash from change_seal where company_id = $1 and seq = 11')).rows[0] as {
      hash: Buffer;
    };
    for (let seq = 12; seq <= 23; seq += 1) {
      const { rows } = await system.query<ChainRow>(
        `select ${chainColumns('c')} from change c where c.company_id = $1 and c.id = $2`,
        [company, (await idOf(seq)).change_id],
      );
      hash = linkHash(ring.current, hash, seq, rows[0]!);
      await sql('update change_seal set hash = $3, key_id = $4 where company_id = $1 and seq = $2', seq, hash, keyId);
    }
    await mendHead(23);
  };
  const from12 = (kind: FaultKind) => Array.from({ length: 12 }, (_, n) => [kind, n + 12]);

  it('names a chain that was sealed again with another key, under its own name or under ours', async () => {
    await resealFrom12(randomRing('mine'), 'mine');
    expect(await named()).to.deep.equal([['resealed', 20], ...from12('unknown_key')]);
    await resealFrom12(randomRing('mine'), 'k1');
    expect(await named()).to.deep.equal([['resealed', 20], ...from12('edited')]);
  });

  it('names a chain that was sealed again with the right key, by its checkpoint', async () => {
    await resealFrom12(keyRing, 'k1');
    expect(await named()).to.deep.equal([['resealed', 20]]);
  });

  it('names checkpoints that are gone or forged', async () => {
    const name = checkpointName(company, 20);
    const kept = store.files.get(name)!;
    store.files.delete(name);
    expect(await named()).to.deep.equal([['checkpoint_missing', 20]]);
    for (const forged of [
      kept.replace('"seq":20', '"seq":19'),
      '{}',
      'null',
      '',
      writeCheckpoint(readCheckpoint(kept, keyRing)!, randomRing()),
      writeCheckpoint({ ...readCheckpoint(kept, keyRing)!, company: uuidv7() }, keyRing),
    ]) {
      store.files.set(name, forged);
      expect(await named()).to.deep.equal([
        ['checkpoint_forged', 20],
        ['checkpoint_missing', 20],
      ]);
    }
  });

  it('names rows that the sealer left behind, and rows that were deleted before it came', async () => {
    await change(2);
    expect(await named()).to.deep.equal([]);
    const later = () => new Date(Date.now() + 600_000);
    expect(await named({}, { now: later })).to.deep.equal(
      Array.from({ length: 2 }, () => ['pending_too_old', undefined]),
    );
    await sql(`delete from change where company_id = $1 and id not in (select change_id from change_seal)`);
    expect(await named({}, { now: later })).to.deep.equal(
      Array.from({ length: 2 }, () => ['change_deleted', undefined]),
    );
    await sql('delete from change_pending where company_id = $1');
    expect(await named({}, { now: later })).to.deep.equal([]);
  });

  it('names a row that was written past the chain', async () => {
    await change(1);
    await sql('delete from change_pending where company_id = $1');
    const { faults } = await verify();
    expect(faults.map(({ kind }) => kind)).to.deep.equal(['never_sealed']);
  });

  it('sees no fault while changes are written, sealed and signed beside it', async () => {
    const writing = (async () => {
      for (let n = 0; n < 20; n += 1) {
        await change(2);
        await seal();
        await checkpoint();
      }
    })();
    const reports = [];
    for (let n = 0; n < 15; n += 1) reports.push(await verify());
    await writing;
    expect(reports.flatMap(({ faults }) => faults)).to.deep.equal([]);
    expect((await verify()).to).to.equal(63);
  });

  describe('checkpoints', () => {
    it('are written when the chain has grown or time has passed, once, and signed', async () => {
      const point = (options: object) => createCheckpointer({ system, keyRing, store, now, onError, ...options }).run();
      expect(await point({ everySeals: 4 })).to.equal(0);
      expect(await point({ everySeals: 3 })).to.equal(1);
      expect(await point({ everySeals: 1 })).to.equal(0);
      const text = store.files.get(checkpointName(company, 23))!;
      expect(readCheckpoint(text, keyRing)).to.include({ company, seq: 23 });
      expect(readCheckpoint(text, randomRing())).to.equal(undefined);
    });

    it('are tried again when the store failed, and hold up no other company', async () => {
      const first = company;
      company = await addCompany(database);
      await change(1);
      await seal();
      const told: unknown[] = [];
      const failing = {
        ...store,
        put: (name: string, text: string) =>
          name.includes(first) ? Promise.reject(new Error('full')) : store.put(name, text),
      };
      const options = { system, keyRing, now, everyMs: 0, everySeals: 1 };
      await createCheckpointer({ ...options, store: failing, onError: (_, id) => void told.push(id) }).run();
      expect(told).to.deep.equal([first]);
      expect(store.files.has(checkpointName(company, 1))).to.equal(true);
      expect(await createCheckpointer({ ...options, store, onError }).run()).to.equal(1);
      expect(store.files.has(checkpointName(first, 23))).to.equal(true);
    });
  });
});
