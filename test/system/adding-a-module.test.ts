import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { addDays, dateAt } from '../../src/platform/time/zone.ts';
import type * as wiring from '../../src/wiring/index.ts';
import { exporter, fetchLink } from '../modules/reporting/fixtures.ts';
import { until } from '../support/until.ts';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';
import { clientOf, version } from '../support/client.ts';
import type { Client } from '../support/client.ts';
import { addCompany } from '../support/companies.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { addPerson } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MOST_LINES = 150;

interface Block {
  readonly path: string;
  readonly text: string;
}

interface Toolbox {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly dueOn: string | null;
}

/** The blocks of the page, each with the file that the heading above it names. */
const blocksOf = (page: string): Block[] =>
  page.split(/^## /m).flatMap((section) => {
    const path = /`([^`]+)`$/m.exec(section.slice(0, section.indexOf('\n')))?.[1];
    return [...section.matchAll(/^```(?:ts|json)\n(.*?)^```$/gms)].map(([, text]) => ({ path: path!, text: text! }));
  });

/** A folder with everything of `source`, by links, so that only what is made new there differs. */
const mirror = async (source: string, target: string): Promise<void> => {
  await mkdir(target, { recursive: true });
  for (const name of await readdir(source)) await symlink(join(source, name), join(target, name));
};

/** A copy of the program in which the blocks stand where the page says. */
const buildCopy = async (blocks: readonly Block[]): Promise<string> => {
  const copy = await mkdtemp(join(tmpdir(), 'angelis-adding-'));
  await mirror(join(ROOT, 'src'), join(copy, 'src'));
  for (const own of ['src/modules', 'src/modules/workforce']) {
    await rm(join(copy, own));
    await mirror(join(ROOT, own), join(copy, own));
  }
  await rm(join(copy, 'src/wiring'));
  for (const own of ['src/wiring', 'locales']) await cp(join(ROOT, own), join(copy, own), { recursive: true });
  for (const name of ['node_modules', 'package.json']) await symlink(join(ROOT, name), join(copy, name));
  for (const { path, text } of blocks) await putBlock(copy, path, text);
  const tsconfig = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { typeRoots: [join(ROOT, 'node_modules/@types')] },
    include: ['migrations', 'src/wiring/workforce.ts', 'src/modules/workforce/toolboxes', 'src/types/*.d.ts'],
  };
  await writeFile(join(copy, 'tsconfig.json'), JSON.stringify(tsconfig));
  return copy;
};

const putBlock = async (copy: string, path: string, text: string): Promise<void> => {
  if (path.startsWith('locales/')) {
    for (const locale of ['en', 'es', 'fr']) {
      const file = join(copy, path.replace('*', locale));
      const known = JSON.parse(await readFile(file, 'utf8')) as Record<string, object>;
      const added = JSON.parse(text) as Record<string, object>;
      for (const [name, texts] of Object.entries(added)) known[name] = { ...known[name], ...texts };
      await writeFile(file, JSON.stringify(known));
    }
    return;
  }
  const file = join(copy, path);
  await mkdir(dirname(file), { recursive: true });
  if (!path.startsWith('src/wiring/')) {
    await writeFile(file, text);
    return;
  }
  const known = await readFile(file, 'utf8');
  if (text.startsWith('import')) {
    await writeFile(file, `${text}${known}`);
    return;
  }
  const list = /export const wireWorkforce = .*?(?:=|return) \[\n/s;
  expect(known, `the list of ${path}`).to.match(list);
  await writeFile(
    file,
    known.replace(list, (opening) => `${opening}${text}`),
  );
};

describe('docs/adding-a-module.md', () => {
  let copy: string;
  let blocks: Block[];

  before(async () => {
    blocks = blocksOf(await readFile(join(ROOT, 'docs/adding-a-module.md'), 'utf8'));
    copy = await buildCopy(blocks);
  });
  after(() => rm(copy, { recursive: true, force: true }));

  it('keeps its promise: a few files of a few lines, and nothing in platform', () => {
    const own = blocks.filter(({ path }) => path.startsWith('src/modules/'));
    expect(own).to.have.length.within(3, 5);
    expect(own.reduce((lines, { text }) => lines + text.trimEnd().split('\n').length, 0)).to.be.at.most(MOST_LINES);
    expect(blocks.filter(({ path }) => path.startsWith('src/platform/'))).to.deep.equal([]);
  });

  it('has blocks that compile as they stand', async () => {
    const outcome = await promisify(execFile)(process.execPath, [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      '-p',
      copy,
    ]).then(
      () => '',
      (error: unknown) => (error as { stdout: string }).stdout,
    );
    expect(outcome).to.equal('');
  }).timeout(120_000);

  describe('makes a module', () => {
    let app: TestApp;
    let database: TestDatabase;
    let owner: TestPerson;
    let client: Client;

    before(async () => {
      database = await cloneDatabase();
      const migration = blocks.find(({ path }) => path.startsWith('migrations/'))!.path;
      const { up } = (await import(pathToFileURL(join(copy, migration)).href)) as { up: readonly string[] };
      const pool = database.pool('owner', 1);
      for (const statement of up) await pool.query(statement);
      const { createSystem } = (await import(pathToFileURL(join(copy, 'src/wiring/index.ts')).href)) as typeof wiring;
      app = await startApp({
        database,
        background: true,
        observed: false,
        createSystem,
        locales: join(copy, 'locales'),
      });
      owner = await addPerson(app, { companyId: await addCompany(database), roles: ['owner'] });
      client = await clientOf(app, owner);
    });
    after(() => app.close());

    const make = async (given: object): Promise<Toolbox> =>
      (await client.post('/admin/toolbox', given).expect(201)).body as Toolbox;
    const read = async (id: string): Promise<Toolbox> =>
      (await client.get(`/admin/toolbox/${id}`).expect(200)).body as Toolbox;
    const items = async (query: string): Promise<unknown[]> =>
      ((await client.get(`/admin/toolbox?${query}`).expect(200)).body as { items: { code: string }[] }).items.map(
        ({ code }) => code,
      );

    it('that is created, found, changed, moved and deleted', async () => {
      const { id } = await make({ code: 'TB-1', name: 'Llaves grandes' });
      await make({ code: 'TB-2', name: 'Taladros' });
      await client.post('/admin/toolbox', { code: 'TB-1', name: 'Otra' }).expect(409);
      expect(await items('q=llav')).to.deep.equal(['TB-1']);
      expect(await items('status=stored&sort=-name')).to.deep.equal(['TB-2', 'TB-1']);
      await client.patch(`/admin/toolbox/${id}`, { name: 'Llaves' }, version(1)).expect(200);
      await client.post(`/admin/toolbox/${id}/lend`, undefined, version(2)).expect(200);
      await client.post(`/admin/toolbox/${id}/lend`, undefined, version(3)).expect(409);
      await client.post(`/admin/toolbox/${id}/lose`, { reason: 'Cayó al pique' }, version(3)).expect(200);
      expect((await read(id)).status).to.equal('lost');
      await client.del(`/admin/toolbox/${id}`, version(4)).expect(204);
      await client.get(`/admin/toolbox/${id}`).expect(404);
    });

    it('whose references are looked after', async () => {
      const place = { code: 'NORTE', name: 'Norte', timezone: 'America/Santiago', altitudeM: 2_500 };
      const site = (await client.post('/admin/site', place).expect(201)).body as { id: string };
      const { id } = await make({ code: 'TB-3', name: 'Sierras', siteId: site.id });
      expect((await client.del(`/admin/site/${site.id}`, version(1)).expect(409)).body).to.include({ code: 'IN_USE' });
      await client.del(`/admin/toolbox/${id}`, version(1)).expect(204);
      await client.del(`/admin/site/${site.id}`, version(1)).expect(204);
      await client.post('/admin/toolbox', { code: 'TB-4', name: 'Sierras', siteId: site.id }).expect(422);
    });

    it('whose job runs, whose timed move is made, and that is exported', async () => {
      const tomorrow = addDays(dateAt(new Date(), 'America/Santiago'), 1);
      const { id } = await make({ code: 'TB-5', name: 'Gatas', dueOn: tomorrow });
      await client.post(`/admin/toolbox/${id}/lend`, undefined, version(1)).expect(200);
      await app.idle();
      const superuser = await database.superuser();
      const { rows } = await superuser.query<{ action: string }>('select action from change where entity_id = $1', [
        id,
      ]);
      expect(rows.map(({ action }) => action)).to.include('toolbox.announce');
      const { run } = await exporter(app, owner);
      const ready = await run({ kind: 'toolboxes', format: 'csv', locale: 'es', filters: { status: 'lent' } });
      expect(parse((await fetchLink(app, ready.download)).body, { bom: true, delimiter: ';' })[1]).to.include('TB-5');
      app.clock.set(new Date(Date.now() + 3 * 86_400_000));
      client = await clientOf(app, owner);
      await until(async () => (await read(id)).status === 'lost');
    });

    it('that speaks of itself in words', async () => {
      const { paths } = (await client.get('/openapi.json').expect(200)).body as {
        paths: Record<string, Record<string, { operationId: string; summary: string }>>;
      };
      expect(paths['/admin/toolbox']?.['get']).to.include({ operationId: 'listToolboxes', summary: 'List toolboxes' });
    });
  });
});
