import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { LIMITS } from '../../../src/platform/settings/rates.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

const POINTS = 3;
const REFRESHES = 8;
const BAD_TOKENS = 12;

describe('requests without a session', () => {
  let app: TestApp;
  let authorization: string;

  before(async () => {
    app = await startApp({
      limits: {
        ...LIMITS,
        anonymous: { points: POINTS, per: 60 },
        refresh: { points: REFRESHES, per: 60 },
        badToken: { points: BAD_TOKENS, per: 60 },
      },
    });
    const companyId = await addCompany(app.database);
    authorization = await (await addPerson(app, { companyId, roles: ['admin'] })).bearer();
  });
  after(() => app.close());

  const get = (path: string, address: string, headers: Record<string, string> = {}) =>
    app.http.get(`/angelis${path}`).set({ 'x-forwarded-for': address, ...headers });
  const KINDS: readonly [string, string, Record<string, string>, number][] = [
    ['a route that needs a token', '/auth/me', {}, 401],
    ['a route that takes a ticket', '/notification/stream', {}, 401],
    ['a route that needs a token, with credentials of another kind', '/auth/me', { authorization: 'Basic YTpi' }, 401],
    ['a path that nobody declared', '/nowhere', {}, 404],
  ];
  KINDS.forEach(([what, path, headers, status], i) => {
    it(`count by their address, whatever they ask for: ${what}`, async () => {
      const address = `10.4.0.${i}`;
      for (let left = POINTS - 1; left >= 0; left -= 1) {
        const answer = await get(path, address, headers).expect(status);
        expect(answer.headers['ratelimit-policy']).to.equal(`"anonymous";q=${POINTS};w=60`);
        expect(answer.headers['ratelimit']).to.match(new RegExp(`^"anonymous";r=${left};t=\\d+$`));
      }
      const refused = await get(path, address, headers).expect(429);
      expect((refused.body as { code: string }).code).to.equal('TOO_MANY_REQUESTS');
      expect(Number(refused.headers['retry-after'])).to.be.within(1, 60);
      await get('/common/countries', address).expect(429);
      await get(path, `10.4.1.${i}`, headers).expect(status);
    });
  });

  it('are those that nobody who is signed in makes: their requests count for them, found or not', async () => {
    const address = '10.4.2.1';
    for (let n = 0; n <= POINTS; n += 1) {
      await get(`/admin/project/${uuidv7()}`, address, { authorization }).expect(404);
      await get('/auth/me', address, { authorization }).expect(200);
    }
    await get('/common/countries', address).expect(200);
  });

  const post = (path: string, address: string, body: object) =>
    app.http.post(`/angelis${path}`).set({ 'x-forwarded-for': address }).send(body);

  it('are no sign-ins, codes or refreshes: those go on where the address has used up the others, and use up none of them', async () => {
    const address = '10.4.3.1';
    for (let n = 0; n < POINTS; n += 1) await get('/common/countries', address).expect(200);
    await get('/common/countries', address).expect(429);
    let n = 0;
    const nobody = () => ({ identifier: `nobody${(n += 1)}@example.cl` });
    for (const [path, body, status, limit] of [
      ['/auth/sign-in', () => ({ ...nobody(), password: 'x' }), 401, 'signIn'],
      ['/otp/request', () => ({ ...nobody(), purpose: 'login', channel: 'email' }), 202, 'otp'],
      ['/auth/password/forgotten', nobody, 202, 'otp'],
      ['/auth/refresh', () => ({ refreshToken: 'x' }), 401, 'badToken'],
      ['/admin/auth/refresh', () => ({ refreshToken: 'x' }), 401, 'badToken'],
    ] as const) {
      const answer = await post(path, address, body());
      expect([path, answer.status]).to.deep.equal([path, status]);
      expect(answer.headers['ratelimit-policy'], path).to.match(new RegExp(`^"${limit}";q=\\d+;w=60$`));
      await post(path, '10.4.3.2', body()).expect(status);
    }
    const untouched = await get('/common/countries', '10.4.3.2').expect(200);
    expect(untouched.headers['ratelimit']).to.match(new RegExp(`^"anonymous";r=${POINTS - 1};`));
  });

  it('are no good refreshes of an office behind one address, which have a limit of their own', async () => {
    const address = '10.4.4.1';
    const login = { email: 'office@example.cl', password: 'grapas y caballos' };
    await addPerson(app, { companyId: await addCompany(app.database), roles: ['worker'], login });
    const tokenOf = ({ body }: { body: unknown }): string => (body as { refreshToken: string }).refreshToken;
    const signIn = { identifier: login.email, password: login.password };
    let refreshToken = tokenOf(await post('/auth/sign-in', address, signIn).expect(200));
    for (let n = 0; n < REFRESHES; n += 1)
      refreshToken = tokenOf(await post('/auth/refresh', address, { refreshToken }).expect(200));
    const refused = await post('/auth/refresh', address, { refreshToken }).expect(429);
    expect(refused.headers['ratelimit-policy']).to.equal(`"refresh";q=${REFRESHES};w=60`);
    const atAdmin = await post('/admin/auth/refresh', address, { refreshToken: 'x' }).expect(429);
    expect(atAdmin.headers['ratelimit-policy']).to.equal(`"refresh";q=${REFRESHES};w=60`);
    await post('/auth/refresh', '10.4.4.2', { refreshToken }).expect(200);
    await post('/auth/sign-in', address, signIn).expect(200);
  });

  it('are refreshes at the token endpoint too, where that is what they ask for; all else there is a sign-in', async () => {
    const address = '10.4.5.1';
    const login = { email: 'site@example.cl', password: 'grapas y caballos' };
    await addPerson(app, { companyId: await addCompany(app.database), roles: ['worker'], login });
    const ask = (fields: string, from = address) =>
      app.http.post('/angelis/auth/token').type('form').set('x-forwarded-for', from).send(fields);
    const countedAs = ({ headers }: { headers: Record<string, string> }) => headers['ratelimit-policy'];
    const refresh = `"refresh";q=${REFRESHES};w=60`;
    const signIn = `"signIn";q=${LIMITS.signIn.points};w=60`;
    const { identifier, password } = { identifier: login.email, password: login.password };
    const signedIn = await post('/auth/sign-in', '10.4.5.3', { identifier, password }).expect(200);
    let token = (signedIn.body as { refreshToken: string }).refreshToken;
    for (let n = 0; n < REFRESHES; n += 1) {
      const answer = await ask(`grant_type=refresh_token&refresh_token=${token}`).expect(200);
      expect(countedAs(answer)).to.equal(refresh);
      token = (answer.body as { refresh_token: string }).refresh_token;
    }
    expect(countedAs(await ask(`grant_type=refresh_token&refresh_token=${token}`).expect(429))).to.equal(refresh);
    await post('/auth/refresh', address, { refreshToken: token }).expect(429);
    const others: [fields: string, status: number][] = [
      ['grant_type=authorization_code&code=x&code_verifier=x&redirect_uri=x', 400],
      ['grant_type=client_credentials&client_id=x&client_secret=x', 401],
      ['grant_type=refresh_token&grant_type=authorization_code', 400],
      ['grant_type=password', 400],
      ['', 400],
    ];
    for (const [fields, status] of others) {
      const answer = await ask(fields);
      expect([fields, answer.status, countedAs(answer)]).to.deep.equal([fields, status, signIn]);
    }
    const unread = app.http.post('/angelis/auth/token').set('x-forwarded-for', address).send({ grant_type: 'x' });
    expect(countedAs(await unread.expect(415))).to.equal(signIn);
    for (let n = others.length + 1; n < LIMITS.signIn.points; n += 1) await ask(others[0]![0]).expect(400);
    expect(countedAs(await ask(others[0]![0]).expect(429))).to.equal(signIn);
    expect(countedAs(await ask(`grant_type=refresh_token&refresh_token=${token}`, '10.4.5.2').expect(200))).to.equal(
      refresh,
    );
  });

  it('use up no refresh with tokens that are no good: these count with the bad ones, at every surface, and good ones go on', async () => {
    const address = '10.4.6.1';
    const login = { email: 'tabs@example.cl', password: 'grapas y caballos' };
    await addPerson(app, { companyId: await addCompany(app.database), roles: ['worker'], login });
    const signedIn = await post('/auth/sign-in', '10.4.6.3', { identifier: login.email, password: login.password });
    const { accessToken, refreshToken } = signedIn.body as { accessToken: string; refreshToken: string };
    const atToken = (token: string) =>
      app.http
        .post('/angelis/auth/token')
        .type('form')
        .set('x-forwarded-for', address)
        .send({ grant_type: 'refresh_token', refresh_token: token });
    const dead = [
      [() => post('/auth/refresh', address, { refreshToken: 'x' }), 401],
      [() => post('/admin/auth/refresh', address, { refreshToken }), 401],
      [() => atToken(accessToken), 400],
    ] as const;
    for (let n = 0; n < BAD_TOKENS; n += 1) {
      const [ask, status] = dead[n % dead.length]!;
      const answer = await ask();
      expect([n, answer.status]).to.deep.equal([n, status]);
      expect(answer.headers['ratelimit-policy']).to.equal(`"badToken";q=${BAD_TOKENS};w=60`);
      expect(answer.headers['ratelimit']).to.match(new RegExp(`^"badToken";r=${BAD_TOKENS - 1 - n};t=\\d+$`));
    }
    for (const [ask] of dead) {
      const answer = await ask();
      expect([answer.status, answer.headers['ratelimit-policy']]).to.deep.equal([
        429,
        `"badToken";q=${BAD_TOKENS};w=60`,
      ]);
    }
    const renewed = await post('/auth/refresh', address, { refreshToken }).expect(200);
    expect(renewed.headers['ratelimit']).to.match(new RegExp(`^"refresh";r=${REFRESHES - 1};`));
    const next = await atToken((renewed.body as { refreshToken: string }).refreshToken).expect(200);
    expect(next.headers['ratelimit']).to.match(new RegExp(`^"refresh";r=${REFRESHES - 2};`));
  });

  it('are no beginning of a sign-in at the page, of which an address has a count that nothing else uses up', async () => {
    const address = '10.4.7.1';
    for (let n = 0; n < POINTS; n += 1) await get('/common/countries', address).expect(200);
    await get('/common/countries', address).expect(429);
    const { points } = LIMITS.signIn;
    for (let n = 0; n < points; n += 1)
      await post('/auth/sign-in', address, { identifier: `none${n}@example.cl`, password: 'x' }).expect(401);
    await post('/auth/sign-in', address, { identifier: 'none@example.cl', password: 'x' }).expect(429);
    for (let left = points - 1; left >= 0; left -= 1) {
      const begun = await get('/admin/auth/start', address).expect(302);
      expect(begun.headers['ratelimit']).to.match(new RegExp(`^"signIn";r=${left};t=\\d+$`));
    }
    await get('/admin/auth/start', address).expect(429);
    await get('/admin/auth/start', '10.4.7.2').expect(302);
    await post('/auth/sign-in', '10.4.7.2', { identifier: 'none@example.cl', password: 'x' }).expect(401);
  });
});
