import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { createAuthentication } from '../../../src/platform/http/authentication.ts';
import type { LocalIdentityProvider } from '../../../src/platform/identity-provider/local.ts';
import { isAuthorizedParty } from '../../../src/platform/identity-provider/realm.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { openSignInPage, signInByBrowser } from './browser.ts';
import { startLocalServer } from './local-server.ts';
import type { LocalServer } from './local-server.ts';
import { ADDRESS, codeOf, PASSWORD } from './support.ts';

function isKeySet(value: unknown): value is JSONWebKeySet {
  return typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys);
}

describe('development issuer over HTTP', () => {
  let server: LocalServer;
  let provider: LocalIdentityProvider;
  let url: string;
  before(async () => {
    server = await startLocalServer();
    ({ provider } = server);
    url = `${provider.issuer}/protocol/openid-connect`;
    await provider.users.create({
      username: 'rosa',
      email: 'rosa@example.test',
      enabled: true,
      emailVerified: true,
      password: PASSWORD,
    });
  });
  after(() => server.stop());

  const post = async (path: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, { method: 'POST', headers, body: new URLSearchParams(form) });
    const text = await response.text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, body, caching: response.headers.get('cache-control') };
  };
  const attempt = () => provider.passwordGrant({ username: 'rosa', password: PASSWORD, address: ADDRESS });
  const keySet = async (): Promise<JSONWebKeySet> => {
    const keys: unknown = await (await fetch(provider.jwksUri)).json();
    if (!isKeySet(keys)) throw new Error('Not a key set');
    return keys;
  };
  const worker = { client_id: 'angelis-worker' };
  const password = { ...worker, grant_type: 'password', username: 'rosa', password: PASSWORD, scope: 'openid' };
  const refused = (status: number, error: string, error_description: string) => ({
    status,
    body: { error, error_description },
    caching: 'no-store',
  });

  it('answers refusals in the words of Keycloak 26.7', async () => {
    const signature = 'Invalid client or Invalid client credentials';
    const wrong = refused(400, 'invalid_grant', 'Invalid user credentials');
    await provider.users.create({ username: 'ana', enabled: false, emailVerified: true, password: PASSWORD });
    const cases: [form: Record<string, string>, answer: ReturnType<typeof refused>][] = [
      [{ ...password, username: 'nobody' }, wrong],
      [{ ...worker, grant_type: 'password', username: 'luz' }, wrong],
      [{ ...password, username: 'ana' }, refused(400, 'invalid_grant', 'Account disabled')],
      [{ ...password, username: 'ana', password: 'nope' }, wrong],
      [
        { ...password, client_id: 'angelis-admin' },
        refused(400, 'unauthorized_client', 'Client not allowed for direct access grants'),
      ],
      [{ ...password, client_id: 'nope' }, refused(401, 'invalid_client', signature)],
      [{ ...password, client_id: '__proto__' }, refused(401, 'invalid_client', signature)],
      [{ ...password, grant_type: 'zzz' }, refused(400, 'unsupported_grant_type', 'Unsupported grant_type')],
      [
        { grant_type: 'client_credentials', client_id: 'angelis-api', client_secret: 'bad' },
        refused(401, 'unauthorized_client', signature),
      ],
      [
        { ...worker, grant_type: 'client_credentials' },
        refused(401, 'unauthorized_client', 'Public client not allowed to retrieve service account'),
      ],
      [
        { ...worker, grant_type: 'refresh_token', refresh_token: 'junk' },
        refused(400, 'invalid_grant', 'Invalid refresh token'),
      ],
      [
        { client_id: 'angelis-otp', grant_type: 'password', username: 'rosa' },
        refused(400, 'invalid_client', 'Parameter client_assertion_type is missing'),
      ],
      [
        { client_id: 'angelis-admin', grant_type: 'authorization_code', code: 'x' },
        refused(400, 'invalid_grant', 'Code not valid'),
      ],
    ];
    for (const [form, answer] of cases) expect(await post('/token', form), JSON.stringify(form)).to.deep.equal(answer);
  });

  it('refuses introspection without the right secret, and to public clients', async () => {
    const wrong = { token: 'x', client_id: 'angelis-api', client_secret: 'x' };
    const failed = refused(401, 'invalid_client', 'Client authentication failed.');
    expect(await post('/token/introspect', wrong)).to.deep.equal(failed);
    const notAllowed = refused(403, 'invalid_request', 'Client not allowed.');
    expect(await post('/token/introspect', { token: 'x', ...worker })).to.deep.equal(notAllowed);
  });

  it('takes client credentials from the header, percent-encoded', async () => {
    const clientId = 'angelis-machine-http';
    const { secret } = await provider.machineClients.create({ clientId, name: 'HTTP' });
    const basic = Buffer.from(`${clientId}:${encodeURIComponent(secret)}`).toString('base64');
    const answer = await post('/token', { grant_type: 'client_credentials' }, { authorization: `Basic ${basic}` });
    expect(answer.status).to.equal(200);
    const broken = Buffer.from(`${clientId}:%E0%A4%A`).toString('base64');
    const bad = await post('/token', { grant_type: 'client_credentials' }, { authorization: `Basic ${broken}` });
    expect(bad.status).to.equal(401);
  });

  it('refuses a parameter that comes twice, and a form that is too long', async () => {
    const twice = new URLSearchParams([
      ['client_id', 'angelis-worker'],
      ['client_id', 'angelis-admin'],
    ]);
    const response = await fetch(`${url}/token`, { method: 'POST', body: twice });
    expect(response.status).to.equal(400);
    expect(await response.json()).to.deep.equal({
      error: 'invalid_request',
      error_description: 'duplicated parameter',
    });
    const long = await fetch(`${url}/token`, {
      method: 'POST',
      body: new URLSearchParams({ a: 'x'.repeat(30_000) }),
    });
    expect(long.status).to.equal(413);
  });

  it('publishes where everything is, and public keys only', async () => {
    const discovery: unknown = await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json();
    expect(discovery).to.include({ issuer: provider.issuer, jwks_uri: provider.jwksUri });
    const { keys } = await keySet();
    expect(keys.map((key) => Object.keys(key).toSorted())).to.deep.equal([['alg', 'e', 'kid', 'kty', 'n', 'use']]);
  });

  it('answers userinfo for a live token with openid only', async () => {
    const userinfo = async (token: string) => {
      const response = await fetch(`${url}/userinfo`, { headers: { authorization: `Bearer ${token}` } });
      return { status: response.status, challenge: response.headers.get('www-authenticate') };
    };
    const tokens = await attempt();
    expect((await userinfo(tokens.accessToken)).status).to.equal(200);
    const { body } = await post('/token', { ...password, scope: 'roles' });
    const narrow = typeof body === 'object' && body && 'access_token' in body ? String(body.access_token) : '';
    expect((await userinfo(narrow)).status).to.equal(403);
    await provider.endSession(tokens.sid);
    const { status, challenge } = await userinfo(tokens.accessToken);
    expect(status).to.equal(401);
    expect(challenge).to.match(/^Bearer realm="angelis", error="invalid_token"/);
  });

  const authorizationUrl = (changes: Record<string, string> = {}): string => {
    const challenge = createHash('sha256').update('v'.repeat(50)).digest('base64url');
    const request = { state: 's', nonce: 'n', challenge, redirectUri: server.redirectUri };
    const target = new URL(provider.authorizationUrl(request));
    for (const [name, value] of Object.entries(changes)) target.searchParams.set(name, value);
    return target.toString();
  };

  it('shows a sign-in page that says what it is and runs nothing', async () => {
    const page = await openSignInPage(authorizationUrl({ state: '"><script>alert(1)</script>' }));
    expect(page.html).to.include('DEVELOPMENT ONLY').and.not.include('<script');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).to.include("default-src 'none'").and.include("frame-ancestors 'none'").and.not.include('unsafe');
    const style = /<style>([^]*)<\/style>/.exec(page.html)?.[1] ?? '';
    expect(policy).to.include(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    const again = await page.submit('"><script>alert(2)</script>', 'wrong-password');
    expect(again.status).to.equal(200);
    expect(await again.text())
      .to.include('Invalid username or password')
      .and.not.include('<script');
  });

  it('shows an error page for a foreign redirect or client, escaped', async () => {
    const requests: Record<string, string>[] = [
      { redirect_uri: 'javascript:alert(1)' },
      { client_id: 'angelis-worker' },
      { client_id: 'x' },
    ];
    for (const changes of requests) {
      const response = await fetch(authorizationUrl(changes), { redirect: 'manual' });
      expect(response.status, JSON.stringify(changes)).to.equal(400);
      expect(response.headers.get('location')).to.equal(null);
      expect(response.headers.get('content-security-policy')).to.include("default-src 'none'");
    }
  });

  it('leads back with an error for plain PKCE, a short challenge and the implicit flow', async () => {
    const requests: Record<string, string>[] = [
      { code_challenge_method: 'plain' },
      { code_challenge: 'short' },
      { response_type: 'token' },
    ];
    for (const changes of requests) {
      const response = await fetch(authorizationUrl(changes), { redirect: 'manual' });
      const location = new URL(response.headers.get('location') ?? '');
      expect(response.status, JSON.stringify(changes)).to.equal(302);
      expect(location.searchParams.get('error')).to.equal('invalid_request');
      expect(location.searchParams.has('code')).to.equal(false);
    }
  });

  it('carries staff roles on the admin client', async () => {
    const staff = { username: 'sofia', enabled: true, emailVerified: true, roles: ['operator-support'] as const };
    await provider.addUsers([staff], PASSWORD);
    const back = await signInByBrowser(authorizationUrl(), 'sofia', PASSWORD);
    const code = back.get('code') ?? '';
    const { redirectUri } = server;
    const tokens = await provider.exchangeCode({ code, verifier: 'v'.repeat(50), redirectUri, nonce: 'n' });
    expect(decodeJwt(tokens.accessToken)['realm_access']).to.deep.equal({ roles: ['operator-support'] });
  });

  it('logs out by id token, back to the client’s own origin only', async () => {
    const back = await signInByBrowser(authorizationUrl(), 'rosa', PASSWORD);
    const code = back.get('code') ?? '';
    const { redirectUri } = server;
    const tokens = await provider.exchangeCode({ code, verifier: 'v'.repeat(50), redirectUri });
    const logout = (to: string) => {
      const query = { id_token_hint: tokens.idToken ?? '', post_logout_redirect_uri: to, state: 'x' };
      return fetch(`${url}/logout?${new URLSearchParams(query).toString()}`, { redirect: 'manual' });
    };
    expect((await logout('https://elsewhere.example/')).status).to.equal(400);
    expect(await provider.introspect(tokens.accessToken)).to.have.property('active', true);
    const done = await logout('http://127.0.0.1:3000/bye');
    expect(done.headers.get('location')).to.equal('http://127.0.0.1:3000/bye?state=x');
    expect(await provider.introspect(tokens.accessToken)).to.deep.equal({ active: false });
  });

  it('is understood by this system’s authentication: access tokens, logout notices, rotated keys', async () => {
    const authentication = createAuthentication({
      url: server.base,
      realm: 'angelis',
      issuer: provider.issuer,
      audience: 'angelis-api',
      authorizedParties: isAuthorizedParty,
      jwksUri: provider.jwksUri,
      now: () => new Date(),
    });
    const { accessToken, idToken, refreshToken, sid, userId } = await attempt();
    expect(await authentication.verify(accessToken)).to.include({ sub: userId, sid });
    for (const other of [idToken ?? '', refreshToken]) {
      const error = await authentication.verify(other).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(Problem);
    }
    await provider.endSession(sid);
    await provider.settled();
    const notice = server.logoutTokens.at(-1) ?? '';
    expect(decodeProtectedHeader(notice)).to.have.property('typ', 'logout+jwt');
    expect(await authentication.verifyLogout(notice)).to.deep.equal({ sid, sub: userId });

    await provider.rotateKeys();
    const keys = createLocalJWKSet(await keySet());
    await jwtVerify(accessToken, keys, { issuer: provider.issuer });
    await provider.rotateKeys();
    const rotated = createLocalJWKSet(await keySet());
    const gone = await jwtVerify(accessToken, rotated).catch((caught: unknown) => caught);
    expect(gone).to.have.property('code', 'ERR_JWKS_NO_MATCHING_KEY');
  });

  it('mints tokens with a session and claims of one’s choice', async () => {
    const minted = await provider.mint({
      user: { email: 'rosa@example.test' },
      client: 'angelis-admin',
      sid: 'sid-1',
      claims: { exp: 1 },
    });
    expect(decodeJwt(minted)).to.include({ azp: 'angelis-admin', sid: 'sid-1', exp: 1, typ: 'Bearer' });
    const nobody = provider.mint({ user: { username: 'nobody' }, client: 'angelis-admin' });
    expect(await codeOf(nobody)).to.equal('not_found');
  });
});
