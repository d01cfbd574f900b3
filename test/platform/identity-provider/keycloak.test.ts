import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { expect } from 'chai';
import { exportPKCS8, generateKeyPair, UnsecuredJWT } from 'jose';
import type { CryptoKey } from 'jose';
import { IdentityProviderError } from '../../../src/platform/identity-provider/errors.ts';
import { createKeycloakIdentityProvider, importOtpKey } from '../../../src/platform/identity-provider/keycloak.ts';
import { fromAdminEvent, fromUserEvent } from '../../../src/platform/identity-provider/keycloak/events.ts';
import type { EventPage, IdentityProvider } from '../../../src/platform/identity-provider/port.ts';
import { listen } from '../../support/listen.ts';
import { ADDRESS, codeOf } from './support.ts';

type Answer = { status: number; body?: string } | 'hang';

/** What only a Keycloak in trouble does; test/servers runs the contract on a healthy one. */
describe('Keycloak adapter in trouble', () => {
  let server: Server;
  let url: string;
  let otpKey: CryptoKey;
  let provider: IdentityProvider;
  let seen: { request: string; headers: IncomingMessage['headers'] }[];
  let script: (request: string, times: number) => Answer;

  const json = (status: number, body: object): Answer => ({ status, body: JSON.stringify(body) });
  const token = new UnsecuredJWT({ sub: 'service' }).encode();
  const signedIn = json(200, { access_token: token, expires_in: 300 });
  const count = (part: string): number => seen.filter(({ request }) => request.includes(part)).length;
  const otherwise = (answer: Answer, part: string) => (request: string) => (request.includes(part) ? answer : signedIn);
  const passwordGrant = () => provider.passwordGrant({ username: 'rosa', password: 'secret', address: ADDRESS });

  before(async () => {
    server = createServer((incoming, response) => {
      const request = `${incoming.method} ${incoming.url}`;
      seen.push({ request, headers: incoming.headers });
      const answer = script(request, count(request));
      if (answer === 'hang') return;
      response.statusCode = answer.status;
      response.end(answer.body);
    });
    url = await listen(server);
    ({ privateKey: otpKey } = await generateKeyPair('ES256', { extractable: true }));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    seen = [];
    script = () => signedIn;
    provider = createKeycloakIdentityProvider({
      url: `${url}/`,
      realm: 'angelis',
      service: { clientId: 'angelis-api', clientSecret: 'secret' },
      otpKey,
      now: () => new Date(),
      timeout: 100,
    });
  });

  it('is unavailable when it hangs, breaks, answers HTML or nonsense, or is not there', async () => {
    const answers: Answer[] = [
      'hang',
      { status: 200, body: '<html>' },
      { status: 200, body: '' },
      { status: 200, body: '[]' },
      { status: 302 },
      { status: 502, body: '<html>' },
      json(500, { error: 'unknown_error' }),
      json(429, { error: 'slow_down' }),
    ];
    for (const answer of answers) {
      script = () => answer;
      expect(await codeOf(passwordGrant()), JSON.stringify(answer)).to.equal('unavailable');
      expect(await codeOf(provider.users.find({ id: 'a' })), JSON.stringify(answer)).to.equal('unavailable');
    }
    const odd = [
      { access_token: 'not-a-token', expires_in: 300 },
      { access_token: token, expires_in: 'soon' },
    ];
    for (const answer of odd) {
      script = () => json(200, answer);
      expect(await codeOf(passwordGrant()), JSON.stringify(answer)).to.equal('unavailable');
    }
    const gone = createKeycloakIdentityProvider({
      url: 'http://127.0.0.1:9',
      realm: 'angelis',
      service: { clientId: 'angelis-api', clientSecret: 'secret' },
      otpKey,
      now: () => new Date(),
    });
    expect(await codeOf(gone.passwordGrant({ username: 'a', password: 'b', address: ADDRESS }))).to.equal(
      'unavailable',
    );
    expect(await codeOf(gone.events({ since: new Date(0) }))).to.equal('unavailable');
  });

  it('is asked again for reads only', async () => {
    script = otherwise({ status: 503 }, '/admin/');
    expect(await codeOf(provider.users.find({ id: 'a' }))).to.equal('unavailable');
    expect(count('GET /admin/')).to.equal(3);
    expect(await codeOf(provider.users.update('a', { enabled: false }))).to.equal('unavailable');
    expect(count('PUT /admin/')).to.equal(1);
    script = () => ({ status: 503 });
    expect(await codeOf(passwordGrant())).to.equal('unavailable');
    expect(await codeOf(provider.refresh({ client: 'angelis-worker', refreshToken: 'x' }))).to.equal('unavailable');
    expect(count('POST /realms/angelis/protocol/openid-connect/token')).to.equal(1 + 2);
  });

  it('recovers within a read', async () => {
    const answer = json(200, { id: 'a', username: 'rosa', enabled: true });
    script = (request, times) => (request.includes('/admin/') && times < 3 ? { status: 503 } : pick(request, answer));
    expect(await provider.users.find({ id: 'a' })).to.include({ id: 'a', username: 'rosa', enabled: true });
  });
  const pick = (request: string, answer: Answer): Answer => (request.includes('/admin/') ? answer : signedIn);

  it('is signed in to once for parallel calls, and anew when it refuses the token', async () => {
    const answer = json(200, { id: 'a', username: 'rosa' });
    script = (request) => pick(request, answer);
    await Promise.all([1, 2, 3, 4].map(() => provider.users.find({ id: 'a' })));
    expect(count('/token')).to.equal(1);
    script = (request, times) => (request.startsWith('PUT') && times === 1 ? { status: 401 } : pick(request, answer));
    await provider.users.update('a', { enabled: false });
    expect(count('/token')).to.equal(2);
    expect(count('PUT')).to.equal(2);
    script = otherwise({ status: 401 }, '/admin/');
    expect(await codeOf(provider.users.update('b', {}))).to.equal('misconfigured');
  });

  it('says what an operator has to mend', async () => {
    script = () => json(401, { error: 'unauthorized_client', error_description: 'Invalid client credentials' });
    const refused = await provider.users.find({ id: 'a' }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(IdentityProviderError).with.property('code', 'misconfigured');
    expect(refused)
      .to.have.property('message')
      .match(/KEYCLOAK_ADMIN_CLIENT_ID/);
    expect(await codeOf(passwordGrant())).to.equal('misconfigured');
    script = otherwise(json(403, { error: 'HTTP 403 Forbidden' }), '/admin/');
    expect(await codeOf(provider.users.remove('a'))).to.equal('misconfigured');
  });

  it('hears the person’s address, and no password twice', async () => {
    script = () => json(400, { error: 'invalid_grant', error_description: 'Invalid user credentials' });
    expect(await codeOf(passwordGrant())).to.equal('invalid_credentials');
    expect(seen).to.have.length(1);
    expect(seen[0]?.headers['x-forwarded-for']).to.equal(ADDRESS);
  });

  it('reads the key of angelis-otp from PEM', async () => {
    const key = await importOtpKey(await exportPKCS8(otpKey));
    expect(key.algorithm).to.include({ name: 'ECDSA', namedCurve: 'P-256' });
  });

  it('reads the beginning of a long stretch of events, oldest first, and goes on behind it until all are read', async () => {
    const timeOf = (index: number): number => (index < 700 ? 7 : index);
    const rows = Array.from({ length: 1_900 }, (_none, index) => ({
      id: `e-${index}`,
      time: timeOf(index),
      type: 'LOGIN',
    }));
    script = (request) => {
      if (request.includes('/admin-events')) return json(200, []);
      if (!request.includes('/events')) return signedIn;
      const query = new URL(request.slice(4), url).searchParams;
      const [first, from] = [Number(query.get('first')), Number(query.get('dateFrom'))];
      expect(query.get('direction')).to.equal('asc');
      return json(200, rows.filter(({ time }) => time >= from).slice(first, first + 500));
    };
    const read: string[] = [];
    let pages = 0;
    for (let since: Date | undefined = new Date(7); since !== undefined; pages += 1) {
      const page: EventPage = await provider.events({ since });
      read.push(...page.events.map(({ id }) => id));
      since = page.next;
    }
    expect(read).to.deep.equal(rows.map(({ id }) => id));
    expect(pages).to.be.above(2);
  });
});

describe('Keycloak events', () => {
  const base = { id: 'e', time: 1000 };
  const at = new Date(1000);

  it('are told in our words', () => {
    const words = new Map([
      ['LOGIN', 'sign_in'],
      ['LOGIN_ERROR', 'sign_in_failed'],
      ['LOGOUT', 'session_ended'],
      ['USER_SESSION_DELETED', 'session_ended'],
      ['REFRESH_TOKEN_ERROR', 'refresh_failed'],
      ['USER_DISABLED_BY_TEMPORARY_LOCKOUT', 'locked'],
      ['USER_DISABLED_BY_PERMANENT_LOCKOUT', 'locked'],
      ['UPDATE_CREDENTIAL', 'credential_changed'],
      ['REMOVE_CREDENTIAL', 'credential_changed'],
      ['CODE_TO_TOKEN', undefined],
    ]);
    for (const [type, word] of words) expect(fromUserEvent({ ...base, type })?.type, type).to.equal(word);
    const update = (kind: string) =>
      fromUserEvent({ ...base, type: 'UPDATE_CREDENTIAL', details: { credential_type: kind, code_id: 's' } });
    expect(update('password')).to.include({ type: 'password_chosen', sid: 's' });
    expect(update('otp')).to.include({ type: 'second_factor_set_up', sid: 's' });
    const refused = { ...base, type: 'REFRESH_TOKEN_ERROR', sessionId: 's', details: { refresh_token_sub: 'u' } };
    expect(fromUserEvent(refused)).to.include({ userId: 'u', sid: 's' });
  });

  it('of administrators are told by what they touched', () => {
    const tell = (operationType: string, resourceType: string, resourcePath: string) =>
      fromAdminEvent({ ...base, operationType, resourceType, resourcePath });
    expect(tell('UPDATE', 'USER', 'users/u')).to.deep.equal({ id: 'e', at, type: 'user_changed', userId: 'u' });
    expect(tell('DELETE', 'USER', 'users/u')).to.include({ type: 'user_removed', userId: 'u' });
    expect(tell('ACTION', 'USER', 'users/u/reset-password')).to.include({ type: 'credential_changed', userId: 'u' });
    expect(tell('ACTION', 'USER', 'users/u/logout')).to.include({ type: 'sessions_ended', userId: 'u' });
    expect(tell('DELETE', 'USER_SESSION', 'sessions/s')).to.include({ type: 'session_ended', sid: 's' });
    const mapping = 'users/u/role-mappings/realm';
    expect(tell('CREATE', 'REALM_ROLE_MAPPING', mapping)).to.include({ type: 'user_changed', userId: 'u' });
    expect(tell('CREATE', 'USER', 'users/u')).to.equal(undefined);
    expect(tell('UPDATE', 'CLIENT', 'clients/c')).to.equal(undefined);
  });
});
