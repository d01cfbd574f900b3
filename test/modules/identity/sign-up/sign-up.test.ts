import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { whileCommitsFail } from '../../../support/failing-commits.ts';
import { addPerson } from '../../../support/people.ts';

const PASSWORD = 'mareas de octubre';

interface SignedUp {
  company: { id: string; slug: string; status: string };
}

describe('sign-up', () => {
  let app: TestApp;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
  });
  after(() => app.close());

  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    app.http
      .post(`/angelis${path}`)
      .set({ 'accept-language': 'en', ...headers })
      .send(body);
  const ticketFor = async (email: string): Promise<string> => {
    const asked = await post('/auth/sign-up/verify-email', { email }).expect(202);
    await app.idle();
    const mail = app.messages.mails.findLast(({ to }) => to === email)!;
    const { requestId } = asked.body as { requestId: string };
    const verified = await post('/otp/verify', { requestId, code: /\d{6}/.exec(mail.text)![0] }).expect(200);
    return (verified.body as { ticket: string }).ticket;
  };
  const body = (ticket: string, more: object = {}) => {
    n += 1;
    const company = { name: `Minera ${n}`, slug: `minera-${n}`, timezone: 'America/Santiago', locale: 'es' };
    return { ticket, company, firstName: 'Inés', lastName: 'Paz', password: PASSWORD, ...more };
  };
  const count = async (table: 'company' | 'person'): Promise<number> => {
    const client = await app.database.superuser();
    return (await client.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]!.n;
  };

  it('makes a pending company of the standard plan and its owner, who signs in', async () => {
    const ticket = await ticketFor('ines@example.cl');
    const { company } = (await post('/auth/sign-up', body(ticket)).expect(201)).body as SignedUp;
    expect(company.status).to.equal('pending');
    const signedIn = await post('/auth/sign-in', { identifier: 'ines@example.cl', password: PASSWORD }).expect(200);
    const { accessToken } = signedIn.body as { accessToken: string };
    const me = await app.http
      .get('/angelis/auth/me')
      .set({ authorization: `Bearer ${accessToken}` })
      .expect(200);
    expect((me.body as { roles: string[]; company: { id: string } }).roles).to.deep.equal(['owner']);
    expect((me.body as { company: { id: string } }).company.id).to.equal(company.id);
    const founded = async () =>
      app.http
        .post('/angelis/admin/assignment/task-kind')
        .set({ authorization: `Bearer ${accessToken}` })
        .send({ code: 'S', name: 'S', requiredCredentials: [], requiredTests: [], hazards: [] });
    expect((await founded()).body).to.include({ status: 403, code: 'COMPANY_PENDING' });
    const client = await app.database.superuser();
    await client.query("update company set status = 'active', access_epoch = access_epoch + 1 where id = $1", [
      company.id,
    ]);
    expect((await founded()).body).to.include({ code: 'S' });
    const { rows } = await client.query('select kind, plan, limits, parent_id from company where id = $1', [
      company.id,
    ]);
    expect(rows).to.deep.equal([{ kind: 'standard', plan: 'standard', limits: {}, parent_id: null }]);
    await post('/auth/sign-up', body(ticket)).expect(422);
  });

  it('makes nothing before the address is proven, nor with a role or plan of choice', async () => {
    const before = [await count('company'), await count('person')];
    await post('/auth/sign-up/verify-email', { email: 'nobody-yet@example.cl' }).expect(202);
    await post('/auth/sign-up', body('made up')).expect(422);
    const ticket = await ticketFor('chooser@example.cl');
    for (const more of [{ role: 'superadmin' }, { plan: 'enterprise' }, { roles: ['admin'] }])
      await post('/auth/sign-up', body(ticket, more)).expect(422);
    const { company, ...rest } = body(ticket);
    await post('/auth/sign-up', { ...rest, company: { ...company, plan: 'enterprise' } }).expect(422);
    expect([await count('company'), await count('person')]).to.deep.equal(before);
    await post('/auth/sign-up', body(ticket)).expect(201);
  });

  it('is all or nothing: what is refused may be put right with the same ticket', async () => {
    const ticket = await ticketFor('careful@example.cl');
    const good = body(ticket);
    const taken = { ...good, company: { ...good.company, slug: 'minera-1' } };
    await post('/auth/sign-up', taken).expect(409);
    await post('/auth/sign-up', { ...good, company: { ...good.company, slug: 'admin' } }).expect(422);
    await post('/auth/sign-up', { ...good, company: { ...good.company, timezone: 'Mars/Base' } }).expect(422);
    await post('/auth/sign-up', { ...good, password: 'qwertyuiop' }).expect(422);
    await post('/auth/sign-up', good).expect(201);
  });

  it('leaves nothing behind that keeps the address when it ends half way: another try makes one login', async () => {
    const email = 'unlucky@example.cl';
    const { users } = app.identityProvider;
    const good = body(await ticketFor(email));
    await whileCommitsFail(app.database, 'company', () => post('/auth/sign-up', good).expect(500));
    const left = (await users.find({ email }))!;
    expect(left.username).to.match(/^u-/);
    await post('/auth/sign-up', good).expect(201);
    const made = (await users.find({ email }))!;
    expect(made.id).to.not.equal(left.id);
    expect(await users.find({ id: left.id })).to.equal(undefined);
    await post('/auth/sign-in', { identifier: email, password: PASSWORD }).expect(200);
  });

  it('leaves nothing at all a while after it ended half way and nobody tried again', async () => {
    const email = 'gone@example.cl';
    const good = body(await ticketFor(email));
    await whileCommitsFail(app.database, 'company', () => post('/auth/sign-up', good).expect(500));
    const { users } = app.identityProvider;
    expect(await users.find({ email })).to.not.equal(undefined);
    app.clock.set(new Date(Date.now() + 16 * 60_000));
    try {
      await app.idle();
    } finally {
      app.clock.set(undefined);
    }
    expect(await users.find({ email })).to.equal(undefined);
  });

  it('takes no address from a login that is not of this system, nor from one that stands behind a person', async () => {
    const { users } = app.identityProvider;
    const basics = { enabled: true, emailVerified: true };
    const foreign = await users.create({ ...basics, username: 'console', email: 'console@example.cl' });
    await post('/auth/sign-up', body(await ticketFor('console@example.cl'))).expect(409);
    const companyId = await addCompany(app.database);
    const moved = await addPerson(app, { companyId, roles: ['worker'], login: { email: 'own@example.cl' } });
    // The address that they had before: the provider has not heard of the new one yet.
    await users.update(moved.keycloakId, { email: 'before@example.cl' });
    await post('/auth/sign-up', body(await ticketFor('before@example.cl'))).expect(201);
    expect(await users.find({ id: foreign.id })).to.deep.equal(foreign);
    expect(await users.find({ id: moved.keycloakId })).to.include({ email: 'own@example.cl' });
  });

  it('takes somebody who is known only with their own password', async () => {
    const login = { email: 'veteran@example.cl', password: PASSWORD };
    const known = await addPerson(app, { companyId: await addCompany(app.database), roles: ['worker'], login });
    const ticket = await ticketFor(login.email);
    await post('/auth/sign-up', body(ticket, { password: 'something else 77' })).expect(401);
    const { company } = (await post('/auth/sign-up', body(ticket)).expect(201)).body as SignedUp;
    const client = await app.database.superuser();
    const { rows } = await client.query('select person_id from person_company where company_id = $1', [company.id]);
    expect(rows).to.deep.equal([{ person_id: known.personId }]);
  });
});
