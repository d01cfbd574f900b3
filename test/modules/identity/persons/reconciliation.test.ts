import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import type { TestStaff } from '../../../support/staff.ts';
import { until } from '../../../support/until.ts';

describe('persons compared with the provider at night', () => {
  let app: TestApp;
  let chief: TestStaff;
  let companyId: string;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    chief = await addStaff(app);
    companyId = await addCompany(app.database);
  });
  after(() => app.close());

  const addLogin = async (): Promise<TestPerson & { email: string }> => {
    n += 1;
    const email = `compared${n}@example.cl`;
    return { ...(await addPerson(app, { companyId, roles: ['worker'], login: { email } })), email };
  };
  const disable = async (id: string): Promise<void> => {
    const headers = { authorization: await chief.bearer() };
    const read = await app.http.get(`/angelis/admin/person/${id}`).set(headers);
    await app.http
      .post(`/angelis/admin/person/${id}/disable`)
      .set({ ...headers, 'if-match': String(read.headers['etag']) })
      .send({ reason: 'test' })
      .expect(200);
  };
  const erase = (id: string): Promise<void> =>
    app.identity.persons.asSystem('a'.repeat(32), async (tx) => {
      const { repository, mover } = app.identity.persons;
      await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, id), 'erase');
    });
  type Found = { kind: string; subject: string; mended: boolean; foundAt: string };
  const reconcile = async (): Promise<Found[]> => {
    await app.identity.persons.asSystem('a'.repeat(32), (tx) =>
      app.platform.enqueue(tx, 'identity.provider.reconcile', {}),
    );
    await app.idle();
    return drift();
  };
  const drift = async (query: object = {}): Promise<Found[]> => {
    const authorization = await chief.bearer();
    const page = await app.http
      .get('/angelis/admin/person/drift')
      .query({ limit: 200, ...query })
      .set({ authorization })
      .expect(200);
    return (page.body as { items: Found[] }).items;
  };
  const about = (found: Found[], subject: string) =>
    found.filter((one) => one.subject === subject).map(({ kind, mended }) => [kind, mended]);

  it('are brought in line there: state, address, names, roles, and a user that is gone', async () => {
    const { users } = app.identityProvider;
    const [one, out, gone] = [await addLogin(), await addLogin(), await addLogin()];
    const wanted = await users.find({ id: one.keycloakId });
    await users.update(one.keycloakId, { enabled: false, email: 'else@example.cl', firstName: 'Else' });
    await users.setRoles(one.keycloakId, ['operator-support']);
    await disable(out.personId);
    await app.idle();
    await users.update(out.keycloakId, { enabled: true });
    await users.remove(gone.keycloakId);
    const found = await reconcile();
    expect(about(found, one.personId)).to.have.deep.members([
      ['enabled_differs', true],
      ['email_differs', true],
      ['names_differ', true],
      ['roles_differ', true],
    ]);
    expect(about(found, out.personId)).to.deep.equal([['enabled_differs', true]]);
    expect(about(found, gone.personId)).to.deep.equal([['user_missing', true]]);
    expect(await users.find({ id: one.keycloakId })).to.deep.equal(wanted);
    expect(await users.roles(one.keycloakId)).to.deep.equal([]);
    expect(await users.find({ id: out.keycloakId })).to.include({ enabled: false });
    const again = await users.find({ email: gone.email });
    expect(again).to.include({ username: `u-${gone.personId}`, enabled: true });
    const { persons } = app.identity;
    expect(await persons.byKeycloakId(again!.id, 'a'.repeat(32))).to.include({ id: gone.personId });
    const left = await reconcile();
    for (const { personId } of [one, out, gone]) expect(about(left, personId)).to.deep.equal([]);
  });

  it('are shut out there in the end, though the job that should have done it was given up', async () => {
    const { users } = app.identityProvider;
    const { personId, keycloakId } = await addLogin();
    const { update } = users;
    users.update = () => Promise.reject(new Error('a fault of some kind'));
    try {
      await disable(personId);
      const database = await app.database.superuser();
      const givenUp = `select 1 from outbox where state = 'failed' and payload ->> 'personId' = $1`;
      await until(async () => (await database.query(givenUp, [personId])).rowCount === 1);
    } finally {
      users.update = update;
    }
    expect(await users.find({ id: keycloakId })).to.include({ enabled: true });
    expect(about(await reconcile(), personId)).to.deep.equal([['enabled_differs', true]]);
    expect(await users.find({ id: keycloakId })).to.include({ enabled: false });
    expect(about(await reconcile(), personId)).to.deep.equal([]);
  });

  it('are linked anew to a user that took the place of theirs', async () => {
    const { personId, keycloakId } = await addLogin();
    await app.database.sql('update person set keycloak_id = $2 where id = $1', [personId, uuidv7()]);
    expect(about(await reconcile(), personId)).to.deep.equal([['user_replaced', true]]);
    const row = await app.database.sql('select keycloak_id as id from person where id = $1', [personId]);
    expect(row).to.deep.equal([{ id: keycloakId }]);
    expect(about(await reconcile(), personId)).to.deep.equal([]);
  });

  it('are not asked for once they are erased; a user that is there all the same goes', async () => {
    const { users } = app.identityProvider;
    const { personId, keycloakId } = await addLogin();
    await erase(personId);
    await app.idle();
    const username = `u-${personId}`;
    expect(await users.find({ id: keycloakId })).to.equal(undefined);
    const { find } = users;
    let asked = 0;
    users.find = (wanted) => {
      if ('username' in wanted && wanted.username === username) asked += 1;
      return find(wanted);
    };
    const without = await reconcile();
    users.find = find;
    expect([about(without, personId), asked]).to.deep.equal([[], 0]);
    await users.create({ username, enabled: true, emailVerified: true });
    expect(about(await reconcile(), personId)).to.deep.equal([['person_erased', true]]);
    expect(await users.find({ username })).to.equal(undefined);
  });

  it('say who holds a role of a machine client: it is nobody’s to hold, and nobody’s here to take', async () => {
    const { users, machineClients } = app.identityProvider;
    const [holder, other] = [await addLogin(), await addLogin()];
    const orphan = await users.create({ username: `u-${uuidv7()}`, enabled: true, emailVerified: true });
    const foreign = await users.create({ username: `hand-${uuidv7()}`, enabled: true, emailVerified: true });
    const { roleHolders } = machineClients;
    machineClients.roleHolders = () => Promise.resolve([holder.keycloakId, orphan.id, foreign.id]);
    const found = await reconcile();
    machineClients.roleHolders = roleHolders;
    expect(about(found, holder.personId)).to.deep.equal([['machine_role_held', false]]);
    expect(about(found, other.personId)).to.deep.equal([]);
    expect(about(found, orphan.id)).to.have.deep.members([
      ['person_missing', false],
      ['machine_role_held', false],
    ]);
    expect(about(found, foreign.id)).to.have.deep.members([
      ['user_not_ours', false],
      ['machine_role_held', false],
    ]);
    expect(about(await reconcile(), holder.personId)).to.deep.equal([]);
  });

  it('leave alone what nobody here stands behind, and say so until it is gone', async () => {
    const { users, machineClients } = app.identityProvider;
    const basics = { enabled: true, emailVerified: true };
    const foreign = await users.create({ ...basics, username: 'by-hand', email: 'by-hand@example.cl' });
    const orphan = await users.create({ ...basics, username: `u-${uuidv7()}` });
    const clientId = `angelis-machine-${uuidv7()}`;
    await machineClients.create({ clientId, name: 'By hand' });
    const first = await reconcile();
    expect(about(first, foreign.id)).to.deep.equal([['user_not_ours', false]]);
    expect(about(first, orphan.id)).to.deep.equal([['person_missing', false]]);
    expect(about(first, clientId)).to.deep.equal([['client_not_ours', false]]);
    expect(await users.find({ id: foreign.id })).to.deep.equal(foreign);
    expect(await users.find({ id: orphan.id })).to.deep.equal(orphan);
    await users.remove(orphan.id);
    const second = await reconcile();
    expect(about(second, orphan.id)).to.deep.equal([]);
    const since = (found: Found[]) => found.find(({ subject }) => subject === foreign.id)!.foundAt;
    expect(since(second)).to.equal(since(first));
    expect(about(await drift({ kind: 'user_not_ours' }), clientId)).to.deep.equal([]);
    expect(await drift({ limit: 1 })).to.have.length(1);
    const { bearer } = await addLogin();
    await app.http
      .get('/angelis/admin/person/drift')
      .set({ authorization: await bearer() })
      .expect(403);
  });

  it('make no users anew when many are missing: that is another realm', async () => {
    const database = await app.database.superuser();
    const ids = Array.from({ length: 21 }, () => uuidv7());
    await database.query(
      `insert into person (id, first_name, last_name, locale, status, data_key, created_at, updated_at)
       select id, 'Ana', 'Rojas', 'es', 'active', 'none', now(), now() from unnest($1::uuid[]) as id`,
      [ids],
    );
    const found = await reconcile();
    for (const id of ids) expect(about(found, id)).to.deep.equal([['user_missing', false]]);
    expect(await app.identityProvider.users.find({ username: `u-${ids[0]}` })).to.equal(undefined);
    await database.query('delete from person where id = any($1)', [ids]);
  });
});
