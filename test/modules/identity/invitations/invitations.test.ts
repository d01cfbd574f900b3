import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { whileCommitsFail } from '../../../support/failing-commits.ts';
import { isWaiting } from '../../../support/locks.ts';
import { addPerson } from '../../../support/people.ts';
import { until } from '../../../support/until.ts';

const PASSWORD = 'grapas y caballos';
const OTHER = 'otra cosa distinta';

interface Invited {
  readonly profileId: string;
  readonly email: string;
  readonly token: string;
}

describe('invitations', () => {
  let app: TestApp;
  let company: string;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    company = await addCompany(app.database);
  });
  after(() => app.close());

  const issue = async (companyId: string, profileId: string, email: string): Promise<string> => {
    const { db, invitations } = { db: app.platform.db, invitations: app.identity.invitations };
    await db.write(systemScope(companyId, 'test', 'a'.repeat(32)), (tx) =>
      invitations.issue(tx, { profileId, departmentId: null, email, locale: 'en' }),
    );
    await app.idle();
    return tokenTo(email);
  };
  const withdraw = (profileId: string): Promise<void> =>
    app.platform.db.write(systemScope(company, 'test', 'a'.repeat(32)), (tx) =>
      app.identity.invitations.withdraw(tx, profileId),
    );
  const tokenTo = (email: string): string =>
    /token=(\S+)/.exec(app.messages.mails.findLast(({ to }) => to === email)?.text ?? '')?.[1] ?? 'none';
  /** A profile that was invited, with the token that was mailed. */
  const invite = async (options: { email?: string; companyId?: string } = {}): Promise<Invited> => {
    n += 1;
    const { email = `invited${n}@example.cl`, companyId = company } = options;
    const profileId = uuidv7();
    const client = await app.database.superuser();
    await client.query(
      `insert into profile (company_id, id, first_name, last_name, national_id_kind, contact_email, kind, status, created_at, updated_at)
       values ($1, $2, 'Luz', 'Vera', 'RUT', $3, 'employee', 'invited', $4, $4)`,
      [companyId, profileId, email, new Date()],
    );
    return { profileId, email, token: await issue(companyId, profileId, email) };
  };
  const show = (token: string) =>
    app.http.get('/angelis/auth/invitation').query({ token }).set({ 'accept-language': 'en' });
  const accept = (token: string, password = PASSWORD) =>
    app.http.post('/angelis/auth/invitation/accept').set({ 'accept-language': 'en' }).send({ token, password });
  const signIn = (identifier: string, password = PASSWORD, headers: Record<string, string> = {}) =>
    app.http.post('/angelis/auth/sign-in').set(headers).send({ identifier, password });
  const query = async <Row extends object>(sql: string, values: unknown[]): Promise<Row[]> =>
    (await (await app.database.superuser()).query<Row>(sql, values)).rows;
  /** A person's row without what counts sign-ins: a tick writes that in its own time. */
  const loginOf = (id: string): Promise<object[]> =>
    query(`select to_jsonb(p) - 'failed_logins' - 'last_login_at' as login from person p where p.id = $1`, [id]);
  const profile = async (id: string) =>
    (
      await query<{ status: string; person_id: string | null }>('select status, person_id from profile where id = $1', [
        id,
      ])
    )[0]!;
  const code = ({ body }: { body: unknown }): string => (body as { code: string }).code;

  it('make a person of a profile that nobody knows', async () => {
    const { token, profileId, email } = await invite();
    expect((await show(token).expect(200)).body).to.include({ firstName: 'Luz', email });
    expect((await accept(token).expect(200)).body).to.deep.include({ company: await companyOf(company) });
    const { status, person_id: personId } = await profile(profileId);
    expect(status).to.equal('active');
    await signIn(email).expect(200);
    const [person] = await query<Record<string, string>>('select * from person where id = $1', [personId]);
    expect(person).to.include({ status: 'active', first_name: 'Luz' });
    expect(JSON.stringify(person)).to.not.include(email);
    expect(await query('select company_id from person_company where person_id = $1', [personId])).to.deep.equal([
      { company_id: company },
    ]);
  });
  const companyOf = async (id: string): Promise<object> =>
    (await query('select id, slug, name from company where id = $1', [id]))[0]!;

  it('that end half way are accepted by another try, as the same person, and by another link as another one', async () => {
    const { users } = app.identityProvider;
    const first = await invite();
    await whileCommitsFail(app.database, 'person', () => accept(first.token, OTHER).expect(500));
    const left = (await users.find({ email: first.email }))!;
    await accept(first.token).expect(200);
    expect((await users.find({ email: first.email }))!.id).to.equal(left.id);
    await signIn(first.email).expect(200);
    const second = await invite();
    await whileCommitsFail(app.database, 'person', () => accept(second.token, OTHER).expect(500));
    await withdraw(second.profileId);
    const again = await invite({ email: second.email });
    await accept(again.token).expect(200);
    await signIn(second.email).expect(200);
  });

  it('that end half way and are tried by nobody again leave no user behind', async () => {
    const { users } = app.identityProvider;
    const { token, email } = await invite();
    await whileCommitsFail(app.database, 'person', () => accept(token).expect(500));
    expect(await users.find({ email })).to.not.equal(undefined);
    app.clock.set(new Date(Date.now() + 16 * 60_000));
    try {
      await app.idle();
    } finally {
      app.clock.set(undefined);
    }
    expect(await users.find({ email })).to.equal(undefined);
  });

  it('of two companies to one address, accepted at once, make one login', async () => {
    const { users } = app.identityProvider;
    const [one, other] = [await invite(), await addCompany(app.database)];
    const late = await invite({ email: one.email, companyId: other });
    const gate = Promise.withResolvers<void>();
    const made = Promise.withResolvers<string>();
    const { create } = users;
    users.create = async (user) => {
      const answer = await create(user);
      users.create = create;
      made.resolve(answer.id);
      await gate.promise;
      return answer;
    };
    const first = accept(one.token).then(({ status }) => status);
    const id = await made.promise;
    const second = accept(late.token).then(({ status }) => status);
    await until(async () => (await isWaiting(app.database)) || (await users.find({ id })) === undefined);
    gate.resolve();
    expect(await first).to.equal(200);
    // They are known by now, and were taken for new.
    expect(await second).to.equal(409);
    expect(await users.find({ email: one.email })).to.include({ id });
    await signIn(one.email).expect(200);
    await accept(late.token).expect(200);
  });

  it('hold the password to the rules, and may be tried again', async () => {
    const { token } = await invite();
    for (const password of ['short', 'qwertyuiop', 'luzvera2026', 'x'.repeat(129)])
      await accept(token, password).expect(422);
    await accept(token).expect(200);
  });

  it('are good once: 410 afterwards, but the same answer to who asks again with the password', async () => {
    const { token, profileId } = await invite();
    const first = await accept(token).expect(200);
    expect((await accept(token).expect(200)).body).to.deep.equal(first.body);
    expect(code(await accept(token, OTHER).expect(410))).to.equal('LINK_OVER');
    await show(token).expect(410);
    expect(await query('select 1 from person_company where profile_id = $1', [profileId])).to.have.length(1);
  });

  it('make one person of many accepts at once', async () => {
    const { token, profileId, email } = await invite();
    const answers = await Promise.all(Array.from({ length: 10 }, () => accept(token)));
    expect(answers.some(({ status }) => status === 200)).to.equal(true);
    for (const { status } of answers) expect(status).to.be.oneOf([200, 410]);
    await signIn(email).expect(200);
    expect(await query('select 1 from person_company where profile_id = $1', [profileId])).to.have.length(1);
  });

  it('keep the password of the one whose accept was answered, of many with others', async () => {
    const { token, email } = await invite();
    const passwords = Array.from({ length: 6 }, (_, each) => `una clave larga ${each}`);
    const answers = await Promise.all(passwords.map((password) => accept(token, password)));
    expect(answers.map(({ status }) => status)).to.have.members([200, 410, 410, 410, 410, 410]);
    const won = answers.findIndex(({ status }) => status === 200);
    // Whoever came after it was used tried a wrong password, and the provider makes the account wait.
    app.clock.set(new Date(Date.now() + 3_600_000));
    try {
      await signIn(email, passwords[won]).expect(200);
      await signIn(email, passwords[(won + 1) % passwords.length]).expect(401);
    } finally {
      app.clock.set(undefined);
    }
  });

  it('are over for who tries a wrong password at the account that somebody else just made by them', async () => {
    const { email } = await invite().then(async (first) => (await accept(first.token).expect(200), first));
    const late = await invite({ email, companyId: await addCompany(app.database) });
    const other = await app.database.superuser();
    await other.query('begin; lock table person in access exclusive mode');
    const tried = accept(late.token, OTHER).then(code);
    const waiting = `select 1 from pg_locks where relation = 'person'::regclass and not granted`;
    await until(async () => (await query(waiting, [])).length > 0);
    await other.query(`update invitation set status = 'revoked' where profile_id = '${late.profileId}'; commit`);
    expect(await tried).to.equal('LINK_OVER');
  });

  it('of staff keep one password too', async () => {
    const email = 'nueva@angelis.example';
    const person = { firstName: 'Eva', lastName: 'Paz', email, locale: 'en' as const, role: 'support' as const };
    await app.identity.staff.create({ scope: systemScope(OPERATOR_COMPANY, 'test', 'a'.repeat(32)) }, person);
    await app.idle();
    const passwords = Array.from({ length: 4 }, (_, each) => `una clave larga ${each}`);
    const answers = await Promise.all(passwords.map((password) => accept(tokenTo(email), password)));
    expect(answers.map(({ status }) => status)).to.have.members([200, 410, 410, 410]);
    const { users } = app.identityProvider;
    const { username } = (await users.find({ email }))!;
    const password = passwords[answers.findIndex(({ status }) => status === 200)]!;
    app.clock.set(new Date(Date.now() + 3_600_000));
    const isIt = await app.identityProvider.verifyPassword({ username, password, address: '127.0.0.1' });
    app.clock.set(undefined);
    expect(isIt).to.equal(true);
  });

  it('end after seven days, when they are sent again, and for tokens that were tampered with', async () => {
    const { token, profileId, email } = await invite();
    const bytes = Buffer.from(token, 'base64url');
    for (const at of [0, 20, 40]) {
      const wrong = Buffer.from(bytes);
      wrong[at] = wrong[at]! ^ 1;
      await show(wrong.toString('base64url')).expect(410);
    }
    await show('x').expect(410);
    const second = await issue(company, profileId, email);
    expect(second).to.not.equal(token);
    await show(token).expect(410);
    await accept(token).expect(410);
    await show(second).expect(200);
    try {
      app.clock.set(new Date(Date.now() + 7 * 86_400_000 + 1_000));
      await show(second).expect(410);
      await accept(second).expect(410);
    } finally {
      app.clock.set(undefined);
    }
  });

  it('are sent again five times at most', async () => {
    const { profileId, email } = await invite();
    for (let again = 0; again < 5; again += 1) await issue(company, profileId, email);
    const refused = await issue(company, profileId, email).catch((error: unknown) => error);
    expect(refused).to.include({ status: 409, code: 'INVITATION_SENT_TOO_OFTEN' });
  });

  it('keep no token anywhere: neither in the row nor in the payload of its delivery', async () => {
    const { token, profileId } = await invite();
    const secret = token.slice(43);
    const [kept] = await query<{ row: string }>(
      'select invitation::text as row from invitation where profile_id = $1',
      [profileId],
    );
    const rows = await query<{ payload: object }>(
      `select payload from outbox where job = 'identity.invitation.deliver' order by created_at desc limit 1`,
      [],
    );
    expect(`${kept!.row}${JSON.stringify(rows)}`).to.not.include(secret);
    expect(Object.keys(rows[0]!.payload)).to.have.members(['invitationId', 'version', 'text']);
  });

  it('link whoever signs in with the address by their own password only; nothing of theirs moves', async () => {
    const elsewhere = await addCompany(app.database);
    const login = { email: 'known@example.cl', password: PASSWORD };
    const known = await addPerson(app, { companyId: elsewhere, roles: ['worker'], login });
    const before = await loginOf(known.personId);
    const [asked, fresh] = [await invite({ email: login.email }), await invite()];
    const [shownKnown, shownNew] = await Promise.all([show(asked.token), show(fresh.token)]);
    expect(Object.keys(shownKnown.body as object)).to.deep.equal(Object.keys(shownNew.body as object));
    expect(code(await accept(asked.token, OTHER).expect(401))).to.equal('INVALID_CREDENTIALS');
    expect((await profile(asked.profileId)).status).to.equal('invited');
    await accept(asked.token).expect(200);
    expect((await profile(asked.profileId)).person_id).to.equal(known.personId);
    expect(await loginOf(known.personId)).to.deep.equal(before);
    await signIn(login.email, PASSWORD, { 'x-company-id': company }).expect(200);
  });

  it('link nobody who is erased while they accept', async () => {
    const { email, profileId, token } = await invite();
    const elsewhere = await addCompany(app.database);
    const { personId } = await addPerson(app, {
      companyId: elsewhere,
      roles: ['worker'],
      login: { email, password: PASSWORD },
    });
    const { identityProvider } = app;
    const { verifyPassword } = identityProvider;
    identityProvider.verifyPassword = async (request) => {
      const isRight = await verifyPassword(request);
      await query(`update person set status = 'erased' where id = $1`, [personId]);
      return isRight;
    };
    try {
      expect(code(await accept(token).expect(401))).to.equal('INVALID_CREDENTIALS');
    } finally {
      identityProvider.verifyPassword = verifyPassword;
    }
    expect(await profile(profileId)).to.deep.equal({ status: 'invited', person_id: null });
  });

  describe('of a profile', () => {
    let admin: Client;
    before(async () => {
      admin = await clientOf(app, await addPerson(app, { companyId: company, roles: ['admin'] }));
    });
    const versionOf = async (id: string) =>
      version(((await admin.get(`/admin/profile/${id}`).expect(200)).body as { version: number }).version);
    /** Sends the invitation of a profile and answers the token that was mailed. */
    const send = async (id: string, move: 'invite' | 'resend', email: string): Promise<string> => {
      await admin.post(`/admin/profile/${id}/${move}`, {}, await versionOf(id)).expect(200);
      await app.idle();
      return tokenTo(email);
    };
    const newcomer = async (contactEmail: string, nationalId?: object): Promise<string> => {
      const body = {
        firstName: 'Eva',
        lastName: 'Soto',
        kind: 'employee',
        contactEmail,
        ...(nationalId && { nationalId }),
      };
      return ((await admin.post('/admin/profile', body).expect(201)).body as { id: string }).id;
    };

    it('come from its own moves, and make its person active with what the profile holds', async () => {
      const id = await newcomer('eva@example.cl', { kind: 'RUT', value: '6.123.457-8' });
      const first = await send(id, 'invite', 'eva@example.cl');
      const second = await send(id, 'resend', 'eva@example.cl');
      await accept(first).expect(410);
      await accept(second).expect(200);
      expect((await profile(id)).status).to.equal('active');
      await signIn('6.123.457-8', PASSWORD, { 'x-company-id': company }).expect(200);
    });

    it('end when its address is corrected, and only then', async () => {
      const id = await newcomer('wrong@example.cl');
      const wrong = await send(id, 'invite', 'wrong@example.cl');
      const same = { contactEmail: 'WRONG@example.cl', firstName: 'Ema' };
      await admin.patch(`/admin/profile/${id}`, same, await versionOf(id)).expect(200);
      await show(wrong).expect(200);
      await admin.patch(`/admin/profile/${id}`, { contactEmail: 'right@example.cl' }, await versionOf(id)).expect(200);
      await show(wrong).expect(410);
      await accept(wrong).expect(410);
      expect((await profile(id)).status).to.equal('draft');
      await accept(await send(id, 'invite', 'right@example.cl')).expect(200);
      await signIn('right@example.cl').expect(200);
    });

    it('that were not mailed yet are not good either once the address is corrected', async () => {
      const id = await newcomer('early@example.cl');
      await admin.post(`/admin/profile/${id}/invite`, {}, await versionOf(id)).expect(200);
      await admin.patch(`/admin/profile/${id}`, { contactEmail: 'late@example.cl' }, await versionOf(id)).expect(200);
      await app.idle();
      const token = tokenTo('early@example.cl');
      if (token !== 'none') await accept(token).expect(410);
      expect((await profile(id)).status).to.equal('draft');
    });

    it('are withdrawn: the link ends, and the draft may be deleted or invited again', async () => {
      const id = await newcomer('undo@example.cl');
      const token = await send(id, 'invite', 'undo@example.cl');
      expect(code(await admin.del(`/admin/profile/${id}`, await versionOf(id)).expect(409))).to.equal('PROFILE_IN_USE');
      await admin.post(`/admin/profile/${id}/withdraw`, undefined, await versionOf(id)).expect(200);
      expect((await profile(id)).status).to.equal('draft');
      await accept(token).expect(410);
      await show(await send(id, 'invite', 'undo@example.cl')).expect(200);
      await admin.post(`/admin/profile/${id}/withdraw`, undefined, await versionOf(id)).expect(200);
      await admin.del(`/admin/profile/${id}`, await versionOf(id)).expect(204);
    });

    it('end with it', async () => {
      const id = await newcomer('ended@example.cl');
      const token = await send(id, 'invite', 'ended@example.cl');
      await admin.post(`/admin/profile/${id}/end`, { reason: 'never came' }, await versionOf(id)).expect(200);
      await accept(token).expect(410);
      expect(await query('select status from invitation where profile_id = $1', [id])).to.deep.equal([
        { status: 'revoked' },
      ]);
    });
  });

  it('take no profile that is not invited any more', async () => {
    const { token, profileId } = await invite();
    await query(`update profile set status = 'ended' where id = $1`, [profileId]);
    await show(token).expect(410);
    await accept(token).expect(410);
  });
});
