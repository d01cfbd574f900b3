import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';

interface MeBody {
  id: string;
  version: number;
  firstName: string;
  company: { id: string };
  session: { id: string };
  roles: string[];
}

describe('me', () => {
  let app: TestApp;
  let first: string;
  let second: string;

  before(async () => {
    app = await startApp();
    first = await addCompany(app.database);
    second = await addCompany(app.database);
  });
  after(() => app.close());

  const get = (path: string, bearer: string) => app.http.get(`/angelis/auth/me${path}`).set({ authorization: bearer });
  const post = (path: string, bearer: string, body?: object) =>
    app.http.post(`/angelis/auth/me${path}`).set({ authorization: bearer }).send(body);
  const me = async (bearer: string): Promise<MeBody> => (await get('', bearer).expect(200)).body as MeBody;
  /** A person in both companies: worker in the first, manager in the second. */
  const shared = async (): Promise<TestPerson> => {
    const person = await addPerson(app, { companyId: first, roles: ['worker'] });
    await addPerson(app, { companyId: second, roles: ['manager'], person });
    return person;
  };
  const inFirst = async (person: TestPerson): Promise<string> => {
    const bearer = await person.bearer();
    await get('', bearer).set({ 'x-company-id': first }).expect(200);
    return bearer;
  };

  it('is read and changed by its person; the change is sealed in the operator’s log, not in the company’s', async () => {
    const person = await addPerson(app, { companyId: first, roles: ['worker'] });
    const bearer = await person.bearer();
    const before = await me(bearer);
    expect(before).to.include({ id: person.personId, firstName: 'Ana' });
    const patch = (version: number) =>
      app.http
        .patch('/angelis/auth/me')
        .set({ authorization: bearer, 'if-match': `"${version}"` })
        .send({ firstName: 'Anita', preferences: { theme: 'dark' } });
    const after = await patch(before.version).expect(200);
    expect(after.body).to.deep.include({ firstName: 'Anita', preferences: { theme: 'dark' } });
    await patch(before.version).expect(412);
    const client = await app.database.superuser();
    const { rows } = await client.query<{ personal: string }>(
      'select personal, company_id, actor_id, before, after from change where entity_id = $1',
      [person.personId],
    );
    const [{ personal, ...open } = { personal: '' }] = rows;
    expect(open).to.deep.equal({ company_id: OPERATOR_COMPANY, actor_id: person.personId, before: {}, after: {} });
    const { db, vault } = app.platform;
    const opened = await db.read(systemScope(OPERATOR_COMPANY, 'test', 'a'.repeat(32)), (reader) =>
      vault.open(reader, person.personId, personal),
    );
    expect(JSON.parse(opened!)).to.deep.equal({
      before: { firstName: 'Ana', preferences: {} },
      after: { firstName: 'Anita', preferences: { theme: 'dark' } },
    });
  });

  it('switches companies under the same token: the roles are those of the other company', async () => {
    const bearer = await inFirst(await shared());
    expect((await me(bearer)).roles).to.deep.equal(['worker']);
    const before = await me(bearer);
    await post('/companies/switch', bearer, { companyId: second }).expect(204);
    const after = await me(bearer);
    expect(after.company.id).to.equal(second);
    expect(after.roles).to.deep.equal(['manager']);
    expect(after.session.id).to.not.equal(before.session.id);
    await get('', bearer).set({ 'x-company-id': first }).expect(403);
    await post('/companies/switch', bearer, { companyId: first }).expect(204);
    expect((await me(bearer)).company.id).to.equal(first);
    const client = await app.database.superuser();
    const { rows } = await client.query<{ company_id: string; revoked_because: string | null }>(
      'select company_id, revoked_because from session where sid = (select sid from session where id = $1) order by created_at',
      [before.session.id],
    );
    expect(rows).to.deep.equal([
      { company_id: first, revoked_because: 'exchanged' },
      { company_id: second, revoked_because: 'exchanged' },
      { company_id: first, revoked_because: null },
    ]);
  });

  it('never switches to a company where the person has no active profile, nor tells that it exists', async () => {
    const bearer = await (await addPerson(app, { companyId: first, roles: ['worker'] })).bearer();
    await post('/companies/switch', bearer, { companyId: second }).expect(404);
    await post('/companies/switch', bearer, { companyId: uuidv7() }).expect(404);
    expect((await me(bearer)).company.id).to.equal(first);
  });

  const liveOf = async ({ personId }: TestPerson): Promise<number> =>
    (await app.database.sql('select 1 from session where person_id = $1 and revoked_at is null', [personId])).length;

  it('keeps one live session when switches, to whichever company, are asked for many times at once', async () => {
    const person = await shared();
    const third = await addCompany(app.database);
    await addPerson(app, { companyId: third, roles: ['worker'], person });
    const bearer = await inFirst(person);
    const places = [first, second, third];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => post('/companies/switch', bearer, { companyId: places[n % 3] })),
    );
    expect(answers.filter(({ status }) => status === 204)).to.not.have.length(0);
    expect(await liveOf(person)).to.equal(1);
    expect(answers.map(({ status }) => status).filter((status) => status !== 204 && status !== 401)).to.deep.equal([]);
  });

  it('opens one session where a token is first seen in two companies at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const person = await shared();
      const bearer = await person.bearer();
      const answers = await Promise.all(
        [first, second, first, second].map((id) => get('', bearer).set({ 'x-company-id': id })),
      );
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).to.deep.equal([200, 200, 403, 403]);
      expect(await liveOf(person)).to.equal(1);
    }
  });

  it('has no more live sessions than the company takes, however many open at once', async () => {
    const person = await addPerson(app, { companyId: first, roles: ['worker'] });
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const sid = uuidv7();
        const token = await app.identityProvider.mint({
          user: { id: person.keycloakId },
          client: 'angelis-worker',
          sid,
        });
        await get('', `Bearer ${token}`);
      }),
    );
    expect(await liveOf(person)).to.equal(3);
  });

  it('lists sessions of every company and ends them; the next request of an ended one is refused', async () => {
    const person = await shared();
    const here = await inFirst(person);
    const there = await person.bearer('angelis-worker');
    await get('', there).set({ 'x-company-id': second }).expect(200);
    const list = (await get('/sessions', here).expect(200)).body as {
      items: { id: string; current: boolean; company: { id: string } }[];
    };
    expect(list.items.map(({ company, current }) => [company.id, current])).to.have.deep.members([
      [first, true],
      [second, false],
    ]);
    const other = list.items.find(({ current }) => !current)!;
    await app.http.delete(`/angelis/auth/me/sessions/${other.id}`).set({ authorization: here }).expect(204);
    const refused = await get('', there).expect(401);
    expect((refused.body as { code: string }).code).to.equal('INVALID_TOKEN');
    await get('', here).expect(200);
  });

  it('ends all other sessions, and nobody else’s', async () => {
    const person = await shared();
    const stranger = await addPerson(app, { companyId: first, roles: ['worker'] });
    const [here, there, strange] = [
      await person.bearer('angelis-admin'),
      await person.bearer('angelis-worker'),
      await stranger.bearer(),
    ];
    for (const bearer of [here, there, strange]) await get('', bearer).expect(200);
    const { session } = await me(strange);
    await app.http.delete(`/angelis/auth/me/sessions/${session.id}`).set({ authorization: here }).expect(404);
    expect((await post('/sessions/end-others', here).expect(200)).body).to.deep.equal({ ended: 1 });
    await get('', there).expect(401);
    await get('', here).expect(200);
    await get('', strange).expect(200);
  });

  it('keeps three live sessions of a person in a company: the one seen longest ago ends', async () => {
    const person = await addPerson(app, { companyId: first, roles: ['worker'] });
    const bearers: string[] = [];
    for (const _ of [1, 2, 3, 4]) {
      const token = await app.identityProvider.mint({
        user: { id: person.keycloakId },
        client: 'angelis-worker',
        sid: uuidv7(),
      });
      bearers.push(`Bearer ${token}`);
      await get('', `Bearer ${token}`).expect(200);
    }
    const answers = await Promise.all(bearers.map((bearer) => get('', bearer)));
    expect(answers.map(({ status }) => status)).to.deep.equal([401, 200, 200, 200]);
  });

  it('counts no session that was idle for more than eight hours', async () => {
    const person = await addPerson(app, { companyId: first, roles: ['worker'] });
    const open = async (): Promise<string> => {
      const sid = uuidv7();
      const user = { id: person.keycloakId };
      const bearer = `Bearer ${await app.identityProvider.mint({ user, client: 'angelis-worker', sid })}`;
      await get('', bearer).expect(200);
      return bearer;
    };
    const bearers = [await open(), await open(), await open()];
    const client = await app.database.superuser();
    await client.query(`update session set last_seen_at = last_seen_at - interval '481 minutes' where id = $1`, [
      (await me(bearers[1]!)).session.id,
    ]);
    bearers.push(await open());
    const answers = await Promise.all(bearers.map((bearer) => get('', bearer)));
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
  });

  it('is signed out by admins of the company: of what is open there, and no other', async () => {
    const person = await shared();
    const bearer = await person.bearer();
    const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0';
    await get('', bearer).set({ 'x-company-id': first, 'user-agent': agent }).expect(200);
    const elsewhere = await person.bearer('angelis-worker');
    await get('', elsewhere).set({ 'x-company-id': second }).expect(200);
    const admin = await addPerson(app, { companyId: first, roles: ['admin'] });
    const owner = await addPerson(app, { companyId: first, roles: ['owner'] });
    const stranger = await addPerson(app, { companyId: second, roles: ['admin'] });
    const sessions = async (of: TestPerson, by: TestPerson, status = 200) => {
      const { body } = await app.http
        .get(`/angelis/admin/profile/${of.profileId}/session`)
        .set({ authorization: await by.bearer() })
        .expect(status);
      return (body as { items: { id: string }[] }).items;
    };
    const end = async (of: TestPerson, by: TestPerson, id: string) =>
      app.http.delete(`/angelis/admin/profile/${of.profileId}/session/${id}`).set({ authorization: await by.bearer() });
    const endAll = async (of: TestPerson, by: TestPerson) => {
      const answer = await app.http
        .post(`/angelis/admin/profile/${of.profileId}/session/end-all`)
        .set({ authorization: await by.bearer() });
      const { code, ended } = answer.body as { code?: string; ended?: number };
      return [answer.status, code ?? ended];
    };
    await sessions(person, stranger, 404);
    expect(await endAll(person, stranger)).to.deep.equal([404, 'NOT_FOUND']);
    const [mine, ...more] = await sessions(person, admin);
    expect(more).to.deep.equal([]);
    expect(mine).to.include({ device: 'Chrome, Windows 10', client: 'admin' });
    expect(mine).to.not.have.any.keys('sid', 'epoch');
    const theirs = (await me(elsewhere)).session.id;
    expect((await end(person, admin, theirs)).status).to.equal(404);
    expect((await end(person, admin, mine!.id)).status).to.equal(204);
    await get('', bearer).expect(401);
    await get('', elsewhere).expect(200);
    expect(await endAll(person, admin)).to.deep.equal([200, 0]);
    expect(await endAll(owner, admin)).to.deep.equal([403, 'ROLE_ABOVE_OWN']);
    await sessions(admin, owner);
    expect(await endAll(owner, owner)).to.deep.equal([200, 0]);
    expect(await endAll(admin, owner)).to.deep.equal([200, 1]);
    await get('', await admin.bearer()).expect(401);
    const client = await app.database.superuser();
    const { rows } = await client.query(
      `select actor_id from change where entity_id = $1 and action = 'session.revoke'`,
      [mine!.id],
    );
    expect(rows).to.deep.equal([{ actor_id: admin.profileId }]);
  });

  it('explains permissions: held with its reach and roles, or why not', async () => {
    const bearer = await (await addPerson(app, { companyId: first, roles: ['manager'] })).bearer();
    const ask = async (permission: string) =>
      ((await get('/permissions', bearer).query({ permission }).expect(200)).body as { items: { grants: object[] }[] })
        .items;
    const [held] = await ask('workforce:project:read');
    expect(held).to.deep.include({ allowed: true, reach: 'hierarchy', because: null, scopes: [], except: [] });
    expect(held!.grants).to.have.length(1);
    expect(held!.grants[0]).to.include({ role: 'manager', effect: 'grant', pattern: 'workforce:*:read', scope: null });
    const all = (await get('/permissions', bearer).expect(200)).body as { items: { allowed: boolean }[] };
    expect(all.items.some(({ allowed }) => !allowed)).to.equal(true);
  });

  it('explains that what no route takes from a client is not held through it, whoever asks', async () => {
    const owner = await addPerson(app, { companyId: first, roles: ['owner'] });
    const because = async (client: 'angelis-worker' | 'angelis-admin', permission: string) => {
      const { body } = await get('/permissions', await owner.bearer(client))
        .query({ permission })
        .expect(200);
      return (body as { items: { because: string | null }[] }).items[0]!.because;
    };
    expect(await because('angelis-admin', 'identity:api-client:write')).to.equal(null);
    expect(await because('angelis-worker', 'identity:api-client:write')).to.equal('CLIENT');
    expect(await because('angelis-worker', 'workforce:shift:read')).to.equal(null);
    // Its routes are for administrators; the report of projects is not.
    expect(await because('angelis-worker', 'workforce:project:read')).to.equal(null);
  });

  it('is for the session’s owner only while they may act: disabled, suspended and unknown are refused alike', async () => {
    const person = await shared();
    const bearer = await inFirst(person);
    const client = await app.database.superuser();
    await client.query(`update profile set status = 'suspended', epoch = epoch + 1 where id = $1`, [person.profileId]);
    await get('', bearer).expect(401);
    await client.query(`update profile set status = 'active', epoch = epoch + 1 where id = $1`, [person.profileId]);
    await get('', bearer).expect(200);
    await client.query(`update person set status = 'locked' where id = $1`, [person.personId]);
    await get('', bearer).expect(200);
    await client.query(`update person set status = 'disabled', epoch = epoch + 1 where id = $1`, [person.personId]);
    await get('', bearer).expect(401);
  });
});
