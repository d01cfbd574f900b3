import { expect } from 'chai';
import fc from 'fast-check';
import { IdentityProviderError } from '../../../../src/platform/identity-provider/errors.ts';
import { createPersonLifecycle } from '../../../../src/modules/identity/persons/persons.lifecycle.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { whileCommitsFail } from '../../../support/failing-commits.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import type { TestStaff } from '../../../support/staff.ts';

const PASSWORD = 'nube y cordillera';
const MOVES: Readonly<Record<string, { from: string[]; to: string }>> = {
  activate: { from: ['invited'], to: 'active' },
  lock: { from: ['active'], to: 'locked' },
  unlock: { from: ['locked'], to: 'active' },
  disable: { from: ['active', 'locked'], to: 'disabled' },
  enable: { from: ['disabled'], to: 'active' },
  erase: { from: ['invited', 'active', 'locked', 'disabled'], to: 'erased' },
};

describe('persons', () => {
  let app: TestApp;
  let chief: TestStaff;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    chief = await addStaff(app);
  });
  after(() => app.close());

  const addLogin = async (): Promise<TestPerson & { email: string }> => {
    n += 1;
    const email = `person${n}@example.cl`;
    const companyId = await addCompany(app.database);
    return { ...(await addPerson(app, { companyId, roles: ['worker'], login: { email, password: PASSWORD } })), email };
  };
  const move = async (id: string, name: string, body?: object): Promise<{ status: number; body: unknown }> => {
    const headers = { authorization: await chief.bearer(), 'accept-language': 'en' };
    const read = await app.http.get(`/angelis/admin/person/${id}`).set(headers);
    return app.http
      .post(`/angelis/admin/person/${id}/${name}`)
      .set({ ...headers, 'if-match': String(read.headers['etag']) })
      .send(body);
  };
  const me = (bearer: string) => app.http.get('/angelis/auth/me').set({ authorization: bearer });
  const signIn = (identifier: string) =>
    app.http.post('/angelis/auth/sign-in').send({ identifier, password: PASSWORD });

  it('move along the states that are written down, and no other way', async () => {
    const lifecycle = createPersonLifecycle(() => Promise.resolve(undefined));
    expect(
      Object.fromEntries(Object.entries(lifecycle.moves).map(([name, { from, to }]) => [name, { from, to }])),
    ).to.deep.equal(MOVES);
    const names = Object.keys(MOVES);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...names), { maxLength: 12 }), async (walk) => {
        const { personId } = await addLogin();
        const { persons } = app.identity;
        let expected = 'active';
        for (const name of walk) {
          const isAllowed = MOVES[name]!.from.includes(expected);
          const until = new Date(Date.now() + 3_600_000).toISOString();
          const done = await persons
            .asSystem('a'.repeat(32), async (tx) => {
              const row = await persons.repository.lock(tx, personId);
              return persons.mover.moveAs(tx, { scope: tx.scope }, row, name, { until, reason: 'walk' });
            })
            .then(
              ({ status }) => status,
              (error: unknown) => (error as { code?: string }).code,
            );
          if (isAllowed) expected = MOVES[name]!.to;
          if (done !== (isAllowed ? expected : 'INVALID_TRANSITION')) return false;
        }
        return true;
      }),
      { numRuns: 15 },
    );
  });

  it('are shut out of every company at once when they are disabled, here and at the provider', async () => {
    const person = await addLogin();
    const second = await addCompany(app.database);
    await addPerson(app, { companyId: second, roles: ['worker'], person });
    const [here, there] = [await person.bearer('angelis-admin'), await person.bearer('angelis-worker')];
    await me(here).expect(200);
    await me(there).set({ 'x-company-id': second }).expect(200);
    expect((await move(person.personId, 'disable', { reason: 'stolen phone' })).status).to.equal(200);
    await me(here).expect(401);
    await me(there).expect(401);
    await app.idle();
    const client = await app.database.superuser();
    const { rows } = await client.query<{ revoked_because: string }>(
      'select revoked_because from session where person_id = $1',
      [person.personId],
    );
    expect(rows.map((row) => row.revoked_because)).to.deep.equal(['person_disabled', 'person_disabled']);
    await signIn(person.email).expect(401);
    expect((await move(person.personId, 'enable', { reason: 'new phone' })).status).to.equal(200);
    await app.idle();
    await me(here).expect(401);
    await signIn(person.email).expect(200);
  });

  it('are found by staff by RUT or email, and by nobody else', async () => {
    const { email, personId, bearer } = await addLogin();
    const find = (identifier: string, authorization: string) =>
      app.http.get('/angelis/admin/person').query({ identifier }).set({ authorization });
    const found = await find(email, await chief.bearer()).expect(200);
    expect(found.body).to.include({ id: personId }).and.not.have.property('emailSealed');
    expect(JSON.stringify(found.body)).to.not.include(email);
    await find('nobody@example.cl', await chief.bearer()).expect(404);
    await find(email, await bearer()).expect(403);
  });

  it('of the staff are moved by nobody but superadmins', async () => {
    const helper = await addStaff(app, 'support');
    const other = await addStaff(app);
    const reason = { reason: 'test' };
    const authorization = await helper.bearer();
    const { personId } = await addLogin();
    const disable = (id: string) =>
      app.http
        .post(`/angelis/admin/person/${id}/disable`)
        .set({ authorization, 'if-match': '"1"', 'accept-language': 'en' })
        .send(reason);
    const refused = await disable(other.personId).expect(403);
    expect((refused.body as { code: string }).code).to.equal('ROLE_ABOVE_OWN');
    expect((await disable(personId)).status).to.be.oneOf([200, 412]);
    expect((await move(other.personId, 'disable', reason)).status).to.equal(200);
  });

  it('get another sign-in address from staff, with a reason that stays', async () => {
    const { email, personId } = await addLogin();
    const other = await addLogin();
    expect((await move(personId, 'change-email', { email: 'new-home@example.cl' })).status).to.equal(422);
    expect((await move(personId, 'change-email', { email: other.email, reason: 'lost' })).status).to.equal(409);
    expect((await move(personId, 'change-email', { email: 'New-Home@example.cl', reason: 'lost' })).status).to.equal(
      200,
    );
    await signIn(email).expect(401);
    await signIn('new-home@example.cl').expect(200);
    const client = await app.database.superuser();
    const { rows } = await client.query(
      `select actor_id, reason from change where entity_id = $1 and action = 'person.change_email'`,
      [personId],
    );
    expect(rows).to.deep.equal([{ actor_id: chief.personId, reason: 'lost' }]);
  });

  it('are never ahead at the provider, and catch up there once it is back', async () => {
    const { email, personId, keycloakId } = await addLogin();
    const { users } = app.identityProvider;
    const held = async () => (await users.find({ id: keycloakId }))!.email;
    const change = { email: 'later@example.cl', reason: 'lost' };
    const failed = await whileCommitsFail(app.database, 'person', () => move(personId, 'change-email', change));
    expect([failed.status, await held()]).to.deep.equal([500, email]);
    const { find } = users;
    users.find = () => Promise.reject(new IdentityProviderError('unavailable', 'no answer'));
    try {
      expect((await move(personId, 'change-email', change)).status).to.equal(200);
    } finally {
      users.find = find;
    }
    await app.idle();
    expect(await held()).to.equal('later@example.cl');
  });

  it('have the same names at the provider, as far as it takes them, when they change theirs', async () => {
    const { keycloakId, bearer } = await addLogin();
    const authorization = await bearer();
    const patch = { firstName: 'Ana (la otra)', lastName: '¿?' };
    const read = await app.http.get('/angelis/auth/me').set({ authorization });
    await app.http
      .patch('/angelis/auth/me')
      .set({ authorization, 'if-match': String(read.headers['etag']) })
      .send(patch)
      .expect(200);
    await app.idle();
    const user = await app.identityProvider.users.find({ id: keycloakId });
    expect(user).to.include({ firstName: 'Ana la otra', lastName: '¿' });
  });

  it('swap addresses, and leave nobody behind when they are erased', async () => {
    const [one, other] = [await addLogin(), await addLogin()];
    const { users } = app.identityProvider;
    const find = async ({ keycloakId }: TestPerson) => users.find({ id: keycloakId });
    await users.update(one.keycloakId, { email: 'aside@example.cl' });
    await users.update(other.keycloakId, { email: one.email });
    await app.identity.alignment.align(one.personId, 'a'.repeat(32));
    expect(await find(one)).to.include({ email: one.email });
    expect(await find(other)).to.include({ email: other.email });
    const { persons } = app.identity;
    await persons.asSystem('a'.repeat(32), async (tx) => {
      const row = await persons.repository.lock(tx, one.personId);
      await persons.mover.moveAs(tx, { scope: tx.scope }, row, 'erase');
    });
    await app.idle();
    expect(await find(one)).to.equal(undefined);
  });
});
