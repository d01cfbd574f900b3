import { expect } from 'chai';
import { IdentityProviderError } from '../../../../src/platform/identity-provider/errors.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import type { IdentityProvider } from '../../../../src/platform/identity-provider/port.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { whileCommitsFail } from '../../../support/failing-commits.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { until } from '../../../support/until.ts';

const OLD = 'la clave de siempre 1';
const NEW = 'una muy distinta 2';

type Users = IdentityProvider['users'];

interface Receipt {
  requestId: string;
}

describe('passwords and sign-in addresses', () => {
  let app: TestApp;
  let company: string;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    company = await addCompany(app.database);
  });
  after(() => app.close());

  const addWorker = async (): Promise<TestPerson & { email: string }> => {
    n += 1;
    const email = `pw${n}@example.cl`;
    return {
      ...(await addPerson(app, { companyId: company, roles: ['worker'], login: { email, password: OLD } })),
      email,
    };
  };
  const post = (path: string, body: object, bearer?: string) =>
    app.http
      .post(`/angelis${path}`)
      .set({ 'accept-language': 'en', ...(bearer !== undefined && { authorization: bearer }) })
      .send(body);
  const signIn = (identifier: string, password: string) => post('/auth/sign-in', { identifier, password });
  const enter = async (identifier: string, password = OLD): Promise<string> =>
    `Bearer ${((await signIn(identifier, password).expect(200)).body as { accessToken: string }).accessToken}`;
  const me = (bearer: string) => app.http.get('/angelis/auth/me').set({ authorization: bearer });
  const codeTo = (address: string): string => {
    const mail = app.messages.mails.findLast(({ to }) => to === address)?.text;
    const sms = app.messages.texts.findLast(({ to }) => to === address)?.text;
    return /\b\d{6}\b/.exec(mail ?? sms ?? '')?.[0] ?? 'none';
  };
  const ticketFor = async ({ requestId }: Receipt, address: string): Promise<string> =>
    ((await post('/otp/verify', { requestId, code: codeTo(address) }).expect(200)).body as { ticket: string }).ticket;
  const faults = (body: unknown): unknown =>
    (body as { errors: { pointer: string; code: string }[] }).errors.map(({ pointer, code }) => [pointer, code]);
  const forget = async (email: string): Promise<string> => {
    const receipt = (await post('/auth/password/forgotten', { identifier: email }).expect(202)).body as Receipt;
    await app.idle();
    return ticketFor(receipt, email);
  };

  /** Does `work` while passwords are set at the provider by `set`. */
  const whileSetting = async <T>(set: Users['setPassword'], work: () => PromiseLike<T>): Promise<T> => {
    const { users } = app.identityProvider;
    const { setPassword } = users;
    users.setPassword = set;
    try {
      return await work();
    } finally {
      users.setPassword = setPassword;
    }
  };
  const aMinuteLater = async (): Promise<void> => {
    app.clock.set(new Date(Date.now() + 61_000));
    await app.idle();
    app.clock.set(undefined);
  };

  it('are reset by a code: every session ends, the mail says so, and the ticket is good once', async () => {
    const { email } = await addWorker();
    const bearer = await enter(email);
    const ticket = await forget(email);
    await post('/auth/password/reset', { ticket, password: 'qwertyuiop' }).expect(422);
    await post('/auth/password/reset', { ticket, password: 'Ana-Rojas-2026' }).expect(422);
    await post('/auth/password/reset', { ticket, password: NEW }).expect(204);
    await me(bearer).expect(401);
    await signIn(email, OLD).expect(401);
    await enter(email, NEW);
    const again = await post('/auth/password/reset', { ticket, password: OLD }).expect(422);
    expect(faults(again.body)).to.deep.equal([['/ticket', 'WRONG_TICKET']]);
    await app.idle();
    expect(app.messages.mails.findLast(({ to }) => to === email)?.subject).to.equal('Your password was changed');
  });

  it('are reset once by many at once', async () => {
    const { email } = await addWorker();
    const ticket = await forget(email);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => post('/auth/password/reset', { ticket, password: `${NEW} ${i}` })),
    );
    expect(answers.filter(({ status }) => status === 204)).to.have.length(1);
  });

  it('stay as they were while the new one is not written down, and the ticket stays good', async () => {
    const { email } = await addWorker();
    const ticket = await forget(email);
    const reset = () => post('/auth/password/reset', { ticket, password: NEW });
    await whileCommitsFail(app.database, 'otp', () => reset().expect(500));
    await enter(email, OLD);
    await whileSetting(
      () => Promise.reject(new IdentityProviderError('unavailable', 'no answer')),
      () => reset().expect(503),
    );
    await enter(email, OLD);
    await reset().expect(204);
    await enter(email, NEW);
  });

  it('that the provider never took end no session, and nobody is told', async () => {
    const { email } = await addWorker();
    const bearer = await enter(email);
    const ticket = await forget(email);
    app.clock.set(new Date(Date.now() + 30_000));
    await whileSetting(
      () => Promise.reject(new IdentityProviderError('unavailable', 'no answer')),
      () => post('/auth/password/reset', { ticket, password: NEW }).expect(503),
    );
    app.clock.set(new Date(Date.now() + 100_000));
    await app.idle();
    app.clock.set(undefined);
    await me(bearer).expect(200);
    expect(app.messages.mails.filter(({ to }) => to === email)).to.have.length(1);
  });

  it('that the provider refuses end no session, and nobody is told', async () => {
    const { email } = await addWorker();
    const [here, there] = [await enter(email), await enter(email)];
    const change = () => post('/auth/me/password', { currentPassword: OLD, newPassword: NEW }, here);
    const refused = await whileSetting(
      () => Promise.reject(new IdentityProviderError('password_refused', 'the policy says no')),
      () => change().expect(422),
    );
    expect(faults(refused.body)).to.deep.equal([['/newPassword', 'PASSWORD_REFUSED']]);
    await aMinuteLater();
    await me(there).expect(200);
    expect(app.messages.mails.filter(({ to }) => to === email)).to.deep.equal([]);
  });

  it('that were set as the process died end the sessions all the same, and their owner is told', async () => {
    const { email } = await addWorker();
    const bearer = await enter(email);
    const ticket = await forget(email);
    const { setPassword } = app.identityProvider.users;
    await whileSetting(
      async (id, password) => {
        await setPassword(id, password);
        throw new Error('the process is gone');
      },
      () => post('/auth/password/reset', { ticket, password: NEW }).expect(500),
    );
    const after = await enter(email, NEW);
    await me(bearer).expect(200);
    await aMinuteLater();
    await me(bearer).expect(401);
    await me(after).expect(200);
    expect(app.messages.mails.findLast(({ to }) => to === email)?.subject).to.equal('Your password was changed');
  });

  it('take no ticket of another purpose', async () => {
    const { email } = await addWorker();
    const bearer = await enter(email);
    const begun = await post('/auth/me/phone', { phone: '+56 9 8765 4321' }, bearer).expect(202);
    await app.idle();
    const { current } = begun.body as { current: Receipt };
    const ticket = await ticketFor(current, email);
    await post('/auth/password/reset', { ticket, password: NEW }).expect(422);
  });

  it('are changed by who knows the old one; the other sessions end and this one goes on', async () => {
    const { email } = await addWorker();
    const [here, there] = [await enter(email), await enter(email)];
    const change = (currentPassword: string, newPassword: string) =>
      post('/auth/me/password', { currentPassword, newPassword }, here);
    expect(faults((await change('not the old one', NEW).expect(422)).body)).to.deep.equal([
      ['/currentPassword', 'WRONG_PASSWORD'],
    ]);
    expect(faults((await change(OLD, 'too short').expect(422)).body)).to.deep.equal([['/newPassword', 'minLength']]);
    expect(faults((await change(OLD, 'x'.repeat(129)).expect(422)).body)).to.deep.equal([
      ['/newPassword', 'maxLength'],
    ]);
    expect(faults((await change(OLD, 'password123').expect(422)).body)).to.deep.equal([
      ['/newPassword', 'PASSWORD_COMMON'],
    ]);
    expect(faults((await change(OLD, 'anarojas2026').expect(422)).body)).to.deep.equal([
      ['/newPassword', 'PASSWORD_NAME'],
    ]);
    await change(OLD, NEW).expect(204);
    await me(there).expect(401);
    await me(here).expect(200);
    await enter(email, NEW);
  });

  it('are proven with a code besides by whoever has a second factor: without one the provider is not asked', async () => {
    const { email, bearer } = await addWorker();
    const authorization = await bearer('angelis-worker');
    const { identityProvider } = app;
    const { users, verifyPassword, passwordGrant } = identityProvider;
    const { hasSecondFactor } = users;
    const asked: (string | undefined)[] = [];
    users.hasSecondFactor = () => Promise.resolve(true);
    identityProvider.verifyPassword = (attempt) => {
      asked.push(attempt.totp);
      return verifyPassword(attempt);
    };
    identityProvider.passwordGrant = (attempt) => {
      asked.push(attempt.totp);
      return passwordGrant(attempt);
    };
    const body = { currentPassword: OLD, newPassword: NEW };
    const without = await post('/auth/me/password', body, authorization);
    expect([without.status, faults(without.body)]).to.deep.equal([422, [['/totp', 'SECOND_FACTOR_NEEDED']]]);
    await post('/auth/me/password', { ...body, totp: '123456' }, authorization).expect(204);
    await post('/auth/sign-in', { identifier: email, password: NEW, totp: '234567' }).expect(200);
    Object.assign(identityProvider, { verifyPassword, passwordGrant });
    users.hasSecondFactor = hasSecondFactor;
    expect(asked).to.deep.equal(['123456', '234567']);
  });

  it('move the sign-in email only when both addresses are proven', async () => {
    const { email, personId } = await addWorker();
    const bearer = await enter(email);
    const fresh = `fresh${n}@example.cl`;
    const begun = (await post('/auth/me/email', { email: fresh.toUpperCase() }, bearer).expect(202)).body as {
      current: Receipt;
      fresh: Receipt;
    };
    await app.idle();
    const tickets = { current: await ticketFor(begun.current, email), fresh: await ticketFor(begun.fresh, fresh) };
    const confirm = (body: object) => post('/auth/me/email/confirm', body, bearer);
    await confirm({ current: tickets.fresh, fresh: tickets.fresh }).expect(422);
    await confirm({ current: tickets.current, fresh: 'made up' }).expect(422);
    await confirm(tickets).expect(204);
    await app.idle();
    expect(app.messages.mails.findLast(({ to }) => to === email)?.text).to.match(
      /was changed; both the address before/,
    );
    await signIn(email, OLD).expect(401);
    await enter(fresh);
    expect((await me(bearer).expect(200)).body).to.include({ email: fresh });
    expect(await app.identityProvider.users.find({ email: fresh })).to.include({ username: `u-${personId}` });
    await confirm(tickets).expect(422);
  });

  it('never move to an address of somebody else, and say so only to who proved to hold it', async () => {
    const [{ email }, other] = [await addWorker(), await addWorker()];
    const bearer = await enter(email);
    const begun = (await post('/auth/me/email', { email: other.email }, bearer).expect(202)).body as {
      current: Receipt;
      fresh: Receipt;
    };
    await app.idle();
    const tickets = {
      current: await ticketFor(begun.current, email),
      fresh: await ticketFor(begun.fresh, other.email),
    };
    const refused = await post('/auth/me/email/confirm', tickets, bearer).expect(409);
    expect((refused.body as { code: string }).code).to.equal('ADDRESS_TAKEN');
    await enter(other.email);
    await enter(email);
  });

  it('take the tickets of nobody else', async () => {
    const [mine, theirs] = [await addWorker(), await addWorker()];
    const [here, there] = [await enter(mine.email), await enter(theirs.email)];
    const fresh = `victim${n}@example.cl`;
    const begun = (await post('/auth/me/email', { email: fresh }, there).expect(202)).body as {
      current: Receipt;
      fresh: Receipt;
    };
    await app.idle();
    const tickets = {
      current: await ticketFor(begun.current, theirs.email),
      fresh: await ticketFor(begun.fresh, fresh),
    };
    await post('/auth/me/email/confirm', tickets, here).expect(422);
    await post('/auth/me/email/confirm', tickets, there).expect(204);
  });

  it('move while a sign-in is written down, neither in the way of the other', async () => {
    const { email, personId } = await addWorker();
    const bearer = await enter(email);
    const fresh = `aside${n}@example.cl`;
    const begun = (await post('/auth/me/email', { email: fresh }, bearer).expect(202)).body as {
      current: Receipt;
      fresh: Receipt;
    };
    await app.idle();
    const tickets = { current: await ticketFor(begun.current, email), fresh: await ticketFor(begun.fresh, fresh) };
    const holder = await app.database.superuser();
    const waiting = async (): Promise<number> =>
      (
        await app.database.sql(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      ).length;
    await holder.query('begin');
    await holder.query('select 1 from otp where person_id = $1 for update', [personId]);
    // It has the person, and waits for its codes.
    const confirmed = Promise.resolve(post('/auth/me/email/confirm', tickets, bearer));
    await until(async () => (await waiting()) >= 1);
    await enter(email);
    const read = app.modules
      .flatMap(({ ticks = [] }) => ticks)
      .find(({ name }) => name === 'identity.provider-events.read')!
      .run(systemScope(OPERATOR_COMPANY, 'test', 'e'.repeat(32)), {
        now: new Date(),
        signal: new AbortController().signal,
      });
    await until(async () => (await waiting()) >= 2);
    await holder.query('rollback');
    expect((await confirmed).status).to.equal(204);
    await read;
  });

  it('add a phone, proven by SMS, after which codes go there too', async () => {
    const { email } = await addWorker();
    const bearer = await enter(email);
    await post('/auth/me/phone', { phone: 'not a number' }, bearer).expect(422);
    const begun = (await post('/auth/me/phone', { phone: '+56 9 5555 1234' }, bearer).expect(202)).body as {
      current: Receipt;
      fresh: Receipt;
    };
    await app.idle();
    const tickets = {
      current: await ticketFor(begun.current, email),
      fresh: await ticketFor(begun.fresh, '+56955551234'),
    };
    await post('/auth/me/phone/confirm', tickets, bearer).expect(204);
    expect((await me(bearer).expect(200)).body).to.include({ phone: '+56955551234' });
  });

  it('move an email by no code that went to the phone', async () => {
    const email = `moved${n}@example.cl`;
    const phone = '+56955554321';
    await addPerson(app, { companyId: company, roles: ['worker'], login: { email, phone, password: OLD } });
    const bearer = await enter(email);
    type Receipts = { current: Receipt; fresh: Receipt };
    const byPhone = (await post('/auth/me/phone', { phone: '+56 9 7777 1234' }, bearer).expect(202)).body as Receipts;
    await app.idle();
    const current = await ticketFor(byPhone.current, phone);
    app.clock.set(new Date(Date.now() + 61_000));
    try {
      const byMail = (await post('/auth/me/email', { email: 'thief@example.cl' }, bearer).expect(202)).body as Receipts;
      await app.idle();
      const fresh = await ticketFor(byMail.fresh, 'thief@example.cl');
      const refused = await post('/auth/me/email/confirm', { current, fresh }, bearer).expect(422);
      expect(faults(refused.body)).to.deep.equal([['/current', 'WRONG_TICKET']]);
      const proven = await ticketFor(byMail.current, email);
      await post('/auth/me/email/confirm', { current: proven, fresh }, bearer).expect(204);
    } finally {
      app.clock.set(undefined);
    }
  });

  it('are not touched by what a company writes: no code goes where its admin says', async () => {
    const { email, personId, profileId, keycloakId } = await addWorker();
    const second = await addCompany(app.database);
    const other = await addPerson(app, { companyId: second, roles: ['worker'], person: { personId, keycloakId } });
    const admin = await clientOf(app, await addPerson(app, { companyId: company, roles: ['admin'] }));
    const theirs = { contactEmail: 'evil@a.example', contactPhone: '+56 9 6543 2100' };
    await admin.patch(`/admin/profile/${profileId}`, theirs, version(1)).expect(200);
    await enter(email);
    for (const identifier of [theirs.contactEmail, '+56965432100', theirs.contactPhone, email])
      await post('/auth/password/forgotten', { identifier }).expect(202);
    await app.idle();
    const isTheirs = ({ to }: { to: string }): boolean => ['evil@a.example', '+56965432100'].includes(to);
    expect([...app.messages.mails, ...app.messages.texts].filter(isTheirs)).to.deep.equal([]);
    expect(codeTo(email)).to.match(/^\d{6}$/);
    expect((await signIn(theirs.contactEmail, OLD)).status).to.equal(401);
    const client = await app.database.superuser();
    const { rows } = await client.query('select contact_email, contact_phone from profile where id = $1', [
      other.profileId,
    ]);
    expect(rows).to.deep.equal([{ contact_email: null, contact_phone: null }]);
  });
});
