import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

interface Row {
  id: string;
  version: number;
}
const codeOf = (body: unknown): string => (body as { code: string }).code;

describe('roles', () => {
  let app: TestApp;
  let companyId: string;
  let owner: TestPerson;
  let boss: Client;
  let adminPerson: TestPerson;
  let admin: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    owner = await addPerson(app, { companyId, roles: ['owner'] });
    boss = await clientOf(app, owner);
    adminPerson = await addPerson(app, { companyId, roles: ['admin'] });
    admin = await clientOf(app, adminPerson);
  });
  after(() => app.close());

  const role = (code: string, rest: object = {}) => ({
    code,
    name: code,
    reach: 'company',
    grants: ['workforce:project:read'],
    denies: [],
    ...rest,
  });
  const makeRole = async (code: string, rest: object = {}, by = boss): Promise<Row> =>
    (await by.post('/admin/role', role(code, rest)).expect(201)).body as Row;
  const give = (body: object, by = boss) => by.post('/admin/role/assignment', body);
  const person = (roles: readonly string[] = []) => addPerson(app, { companyId, roles });

  describe('a role of the company', () => {
    it('holds permissions that exist', async () => {
      const wrong = await boss.post(
        '/admin/role',
        role('x', { grants: ['workforce:project:read', 'workforce:nothing:read'] }),
      );
      expect(wrong.status).to.equal(422);
      expect((wrong.body as { errors: { pointer: string; code: string }[] }).errors[0]).to.include({
        pointer: '/grants/1',
        code: 'UNKNOWN_PERMISSION',
      });
      await boss.post('/admin/role', role('owner')).expect(409);
      await boss.post('/admin/role', role('x', { systemParent: 'superadmin' })).expect(422);
      await boss.post('/admin/role', role('x', { systemParent: 'support_session' })).expect(422);
      await boss.post('/admin/role', role('x', { reach: 'operator' })).expect(422);
    });

    it('gives nothing that its maker does not hold', async () => {
      const refused = async (by: Client, rest: object, code: string) =>
        expect(codeOf((await by.post('/admin/role', role('above', rest)).expect(403)).body)).to.equal(code);
      await refused(admin, { grants: ['gate:decision:ask'] }, 'GRANT_ABOVE_OWN');
      await refused(admin, { grants: ['*:*:*'] }, 'GRANT_ABOVE_OWN');
      await refused(admin, { systemParent: 'owner' }, 'ROLE_ABOVE_OWN');
      await refused(admin, { systemParent: 'admin' }, 'ROLE_ABOVE_OWN');
      await refused(boss, { grants: ['operator:company:write'] }, 'GRANT_ABOVE_OWN');
      await makeRole('within', { grants: ['organization:*:*'], systemParent: 'manager' }, admin);
      const gate = await makeRole('gatekeeper', { grants: ['gate:decision:ask'] });
      await refused(admin, { parentId: gate.id }, 'GRANT_ABOVE_OWN');
      const own = await makeRole('lowly', {}, admin);
      const edit = await admin.patch(`/admin/role/${own.id}`, { parentId: gate.id }, version(1)).expect(403);
      expect(codeOf(edit.body)).to.equal('GRANT_ABOVE_OWN');
      await admin.patch(`/admin/role/${gate.id}`, { name: 'Mine now' }, version(1)).expect(403);
    });

    it('inherits without circles, also when two are tied at once', async () => {
      const [a, b] = [await makeRole('circle-a'), await makeRole('circle-b')];
      const tie = (low: Row, high: Row) =>
        boss.patch(`/admin/role/${low.id}`, { parentId: high.id }, version(low.version));
      const answers = await Promise.all([tie(a, b), tie(b, a)]);
      expect(answers.map(({ status }) => status)).to.have.members([200, 409]);
      expect(codeOf((await tie({ ...a, version: 2 }, a)).body)).to.be.oneOf(['ROLE_CYCLE', 'VERSION_MISMATCH']);
    });

    it('is deleted only when nobody holds it and none inherits from it', async () => {
      const base = await makeRole('base');
      const child = await makeRole('child', { parentId: base.id });
      const remove = (row: Row) => boss.del(`/admin/role/${row.id}`, version(1));
      expect(codeOf((await remove(base).expect(409)).body)).to.equal('IN_USE');
      const holder = await person();
      const given = (await give({ profileId: holder.profileId, roleId: child.id }).expect(201)).body as Row;
      expect(codeOf((await remove(child).expect(409)).body)).to.equal('IN_USE');
      await boss.del(`/admin/role/assignment/${given.id}`, version(1)).expect(204);
      await remove(child).expect(204);
      await remove(base).expect(204);
    });

    it('has as many holders as it allows, eight asked at once', async () => {
      const limited = await makeRole('limited', { maxUsers: 2 });
      const people = await Promise.all(Array.from({ length: 8 }, () => person()));
      const answers = await Promise.all(people.map(({ profileId }) => give({ profileId, roleId: limited.id })));
      expect(answers.filter(({ status }) => status === 201)).to.have.length(2);
      expect(answers.filter(({ body }) => codeOf(body) === 'ROLE_FULL')).to.have.length(6);
      await boss.patch(`/admin/role/${limited.id}`, { maxUsers: 1 }, version(1)).expect(409);
    });

    it('of the system has no route that changes it', async () => {
      const { items } = (await admin.get('/admin/role/system').expect(200)).body as { items: { code: string }[] };
      expect(items.map(({ code }) => code))
        .to.include.members(['owner', 'worker'])
        .and.not.include('superadmin');
      const routes = app.modules
        .find(({ name }) => name === 'roles')!
        .routes!.filter(({ contract }) => contract.method !== 'get' && contract.path.startsWith('/system'));
      expect(routes).to.deep.equal([]);
      const client = await app.database.pool('app').connect();
      const refused = await client.query(`update system_role set grants = '{*:*:*}'`).then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
      client.release();
      expect(refused).to.equal('42501');
    });
  });

  describe('are given', () => {
    it('below one’s own rank, never to oneself', async () => {
      const target = await person();
      const to = (systemRole: string, by: Client) => give({ profileId: target.profileId, systemRole }, by);
      for (const code of ['owner', 'senior_admin', 'admin'])
        expect(codeOf((await to(code, admin).expect(403)).body)).to.equal('ROLE_ABOVE_OWN');
      await to('manager', admin).expect(201);
      await to('manager', admin).expect(409);
      const senior = await clientOf(app, await person(['senior_admin']));
      await to('admin', senior).expect(201);
      await to('senior_admin', senior).expect(403);
      await to('owner', boss).expect(201);
      for (const code of ['superadmin', 'support_session', 'nobody']) await to(code, boss).expect(422);
      const own = await give({ profileId: adminPerson.profileId, systemRole: 'manager' }, admin).expect(403);
      expect(codeOf(own.body)).to.equal('OWN_ROLES');
      const whole = await makeRole('whole');
      const odd: readonly [object, string][] = [
        [{ systemRole: 'owner', scopeKind: 'department', scopeId: uuidv7() }, 'OWNER_SCOPE'],
        [{ systemRole: 'worker', roleId: whole.id }, 'ONE_ROLE'],
        [{}, 'ONE_ROLE'],
      ];
      for (const [rest, fault] of odd)
        expect((await give({ profileId: target.profileId, ...rest }).expect(422)).body).to.have.nested.property(
          'errors[0].code',
          fault,
        );
      const gate = await makeRole('gate-role', { grants: ['gate:decision:ask'] });
      const someone = await person();
      const beyond = await give({ profileId: someone.profileId, roleId: gate.id }, admin).expect(403);
      expect(codeOf(beyond.body)).to.equal('GRANT_ABOVE_OWN');
      await give({ profileId: someone.profileId, roleId: gate.id }).expect(201);
    });

    it('within one’s own scope', async () => {
      const top = (await boss.post('/admin/department', { code: 'TOP', name: 'T' }).expect(201)).body as Row;
      const below = (await boss.post('/admin/department', { code: 'BEL', name: 'B', parentId: top.id }).expect(201))
        .body as Row;
      const beside = (await boss.post('/admin/department', { code: 'BES', name: 'S' }).expect(201)).body as Row;
      const local = await person();
      await give({ profileId: local.profileId, systemRole: 'admin', scopeKind: 'department', scopeId: top.id }).expect(
        201,
      );
      const target = await person();
      const outsider = await person();
      const database = await app.database.superuser();
      await database.query('update profile set department_id = $1 where id = $2', [below.id, target.profileId]);
      const client = await clientOf(app, local);
      const within = (profileId: string, scopeId?: string) =>
        give({ profileId, systemRole: 'supervisor', ...(scopeId && { scopeKind: 'department', scopeId }) }, client);
      expect(codeOf((await within(target.profileId).expect(403)).body)).to.equal('OUT_OF_REACH');
      expect(codeOf((await within(target.profileId, beside.id).expect(403)).body)).to.equal('OUT_OF_REACH');
      await within(outsider.profileId, below.id).expect(404);
      await within(target.profileId, below.id).expect(201);
      const listed = (await client.get('/admin/role/assignment').expect(200)).body as {
        items: { profileId: string }[];
      };
      expect([...new Set(listed.items.map(({ profileId }) => profileId))]).to.have.members([
        local.profileId,
        target.profileId,
      ]);
      await client.post('/admin/role', role('local')).expect(403);
      const body = { firstName: 'A', lastName: 'B', kind: 'employee' };
      await client.post('/admin/profile', { ...body, departmentId: beside.id }).expect(403);
      await client.post('/admin/profile', body).expect(403);
      await client.post('/admin/profile', { ...body, departmentId: below.id }).expect(201);
    });

    it('and nobody placed, where the giver is denied it, unless it is granted nearer', async () => {
      const made = async (path: string, body: object) => ((await boss.post(path, body).expect(201)).body as Row).id;
      const shut = await made('/admin/department', { code: 'SHUT', name: 'S' });
      const below = await made('/admin/department', { code: 'SHUT1', name: 'S', parentId: shut });
      const beside = await made('/admin/department', { code: 'OPEN', name: 'O' });
      const local = await person(['admin']);
      const { id: roleId } = await makeRole('shut-out', { grants: [], denies: ['organization:*:*'] });
      const scoped = (scopeId: string) => ({ scopeKind: 'department', scopeId });
      await give({ profileId: local.profileId, roleId, ...scoped(shut) }).expect(201);
      const client = await clientOf(app, local);
      const target = await person();
      const within = (scopeId?: string) =>
        give({ profileId: target.profileId, systemRole: 'worker', ...(scopeId && scoped(scopeId)) }, client);
      const body = { firstName: 'A', lastName: 'B', kind: 'employee' };
      const add = (departmentId: string | null) => client.post('/admin/profile', { ...body, departmentId });
      for (const refused of [within(), within(shut), within(below), add(shut), add(below)])
        expect(codeOf((await refused.expect(403)).body)).to.equal('OUT_OF_REACH');
      await client.post('/admin/role', role('from-shut')).expect(403);
      for (const allowed of [within(beside), add(beside), add(null)]) await allowed.expect(201);
      await give({ profileId: local.profileId, systemRole: 'admin', ...scoped(below) }).expect(201);
      for (const allowed of [within(below), add(below)]) await allowed.expect(201);
      expect(codeOf((await within(shut).expect(403)).body)).to.equal('OUT_OF_REACH');
    });

    it('and taken with effect on the very next request', async () => {
      const someone = await person(['worker']);
      const client = await clientOf(app, someone);
      await client.get('/admin/site').expect(403);
      const given = (await give({ profileId: someone.profileId, systemRole: 'manager' }).expect(201)).body as Row;
      await client.get('/admin/site').expect(200);
      await boss.del(`/admin/role/assignment/${given.id}`, version(1)).expect(204);
      await client.get('/admin/site').expect(403);
      const own = await makeRole('readers', { grants: ['organization:site:read'] });
      await give({ profileId: someone.profileId, roleId: own.id }).expect(201);
      await client.get('/admin/site').expect(200);
      await boss.patch(`/admin/role/${own.id}`, { denies: ['organization:*:read'] }, version(1)).expect(200);
      await client.get('/admin/site').expect(403);
    });

    it('until an instant; what is over is taken away', async () => {
      const someone = await person();
      const at = app.clock.now();
      const body = { profileId: someone.profileId, systemRole: 'manager' };
      await give({ ...body, expiresAt: '2020-01-01T00:00:00.000Z' }).expect(422);
      const expiresAt = new Date(at.getTime() + 60_000).toISOString();
      await give({ ...body, expiresAt }).expect(201);
      const client = await clientOf(app, someone);
      app.clock.set(new Date(at.getTime() + 30_000));
      await client.get('/admin/site').expect(200);
      // At once, though nothing of theirs moved and this process knew them a moment ago.
      app.clock.set(new Date(at.getTime() + 61_000));
      await client.get('/admin/site').expect(403);
      app.clock.set(undefined);
      const tick = app.modules
        .flatMap(({ ticks = [] }) => ticks)
        .find(({ name }) => name.includes('role-assignments'))!;
      const scope = {
        companyId,
        actor: { kind: 'system' as const, id: null, via: tick.name },
        traceId: 'b'.repeat(32),
      };
      const run = () => tick.run(scope, { now: app.clock.now(), signal: new AbortController().signal });
      const database = await app.database.superuser();
      const state = async () =>
        (
          await database.query<{ live: number; epoch: number }>(
            `select (select count(*)::int from role_assignment a where a.profile_id = p.id and a.deleted_at is null) as live, p.epoch
             from profile p where p.id = $1`,
            [someone.profileId],
          )
        ).rows[0]!;
      const before = await state();
      await run();
      expect(await state()).to.deep.equal(before);
      app.clock.set(new Date(at.getTime() + 120_000));
      await run();
      app.clock.set(undefined);
      expect(await state()).to.deep.equal({ live: 0, epoch: before.epoch + 1 });
    });

    it('but never leave the company without an owner who stays', async () => {
      const company = await addCompany(app.database);
      const first = await addPerson(app, { companyId: company, roles: ['owner'] });
      const second = await addPerson(app, { companyId: company, roles: ['owner'] });
      const [one, two] = [await clientOf(app, first), await clientOf(app, second)];
      const assignmentOf = async (who: TestPerson): Promise<Row> =>
        ((await one.get(`/admin/role/assignment?profileId=${who.profileId}`).expect(200)).body as { items: Row[] })
          .items[0]!;
      const [a, b] = [await assignmentOf(first), await assignmentOf(second)];
      const answers = await Promise.all([
        one.del(`/admin/role/assignment/${b.id}`, version(1)),
        two.del(`/admin/role/assignment/${a.id}`, version(1)),
      ]);
      expect(answers.filter(({ status }) => status === 204)).to.have.length(1);
      const left = answers[0].status === 204 ? a : b;
      const helper = await addPerson(app, { companyId: company, roles: ['senior_admin'] });
      const refused = await (await clientOf(app, helper)).del(`/admin/role/assignment/${left.id}`, version(1));
      expect(codeOf(refused.body)).to.equal('LAST_OWNER');
    });
  });

  it('are another company’s own', async () => {
    const other = await clientOf(
      app,
      await addPerson(app, { companyId: await addCompany(app.database), roles: ['owner'] }),
    );
    const foreign = (await other.post('/admin/role', role('foreign')).expect(201)).body as Row;
    const someone = await person();
    await give({ profileId: someone.profileId, roleId: foreign.id }).expect(422);
    await boss.post('/admin/role', role('heir', { parentId: foreign.id })).expect(422);
    await give({ profileId: someone.profileId, systemRole: 'worker' }, other).expect(404);
    await give({ profileId: uuidv7(), systemRole: 'worker' }).expect(404);
    await other.get(`/admin/role/effective/${someone.profileId}`).expect(404);
  });
});
