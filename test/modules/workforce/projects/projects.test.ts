import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';

interface Project {
  id: string;
  version: number;
  code: string;
  status: string;
}

describe('projects', () => {
  let app: TestApp;
  let admin: TestPerson;
  let stranger: TestPerson;
  let bearer: string;

  before(async () => {
    app = await startApp();
    admin = await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] });
    stranger = await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] });
    bearer = await admin.bearer();
  });
  after(() => app.close());

  const post = (path: string, body?: object, headers: Record<string, string> = {}) =>
    app.http
      .post(`/angelis${path}`)
      .set({ authorization: bearer, ...headers })
      .send(body);
  const create = async (body: object): Promise<Project> =>
    (await post('/admin/project', body).expect(201)).body as Project;

  it('have money of this world, days in order, and names that read as they are written', async () => {
    const faults = async (body: object) =>
      ((await post('/admin/project', { code: 'P-F', name: 'N', ...body }).expect(422)).body as { errors: object[] })
        .errors;
    const cases: [object, string, string][] = [
      [{ budgetMinor: 5, currency: 'ZZZ' }, '/currency', 'UNKNOWN_REFERENCE'],
      [{ startsOn: '2026-02-02', endsOn: '2026-02-01' }, '/endsOn', 'BEFORE_START'],
      [{ name: 'a\u202Ebc' }, '/name', 'format'],
      [{ name: 'a\u2066bc' }, '/name', 'format'],
    ];
    for (const [body, pointer, code] of cases) {
      const [fault] = await faults(body);
      expect(fault, JSON.stringify(body)).to.include({ pointer, code });
    }
    await create({ code: 'P-OK', name: 'Peña عربي', budgetMinor: 5, currency: 'CLF' });
  });

  it('are not changed once they are completed, unless they are reopened', async () => {
    const { id } = await create({ code: 'P-DONE', name: 'N' });
    const at = (version: number) => ({ 'if-match': `"${version}"` });
    await post(`/admin/project/${id}/activate`, undefined, at(1)).expect(200);
    await post(`/admin/project/${id}/complete`, undefined, at(2)).expect(200);
    const edit = (version: number) =>
      app.http
        .patch(`/angelis/admin/project/${id}`)
        .set({ authorization: bearer, ...at(version) })
        .send({ name: 'M' });
    expect(((await edit(3).expect(409)).body as { code: string }).code).to.equal('PROJECT_CLOSED');
    await post(`/admin/project/${id}/reopen`, { reason: 'x' }, at(3)).expect(200);
    await edit(4).expect(200);
  });

  it('are created, read, changed and deleted', async () => {
    const created = await post('/admin/project', { code: 'P-1', name: 'Rajo Norte', startsOn: '2026-01-01' }).expect(
      201,
    );
    const { id } = created.body as Project;
    expect(created.headers['location']).to.equal(`/angelis/admin/project/${id}`);
    const read = await app.http.get(`/angelis/admin/project/${id}`).set({ authorization: bearer }).expect(200);
    expect(read.body).to.deep.equal(created.body);
    expect(read.headers['etag']).to.equal('"1"');
    const edit = (headers: Record<string, string>) =>
      app.http
        .patch(`/angelis/admin/project/${id}`)
        .set({ authorization: bearer, ...headers })
        .send({ name: 'Rajo Sur' });
    await edit({}).expect(428);
    const changed = await edit({ 'if-match': '"1"' }).expect(200);
    expect(changed.body).to.include({ name: 'Rajo Sur', version: 2 });
    await edit({ 'if-match': '"1"' }).expect(412);
    await app.http.delete(`/angelis/admin/project/${id}`).set({ authorization: bearer, 'if-match': '"2"' }).expect(204);
    await app.http.get(`/angelis/admin/project/${id}`).set({ authorization: bearer }).expect(404);
  });

  it('answer 404 to another company, as for an id that does not exist', async () => {
    const { id } = await create({ code: 'P-2', name: 'Planta' });
    const other = await stranger.bearer();
    const answers = await Promise.all(
      [id, uuidv7()].map((wanted) =>
        app.http.get(`/angelis/admin/project/${wanted}`).set({ authorization: other, 'accept-language': 'en' }),
      ),
    );
    const shown = answers.map(({ status, body }) => ({ status, code: (body as { code: string }).code }));
    expect(shown).to.deep.equal([
      { status: 404, code: 'NOT_FOUND' },
      { status: 404, code: 'NOT_FOUND' },
    ]);
  });

  it('refuse what does not fit, naming every fault', async () => {
    const answer = await post('/admin/project', { code: ' bad ', extra: 1 }, { 'accept-language': 'en' }).expect(422);
    const { errors } = answer.body as { errors: { pointer: string; code: string; message: string }[] };
    expect(errors.map(({ pointer, code }) => [pointer, code])).to.have.deep.members([
      ['/code', 'pattern'],
      ['/extra', 'additionalProperties'],
      ['/name', 'required'],
    ]);
    await post('/admin/project', { code: 'P-1x', name: 'x', siteId: uuidv7() }).expect(422);
    await app.http.get('/angelis/admin/project?limit=1e3').set({ authorization: bearer }).expect(400);
    await app.http.get('/angelis/admin/project').expect(401);
  });

  it('are listed by pages, found by the beginnings of words', async () => {
    for (const n of [1, 2, 3, 4, 5]) await create({ code: `L-${n}`, name: `Túnel número ${n}` });
    const codes: string[] = [];
    let cursor: string | null = null;
    do {
      const answer = await app.http
        .get('/angelis/admin/project')
        .query({ q: 'tunel num', limit: 2, ...(cursor !== null && { cursor }) })
        .set({ authorization: bearer })
        .expect(200);
      const page = answer.body as { items: Project[]; next: string | null };
      codes.push(...page.items.map(({ code }) => code));
      cursor = page.next;
    } while (cursor !== null);
    expect(codes).to.deep.equal(['L-1', 'L-2', 'L-3', 'L-4', 'L-5']);
    await app.http
      .get('/angelis/admin/project')
      .query({ cursor: 'made-up' })
      .set({ authorization: bearer })
      .expect(400);
  });

  it('move only as the lifecycle allows, and say what may come next', async () => {
    const { id } = await create({ code: 'M-1', name: 'Movimientos' });
    await post(`/admin/project/${id}/hold`, { reason: 'rain' }, { 'if-match': '"1"' }).expect(409);
    const active = await post(`/admin/project/${id}/activate`, undefined, { 'if-match': '"1"' }).expect(200);
    expect(active.body).to.include({ status: 'active', version: 2 });
    await post(`/admin/project/${id}/hold`, {}, { 'if-match': '"2"' }).expect(422);
    const actions = await app.http
      .get(`/angelis/admin/project/${id}/actions`)
      .set({ authorization: bearer })
      .expect(200);
    const allowed = (actions.body as { items: { move: string; allowed: boolean }[] }).items.filter(
      (item) => item.allowed,
    );
    expect(allowed.map(({ move }) => move)).to.have.members(['hold', 'complete', 'cancel']);
  });

  it('keep one answer for one idempotency key, 50 at once', async () => {
    const key = { 'idempotency-key': uuidv7() };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => post('/admin/project', { code: 'I-1', name: 'Una vez' }, key)),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].every((status) => status === 201 || status === 409)).to.equal(true);
    const replayed = await post('/admin/project', { name: 'Una vez', code: 'I-1' }, key).expect(201);
    expect(replayed.headers['idempotency-replayed']).to.equal('true');
    await post('/admin/project', { code: 'I-2', name: 'Otra' }, key).expect(422);
    const client = await app.database.superuser();
    const { rows } = await client.query("select count(*)::int as n from project where code = 'I-1'");
    expect(rows).to.deep.equal([{ n: 1 }]);
  });

  it('leave every change in the log, with before and after', async () => {
    const { id } = await create({ code: 'C-1', name: 'Antes' });
    await app.http
      .patch(`/angelis/admin/project/${id}`)
      .set({ authorization: bearer, 'if-match': '"1"' })
      .send({ name: 'Después' })
      .expect(200);
    const client = await app.database.superuser();
    const { rows } = await client.query(
      'select action, actor_id, before, after from change where entity_id = $1 order by id',
      [id],
    );
    expect(rows).to.have.length(2);
    expect(rows[1]).to.deep.equal({
      action: 'project.update',
      actor_id: admin.profileId,
      before: { name: 'Antes' },
      after: { name: 'Después' },
    });
  });

  it('have at most five levels and no cycle', async () => {
    const chain: Project[] = [];
    for (const level of [1, 2, 3, 4, 5])
      chain.push(await create({ code: `T-${level}`, name: 'Nivel', ...(level > 1 && { parentId: chain.at(-1)!.id }) }));
    await post('/admin/project', { code: 'T-6', name: 'Nivel', parentId: chain[4]!.id }).expect(409);
    await app.http
      .patch(`/angelis/admin/project/${chain[0]!.id}`)
      .set({ authorization: bearer, 'if-match': '"1"' })
      .send({ parentId: chain[2]!.id })
      .expect(409);
  });
});
