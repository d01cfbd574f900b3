import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { createChangeRecorder } from '../../../src/platform/change/recorder.ts';
import { createSealer } from '../../../src/platform/change/sealer.ts';
import { createTrail, HISTORY_ITEM, TRAIL_ENTRY, TRAIL_ITEM } from '../../../src/platform/change/trail.ts';
import { createVault } from '../../../src/platform/change/vault.ts';
import { createCursors } from '../../../src/platform/db/cursor.ts';
import type { Database, Reader } from '../../../src/platform/db/database.ts';
import { pageOf, text } from '../../../src/platform/schema/types.ts';
import { entity } from '../../../src/platform/schema/entity.ts';
import { createValidator } from '../../../src/platform/schema/validator.ts';
import { addCompany, randomRing, scopeOf } from '../../support/companies.ts';
import { cloneDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';

interface Page {
  readonly items: readonly { id: string; action: string; entityId: string; seq: number | null; hash: string | null }[];
  readonly next: string | null;
}

const person = entity({
  table: 'thing',
  fields: { name: text(50), color: text(20) },
  create: ['name', 'color'],
  edit: ['color'],
  personal: ['name'],
});

describe('audit trail', () => {
  let database: TestDatabase;
  let db: Database;
  let company: string;
  let clock = new Date();
  const vault = createVault(randomRing());
  const recorder = createChangeRecorder(vault);
  const trail = createTrail(
    createCursors(randomRing(), () => clock),
    vault,
  );
  const validator = createValidator();
  const faults = (schema: Parameters<typeof validator.compile>[0], value: unknown) => validator.compile(schema)(value);

  before(async () => {
    database = await cloneDatabase();
    db = database.open({ now: () => clock });
  });
  after(() => database.drop());
  beforeEach(async () => {
    company = await addCompany(database);
    clock = new Date();
  });

  const later = (ms: number) => {
    clock = new Date(clock.getTime() + ms);
  };
  const read = <T>(work: (reader: Reader) => Promise<T>, companyId = company) => db.read(scopeOf(companyId), work);
  const search = async (query: object = {}, companyId = company) =>
    JSON.parse(await read((reader) => trail.search.page(reader, query), companyId)) as Page;
  const event = (of: { entity?: string; entityId?: string; action?: string; actor?: string } = {}) =>
    db.write(scopeOf(company, of.actor), (tx) =>
      recorder.event(tx, { entity: 'thing', entityId: uuidv7(), action: 'update', ...of }),
    );
  const seal = () => {
    const onError = (error: unknown) => {
      throw error;
    };
    return createSealer({
      system: database.pool('system'),
      keyRing: randomRing(),
      now: () => clock,
      onError,
    }).sealAll();
  };
  const row = (values: { name: string; color: string }, id = uuidv7()) => ({ id, ...values });

  it('lists newest first, page by page, with number and hash once they are sealed', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1) {
      const entityId = uuidv7();
      ids.unshift(entityId);
      await event({ entityId });
      if (n === 5) await seal();
      later(5);
    }
    const pages: Page[] = [await search({ limit: 3 })];
    while (pages.at(-1)!.next !== null) pages.push(await search({ limit: 3, cursor: pages.at(-1)!.next }));
    const items = pages.flatMap((page) => page.items);
    expect(pages.map((page) => page.items.length)).to.deep.equal([3, 3, 1]);
    expect(items.map(({ entityId }) => entityId)).to.deep.equal(ids);
    expect(items.map(({ seq }) => seq)).to.deep.equal([null, 6, 5, 4, 3, 2, 1]);
    expect(items.map(({ hash }) => hash?.length)).to.deep.equal([undefined, 64, 64, 64, 64, 64, 64]);
    for (const page of pages) expect(faults(pageOf(TRAIL_ITEM), page)).to.deep.equal([]);
    expect((await search({ sort: 'at' })).items.map(({ entityId }) => entityId)).to.deep.equal(ids.toReversed());
  });

  it('filters by entity, row, action, actor and time, alone and together', async () => {
    const [actor, entityId] = [uuidv7(), uuidv7()];
    await event({ entity: 'site', action: 'create' });
    later(1_000);
    const middle = clock.toISOString();
    await event({ entity: 'project', entityId, action: 'create', actor });
    later(1_000);
    await event({ entity: 'project', entityId, action: 'activate' });
    const actions = async (query: object) => (await search(query)).items.map(({ action }) => action);
    expect(await actions({ entity: 'project' })).to.deep.equal(['project.activate', 'project.create']);
    expect(await actions({ entityId })).to.deep.equal(['project.activate', 'project.create']);
    expect(await actions({ action: 'project.create' })).to.deep.equal(['project.create']);
    expect(await actions({ actorId: actor })).to.deep.equal(['project.create']);
    expect(await actions({ from: middle })).to.deep.equal(['project.activate', 'project.create']);
    expect(await actions({ to: middle })).to.deep.equal(['site.create']);
    expect(await actions({ from: middle.replace('Z', '+00:00'), to: clock.toISOString() })).to.deep.equal([
      'project.create',
    ]);
    expect(await actions({ entityId, action: 'site.create' })).to.deep.equal([]);
  });

  it('shows what happened to one row in the order of the chain, whoever began first', async () => {
    const entityId = uuidv7();
    const begun: string[] = [];
    // The first to begin writes last: it waited for the others.
    for (const ms of [40, 30, 20, 10, 0]) {
      clock = new Date(Date.UTC(2026, 2, 3, 12, 0, 0, ms));
      begun.unshift(`thing.at-${ms}`);
      await event({ entityId, action: `at-${ms}` });
      if (ms === 10) await seal();
    }
    const actions = async (sort: string): Promise<string[]> => {
      const found: string[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await search({ entityId, sort, limit: 2, ...(cursor && { cursor }) });
        found.push(...page.items.map(({ action }) => action));
        cursor = page.next;
      } while (cursor !== null);
      return found;
    };
    expect(await actions('-at')).to.deep.equal(begun);
    expect(await actions('at')).to.deep.equal(begun.toReversed());
    const byTime = (await search({ entity: 'thing' })).items.map(({ action }) => action);
    expect(byTime).to.deep.equal(begun.toReversed());
  });

  it('shows one company nothing of another', async () => {
    await event();
    const [{ id }] = (await search()).items as [Page['items'][number]];
    const other = await addCompany(database);
    expect((await search({}, other)).items).to.deep.equal([]);
    expect(await read((reader) => trail.entry(reader, id, { openPersonal: true }), other)).to.equal(undefined);
  });

  it('shows an entry with its differences, personal values only to whom they may be opened, and not once erased', async () => {
    const before = row({ name: 'María Pérez', color: 'red' });
    const after = { ...before, name: 'María Soto', color: 'blue' };
    await db.write(scopeOf(company), (tx) =>
      recorder.record(tx, person, { action: 'update', reason: 'asked' }, before, after),
    );
    const [{ id }] = (await search()).items as [Page['items'][number]];
    const entry = async (openPersonal: boolean) => {
      const found = await read((reader) => trail.entry(reader, id, { openPersonal }));
      expect(faults(TRAIL_ENTRY, found)).to.deep.equal([]);
      return found!;
    };
    const sealed = await entry(false);
    expect(sealed).to.include({ action: 'thing.update', reason: 'asked', hasPersonal: true, entityId: before.id });
    expect(sealed.changes).to.deep.equal([{ field: 'color', before: 'red', after: 'blue' }]);
    expect(sealed.personal).to.deep.equal({ state: 'sealed', subjectId: before.id, changes: [] });
    expect((await entry(true)).personal).to.deep.equal({
      state: 'open',
      subjectId: before.id,
      changes: [{ field: 'name', before: 'María Pérez', after: 'María Soto' }],
    });
    const { rows } = await (await database.superuser()).query<{ row: string }>('select c::text as row from change c');
    expect(rows.some((one) => one.row.includes('María'))).to.equal(false);
    await db.write(scopeOf(company), (tx) => vault.erase(tx, before.id));
    expect((await entry(true)).personal).to.deep.equal({ state: 'erased', subjectId: before.id, changes: [] });
  });

  it('says of an entry without personal values that it has none', async () => {
    await event();
    const [{ id }] = (await search()).items as [Page['items'][number]];
    const entry = await read((reader) => trail.entry(reader, id, { openPersonal: true }));
    expect(entry).to.deep.include({ changes: [], personal: { state: 'none', subjectId: null, changes: [] } });
  });

  it('tells the history of one row, with values before and after and the order of a unit of work', async () => {
    const made = row({ name: 'Ana', color: 'red' });
    await event({ entityId: made.id, entity: 'other' });
    await db.write(scopeOf(company), async (tx) => {
      await recorder.record(tx, person, { action: 'create' }, undefined, made);
      for (const color of ['green', 'blue'])
        await recorder.record(tx, person, { action: 'update' }, made, { ...made, color });
      await recorder.record(tx, person, { action: 'delete' }, made, undefined);
    });
    const page = JSON.parse(await read((reader) => trail.history(reader, 'thing', made.id, {}))) as {
      items: { action: string; before: object | null; after: object | null }[];
    };
    expect(faults(pageOf(HISTORY_ITEM), page)).to.deep.equal([]);
    expect(page.items.map(({ action, before, after }) => ({ action, before, after }))).to.deep.equal([
      { action: 'thing.delete', before: { color: 'red' }, after: null },
      { action: 'thing.update', before: { color: 'red' }, after: { color: 'blue' } },
      { action: 'thing.update', before: { color: 'red' }, after: { color: 'green' } },
      { action: 'thing.create', before: null, after: { color: 'red' } },
    ]);
  });

  it('tells what happened to one row page by page, each once, though it is sealed between two pages', async () => {
    const made = row({ name: 'Ana', color: 'red' });
    const write = (color: string) =>
      db.write(scopeOf(company), (tx) => recorder.record(tx, person, { action: color }, made, { ...made, color }));
    await write('green');
    // Begun first, written last: its id is the least.
    clock = new Date(clock.getTime() - 5_000);
    await write('blue');
    const pages = {
      history: async (cursor?: string) =>
        JSON.parse(
          await read((reader) => trail.history(reader, 'thing', made.id, { limit: 1, ...(cursor && { cursor }) })),
        ) as Page,
      search: (cursor?: string) => search({ entityId: made.id, limit: 1, ...(cursor !== undefined && { cursor }) }),
    };
    const [history, found] = [await pages.history(), await pages.search()];
    await seal();
    for (const [first, second] of [
      [history, await pages.history(history.next!)],
      [found, await pages.search(found.next!)],
    ] as const) {
      expect([first, second].flatMap(({ items }) => items.map(({ action, seq }) => [action, seq]))).to.deep.equal([
        ['thing.blue', null],
        ['thing.green', 1],
      ]);
      expect(second.next).to.equal(null);
    }
  });

  describe('reads by index, as user app under row level security:', () => {
    const actor = uuidv7();
    const entityId = uuidv7();
    before(async () => {
      company = await addCompany(database);
      const client = await database.superuser();
      for (const [owner, count] of [
        [company, 20_000],
        [await addCompany(database), 20_000],
      ] as const)
        await client.query(
          `insert into change (company_id, id, at, actor_kind, actor_id, action, entity, entity_id, trace_id, created_at)
           select $1, (substr($2, 1, 14) || '7' || substr(md5(n::text), 1, 3) || '-8' || substr(md5(n::text), 4, 3) || '-'
               || substr(md5(n::text), 7, 12))::uuid, $3, 'profile',
             case when n % 100 = 0 then $4::uuid else md5((n % 500)::text)::uuid end, 'thing.' || (n % 400), 'thing' || (n % 300),
             case when n % 1000 = 0 then $5::uuid else md5(n::text)::uuid end, '', $3
           from generate_series(1, $6::int) n`,
          [owner, uuidv7(), new Date(), actor, entityId, count],
        );
      await client.query('analyze change');
      await client.query('analyze change_seal');
    });

    const planOf = async (run: (reader: Reader) => Promise<unknown>): Promise<string> =>
      read(async (reader) => {
        let plan = '';
        const explain = async (statement: string, values: readonly unknown[] = []): Promise<[]> => {
          const rows = await reader.query<Record<string, string>>(`explain (analyze) ${statement}`, values);
          plan = rows.map((one) => one['QUERY PLAN']).join('\n');
          return [];
        };
        const explaining: Reader = { ...reader, prepared: explain, texts: explain };
        await run(explaining);
        return plan;
      }, owner);
    let owner: string;
    before(() => {
      owner = company;
    });

    // Partitions without rows cost nothing to read whole: the month that has rows is looked at.
    const month = new Date().toISOString().slice(0, 7).replace('-', '_');
    const byIndex = (plan: string, index: string) => {
      const suffix = index === 'pkey' ? 'pkey' : `company_id_${index}`;
      expect(plan).to.match(new RegExp(`Scan( Backward)? using change_${month}_${suffix}\\d? `));
      expect(plan).to.not.include(`Seq Scan on change_${month}`);
      const counts = [...plan.matchAll(/actual time=\S+ rows=(\d+)/g)].map(([, rows]) => Number(rows));
      expect(Math.max(...counts)).to.be.within(0, 300);
    };

    for (const [name, query, index] of [
      ['everything', {}, 'pkey'],
      ['one row', { entityId }, 'entity_id_id_idx'],
      ['one entity', { entity: 'thing7' }, 'entity_id_idx'],
      ['one action', { action: 'thing.7' }, 'action_id_idx'],
      ['one actor', { actorId: actor }, 'actor_id_id_idx'],
    ] as [name: string, query: object, index: string][])
      it(`search for ${name}`, async () => {
        byIndex(await planOf((reader) => trail.search.page(reader, query)), index);
      });

    it("an entity's history", async () => {
      byIndex(await planOf((reader) => trail.history(reader, 'thing', entityId, {})), 'entity_id_id_idx');
    });

    it('one entry', async () => {
      byIndex(await planOf((reader) => trail.entry(reader, uuidv7(), { openPersonal: false })), 'pkey');
    });
  });
});
