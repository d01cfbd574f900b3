import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { createKeyRing, createLiveKeyRing } from '../../../../src/platform/crypto/key-ring.ts';
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
import { isWaiting } from '../../../support/locks.ts';
import { until } from '../../../support/until.ts';

const PASSWORD = 'nube y cordillera';
const WRITTEN = 'select actor_id, reason from change where entity_id = $1 and action = $2';
const MOVES: Readonly<Record<string, { from: string[]; to: string }>> = {
  activate: { from: ['invited'], to: 'active' },
  lock: { from: ['active'], to: 'locked' },
  unlock: { from: ['locked'], to: 'active' },
  disable: { from: ['active', 'locked'], to: 'disabled' },
  enable: { from: ['disabled'], to: 'active' },
  erase: { from: ['invited', 'active', 'locked', 'disabled'], to: 'erased' },
};

const OLD_KEY = { id: 'old', bytes: randomBytes(32) };

describe('persons', () => {
  const lookup = createLiveKeyRing(createKeyRing([OLD_KEY]));
  let app: TestApp;
  let chief: TestStaff;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true, replace: ({ keys }) => ({ keys: { ...keys, lookup } }) });
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
  const written = (id: string, action: string) => app.database.sql(WRITTEN, [id, `person.${action}`]);
  const me = (bearer: string) => app.http.get('/angelis/auth/me').set({ authorization: bearer });
  const signIn = (identifier: string) =>
    app.http.post('/angelis/auth/sign-in').send({ identifier, password: PASSWORD });

  const erase = (id: string): Promise<void> =>
    app.identity.persons.asSystem('a'.repeat(32), async (tx) => {
      const { repository, mover } = app.identity.persons;
      await mover.moveAs(tx, { scope: tx.scope }, await repository.lock(tx, id), 'erase');
    });

  it('move along the states that are written down, and no other way', async () => {
    const lifecycle = createPersonLifecycle(
      () => Promise.resolve(undefined),
      () => Promise.resolve(),
    );
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
          const input = { until: new Date(Date.now() + 3_600_000).toISOString(), reason: 'walk' };
          const done = await persons
            .asSystem('a'.repeat(32), async (tx) => {
              const row = await persons.repository.lock(tx, personId);
              return persons.mover.moveAs(tx, { scope: tx.scope }, row, name, input);
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
    expect(await written(personId, 'change_email')).to.deep.equal([{ actor_id: chief.personId, reason: 'lost' }]);
  });

  it('get another phone for codes from staff, with a reason that stays; not one of somebody else', async () => {
    const [{ personId }, other] = [await addLogin(), await addLogin()];
    const give = (id: string, phone: string, reason?: string) => move(id, 'change-phone', { phone, reason });
    for (const wrong of [await give(personId, '+56 9 8888 0001'), await give(personId, 'none', 'lost')])
      expect(wrong.status).to.equal(422);
    expect((await give(other.personId, '+56 9 8888 0002', 'new')).status).to.equal(200);
    const taken = await give(personId, '+56988880002', 'lost');
    expect([taken.status, (taken.body as { code: string }).code]).to.deep.equal([409, 'ADDRESS_TAKEN']);
    expect((await give(personId, '+56 9 8888 0001', 'lost')).status).to.equal(200);
    const { persons } = app.identity;
    const stored = await persons.asSystem('a'.repeat(32), (tx) => persons.repository.get(tx, personId));
    expect(persons.contacts.phoneOf(stored)).to.equal('+56988880001');
    expect(await written(personId, 'change_phone')).to.deep.equal([{ actor_id: chief.personId, reason: 'lost' }]);
  });

  it('get no address of somebody else while keys of look-ups are replaced', async () => {
    const [{ personId }, other] = [await addLogin(), await addLogin()];
    const phone = '+56988880003';
    expect((await move(other.personId, 'change-phone', { phone, reason: 'new' })).status).to.equal(200);
    // The new key is in front, and nothing that stands under the old one is renewed yet.
    lookup.replace(createKeyRing([{ id: 'new', bytes: randomBytes(32) }, OLD_KEY]));
    for (const [name, address] of [
      ['email', { email: other.email }],
      ['phone', { phone }],
    ] as const) {
      const { status, body } = await move(personId, `change-${name}`, { ...address, reason: 'lost' });
      expect([status, (body as { code: string }).code], name).to.deep.equal([409, 'ADDRESS_TAKEN']);
    }
  });

  it('whose password may be known are signed out, and sign in with a new one only', async () => {
    const { email, personId, keycloakId, bearer } = await addLogin();
    const session = await bearer();
    await me(session).expect(200);
    expect((await move(personId, 'require-new-password', {})).status).to.equal(422);
    expect((await move(personId, 'require-new-password', { reason: 'written on a wall' })).status).to.equal(200);
    await me(session).expect(401);
    await app.idle();
    await signIn(email).expect(401);
    expect(app.messages.mails.filter(({ to }) => to === email)).to.have.length(1);
    expect(await app.identityProvider.users.passwordState(keycloakId)).to.include({ isSet: false, isRequired: true });
    await app.identityProvider.users.setPassword(keycloakId, PASSWORD);
    await signIn(email).expect(200);
  });

  it('who lost their second factor are signed out, told and asked for another; of the staff by superadmins only', async () => {
    const { users } = app.identityProvider;
    const { removeSecondFactor, hasSecondFactor } = users;
    const removed: string[] = [];
    users.hasSecondFactor = () => Promise.resolve(true);
    users.removeSecondFactor = (id) => {
      removed.push(id);
      return removeSecondFactor(id);
    };
    try {
      const { email, personId, keycloakId, bearer } = await addLogin();
      const session = await bearer();
      await me(session).expect(200);
      expect((await move(personId, 'reset-second-factor', {})).status).to.equal(422);
      expect((await move(personId, 'reset-second-factor', { reason: 'phone in the sea' })).status).to.equal(200);
      await me(session).expect(401);
      expect(await written(personId, 'reset_second_factor')).to.deep.equal([
        { actor_id: chief.personId, reason: 'phone in the sea' },
      ]);
      await app.idle();
      expect(removed).to.deep.equal([keycloakId]);
      expect(app.messages.mails.filter(({ to }) => to === email)).to.have.length(1);
      await signIn(email).expect(200);
      const authorization = await (await addStaff(app, 'support')).bearer();
      const path = `/angelis/admin/person/${chief.personId}`;
      const { headers } = await app.http.get(path).set({ authorization }).expect(200);
      const refused = await app.http
        .post(`${path}/reset-second-factor`)
        .set({ authorization, 'if-match': String(headers['etag']) })
        .send({ reason: 'x' });
      expect([refused.status, removed.length]).to.deep.equal([403, 1]);
    } finally {
      Object.assign(users, { removeSecondFactor, hasSecondFactor });
    }
  });

  it('who have no second factor are not told that it went: nothing changes, and whoever asked for it learns why', async () => {
    const { email, personId, bearer } = await addLogin();
    const session = await bearer();
    await me(session).expect(200);
    const mailed = () => app.messages.mails.filter(({ to }) => to === email);
    const { status, body } = await move(personId, 'reset-second-factor', { reason: 'phone in the sea' });
    expect([status, (body as { code: string }).code]).to.deep.equal([409, 'NO_SECOND_FACTOR']);
    await app.idle();
    await me(session).expect(200);
    expect([mailed(), await written(personId, 'reset_second_factor')]).to.deep.equal([[], []]);
    const { users } = app.identityProvider;
    const { hasSecondFactor } = users;
    users.hasSecondFactor = () => Promise.reject(new IdentityProviderError('unavailable', 'no answer'));
    try {
      expect((await move(personId, 'reset-second-factor', { reason: 'phone in the sea' })).status).to.equal(200);
    } finally {
      users.hasSecondFactor = hasSecondFactor;
    }
    await me(session).expect(401);
  });

  it('whose password may be known are signed out also while the provider is away', async () => {
    const { personId, bearer } = await addLogin();
    const session = await bearer();
    await me(session).expect(200);
    const { users } = app.identityProvider;
    const { find } = users;
    users.find = () => Promise.reject(new IdentityProviderError('unavailable', 'no answer'));
    try {
      expect((await move(personId, 'require-new-password', { reason: 'on a wall' })).status).to.equal(200);
      await until(async () => (await me(session)).status === 401);
    } finally {
      users.find = find;
    }
    const login = { username: `u-${personId}`, password: PASSWORD, address: '192.0.2.1' };
    await until(async () => !(await app.identityProvider.verifyPassword(login)));
  });

  it('are signed out by staff, of one session or everywhere; of the staff by superadmins only', async () => {
    const person = await addLogin();
    const second = await addCompany(app.database);
    await addPerson(app, { companyId: second, roles: ['worker'], person });
    const [here, there] = [await person.bearer('angelis-admin'), await person.bearer('angelis-worker')];
    await me(here).set({ 'x-company-id': person.companyId }).expect(200);
    await me(there).set({ 'x-company-id': second }).expect(200);
    const helper = await addStaff(app, 'support');
    const authorization = await helper.bearer();
    const path = `/angelis/admin/person/${person.personId}/session`;
    const list = async () => {
      const { body } = await app.http.get(path).set({ authorization }).expect(200);
      return (body as { items: { id: string; company: { id: string } }[] }).items;
    };
    const [first] = (await list()).filter(({ company }) => company.id === second);
    expect(first).to.not.have.any.keys('sid', 'epoch');
    await app.http.delete(`${path}/${first!.id}`).set({ authorization }).expect(204);
    await app.http.delete(`${path}/${first!.id}`).set({ authorization }).expect(404);
    await me(there).expect(401);
    await me(here).expect(200);
    expect((await app.http.post(`${path}/end-all`).set({ authorization }).expect(200)).body).to.deep.equal({
      ended: 1,
    });
    await me(here).expect(401);
    expect(await list()).to.deep.equal([]);
    const ofChief = `/angelis/admin/person/${chief.personId}/session`;
    await app.http.post(`${ofChief}/end-all`).set({ authorization }).expect(403);
    const own = await app.http.post(`${ofChief}/end-all`).set({ authorization: await chief.bearer() });
    expect([own.status, own.body]).to.deep.equal([200, { ended: 0 }]);
    await app.http.get(`/angelis/admin/person/${uuidv7()}/session`).set({ authorization }).expect(404);
    const client = await app.database.superuser();
    const { rows } = await client.query(
      'select company_id, actor_id from change where entity_id = $1 and action = $2',
      [first!.id, 'session.revoke'],
    );
    expect(rows).to.deep.equal([{ company_id: second, actor_id: helper.personId }]);
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
    await until(async () => (await held()) === 'later@example.cl');
  });

  it('are brought in line there one try after the other: the older never has the last word', async () => {
    const { personId, keycloakId } = await addLogin();
    const { users } = app.identityProvider;
    const { find } = users;
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    users.find = async (query) => {
      if (!('username' in query) || query.username !== `u-${personId}`) return find(query);
      users.find = find;
      asked.resolve();
      await gate.promise;
      return find(query);
    };
    const align = () => app.identity.alignment.align(personId, 'a'.repeat(32));
    const older = align();
    await asked.promise;
    await app.database.sql('update person set first_name = $2 where id = $1', [personId, 'Nueva']);
    let isOver = false;
    const newer = align().finally(() => {
      isOver = true;
    });
    await until(async () => isOver || (await isWaiting(app.database)));
    gate.resolve();
    await Promise.all([older, newer]);
    expect(await users.find({ id: keycloakId })).to.include({ firstName: 'Nueva' });
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
    await erase(one.personId);
    await app.idle();
    expect(await find(one)).to.equal(undefined);
  });
});
