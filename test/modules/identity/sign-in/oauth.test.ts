import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';

const SCOPES = ['workforce:project:read', 'organization:department:read'] as const;

/** The token endpoint as libraries of OAuth speak to it (RFC 6749, 2.3.1 and 5.2). */
describe('OAuth at the token endpoint', () => {
  let app: TestApp;
  let owner: string;
  let machine: { clientId: string; secret: string };

  before(async () => {
    app = await startApp();
    const companyId = await addCompany(app.database);
    owner = await (await addPerson(app, { companyId, roles: ['owner'] })).bearer();
    const made = await app.http
      .post('/angelis/admin/api-client')
      .set({ authorization: owner })
      .send({ name: 'Torniquete', scopes: [...SCOPES] })
      .expect(201);
    machine = made.body as typeof machine;
  });
  after(() => app.close());

  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    app.http.post('/angelis/auth/token').type('form').set(headers).send(fields);
  const said = ({ status, body }: { status: number; body: unknown }) => {
    const { code, error } = body as { code?: string; error?: string };
    return { status, code, error };
  };
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });
  const ask = (headers: Record<string, string>, fields: Record<string, string> = {}) =>
    post({ grant_type: 'client_credentials', ...fields }, headers);

  it('takes the secret of a machine by HTTP Basic as in the form, not by both at once', async () => {
    const { clientId, secret } = machine;
    const { body } = await ask(basic(clientId, secret)).expect(200);
    const authorization = `Bearer ${(body as { access_token: string }).access_token}`;
    await app.http.get('/angelis/auth/me/permissions').set({ authorization }).expect(200);
    await ask(basic(clientId, secret), { client_id: clientId }).expect(200);
    // Each half is written as in a form.
    await ask(basic(clientId.replaceAll('-', '%2D'), secret)).expect(200);
    const more: Record<string, string>[] = [{ client_secret: secret }, { client_id: 'angelis-machine-other' }];
    for (const fields of more)
      expect(said(await ask(basic(clientId, secret), fields))).to.deep.equal({
        status: 400,
        code: 'MALFORMED_REQUEST',
        error: 'invalid_request',
      });
    // A header that is of no secret says nothing.
    await ask({ authorization: owner }, { client_id: clientId, client_secret: secret }).expect(200);
  });

  it('refuses a client in words of OAuth, and says how it may show who it is', async () => {
    const { clientId, secret } = machine;
    const wrong = [
      ask(basic(clientId, `${secret}x`)),
      ask(basic('angelis-api', secret)),
      ask({ authorization: 'Basic nonsense' }),
      ask(basic(clientId, '%E0%A4%A')),
      ask(basic('', '')),
      ask({}, { client_id: clientId, client_secret: 'x' }),
    ];
    for (const answer of await Promise.all(wrong)) {
      expect(said(answer)).to.deep.equal({ status: 401, code: 'INVALID_CREDENTIALS', error: 'invalid_client' });
      expect(answer.headers['www-authenticate']).to.equal('Basic realm="angelis"');
      expect(answer.headers['content-type']).to.match(/^application\/problem\+json/);
    }
  });

  const granted = async (scope?: string) => {
    const { clientId, secret } = machine;
    const answer = await ask(basic(clientId, secret), scope === undefined ? {} : { scope }).expect(200);
    return answer.body as { access_token: string; scope: string };
  };

  it('narrows a machine’s token to the scopes that it asks for, and says to which', async () => {
    const whole = await granted();
    const one = await granted(SCOPES[0]);
    expect([whole.scope, (await granted('')).scope, one.scope]).to.deep.equal([
      SCOPES.join(' '),
      SCOPES.join(' '),
      SCOPES[0],
    ]);
    expect((await granted(`${SCOPES[1]} ${SCOPES[0]} ${SCOPES[1]}`)).scope.split(' ')).to.have.members([...SCOPES]);
    const read = async ({ access_token: token }: { access_token: string }) => {
      const headers = { authorization: `Bearer ${token}` };
      const projects = await app.http.get('/angelis/admin/project').set(headers);
      const departments = await app.http.get('/angelis/admin/department').set(headers);
      return [projects.status, departments.status];
    };
    // One after the other, and back: what this process knows of the client is of no other token.
    for (const [token, statuses] of [
      [whole, [200, 200]],
      [one, [200, 403]],
      [whole, [200, 200]],
      [one, [200, 403]],
    ] as const)
      expect(await read(token)).to.deep.equal(statuses);
    const asked = { authorization: owner };
    const { body } = await app.http
      .post('/angelis/auth/introspect')
      .type('form')
      .set(asked)
      .send({ token: one.access_token })
      .expect(200);
    expect(body).to.include({ active: true, scope: SCOPES[0] });
  });

  it('narrows to what the client still has, and never widens', async () => {
    const { id, version, ...other } = (
      await app.http
        .post('/angelis/admin/api-client')
        .set({ authorization: owner })
        .send({ name: 'Cabina', scopes: [...SCOPES] })
        .expect(201)
    ).body as { id: string; version: number; clientId: string; secret: string };
    const answer = await ask(basic(other.clientId, other.secret), { scope: SCOPES[0] }).expect(200);
    const headers = { authorization: `Bearer ${(answer.body as { access_token: string }).access_token}` };
    await app.http.get('/angelis/admin/project').set(headers).expect(200);
    await app.http
      .patch(`/angelis/admin/api-client/${id}`)
      .set({ authorization: owner, 'if-match': `"${version}"` })
      .send({ scopes: [SCOPES[1]] })
      .expect(200);
    await app.http.get('/angelis/admin/project').set(headers).expect(403);
    await app.http.get('/angelis/admin/department').set(headers).expect(403);
  });

  it('refuses scopes that a machine does not have, or that nobody has', async () => {
    const { clientId, secret } = machine;
    for (const scope of [
      'workforce:contract:read',
      'openid',
      `${SCOPES[0]} x`,
      `${SCOPES[0]}  ${SCOPES[1]}`,
      'workforce:*:read',
    ])
      expect(said(await ask(basic(clientId, secret), { scope })), scope).to.deep.equal({
        status: 400,
        code: 'INVALID_SCOPE',
        error: 'invalid_scope',
      });
    // Who does not show who they are learns of no scope.
    expect(said(await ask(basic(clientId, 'wrong'), { scope: 'openid' })).error).to.equal('invalid_client');
  });

  it('refuses what it cannot read at introspection and revocation in words of OAuth', async () => {
    for (const path of ['introspect', 'revoke']) {
      const send = () =>
        app.http.post(`/angelis/auth/${path}`).set(path === 'introspect' ? { authorization: owner } : {});
      const malformed = { status: 400, code: 'MALFORMED_REQUEST', error: 'invalid_request' };
      expect(said(await send().type('form').send({})), path).to.deep.equal(malformed);
      expect(said(await send().type('form').send('token=a&token=b')), path).to.deep.equal(malformed);
      expect(said(await send().send({ token: 'a' })), path).to.deep.equal({
        status: 415,
        code: 'FORM_REQUIRED',
        error: 'invalid_request',
      });
    }
    const { access_token: token } = await granted();
    const ofMachine = await app.http.post('/angelis/auth/revoke').type('form').send({ token });
    expect(said(ofMachine)).to.deep.equal({
      status: 400,
      code: 'UNSUPPORTED_TOKEN_TYPE',
      error: 'unsupported_token_type',
    });
    const nobody = await app.http.post('/angelis/auth/introspect').type('form').send({ token }).expect(401);
    expect(nobody.headers['www-authenticate']).to.equal('Bearer realm="angelis"');
  });

  it('refuses whatever else in words of OAuth', async () => {
    const code = { code: 'x', code_verifier: 'y', redirect_uri: `${app.url}/callback` };
    const refused: readonly [string, Record<string, string>][] = [
      ['MALFORMED_REQUEST invalid_request', {}],
      ['MALFORMED_REQUEST invalid_request', { grant_type: 'client_credentials' }],
      ['UNSUPPORTED_GRANT_TYPE unsupported_grant_type', { grant_type: 'password' }],
      ['INVALID_GRANT invalid_grant', { grant_type: 'refresh_token', refresh_token: 'made up' }],
      ['INVALID_GRANT invalid_grant', { grant_type: 'authorization_code', ...code }],
    ];
    for (const [words, fields] of refused) {
      const answer = said(await post(fields).expect(400));
      expect(`${answer.code} ${answer.error}`).to.equal(words);
    }
    const json = await app.http.post('/angelis/auth/token').send({ grant_type: 'refresh_token' });
    expect(said(json)).to.deep.equal({ status: 415, code: 'FORM_REQUIRED', error: 'invalid_request' });
  });

  it('calls a token invalid only where one was sent', async () => {
    const challenge = async (asked: Promise<{ headers: Record<string, string> }>) =>
      (await asked).headers['www-authenticate'];
    const me = (headers: Record<string, string>) => app.http.get('/angelis/auth/me').set(headers).expect(401);
    const signIn = app.http.post('/angelis/auth/sign-in').send({ identifier: 'nobody@example.cl', password: 'x' });
    expect(await challenge(signIn.expect(401))).to.equal('Bearer realm="angelis"');
    expect(await challenge(me({}))).to.equal('Bearer realm="angelis"');
    expect(await challenge(me({ authorization: 'Bearer a.b.c' }))).to.equal(
      'Bearer realm="angelis", error="invalid_token"',
    );
  });
});
