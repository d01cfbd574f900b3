import { expect } from 'chai';
import { IdentityProviderError } from '../../../../src/platform/identity-provider/errors.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import type { TestStaff } from '../../../support/staff.ts';
import { signInByBrowser } from '../../../platform/identity-provider/browser.ts';

const PASSWORD = 'una clave larga y rara';
const INACTIVE = { active: false };

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

interface Machine {
  clientId: string;
  secret: string;
}

/** Whoever relies on introspection or renews tokens is told what the API says. */
describe('tokens', () => {
  let app: TestApp;
  let company: string;
  let colleague: string;
  let machine: Machine;
  let n = 0;

  before(async () => {
    app = await startApp();
    company = await addCompany(app.database);
    colleague = await (await addPerson(app, { companyId: company, roles: ['worker'] })).bearer();
    const owner = await addPerson(app, { companyId: company, roles: ['owner'] });
    const made = await app.http
      .post('/angelis/admin/api-client')
      .set({ authorization: await owner.bearer() })
      .send({ name: 'Torniquete', scopes: ['workforce:project:read'] })
      .expect(201);
    machine = made.body as Machine;
  });
  after(() => app.close());

  const enter = async (): Promise<TestPerson & Tokens> => {
    n += 1;
    const login = { email: `token${n}@example.cl`, password: PASSWORD };
    const person = await addPerson(app, { companyId: company, roles: ['worker'], login });
    const sent = { identifier: login.email, password: PASSWORD };
    const { body } = await app.http.post('/angelis/auth/sign-in').send(sent).expect(200);
    return { ...person, ...(body as Tokens) };
  };
  const me = (token: string) => app.http.get('/angelis/auth/me').set({ authorization: `Bearer ${token}` });
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    app.http.post(`/angelis/auth/${path}`).type('form').set(headers).send(fields);
  const introspect = async (token: string): Promise<unknown> =>
    (await post('introspect', { token }, { authorization: colleague }).expect(200)).body;
  const signInOnAdmin = async (email: string): Promise<Tokens> => {
    const away = await app.http.get('/angelis/admin/auth/start').expect(302);
    const [cookie] = away.headers['set-cookie'] as unknown as string[];
    const back = await signInByBrowser(String(away.headers['location']), email, PASSWORD);
    const entered = await app.http
      .get('/angelis/admin/auth/callback')
      .query(Object.fromEntries(back))
      .set({ cookie: cookie!.split(';')[0]! })
      .expect(200);
    return entered.body as Tokens;
  };
  const refresh = (refreshToken: string) => app.http.post('/angelis/auth/refresh').send({ refreshToken });

  const ENDS: readonly [string, string][] = [
    ['whose profile is suspended', `update profile set status = 'suspended', epoch = epoch + 1 where id = $1`],
    ['whose profile has ended', `update profile set status = 'ended', epoch = epoch + 1 where id = $1`],
    [
      'whose login is disabled here and not yet at the provider',
      `update person set status = 'disabled', epoch = epoch + 1 where id = (select person_id from profile where id = $1)`,
    ],
    ['whose session is over by its time', 'update session set expires_at = now() where profile_id = $1'],
  ];
  for (const [who, sql] of ENDS)
    it(`are inactive, and not renewed, of somebody ${who}`, async () => {
      const [one, other] = [await enter(), await enter()];
      expect(await introspect(one.accessToken)).to.include({ active: true, sub: one.keycloakId });
      const superuser = await app.database.superuser();
      await superuser.query(sql, [one.profileId]);
      await superuser.query(sql, [other.profileId]);
      await me(one.accessToken).expect(401);
      expect(await introspect(one.accessToken)).to.deep.equal(INACTIVE);
      expect((await refresh(one.refreshToken).expect(401)).body).to.include({ code: 'INVALID_TOKEN' });
      await post('token', { grant_type: 'refresh_token', refresh_token: other.refreshToken }).expect(400);
      const { active } = await app.identityProvider.introspect(one.accessToken);
      expect(active, 'the provider’s session').to.equal(false);
    });

  it('are active of a machine while it may act, and of nobody else’s', async () => {
    const grant = { grant_type: 'client_credentials', client_id: machine.clientId, client_secret: machine.secret };
    const { access_token: token } = (await post('token', grant).expect(200)).body as { access_token: string };
    expect(await introspect(token)).to.include({ active: true, client_id: machine.clientId });
    const abroad = await addPerson(app, { companyId: await addCompany(app.database), roles: ['worker'] });
    const { body } = await post('introspect', { token }, { authorization: await abroad.bearer() }).expect(200);
    expect(body).to.deep.equal(INACTIVE);
    const superuser = await app.database.superuser();
    await superuser.query('update session set expires_at = now() where sid = $1', [machine.clientId]);
    expect(await introspect(token)).to.deep.equal(INACTIVE);
    await superuser.query(`update session set expires_at = '9999-12-31' where sid = $1`, [machine.clientId]);
    expect(await introspect(token)).to.include({ active: true });
  });

  it('are renewed before any request opened their session', async () => {
    const { personId, keycloakId } = await addPerson(app, { companyId: company, roles: ['worker'] });
    const { identityProvider } = app;
    await identityProvider.users.setPassword(keycloakId, PASSWORD);
    const attempt = { username: `u-${personId}`, password: PASSWORD, address: '192.0.2.7' };
    const tokens = await identityProvider.passwordGrant(attempt);
    const { body } = await refresh(tokens.refreshToken).expect(200);
    await me((body as Tokens).accessToken).expect(200);
  });

  it('are not renewed of somebody whose request would open no session', async () => {
    const { personId, keycloakId, profileId } = await addPerson(app, { companyId: company, roles: ['worker'] });
    await app.identityProvider.users.setPassword(keycloakId, PASSWORD);
    const attempt = { username: `u-${personId}`, password: PASSWORD, address: '192.0.2.8' };
    const { accessToken, refreshToken } = await app.identityProvider.passwordGrant(attempt);
    const superuser = await app.database.superuser();
    await superuser.query(`update profile set status = 'suspended' where id = $1`, [profileId]);
    await refresh(refreshToken).expect(401);
    expect((await app.identityProvider.introspect(accessToken)).active).to.equal(false);
  });

  const STAFF: readonly [string, (staff: TestStaff, keycloakId: string) => Promise<unknown>][] = [
    ['whose role of the realm was taken away', (_, id) => app.identityProvider.users.setRoles(id, [])],
    [
      'who are disabled in our rows',
      async ({ id }) =>
        (await app.database.superuser()).query(`update operator_user set status = 'disabled' where id = $1`, [id]),
    ],
  ];
  for (const [who, fall] of STAFF)
    for (const isKnown of [true, false])
      it(`are not renewed of staff ${who}, ${isKnown ? 'whose session lives' : 'before any request'}`, async () => {
        const staff = await addStaff(app);
        const user = (await app.identityProvider.users.find({ username: `u-${staff.personId}` }))!;
        await app.identityProvider.users.setPassword(user.id, PASSWORD);
        const tokens = await signInOnAdmin(staff.email);
        const readStaff = (token: string) =>
          app.http.get('/angelis/admin/internal_user').set({ authorization: `Bearer ${token}` });
        if (isKnown) await readStaff(tokens.accessToken).expect(200);
        const renew = (refreshToken: string) => app.http.post('/angelis/admin/auth/refresh').send({ refreshToken });
        const again = (await renew(tokens.refreshToken).expect(200)).body as Tokens;
        await fall(staff, user.id);
        await renew(again.refreshToken).expect(401);
        expect((await app.identityProvider.introspect(again.accessToken)).active).to.equal(false);
      });

  it('that need not be asked for do not reach the provider', async () => {
    const { refreshToken } = await enter();
    const { introspect: ask } = app.identityProvider;
    app.identityProvider.introspect = () => Promise.reject(new IdentityProviderError('unavailable', 'no answer'));
    try {
      for (const token of ['made up', refreshToken]) expect(await introspect(token)).to.deep.equal(INACTIVE);
    } finally {
      app.identityProvider.introspect = ask;
    }
  });
});
