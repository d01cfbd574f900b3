import { expect } from 'chai';
import { IdentityProviderError } from '../../../../src/platform/identity-provider/errors.ts';
import { startApp } from '../../../support/app.ts';
import type { StaffRole } from '../../../../src/platform/identity-provider/port.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version as ifMatch } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { whileCommitsFail } from '../../../support/failing-commits.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import type { TestStaff } from '../../../support/staff.ts';
import { staffRoutes } from '../../../support/staff-routes.ts';
import type { StaffRow } from '../../../support/staff-routes.ts';

const PASSWORD = 'faro sobre la roca';
describe('operator staff', () => {
  let app: TestApp;
  let company: string;
  let admin: TestPerson;
  let chief: TestStaff;
  let routes: ReturnType<typeof staffRoutes>;

  before(async () => {
    app = await startApp({ background: true });
    company = await addCompany(app.database);
    admin = await addPerson(app, { companyId: company, roles: ['owner'] });
    chief = await addStaff(app);
    routes = staffRoutes(app);
  });
  after(() => app.close());

  const read = (id: string): Promise<StaffRow> => routes.read(id, chief);

  it('join by a mailed link: invited, then active, with the role of the realm', async () => {
    const body = { firstName: 'Rita', lastName: 'Luna', email: 'Rita@Angelis.example', locale: 'en', role: 'support' };
    const made = await routes.request('post', '', chief, body);
    expect(made.status).to.equal(201);
    const { id, personId } = made.body as { id: string; personId: string };
    expect(await read(id)).to.include({ role: 'support', status: 'active', personStatus: 'invited' });
    expect((await routes.request('post', '', chief, body)).status).to.equal(409);
    await app.idle();
    const mail = app.messages.mails.findLast(({ to }) => to === 'rita@angelis.example')!;
    const token = /token=(\S+)/.exec(mail.text)![1];
    const accept = (password: string) => app.http.post('/angelis/auth/invitation/accept').send({ token, password });
    await accept('qwertyuiop').expect(422);
    await accept(PASSWORD).expect(200);
    expect(await read(id)).to.include({ personStatus: 'active' });
    const user = await app.identityProvider.users.find({ username: `u-${personId}` });
    expect(await app.identityProvider.users.roles(user!.id)).to.deep.equal(['operator-support']);
    await app.identityProvider.passwordGrant({ username: `u-${personId}`, password: PASSWORD, address: '::1' });
  });

  it('come to be whole or not at all, also while the provider is away, and keep their roles when a change fails', async () => {
    const body = { firstName: 'Luz', lastName: 'Rey', email: 'luz@angelis.example', locale: 'en', role: 'support' };
    const { users } = app.identityProvider;
    const failed = await whileCommitsFail(app.database, 'operator_user', () => routes.request('post', '', chief, body));
    await app.idle();
    expect([failed.status, await users.find({ email: body.email })]).to.deep.equal([500, undefined]);
    const { create } = users;
    users.create = () => Promise.reject(new IdentityProviderError('unavailable', 'no answer'));
    const made = await routes.request('post', '', chief, body);
    users.create = create;
    expect(made.status).to.equal(201);
    await app.idle();
    const { id, personId } = made.body as { id: string; personId: string };
    const user = (await users.find({ username: `u-${personId}` }))!;
    expect(await users.roles(user.id)).to.deep.equal(['operator-support']);
    const change = (role: string) => routes.request('patch', `/${id}`, chief, { role }, 1);
    expect((await whileCommitsFail(app.database, 'operator_user', () => change('superadmin'))).status).to.equal(500);
    await app.idle();
    expect(await users.roles(user.id)).to.deep.equal(['operator-support']);
    expect((await change('operator_auditor')).status).to.equal(200);
    await app.idle();
    expect(await users.roles(user.id)).to.deep.equal(['operator-auditor']);
  });

  const invite = async (email: string, role = 'superadmin') => {
    const body = { firstName: 'Teo', lastName: 'Paz', email, locale: 'en', role };
    const made = (await routes.request('post', '', chief, body)).body as { id: string; personId: string };
    await app.idle();
    return made;
  };
  const mailsTo = (email: string) => app.messages.mails.filter(({ to }) => to === email);
  const tokenTo = (email: string): string => /token=(\S+)/.exec(mailsTo(email).at(-1)!.text)![1]!;
  const accept = (token: string) =>
    app.http.post('/angelis/auth/invitation/accept').send({ token, password: PASSWORD });
  const moveAddress = async (personId: string, email: string) => {
    const client = await clientOf(app, chief);
    const { version } = (await client.get(`/admin/person/${personId}`)).body as { version: number };
    return () => client.post(`/admin/person/${personId}/change-email`, { email, reason: 'typo' }, ifMatch(version));
  };

  it('are not joined by whoever reads a link at an address that was put right; a new one goes to the right address', async () => {
    const { id, personId } = await invite('typo@evil.example');
    const old = tokenTo('typo@evil.example');
    expect((await (await moveAddress(personId, 'teo@angelis.example'))()).status).to.equal(200);
    await app.idle();
    await app.http.get('/angelis/auth/invitation').query({ token: old }).expect(410);
    await accept(old).expect(410);
    expect(await read(id)).to.include({ personStatus: 'invited' });
    await accept(tokenTo('teo@angelis.example')).expect(200);
    await app.idle();
    const user = (await app.identityProvider.users.find({ username: `u-${personId}` }))!;
    expect(user.email).to.equal('teo@angelis.example');
    expect(await app.identityProvider.users.roles(user.id)).to.deep.equal(['operator-superadmin']);
  });

  it('join, or have their address moved: of both at once one is first', async () => {
    const { personId } = await invite('slow@angelis.example');
    const change = await moveAddress(personId, 'quick@angelis.example');
    const { users } = app.identityProvider;
    const { setPassword } = users;
    let changed: PromiseLike<{ status: number }> | undefined;
    users.setPassword = (...given) => {
      changed = Promise.resolve(change());
      return setPassword(...given);
    };
    const accepted = await accept(tokenTo('slow@angelis.example'));
    users.setPassword = setPassword;
    expect([accepted.status, (await changed)?.status]).to.deep.equal([200, 412]);
    expect((await users.find({ username: `u-${personId}` }))?.email).to.equal('slow@angelis.example');
  });

  it('are asked again while they have not joined, and no more once they are deactivated', async () => {
    const email = 'noa@angelis.example';
    const { id, personId } = await invite(email, 'support');
    const first = tokenTo(email);
    const resend = () => routes.request('post', `/${id}/resend`, chief, undefined, 1);
    expect((await resend()).status).to.equal(200);
    await app.idle();
    await accept(first).expect(410);
    await app.database.sql(`update invitation set status = 'expired', ended_at = now() where person_id = $1`, [
      personId,
    ]);
    await accept(tokenTo(email)).expect(410);
    expect((await resend()).body).to.include({ personStatus: 'invited' });
    await app.idle();
    expect(mailsTo(email)).to.have.length(3);
    const last = tokenTo(email);
    expect((await routes.request('post', `/${id}/deactivate`, chief, { reason: 'x' }, 1)).status).to.equal(200);
    await accept(last).expect(410);
    expect((await (await moveAddress(personId, 'noa2@angelis.example'))()).status).to.equal(200);
    await app.idle();
    const disabled = await routes.request('post', `/${id}/resend`, chief, undefined, 2);
    expect([disabled.status, routes.codeOf(disabled)]).to.deep.equal([409, 'STAFF_DISABLED']);
    expect((await routes.request('post', `/${id}/activate`, chief, undefined, 2)).status).to.equal(200);
    expect(mailsTo('noa2@angelis.example')).to.deep.equal([]);
    expect((await routes.request('post', `/${id}/resend`, chief, undefined, 3)).status).to.equal(200);
    await app.idle();
    await accept(tokenTo('noa2@angelis.example')).expect(200);
    const joined = await routes.request('post', `/${id}/resend`, chief, undefined, 3);
    expect([joined.status, routes.codeOf(joined)]).to.deep.equal([409, 'STAFF_JOINED']);
  });

  it('act with a token that carries their role, and with no other', async () => {
    const { users } = app.identityProvider;
    const staff = await addStaff(app, 'support');
    const { id } = (await users.find({ username: `u-${staff.personId}` }))!;
    const statusWith = async (roles: readonly StaffRole[]): Promise<number> => {
      await users.setRoles(id, roles);
      return (await routes.me(staff)).status;
    };
    expect(await statusWith([])).to.equal(401);
    expect(await statusWith(['operator-support'])).to.equal(200);
    expect(await statusWith(['operator-superadmin'])).to.equal(401);
    expect(await statusWith(['operator-support'])).to.equal(200);
    const companyId = await addCompany(app.database);
    expect((await routes.request('post', '/support-session', staff, { companyId, reason: 'x' })).status).to.equal(200);
    expect(await statusWith(['operator-support'])).to.equal(200);
    expect(await statusWith([])).to.equal(401);
  });

  it('are signed out when they are given a role: a session that was opened before showed no second factor', async () => {
    const email = 'eva@angelis.example';
    const { users, passwordGrant, refresh } = app.identityProvider;
    const { setRoles } = users;
    users.setRoles = () => Promise.reject(new IdentityProviderError('unavailable', 'no answer'));
    const { personId } = await invite(email);
    await accept(tokenTo(email)).expect(200);
    const username = `u-${personId}`;
    const bearer = async () =>
      `Bearer ${await app.identityProvider.mint({ user: { username }, client: 'angelis-admin' })}`;
    expect((await routes.request('get', '', { bearer })).status).to.equal(401);
    const tokens = await passwordGrant({ username, password: PASSWORD, address: '::1' });
    users.setRoles = setRoles;
    await app.identity.alignment.align(personId, 'a'.repeat(32));
    const again = await refresh({ client: 'angelis-worker', refreshToken: tokens.refreshToken }).catch(
      (error: unknown) => error,
    );
    expect(again).to.have.property('code', 'token_not_active');
    expect((await routes.request('get', '', { bearer })).status).to.equal(200);
  });

  it('are managed by superadmins only', async () => {
    const body = { firstName: 'A', lastName: 'B', email: 'x@angelis.example', locale: 'en', role: 'superadmin' };
    for (const role of ['support', 'operator_auditor'] as const) {
      const one = await addStaff(app, role);
      expect((await routes.request('post', '', one, body)).status, role).to.equal(403);
    }
    expect((await routes.request('get', '', await addStaff(app, 'operator_auditor'))).status).to.equal(200);
    expect((await routes.request('post', '', admin, body)).status).to.equal(403);
    expect((await routes.request('get', '', admin)).status).to.equal(403);
  });

  it('change others’ roles, never their own, and stay at least one superadmin', async () => {
    const other = await addStaff(app, 'support');
    const { version } = await read(other.id);
    expect(
      (await routes.request('patch', `/${other.id}`, chief, { role: 'operator_auditor' }, version)).body,
    ).to.include({
      role: 'operator_auditor',
    });
    const own = await read(chief.id);
    const refused = await routes.request('patch', `/${chief.id}`, chief, { role: 'support' }, own.version);
    expect(routes.codeOf(refused)).to.equal('OWN_ACCOUNT');
  });

  it('keep a superadmin when the last two deactivate each other at once', async () => {
    const two = [await addStaff(app), await addStaff(app)] as const;
    const versions = [(await read(two[0].id)).version, (await read(two[1].id)).version] as const;
    const database = await app.database.superuser();
    const aside = await database.query<{ id: string }>(
      `update operator_user set status = 'disabled'
       where role = 'superadmin' and status = 'active' and id <> all($1) returning id`,
      [two.map(({ id }) => id)],
    );
    const answers = await Promise.all([
      routes.request('post', `/${two[1].id}/deactivate`, two[0], { reason: 'x' }, versions[1]),
      routes.request('post', `/${two[0].id}/deactivate`, two[1], { reason: 'x' }, versions[0]),
    ]);
    const { rows } = await database.query(
      `select from operator_user where role = 'superadmin' and status = 'active' and deleted_at is null`,
    );
    await database.query(`update operator_user set status = 'active' where id = any($1)`, [
      aside.rows.map(({ id }) => id),
    ]);
    expect(rows).to.have.length(1);
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
  });

  it('lose everything at once when they are deactivated, and may come back', async () => {
    const other = await addStaff(app, 'superadmin');
    expect((await routes.me(other)).status).to.equal(200);
    const deactivate = async (version: number) =>
      routes.request('post', `/${other.id}/deactivate`, chief, { reason: 'left' }, version);
    const { version } = await read(other.id);
    expect((await deactivate(version)).body).to.include({ status: 'disabled' });
    expect((await routes.me(other)).status).to.equal(401);
    expect(routes.codeOf(await deactivate(version + 1))).to.equal('STAFF_DISABLED');
    const back = await routes.request('post', `/${other.id}/activate`, chief, undefined, version + 1);
    expect(back.body).to.include({ status: 'active' });
  });
});
