import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { signInByBrowser } from '../../../platform/identity-provider/browser.ts';

const PASSWORD = 'puente y río largos';

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

describe('sign-in on the admin client', () => {
  let app: TestApp;
  let company: string;

  before(async () => {
    app = await startApp();
    company = await addCompany(app.database);
    const login = { email: 'admin@example.cl', password: PASSWORD };
    await addPerson(app, { companyId: company, roles: ['admin'], login });
  });
  after(() => app.close());

  const start = async (query: Record<string, string> = {}) => {
    const answer = await app.http.get('/angelis/admin/auth/start').query(query).expect(302);
    const [cookie] = answer.headers['set-cookie'] as unknown as string[];
    return { location: String(answer.headers['location']), cookie: cookie! };
  };
  const callback = (query: Record<string, string>, cookie?: string) =>
    app.http
      .get('/angelis/admin/auth/callback')
      .query(query)
      .set(cookie === undefined ? {} : { cookie: cookie.split(';')[0]! });
  const signIn = async (): Promise<Tokens> => {
    const { location, cookie } = await start();
    const back = await signInByBrowser(location, 'admin@example.cl', PASSWORD);
    return (await callback(Object.fromEntries(back), cookie).expect(200)).body as Tokens;
  };
  const withToken = (path: string, token: string, method: 'get' | 'post' = 'get') =>
    app.http[method](`/angelis${path}`).set({ authorization: `Bearer ${token}` });

  it('goes by code and PKCE, with nothing readable in the browser', async () => {
    const { location, cookie } = await start();
    const asked = new URL(location).searchParams;
    expect(Object.fromEntries(asked)).to.include({ client_id: 'angelis-admin', code_challenge_method: 'S256' });
    expect(cookie).to.match(
      /^angelis-sign-in=[^;]+; Path=\/angelis\/admin\/auth; Max-Age=600; HttpOnly; SameSite=Lax$/,
    );
    expect(cookie).to.not.include(asked.get('state')!);
    const back = await signInByBrowser(location, 'admin@example.cl', PASSWORD);
    const answer = await callback(Object.fromEntries(back), cookie).expect(200);
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(String(answer.headers['set-cookie'])).to.include('Max-Age=0');
    const me = await withToken('/admin/auth/me', (answer.body as Tokens).accessToken).expect(200);
    expect(me.body).to.deep.include({ email: 'admin@example.cl', roles: ['admin'] });
  });

  it('is finished only by the browser that began it, once, and within ten minutes', async () => {
    const mine = await start();
    const other = await start();
    const back = Object.fromEntries(await signInByBrowser(mine.location, 'admin@example.cl', PASSWORD));
    await callback(back).expect(400);
    await callback(back, other.cookie).expect(400);
    await callback(back, mine.cookie.replace(/=[^;]{20}/, '=AAAAAAAAAAAAAAAAAAAA')).expect(400);
    await callback({ ...back, state: 'made-up' }, mine.cookie).expect(400);
    await callback({ ...back, state: `${back['state']!.slice(1)}ñ` }, mine.cookie).expect(400);
    await callback({ state: back['state']!, error: 'access_denied' }, mine.cookie).expect(400);
    try {
      app.clock.set(new Date(Date.now() + 10 * 60_000 + 1_000));
      await callback(back, mine.cookie).expect(400);
    } finally {
      app.clock.set(undefined);
    }
    await callback(back, mine.cookie).expect(200);
    await callback(back, mine.cookie).expect(400);
  });

  it('comes back to the addresses that are set, as they stand there, and to no other', async () => {
    const { location, cookie } = await start({ redirectUri: `${app.url}/callback` });
    const back = await signInByBrowser(location, 'admin@example.cl', PASSWORD);
    await callback(Object.fromEntries(back), cookie).expect(200);
    for (const redirectUri of ['https://evil.example/take', `${app.url}/callback/`, `${app.url}/callback?x=1`]) {
      const { body } = await app.http.get('/angelis/admin/auth/start').query({ redirectUri }).expect(422);
      expect((body as { errors: object[] }).errors).to.have.length(1);
      expect((body as { errors: object[] }).errors[0]).to.include({ pointer: '/redirectUri', code: 'REDIRECT_URI' });
    }
    await app.http.get('/angelis/admin/auth/start').query({ redirectUri: 'not a uri' }).expect(400);
  });

  const LOST: readonly [string, string][] = [
    ['was disabled', `update person set status = 'disabled', epoch = epoch + 1 where id = $1`],
    ['lost a place here', `update profile set status = 'ended', epoch = epoch + 1 where person_id = $1`],
  ];
  for (const [what, sql] of LOST)
    it(`redeems no code of somebody who ${what} after it was given, and ends the provider’s session`, async () => {
      const email = `lost-${what.replaceAll(' ', '-')}@example.cl`;
      const login = { email, password: PASSWORD };
      const { personId, keycloakId } = await addPerson(app, { companyId: company, roles: ['admin'], login });
      const { location, cookie } = await start();
      const back = await signInByBrowser(location, email, PASSWORD);
      await (await app.database.superuser()).query(sql, [personId]);
      const { body } = await callback(Object.fromEntries(back), cookie).expect(403);
      expect(body).to.include({ code: 'NOT_ADMITTED' });
      const since = new Date(Date.now() - 60_000);
      const ended = (await app.identityProvider.events({ since })).events.filter(
        ({ type, userId }) => type === 'session_ended' && userId === keycloakId,
      );
      expect(ended).to.have.length(1);
    });

  it('gives no tokens at the token endpoint for a code of somebody who was disabled', async () => {
    const email = 'code@example.cl';
    const { personId } = await addPerson(app, {
      companyId: company,
      roles: ['admin'],
      login: { email, password: PASSWORD },
    });
    const redirectUri = `${app.url}/callback`;
    const redeem = async () => {
      const verifier = randomBytes(32).toString('base64url');
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      const location = app.identityProvider.authorizationUrl({ state: 's', nonce: 'n', challenge, redirectUri });
      const back = await signInByBrowser(location, email, PASSWORD);
      const fields = { code: back.get('code')!, code_verifier: verifier, redirect_uri: redirectUri };
      return () =>
        app.http
          .post('/angelis/auth/token')
          .type('form')
          .send({ grant_type: 'authorization_code', ...fields });
    };
    const [first, second] = [await redeem(), await redeem()];
    await first().expect(200);
    await (await app.database.superuser()).query(`update person set status = 'disabled' where id = $1`, [personId]);
    expect((await second().expect(400)).body).to.include({ code: 'INVALID_GRANT', error: 'invalid_grant' });
  });

  it('refreshes its own tokens and no worker’s, and logs out', async () => {
    const first = await signIn();
    const refresh = (path: string, refreshToken: string) => app.http.post(`/angelis${path}`).send({ refreshToken });
    await refresh('/auth/refresh', first.refreshToken).expect(401);
    const second = (await refresh('/admin/auth/refresh', (await signIn()).refreshToken).expect(200)).body as Tokens;
    await withToken('/auth/logout', second.accessToken, 'post').expect(403);
    await withToken('/admin/auth/logout', second.accessToken, 'post').expect(204);
    await withToken('/admin/auth/me', second.accessToken).expect(401);
    await refresh('/admin/auth/refresh', second.refreshToken).expect(401);
  });

  it('is not for tokens of the worker client', async () => {
    const worker = await app.http
      .post('/angelis/auth/sign-in')
      .send({ identifier: 'admin@example.cl', password: PASSWORD })
      .expect(200);
    const { accessToken } = worker.body as Tokens;
    await withToken('/admin/auth/me', accessToken).expect(403);
    await withToken('/auth/me', accessToken).expect(200);
  });
});
