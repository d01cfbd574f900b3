import { expect } from 'chai';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

interface Node {
  id: string;
  version: number;
  parentId: string | null;
  path: string;
  depth: number;
}

describe('sites and departments', () => {
  let app: TestApp;
  let admin: Client;
  let companyId: string;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
  });
  after(() => app.close());

  const department = async (code: string, parentId?: string, rest: object = {}): Promise<Node> =>
    (await admin.post('/admin/department', { code, name: code, ...(parentId && { parentId }), ...rest }).expect(201))
      .body as Node;
  const read = async (id: string): Promise<Node> =>
    (await admin.get(`/admin/department/${id}`).expect(200)).body as Node;
  const codeOf = (body: unknown): string => (body as { code: string }).code;

  describe('a site', () => {
    const site = { code: 'RN', name: 'Rajo Norte', timezone: 'America/Santiago', altitudeM: 2_870 };

    it('has a real time zone and both coordinates or none', async () => {
      const wrong = await admin.post('/admin/site', { ...site, timezone: 'America/Calama' }).expect(422);
      expect((wrong.body as { errors: object[] }).errors).to.deep.include({
        pointer: '/timezone',
        code: 'TIME_ZONE',
        in: 'body',
        message: 'Is no IANA time zone',
      });
      await admin.post('/admin/site', { ...site, latitude: -22.3 }).expect(422);
      await admin.post('/admin/site', { ...site, altitudeM: 9_000 }).expect(422);
      const made = await admin.post('/admin/site', { ...site, latitude: -22.3, longitude: -68.9 }).expect(201);
      expect(made.body).to.include({ timezone: 'America/Santiago', latitude: -22.3 });
      await admin.post('/admin/site', site).expect(409);
    });

    it('takes everything below it along when it moves, and never stands below itself', async () => {
      const made = async (code: string, parentId: string | null = null) =>
        (await admin.post('/admin/site', { ...site, code, parentId }).expect(201)).body as Node;
      const move = (id: string, parentId: string | null, at: number) =>
        admin.post(`/admin/site/${id}/move`, { parentId }, version(at));
      const [mine, plant] = [await made('MINE'), await made('PLANT')];
      const pit = await made('PIT', mine.id);
      const bench = await made('BENCH', pit.id);
      expect((await move(pit.id, plant.id, 1).expect(200)).body).to.include({
        path: `/${plant.id}/${pit.id}/`,
        depth: 2,
      });
      const below = (await admin.get(`/admin/site?belowId=${plant.id}&sort=path`).expect(200)).body as {
        items: Node[];
      };
      expect(below.items.map(({ path }) => path)).to.deep.equal([
        `/${plant.id}/`,
        `/${plant.id}/${pit.id}/`,
        `/${plant.id}/${pit.id}/${bench.id}/`,
      ]);
      expect(codeOf((await move(plant.id, bench.id, 1).expect(409)).body)).to.equal('TREE_CYCLE');
      expect(codeOf((await admin.del(`/admin/site/${pit.id}`, version(2)).expect(409)).body)).to.equal('IN_USE');
    });

    it('has members, with those of the sites below when asked', async () => {
      const made = async (code: string, parentId: string | null = null) =>
        ((await admin.post('/admin/site', { ...site, code, parentId }).expect(201)).body as Node).id;
      const top = await made('TOP');
      const part = await made('PART', top);
      const person = await addPerson(app, { companyId, roles: [] });
      const placing = { profileIds: [person.profileId] };
      expect((await admin.post(`/admin/site/${part}/members`, placing).expect(200)).body).to.deep.equal({ placed: 1 });
      expect((await admin.post(`/admin/site/${part}/members`, placing).expect(200)).body).to.deep.equal({ placed: 0 });
      await admin.post(`/admin/site/${uuidv7()}/members`, placing).expect(404);
      const ids = async (path: string) =>
        ((await admin.get(path).expect(200)).body as { items: { id: string }[] }).items.map(({ id }) => id);
      expect(await ids(`/admin/site/${top}/members`)).to.deep.equal([]);
      expect(await ids(`/admin/site/${top}/members?below=true`)).to.deep.equal([person.profileId]);
      expect(await ids(`/admin/site/${part}/members`)).to.deep.equal([person.profileId]);
    });

    it('is deleted only when nobody stands there', async () => {
      const { id } = (await admin.post('/admin/site', { ...site, code: 'DEL' }).expect(201)).body as { id: string };
      const person = await addPerson(app, { companyId, roles: [] });
      const client = await app.database.superuser();
      await client.query('update profile set site_id = $1 where id = $2', [id, person.profileId]);
      const refused = await admin.del(`/admin/site/${id}`, version(1)).expect(409);
      expect(codeOf(refused.body)).to.equal('IN_USE');
      await client.query('update profile set site_id = null where id = $1', [person.profileId]);
      await admin.del(`/admin/site/${id}`, version(1)).expect(204);
      await admin.post('/admin/site', { ...site, code: 'DEL' }).expect(201);
    });
  });

  describe('a department', () => {
    it('takes everything below it along when it moves', async () => {
      const [a, b] = [await department('A'), await department('B')];
      const child = await department('A1', a.id);
      const grandchild = await department('A11', child.id);
      const moved = await admin.post(`/admin/department/${child.id}/move`, { parentId: b.id }, version(1)).expect(200);
      expect(moved.body).to.include({ parentId: b.id, path: `/${b.id}/${child.id}/`, depth: 2 });
      expect(await read(grandchild.id)).to.include({ path: `/${b.id}/${child.id}/${grandchild.id}/`, depth: 3 });
      const below = await admin.get(`/admin/department?belowId=${b.id}`).expect(200);
      expect((below.body as { items: Node[] }).items.map(({ id }) => id)).to.deep.equal([
        b.id,
        child.id,
        grandchild.id,
      ]);
      await admin.post(`/admin/department/${child.id}/move`, { parentId: null }, version(2)).expect(200);
      expect((await read(grandchild.id)).path).to.equal(`/${child.id}/${grandchild.id}/`);
    });

    it('never stands below itself, nor below one of another company', async () => {
      const top = await department('C');
      const below = await department('C1', top.id);
      for (const parentId of [top.id, below.id]) {
        const refused = await admin.post(`/admin/department/${top.id}/move`, { parentId }, version(1)).expect(409);
        expect(codeOf(refused.body)).to.equal('TREE_CYCLE');
      }
      await admin.post(`/admin/department/${top.id}/move`, { parentId: uuidv7() }, version(1)).expect(422);
      const stranger = await clientOf(
        app,
        await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] }),
      );
      const foreign = (await stranger.post('/admin/department', { code: 'X', name: 'X' }).expect(201)).body as Node;
      await admin.post(`/admin/department/${top.id}/move`, { parentId: foreign.id }, version(1)).expect(422);
      await admin.post('/admin/department', { code: 'Y', name: 'Y', parentId: foreign.id }).expect(422);
      await admin.get(`/admin/department/${foreign.id}`).expect(404);
    });

    it('stays a tree of at most 20 levels whatever is moved where, sixteen at once', async () => {
      const nodes = await Promise.all(Array.from({ length: 16 }, (_, n) => department(`R${n}`)));
      const pick = fc.integer({ min: 0, max: 15 });
      const rounds = fc.sample(fc.array(fc.tuple(pick, pick), { minLength: 16, maxLength: 16 }), 4);
      for (const moves of rounds) {
        const answers = await Promise.all(
          moves.map(async ([from, to]) => {
            const row = await read(nodes[from]!.id);
            return admin.post(`/admin/department/${row.id}/move`, { parentId: nodes[to]!.id }, version(row.version));
          }),
        );
        expect(answers.map(({ status }) => status).filter((status) => ![200, 409, 412].includes(status))).to.deep.equal(
          [],
        );
        const now = await Promise.all(nodes.map(({ id }) => read(id)));
        const known = new Map(now.map((row) => [row.id, row]));
        for (const row of now) {
          const up = row.parentId === null ? undefined : known.get(row.parentId);
          expect(row.path).to.equal(`${up?.path ?? '/'}${row.id}/`);
          expect(row.depth).to.equal((up?.depth ?? 0) + 1);
        }
      }
    });

    it('has at most 20 levels', async () => {
      let last = await department('L1');
      const first = last;
      for (let level = 2; level <= 20; level += 1) last = await department(`L${level}`, last.id);
      const refused = await admin.post('/admin/department', { code: 'L21', name: 'x', parentId: last.id }).expect(409);
      expect(codeOf(refused.body)).to.equal('TREE_TOO_DEEP');
      const top = await department('L0');
      await admin.post(`/admin/department/${first.id}/move`, { parentId: top.id }, version(1)).expect(409);
    });

    it('is deleted only when it is empty', async () => {
      const top = await department('E');
      const below = await department('E1', top.id);
      expect(codeOf((await admin.del(`/admin/department/${top.id}`, version(1)).expect(409)).body)).to.equal('IN_USE');
      await admin.del(`/admin/department/${below.id}`, version(1)).expect(204);
      await admin.del(`/admin/department/${top.id}`, version(1)).expect(204);
    });
  });
});
