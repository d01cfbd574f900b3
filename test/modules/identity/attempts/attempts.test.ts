import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import type { ProviderEvent } from '../../../../src/platform/identity-provider/port.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';

const PASSWORD = 'luna de valparaiso 9';

describe('what the identity provider saw', () => {
  let app: TestApp;
  let company: string;
  let n = 0;

  before(async () => {
    app = await startApp();
    company = await addCompany(app.database);
  });
  after(() => app.close());

  const addLogin = async (): Promise<TestPerson & { email: string }> => {
    n += 1;
    const login = { email: `seen${n}@example.cl`, password: PASSWORD };
    return { ...(await addPerson(app, { companyId: company, roles: ['worker'], login })), email: login.email };
  };
  const tick = (name: string, now = new Date(), companyId = OPERATOR_COMPANY) =>
    app.modules
      .flatMap(({ ticks = [] }) => ticks)
      .find((one) => one.name === name)!
      .run(systemScope(companyId, 'test', 'a'.repeat(32)), { now, signal: new AbortController().signal });
  const readEvents = () => tick('identity.provider-events.read');
  const query = async <Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> =>
    (await (await app.database.superuser()).query<Row>(sql, values)).rows;
  const person = async (id: string) =>
    (
      await query<{ status: string; failed_logins: number; last_login_at: Date | null; locked_until: Date | null }>(
        'select status, failed_logins, last_login_at, locked_until from person where id = $1',
        [id],
      )
    )[0]!;
  const outcomes = async (id: string) =>
    (
      await query<{ outcome: string }>('select outcome from sign_in_attempt where person_id = $1 order by at, id', [id])
    ).map(({ outcome }) => outcome);
  const signIn = (identifier: string, password = PASSWORD) =>
    app.http.post('/angelis/auth/sign-in').send({ identifier, password });
  const enter = async (email: string) =>
    (await signIn(email).expect(200)).body as { accessToken: string; refreshToken: string };
  const me = (token: string) => app.http.get('/angelis/auth/me').set({ authorization: `Bearer ${token}` });

  it('is kept as attempts, each once, with the last sign-in and the failures since', async () => {
    const { email, personId } = await addLogin();
    await signIn(email, 'wrong').expect(401);
    await readEvents();
    expect(await person(personId)).to.include({ failed_logins: 1, status: 'active', last_login_at: null });
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    await enter(email);
    await readEvents();
    await readEvents();
    expect(await outcomes(personId)).to.deep.equal(['failed', 'succeeded']);
    const after = await person(personId);
    expect(after.failed_logins).to.equal(0);
    expect(after.last_login_at).to.be.an.instanceOf(Date);
  });

  it('is read by staff, the newest first', async () => {
    const { email, personId, bearer } = await addLogin();
    const staff = await addStaff(app, 'support');
    await signIn(email, 'wrong').expect(401);
    await readEvents();
    await signIn(email).expect(200);
    await readEvents();
    await query(
      `update sign_in_attempt set at = at - interval '1 second' where person_id = $1 and outcome = 'failed'`,
      [personId],
    );
    const read = async (about: string, filter: object, authorization: string) =>
      app.http.get(`/angelis/admin/person/${about}/attempt`).query(filter).set({ authorization });
    const seen = async (filter: object) => {
      const { body } = await read(personId, filter, await staff.bearer());
      return (body as { items: { outcome: string; error: string | null }[] }).items;
    };
    expect((await seen({})).map(({ outcome }) => outcome)).to.deep.equal(['succeeded', 'failed']);
    const [failed, ...more] = await seen({ outcome: ['failed'] });
    expect([failed, more]).to.deep.equal([
      { ...failed, client: 'angelis-worker', error: 'invalid_user_credentials' },
      [],
    ]);
    expect((await read(uuidv7(), {}, await staff.bearer())).status).to.equal(404);
    expect((await read(personId, {}, await bearer())).status).to.equal(403);
  });

  it('locks the person, tells them, and lets them in again when the time is over', async () => {
    const { email, personId } = await addLogin();
    const { accessToken } = await enter(email);
    for (let failed = 0; failed < 6; failed += 1) await signIn(email, 'wrong').expect(401);
    await readEvents();
    const locked = await person(personId);
    expect(locked.status).to.equal('locked');
    const minutes = (locked.locked_until!.getTime() - Date.now()) / 60_000;
    expect(minutes).to.be.within(0.5, 6);
    await me(accessToken).expect(200);
    expect(
      await query(`select 1 from outbox where job = 'identity.notice.send' and payload->>'personId' = $1`, [personId]),
    ).to.have.length(1);
    const due = await query<{ due_at: Date }>(
      `select due_at from due_move where entity = 'person' and entity_id = $1`,
      [personId],
    );
    expect(due).to.deep.equal([{ due_at: locked.locked_until }]);
    await app.platform.movers
      .get('person')!
      .fallDue({ scope: systemScope(OPERATOR_COMPANY, 'sweeper', 'a'.repeat(32)) }, personId, 'unlock');
    expect(await person(personId)).to.include({ status: 'locked' });
    try {
      app.clock.set(new Date(Date.now() + 10 * 60_000));
      await app.platform.movers
        .get('person')!
        .fallDue({ scope: systemScope(OPERATOR_COMPANY, 'sweeper', 'a'.repeat(32)) }, personId, 'unlock');
      expect(await person(personId)).to.include({ status: 'active', locked_until: null, failed_logins: 0 });
      await signIn(email).expect(200);
    } finally {
      app.clock.set(undefined);
    }
  });

  it('ends the sessions of somebody whom the provider lets in no more, and of nobody else who was changed there', async () => {
    const [gone, renamed] = [await addLogin(), await addLogin()];
    const tokens = [await enter(gone.email), await enter(renamed.email)];
    await app.identityProvider.users.update(gone.keycloakId, { enabled: false });
    await app.identityProvider.users.update(renamed.keycloakId, { lastName: 'Soto' });
    await readEvents();
    await me(tokens[0]!.accessToken).expect(401);
    await me(tokens[1]!.accessToken).expect(200);
  });

  it('ends sessions that ended elsewhere, even when nobody told, and none that came after', async () => {
    const { email, keycloakId } = await addLogin();
    const [first, second] = [await enter(email), await enter(email)];
    await app.identityProvider.logoutAll(keycloakId);
    await sleep(5);
    const later = await enter(email);
    for (let look = 0; look < 2; look += 1) await readEvents();
    await me(first.accessToken).expect(401);
    await me(second.accessToken).expect(401);
    await me(later.accessToken).expect(200);
  });

  it('asks the provider once about somebody who was changed there', async () => {
    const { keycloakId } = await addLogin();
    const { users } = app.identityProvider;
    const { find } = users;
    let asked = 0;
    users.find = (wanted) => {
      asked += 1;
      return find(wanted);
    };
    try {
      await users.update(keycloakId, { lastName: 'Soto' });
      for (let look = 0; look < 3; look += 1) await readEvents();
    } finally {
      users.find = find;
    }
    expect(asked).to.equal(1);
  });

  it('ends a session whose refresh token was used twice', async () => {
    const { email } = await addLogin();
    const { accessToken, refreshToken } = await enter(email);
    await app.identityProvider.refresh({ client: 'angelis-worker', refreshToken });
    await app.identityProvider.refresh({ client: 'angelis-worker', refreshToken }).catch(() => undefined);
    await readEvents();
    await me(accessToken).expect(401);
  });

  describe('of what people do with their credentials at its page', () => {
    /** The events, with what Keycloak would tell: nobody can do these things at the development issuer. */
    const seenAtThePage = async (
      event: Pick<ProviderEvent, 'type' | 'userId' | 'sid'>,
      remove: (id: string) => Promise<boolean> = () => Promise.resolve(true),
    ): Promise<string[]> => {
      const { events, users } = app.identityProvider;
      const { removeSecondFactor } = users;
      const removed: string[] = [];
      const more = { id: uuidv7(), at: new Date(), ...event };
      app.identityProvider.events = async (asked) => ({ events: [...(await events(asked)).events, more] });
      users.removeSecondFactor = (id) => {
        removed.push(id);
        return remove(id);
      };
      try {
        for (let look = 0; look < 2; look += 1) await readEvents();
      } finally {
        app.identityProvider.events = events;
        users.removeSecondFactor = removeSecondFactor;
      }
      return removed;
    };
    const told = async (id: string) =>
      (
        await query<{ kind: string }>(
          `select payload->>'kind' as kind from outbox where job = 'identity.notice.send' and payload->>'personId' = $1`,
          [id],
        )
      ).map(({ kind }) => kind);
    const written = async (id: string, action: string) =>
      (await query('select 1 from change where entity_id = $1 and action = $2', [id, `person.${action}`])).length;
    const sidOf = (token: string): string => String(decodeJwt(token)['sid']);

    it('takes a second factor away that is not needed, with the session of that sign-in, and no other', async () => {
      const { email, personId, keycloakId } = await addLogin();
      const [own, other] = [await enter(email), await enter(email)];
      for (const { accessToken } of [own, other]) await me(accessToken).expect(200);
      const event = { type: 'second_factor_set_up', userId: keycloakId, sid: sidOf(other.accessToken) } as const;
      expect(await seenAtThePage(event)).to.deep.equal([keycloakId]);
      await me(own.accessToken).expect(200);
      await me(other.accessToken).expect(401);
      expect(await app.identityProvider.introspect(other.accessToken)).to.deep.equal({ active: false });
      expect([await told(personId), await written(personId, 'refuse_second_factor')]).to.deep.equal([
        ['secondFactorRefused'],
        1,
      ]);
    });

    it('ends that session also where it made no request yet', async () => {
      const { keycloakId, bearer } = await addLogin();
      const unused = (await bearer()).slice('Bearer '.length);
      await seenAtThePage({ type: 'second_factor_set_up', userId: keycloakId, sid: sidOf(unused) });
      await me(unused).expect(401);
    });

    it('reads on where the user is gone meanwhile', async () => {
      const { personId, keycloakId } = await addLogin();
      await app.identityProvider.users.remove(keycloakId);
      const { removeSecondFactor } = app.identityProvider.users;
      await seenAtThePage({ type: 'second_factor_set_up', userId: keycloakId, sid: uuidv7() }, removeSecondFactor);
      expect(await written(personId, 'refuse_second_factor')).to.equal(1);
    });

    it('leaves that of the staff, ends their other sessions and tells them', async () => {
      const staff = await addStaff(app, 'support');
      const { id } = (await app.identityProvider.users.find({ username: `u-${staff.personId}` }))!;
      const authorization = await staff.bearer();
      const mine = () => app.http.get('/angelis/admin/auth/me').set({ authorization });
      await mine().expect(200);
      const before = await told(staff.personId);
      expect(
        await seenAtThePage({ type: 'second_factor_set_up', userId: id, sid: sidOf(authorization) }),
      ).to.deep.equal([]);
      await mine().expect(200);
      expect(await seenAtThePage({ type: 'second_factor_set_up', userId: id, sid: uuidv7() })).to.deep.equal([]);
      await mine().expect(401);
      expect((await told(staff.personId)).slice(before.length)).to.deep.equal([
        'secondFactorSetUp',
        'secondFactorSetUp',
      ]);
      expect(await written(staff.personId, 'set_up_second_factor')).to.equal(2);
    });

    it('lets the session in which it was set up ask for the first time while the others are ended', async () => {
      const staff = await addStaff(app, 'support');
      const { id } = (await app.identityProvider.users.find({ username: `u-${staff.personId}` }))!;
      const authorization = await staff.bearer();
      const other = await app.identityProvider.mint({ user: { id }, client: 'angelis-admin', sid: uuidv7() });
      const { users } = app.identityProvider;
      const { sessions } = users;
      const statuses: number[] = [];
      users.sessions = async (userId) => {
        users.sessions = sessions;
        for (const token of [authorization, `Bearer ${other}`])
          statuses.push((await app.http.get('/angelis/admin/auth/me').set({ authorization: token })).status);
        return sessions(userId);
      };
      await seenAtThePage({ type: 'second_factor_set_up', userId: id, sid: sidOf(authorization) });
      users.sessions = sessions;
      expect(statuses).to.deep.equal([200, 401]);
    });

    it('ends the other sessions of a password that was set past this service, and tells its owner', async () => {
      const { email, personId, keycloakId } = await addLogin();
      const [own, other] = [await enter(email), await enter(email)];
      for (const { accessToken } of [own, other]) await me(accessToken).expect(200);
      await seenAtThePage({ type: 'password_chosen', userId: keycloakId, sid: sidOf(other.accessToken) });
      await me(own.accessToken).expect(401);
      await me(other.accessToken).expect(200);
      expect([await told(personId), await written(personId, 'set_password_elsewhere')]).to.deep.equal([
        ['passwordChanged'],
        1,
      ]);
    });
  });

  it('is forgotten after a year', async () => {
    const { email, personId } = await addLogin();
    await enter(email);
    await readEvents();
    await tick('identity.sign-in-attempts.purge', new Date(Date.now() + 364 * 86_400_000));
    expect(await outcomes(personId)).to.deep.equal(['succeeded']);
    await tick('identity.sign-in-attempts.purge', new Date(Date.now() + 366 * 86_400_000));
    expect(await outcomes(personId)).to.deep.equal([]);
  });

  it('leaves sessions alone whose time is not over, and ends the rows of those whose is', async () => {
    const { personId } = await addLogin();
    const now = new Date();
    const ids = [uuidv7(), uuidv7()];
    for (const [index, id] of ids.entries())
      await query(
        `insert into session (company_id, id, person_id, kind, client, sid, last_seen_at, expires_at, created_at, updated_at)
         values ($1, $2, $3, 'member', 'worker', $4, $5, $6, $5, $5)`,
        [company, id, personId, uuidv7(), now, new Date(now.getTime() + (index === 0 ? -1_000 : 3_600_000))],
      );
    await tick('identity.sessions.stale', now, company);
    const rows = await query('select revoked_because from session where id = any($1) order by id', [ids]);
    expect(rows).to.deep.equal([{ revoked_because: 'expired' }, { revoked_because: null }]);
  });
});
