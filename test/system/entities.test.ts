import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createCursors } from '../../src/platform/db/cursor.ts';
import { createList } from '../../src/platform/db/list.ts';
import type { Bind, ListDefinition } from '../../src/platform/db/list.ts';
import { listOf } from '../../src/platform/db/list-of.ts';
import type { EntityList } from '../../src/platform/db/list-of.ts';
import { tokensOf, writeNewSearchTokens, writeSearchTokens } from '../../src/platform/db/search.ts';
import { isNullable, jsonOf, snake, valueSchema } from '../../src/platform/schema/entity.ts';
import type { AnyEntity } from '../../src/platform/schema/entity.ts';
import { Profile, profileList } from '../../src/modules/organization/profiles/profiles.repository.ts';
import { Project } from '../../src/modules/workforce/projects/projects.repository.ts';
import { addCompany, randomRing, scopeOf } from '../support/companies.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { unservedFilters } from './list-filters.ts';
import type { Index } from './list-filters.ts';

const PLACES = ['modules', 'portals'].map((name) => fileURLToPath(new URL(`../../src/${name}`, import.meta.url)));

/** Ids that a caller gives and no foreign key can hold: what they refer to depends on another field. */
const POLYMORPHIC = ['role_assignment.scope_id'];

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly referring: boolean;
  /** What a check lets in, where it lists it. */
  readonly allowed: readonly string[] | null;
}

/** What PostgreSQL writes of these is shown as it stands, or is taken for what it writes of that type. */
const TYPES: Readonly<Record<string, string>> = {
  object: 'jsonb',
  boolean: 'boolean',
  'date-time': 'timestamp with time zone',
};

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Columns of each index, the company's id aside. */
  readonly indexes: readonly (readonly string[])[];
}

const TABLES = `
  select c.relname as name,
    (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, null), 'nullable', not a.attnotnull,
       'referring', exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any(k.conkey)),
       'allowed', (select json_agg(m[1]) from pg_constraint k,
           regexp_matches(pg_get_constraintdef(k.oid), '''([^'']+)''::text', 'g') m
         where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
           and pg_get_constraintdef(k.oid) ~ '= ANY \\(ARRAY\\[')))
     from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
    (select coalesce(json_agg((select coalesce(json_agg(pg_get_indexdef(i.indexrelid, n, true) order by n), '[]')
         from generate_series(1, i.indnkeyatts) n where pg_get_indexdef(i.indexrelid, n, true) <> 'company_id')), '[]')
     from pg_index i where i.indrelid = c.oid) as indexes
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`;

const INDEXES = `
  select c.relname as table, pg_get_expr(i.indpred, i.indrelid) as only,
    (select pg_get_indexdef(i.indexrelid, n, true) from generate_series(1, 2) n
     where pg_get_indexdef(i.indexrelid, n, true) <> 'company_id' order by n limit 1) as first
  from pg_index i join pg_class c on c.oid = i.indrelid
  where c.relnamespace = 'public'::regnamespace and not c.relispartition`;

const isEntity = (value: unknown): value is AnyEntity =>
  typeof value === 'object' && value !== null && 'table' in value && 'columns' in value && 'createBody' in value;
const isDefinition = (value: unknown): value is ListDefinition =>
  typeof value === 'object' && value !== null && 'defaultSort' in value && 'from' in value;
const isList = (value: unknown): value is EntityList =>
  typeof value === 'object' && value !== null && 'defaultSort' in value && 'entity' in value;

/** Everything that the files of all modules and portals export. */
const declared = async (): Promise<unknown[]> => {
  const files = await Promise.all(
    PLACES.map(async (place) => (await readdir(place, { recursive: true })).map((file) => join(place, file))),
  );
  const loaded = await Promise.all(
    files
      .flat()
      .filter((file) => file.endsWith('.ts'))
      .map((file) => import(pathToFileURL(file).href) as Promise<Record<string, unknown>>),
  );
  return [...new Set(loaded.flatMap((exported) => Object.values(exported)))];
};

describe('entities', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let entities: AnyEntity[];
  let lists: EntityList[];
  let definitions: ListDefinition[];
  let tables: ReadonlyMap<string, Table>;

  before(async () => {
    database = await cloneDatabase();
    client = await database.superuser();
    const all = await declared();
    entities = all.filter(isEntity);
    lists = all.filter(isList);
    definitions = all.filter(isDefinition);
    const { rows } = await client.query<Table>(TABLES);
    tables = new Map(rows.map((table) => [table.name, table]));
  });
  after(() => database.drop());

  const columnsOf = ({ table }: AnyEntity): ReadonlyMap<string, Column> =>
    new Map((tables.get(table)?.columns ?? []).map((column) => [column.name, column]));

  it('have the columns of their tables: none that is not there, null where null may be, no value that a check refuses', () => {
    expect(entities).to.have.length.greaterThan(25);
    const faults = entities.flatMap((entity) => {
      const columns = columnsOf(entity);
      return Object.entries(entity.columns).flatMap(([name, schema]) => {
        const place = `${entity.table}.${snake(name)}`;
        const column = columns.get(snake(name));
        if (column === undefined) return [`${place} is not there`];
        const { enum: codes } = valueSchema(schema) as { enum?: readonly string[] };
        const { type = '', format = '' } = valueSchema(schema);
        const wanted = TYPES[format] ?? TYPES[type] ?? column.type;
        const refused = codes?.filter((code) => column.allowed?.includes(code) === false) ?? [];
        return [
          ...(isNullable(schema) === column.nullable ? [] : [`${place} may ${column.nullable ? '' : 'not '}be null`]),
          ...(column.type === wanted ? [] : [`${place} is no ${wanted}`]),
          ...refused.map((code) => `${place} refuses ${code}`),
        ];
      });
    });
    expect(faults).to.deep.equal([]);
  });

  it('take no id from a caller without a foreign key', () => {
    const loose = entities.flatMap((entity) => {
      const columns = columnsOf(entity);
      return [...new Set([...entity.create, ...entity.edit])]
        .filter((name) => valueSchema(entity.columns[String(name)]!).format === 'uuid')
        .map((name) => snake(String(name)))
        .filter((name) => !columns.get(name)!.referring)
        .map((name) => `${entity.table}.${name}`);
    });
    expect(loose).to.deep.equal(POLYMORPHIC);
  });

  it('are listed by statements that the database takes as user app', async () => {
    const db = database.open({ observed: false });
    const companyId = await addCompany(database);
    const cursors = createCursors(randomRing(), () => new Date());
    const pages = await Promise.all(
      lists.map((list) =>
        db.read(scopeOf(companyId), (reader) => createList(list, cursors).page(reader, {}), { once: true }),
      ),
    );
    expect(new Set(pages)).to.deep.equal(new Set(['{"items":[],"next":null}']));
  });

  it('are shown in a page as they are alone, whatever their instants, flags and texts', async () => {
    const db = database.open({ observed: false });
    const companyId = await addCompany(database);
    const list = createList(
      profileList,
      createCursors(randomRing(), () => new Date()),
    );
    const instants = [
      '2027-01-02T03:04:05Z',
      '2027-01-02T03:04:05.6Z',
      '2027-01-02T03:04:05.67Z',
      '2027-12-31T23:59:59.999Z',
    ];
    const ids = instants.map(() => uuidv7());
    for (const [n, at] of instants.entries())
      await client.query(
        `insert into profile (company_id, id, first_name, last_name, national_id_kind, kind, status, attributes, expires_at, created_at, updated_at)
         values ($1, $2, $3, $4, 'RUT', 'guest', 'draft', $5, $6, $7, $7)`,
        [companyId, ids[n], 'Ñandú "á"\n', `L${n}\\`, { deep: ['"', 1, true] }, n === 0 ? null : at, at],
      );
    const [page, alone] = await db.read(scopeOf(companyId), async (reader) => [
      JSON.parse(await list.page(reader, {})) as { items: Record<string, unknown>[] },
      await Promise.all(ids.map(async (id) => JSON.parse((await list.one(reader, id))!.text) as object)),
    ]);
    const names = { departmentName: null, siteName: null, superiorId: null };
    expect(page.items).to.deep.equal(alone.map((row) => ({ ...row, ...names })));
    const flags = [
      { name: 'on', sql: 'true' },
      { name: 'off', sql: 'false' },
      { name: 'none', sql: 'null::boolean' },
    ];
    const shown = jsonOf(flags.map((flag) => ({ ...flag, as: 'flag' })));
    const [row] = await db.read(scopeOf(companyId), (reader) =>
      reader.texts(`select ${flags.map(({ sql }) => sql).join(', ')}`),
    );
    expect(JSON.parse(shown(row!))).to.deep.equal({ on: true, off: false, none: null });
  });

  it('are found by the beginnings of words, page by page in their order, whatever begins so', async () => {
    const db = database.open({ observed: false });
    const companyId = await addCompany(database);
    const list = createList(
      profileList,
      createCursors(randomRing(), () => new Date()),
    );
    const people = Array.from({ length: 640 }, (_, n) => ({
      id: uuidv7(),
      firstName: ['Ana', 'Pedro', 'Ana', 'Eva'][n % 4]!,
      lastName: `${['Pérez', 'Soto', 'Peña', 'Araya', 'Éluard'][n % 5]!} ${n % 7}`,
      employeeNumber: `E${n}`,
    }));
    const at = new Date();
    await client.query(
      `insert into profile (company_id, id, first_name, last_name, employee_number, national_id_kind, kind, status, created_at, updated_at)
       select $1, p.id, p.first_name, p.last_name, p.number, 'RUT', 'guest', 'draft', $6, $6
       from unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) p(id, first_name, last_name, number)`,
      [
        companyId,
        people.map(({ id }) => id),
        people.map(({ firstName }) => firstName),
        people.map(({ lastName }) => lastName),
        people.map(({ employeeNumber }) => employeeNumber),
        at,
      ],
    );
    await db.write(scopeOf(companyId), (tx) => writeNewSearchTokens(tx, Profile, people));
    const walk = async (query: object): Promise<string[]> => {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = JSON.parse(
          await db.read(
            scopeOf(companyId),
            (reader) => list.page(reader, { limit: 97, ...query, ...(cursor !== undefined && { cursor }) }),
            { once: true },
          ),
        ) as { items: { id: string }[]; next: string | null };
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return ids;
    };
    const found = (q: string): string[] =>
      people
        .filter(({ firstName, lastName, employeeNumber }) => {
          const words = tokensOf(`${firstName} ${lastName} ${employeeNumber}`);
          return tokensOf(q).length > 0 && tokensOf(q).every((word) => words.some((token) => token.startsWith(word)));
        })
        .toSorted((a, b) => (`${a.lastName}\0${a.id}` < `${b.lastName}\0${b.id}` ? -1 : 1))
        .map(({ id }) => id);
    const check = async (): Promise<void> => {
      // Of `pe` somebody has two words; with `e` more words begin than are read one by one, with `e1` more than beside others.
      // Nobody is called Ana and Pedro, and few Anas have a number that begins with 99: more rows of them are there than are
      // asked one by one.
      for (const q of [
        'p',
        'pe',
        'pedro',
        'e',
        'e1',
        'pe so',
        'ana per',
        'ana e1',
        'e1 e',
        'ana pedro',
        'ana e99',
        'e9 ana per',
        'soto ana 3',
        'e1 e2',
        'e a p s o r per 1 2 3',
        'e1 a an ana s so soto',
        'zar ana',
        'a zz',
        'zz',
        '…',
      ]) {
        expect(await walk({ q }), q).to.deep.equal(found(q));
        expect(await walk({ q, sort: '-lastName' }), `${q}, from its end`).to.deep.equal(found(q).toReversed());
        expect(new Set(await walk({ q, sort: 'createdAt', limit: 200 })), `${q}, by time`).to.deep.equal(
          new Set(found(q)),
        );
        expect(await walk({ q, status: ['active'] }), `${q}, narrowed`).to.deep.equal([]);
      }
      expect((await walk({ q: 'e' })).length).to.be.greaterThan(64);
      const { rows } = await client.query<{ letters: boolean }>(
        `select distinct st.letters = app.letters(array(select token from search_token also where also.entity_id = st.entity_id)) as letters
         from search_token st where st.company_id = $1`,
        [companyId],
      );
      expect(rows).to.deep.equal([{ letters: true }]);
    };
    await check();
    const [person] = people;
    await client.query('update profile set last_name = $3 where company_id = $1 and id = $2', [
      companyId,
      person!.id,
      'Zárate',
    ]);
    const before = { ...person! };
    person!.lastName = 'Zárate';
    await db.write(scopeOf(companyId), (tx) => writeSearchTokens(tx, Profile, person, before));
    await check();
  });

  it('are listed in orders that an index has, after what bounds the list to its reader where that is a column', () => {
    expect(lists).to.have.length.greaterThan(15);
    const unsorted = lists.flatMap(({ entity, sorts }) => {
      const indexes = tables.get(entity.table)!.indexes.map((columns) => columns.join());
      return Object.keys(sorts)
        .map(snake)
        .filter((column) => !indexes.some((index) => index === column || `,${index},`.includes(`,${column},id,`)))
        .map((column) => `${entity.table}: ${column}`);
    });
    expect(unsorted).to.deep.equal([]);
  });

  it('are filtered by what an index begins with, or say why they need none', async () => {
    const { rows: indexes } = await client.query<Index>(INDEXES);
    expect(definitions).to.have.length.greaterThan(lists.length);
    const faults: string[] = [];
    for (const definition of definitions) faults.push(...(await unservedFilters(definition, indexes)));
    expect(faults).to.deep.equal([]);

    const made = (options: object) => listOf(Project, { sorts: ['code'], ...options });
    for (const [options, found] of [
      [{ filters: ['code', 'siteId'] }, []],
      [{ filters: ['siteId', 'currency'] }, ['project: currency']],
      [{ coarse: { currency: 'few' } }, []],
      [{ also: { a: { sql: (bind: Bind) => `lower(t.code) = ${bind('x')}` } } }, ['project: a']],
      [{ also: { a: { sql: (bind: Bind) => `t.budget_minor > ${bind(1)}` } } }, ['project: a']],
      [
        {
          also: {
            a: {
              sql: (bind: Bind) => `exists (select 1 from site s where s.company_id = $1 and s.address = ${bind('x')})`,
            },
          },
        },
        ['project: a'],
      ],
    ] as const)
      expect(await unservedFilters(made(options), indexes), JSON.stringify(options)).to.deep.equal(found);
  });
});
