import { expect } from 'chai';
import Type from 'typebox';
import { v7 as uuidv7 } from 'uuid';
import { createChangeRecorder } from '../../../src/platform/change/recorder.ts';
import { createVault } from '../../../src/platform/change/vault.ts';
import { createBulk } from '../../../src/platform/db/bulk.ts';
import type { Bulk } from '../../../src/platform/db/bulk.ts';
import type { Database, Tx } from '../../../src/platform/db/database.ts';
import { companyTable } from '../../../src/platform/db/ddl.ts';
import { createRepository } from '../../../src/platform/db/repository.ts';
import type { Repository } from '../../../src/platform/db/repository.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { entity } from '../../../src/platform/schema/entity.ts';
import type { RowOf } from '../../../src/platform/schema/entity.ts';
import { day, exact, instant, integer, nullable, text, uuid } from '../../../src/platform/schema/types.ts';
import { addCompany, randomRing, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

const Crate = entity({
  table: 'crate',
  fields: {
    label: text(50),
    holder: nullable(text(50)),
    packedOn: nullable(day()),
    sealedAt: nullable(instant()),
    pieces: integer(0, 100),
    open: Type.Boolean(),
    tags: Type.Array(text(20)),
    terms: exact({ hours: integer(1, 10) }),
    ownerId: uuid(),
  },
  hidden: { secret: nullable(Type.String()) },
  create: ['label'],
  edit: ['label'],
  personal: ['holder'],
  subject: ({ ownerId }) => ownerId,
});
type CrateRow = RowOf<typeof Crate>;

describe('bulk writes', () => {
  let database: TestDatabase;
  let db: Database;
  let companyId: string;
  let repository: Repository<CrateRow>;
  let bulk: Bulk<CrateRow>;
  before(async () => {
    database = await cloneDatabase();
    db = database.open({ observed: false });
    companyId = await addCompany(database);
    const client = await database.superuser();
    for (const statement of companyTable('crate', [
      'label text not null',
      'holder text',
      'packed_on date',
      'sealed_at timestamptz(3)',
      'pieces integer not null',
      'open boolean not null',
      'tags text[] not null',
      'terms jsonb not null',
      'owner_id uuid not null',
      'secret text',
    ]))
      await client.query(statement);
    const changes = createChangeRecorder(createVault(randomRing()));
    repository = createRepository(Crate, db, changes);
    bulk = createBulk(Crate, changes);
  });
  after(() => database.drop());

  const write = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => db.write(scopeOf(companyId), work);
  const add = (values: Partial<CrateRow> = {}) =>
    write((tx) =>
      repository.insert(tx, {
        label: 'A',
        holder: null,
        packedOn: null,
        sealedAt: null,
        pieces: 1,
        open: true,
        tags: [],
        terms: { hours: 1 },
        ownerId: uuidv7(),
        secret: null,
        ...values,
      }),
    );
  const get = (id: string) => db.read(scopeOf(companyId), (reader) => repository.get(reader, id));
  const logOf = (id: string) =>
    db.read(scopeOf(companyId), (reader) =>
      reader.query<{ action: string; before: object | null; after: object | null; personal: string | null }>(
        `select action, before, after, personal from change where company_id = $1 and entity_id = $2
           and action <> 'crate.create' order by id`,
        [companyId, id],
      ),
    );

  it('write of each row what differs in it, whatever its type, and leave the rest as it was', async () => {
    const [one, two, three] = [await add(), await add({ label: 'B', tags: ['x'] }), await add({ label: 'C' })];
    const after = await write(async (tx) => {
      const rows = await bulk.lockMany(tx, [three.id, one.id, two.id, uuidv7(), one.id]);
      expect(rows.map(({ id }) => id)).to.deep.equal([one, two, three].map(({ id }) => id).toSorted());
      const of = (id: string) => rows.find((row) => row.id === id)!;
      return bulk.updateMany(tx, [
        {
          row: of(one.id),
          patch: {
            packedOn: '2026-02-03',
            sealedAt: '2026-02-03T04:05:06.007Z',
            open: false,
            tags: ['a', 'b "c"'],
            terms: { hours: 3 },
            secret: 's',
          },
        },
        { row: of(two.id), patch: { pieces: 7, label: 'B' }, note: { action: 'count', reason: 'stock' } },
        { row: of(three.id), patch: { label: 'C', pieces: 1 } },
      ]);
    });
    expect(after.map(({ version }) => version)).to.deep.equal([2, 2, 1]);
    for (const row of after) expect(await get(row.id)).to.deep.equal(row);
    expect(await get(one.id)).to.deep.include({ label: 'A', pieces: 1, tags: ['a', 'b "c"'], secret: 's' });
    expect(await get(two.id)).to.deep.include({ label: 'B', pieces: 7, tags: ['x'], open: true });
    expect(await logOf(one.id)).to.deep.equal([
      {
        action: 'crate.update',
        personal: null,
        before: { packedOn: null, sealedAt: null, open: true, tags: [], terms: { hours: 1 } },
        after: {
          packedOn: '2026-02-03',
          sealedAt: '2026-02-03T04:05:06.007Z',
          open: false,
          tags: ['a', 'b "c"'],
          terms: { hours: 3 },
        },
      },
    ]);
    expect(await logOf(two.id)).to.deep.equal([
      { action: 'crate.count', personal: null, before: { pieces: 1 }, after: { pieces: 7 } },
    ]);
    expect(await logOf(three.id)).to.deep.equal([]);
  });

  it('seal personal values of each row in the log, as a single write does', async () => {
    const row = await add({ holder: 'Ana' });
    await write(async (tx) => bulk.updateMany(tx, [{ row, patch: { holder: 'Eva' } }]));
    const [change] = await logOf(row.id);
    expect(change).to.deep.include({ action: 'crate.update', before: {}, after: {} });
    expect(change!.personal).to.be.a('string').and.not.contain('Eva');
  });

  it('refuse a row that was written since it was read, and then write none', async () => {
    const [stale, other] = [await add(), await add()];
    await write((tx) => repository.update(tx, stale, { pieces: 2 }));
    const code = await write((tx) =>
      bulk.updateMany(tx, [
        { row: stale, patch: { pieces: 9 } },
        { row: other, patch: { pieces: 9 } },
      ]),
    ).catch((error: unknown) => (error instanceof Problem ? error.code : String(error)));
    expect(code).to.equal('VERSION_MISMATCH');
    expect([(await get(stale.id)).pieces, (await get(other.id)).pieces]).to.deep.equal([2, 1]);
  });

  it('reach no row of another company', async () => {
    const row = await add();
    const other = scopeOf(await addCompany(database));
    expect(await db.write(other, (tx) => bulk.lockMany(tx, [row.id]))).to.deep.equal([]);
    const code = await db
      .write(other, (tx) => bulk.updateMany(tx, [{ row, patch: { pieces: 5 } }]))
      .catch((error: unknown) => (error instanceof Problem ? error.code : String(error)));
    expect([code, (await get(row.id)).pieces]).to.deep.equal(['VERSION_MISMATCH', 1]);
  });

  it('are not for entities with search words', () => {
    const found = entity({ table: 'found', fields: { label: text(50) }, create: [], edit: [], search: ['label'] });
    const changes = createChangeRecorder(createVault(randomRing()));
    expect(() => createBulk(found, changes)).to.throw('one by one');
  });
});
