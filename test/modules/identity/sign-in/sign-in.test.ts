import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Beat } from '../../../../src/platform/http/beat.ts';
import { LIMITS } from '../../../../src/platform/settings/rates.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addLegacyPassword } from '../../../support/legacy.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { forgedTokens, testKey } from '../../../support/tokens.ts';

const PASSWORD = 'una clave larga y rara';

interface SignedIn {
  accessToken: string;
  refreshToken: string;
  company: { id: string; slug: string };
}

describe('sign-in', () => {
  let app: TestApp;
  let company: string;
  let n = 0;

  /** Refusals that waited for the beat. */
  let waited = 0;

  before(async () => {
    const beat: Beat = async (work) => {
      try {
        return await work();
      } catch (error) {
        waited += 1;
        throw error;
      }
    };
    app = await startApp({ beat });
    company = await addCompany(app.database);
  });
  after(() => app.close());

  const addWorker = async (rut?: string): Promise<TestPerson & { email: string }> => {
    n += 1;
    const email = `worker${n}@example.cl`;
    const login = { email, password: PASSWORD, ...(rut !== undefined && { rut }) };
    return { ...(await addPerson(app, { companyId: company, roles: ['worker'], login })), email };
  };
  /** Somebody whose password of an older system waits for their first sign-in. */
  const addVeteran = async (old: string): Promise<TestPerson & { email: string }> => {
    n += 1;
    const email = `worker${n}@example.cl`;
    const person = await addPerson(app, { companyId: company, roles: ['worker'], login: { email } });
    await addLegacyPassword(app, person.personId, old);
    return { ...person, email };
  };
  const signIn = (identifier: string, password = PASSWORD, headers: Record<string, string> = {}) =>
    app.http
      .post('/angelis/auth/sign-in')
      .set({ 'accept-language': 'en', ...headers })
      .send({ identifier, password });
  const enter = async (identifier: string): Promise<SignedIn> =>
    (await signIn(identifier).expect(200)).body as SignedIn;
  const me = (token: string) => app.http.get('/angelis/auth/me').set({ authorization: `Bearer ${token}` });
  const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    app.http.post(`/angelis/auth/${path}`).type('form').set(headers).send(fields);
  /** A problem without what differs from request to request. */
  const refusal = ({ status, body }: { status: number; body: unknown }) => {
    const { timestamp: _at, traceId: _trace, ...rest } = body as Record<string, unknown>;
    return { status, ...rest };
  };

  it('takes RUT as people write it, or email in any case', async () => {
    const { email, personId } = await addWorker('11111111-1');
    for (const identifier of ['11.111.111-1', '111111111', email.toUpperCase(), ` ${email} `]) {
      const { body } = await signIn(identifier, PASSWORD, { 'x-company-id': company }).expect(200);
      const { accessToken, company: entered } = body as SignedIn;
      expect(entered.id).to.equal(company);
      expect((await me(accessToken).expect(200)).body).to.include({
        id: personId,
        nationalIdMask: '*****111-1',
        email,
      });
    }
  });

  it('answers alike for accounts that are unknown, known, locked, disabled, malformed or of another company', async () => {
    const known = await addWorker('6123457-8');
    const disabled = await addWorker();
    const locked = await addWorker();
    const client = await app.database.superuser();
    await client.query(`update person set status = 'disabled' where id = $1`, [disabled.personId]);
    const [guest, placeless, unlinked] = [await addWorker(), await addWorker(), await addWorker('5126663-3')];
    await client.query(`update profile set status = 'ended' where id = $1`, [placeless.profileId]);
    await client.query('update profile set person_id = null where id = $1', [unlinked.profileId]);
    const veterans = [await addVeteran(PASSWORD), await addVeteran(PASSWORD), await addVeteran('corta')];
    const [mistaken, lockedToo, weak] = veterans.map(({ email }) => email);
    for (let failed = 0; failed < 6; failed += 1) await signIn(lockedToo!, 'wrong password');
    const stranger = await addCompany(app.database);
    const elsewhere = await addCompany(app.database);
    // Nobody is answered in the language of an account that they only named.
    const any = { 'accept-language': '*' };
    const of = (companyId: string) => ({ ...any, 'x-company-id': companyId });
    for (let failed = 0; failed < 6; failed += 1) await signIn(locked.email, 'wrong password');
    waited = 0;
    const answers = await Promise.all([
      signIn('nobody@example.cl', PASSWORD, any),
      signIn('22.222.222-2', PASSWORD, of(company)),
      signIn('6.123.457-8', 'wrong password', of(company)),
      signIn('6.123.457-8', PASSWORD, of(stranger)),
      signIn('6.123.457-8', PASSWORD, of(uuidv7())),
      signIn('5.126.663-3', PASSWORD, of(company)),
      signIn('¿?', PASSWORD, any),
      signIn(known.email, 'wrong password', any),
      signIn(locked.email, PASSWORD, any),
      signIn(disabled.email, PASSWORD, any),
      signIn(placeless.email, PASSWORD, any),
      signIn('nobody@example.cl', PASSWORD, of(stranger)),
      signIn(guest.email, PASSWORD, of(stranger)),
      signIn(placeless.email, PASSWORD, of(elsewhere)),
      signIn(mistaken!, 'wrong password', any),
      signIn(lockedToo!, PASSWORD, any),
      signIn(weak!, 'corta', any),
    ]);
    const [first, ...others] = answers.map((answer) => ({
      ...refusal(answer),
      headers: Object.keys(answer.headers as object),
      language: (answer.headers as Record<string, string>)['content-language'],
    }));
    expect(first).to.include({ status: 401, code: 'INVALID_CREDENTIALS', language: 'es' });
    for (const other of others) expect(other).to.deep.equal(first);
    expect(waited, 'each waits for the beat').to.equal(answers.length);
    await enter(guest.email);
  });

  it('refuses two names that are not one company’s before it looks at the account', async () => {
    const { email } = await addWorker();
    const other = await addCompany(app.database);
    const slugOf = (id: string) => `c-${id.slice(-12)}`;
    const named = (identifier: string, headers: Record<string, string>, password = PASSWORD) =>
      signIn(identifier, password, headers).expect(400);
    const differing: Record<string, string>[] = [
      { 'x-company-slug': slugOf(company), 'x-company-id': other },
      { 'x-company-slug': slugOf(other), 'x-company-id': company },
      { 'x-company-slug': 'nobodys', 'x-company-id': company },
      { 'x-company-slug': 'nobodys', 'x-company-id': uuidv7() },
      { 'x-company-slug': slugOf(company), host: 'minera.example' },
      { host: `${slugOf(company)}.127.0.0.1`, 'x-company-id': other },
    ];
    for (const headers of differing)
      for (const refused of [await named(email, headers), await named('nobody@example.cl', headers)])
        expect((refused.body as { code: string }).code).to.equal('COMPANY_HINTS_DIFFER');
    const { body } = await app.http
      .get('/angelis/appconfig')
      .set({ 'x-company-slug': slugOf(company), 'x-company-id': other })
      .expect(400);
    expect((body as { code: string }).code).to.equal('COMPANY_HINTS_DIFFER');
    await signIn(email, PASSWORD, { 'x-company-slug': slugOf(company), 'x-company-id': company }).expect(200);
  });

  it('takes the company from the subdomain or the domain of its own', async () => {
    const person = await addWorker();
    const second = await addCompany(app.database);
    await addPerson(app, { companyId: second, roles: ['worker'], person });
    const client = await app.database.superuser();
    await client.query(`update company set custom_domain = 'turnos.minera.example' where id = $1`, [second]);
    const at = async (host: string) =>
      ((await signIn(person.email, PASSWORD, { host }).expect(200)).body as SignedIn).company.id;
    expect(await at(`c-${company.slice(-12)}.127.0.0.1`)).to.equal(company);
    expect(await at(`C-${second.slice(-12).toUpperCase()}.127.0.0.1:8443`)).to.equal(second);
    expect(await at(`c-${company.slice(-12)}.127.0.0.1`)).to.equal(company);
    expect(await at('turnos.minera.example')).to.equal(second);
    for (const host of ['nobodys.127.0.0.1', 'elsewhere.example'])
      await signIn(person.email, PASSWORD, { host }).expect(401);
    const path = (slug: string) =>
      app.http.post(`/angelis/c/${slug}/auth/sign-in`).send({ identifier: person.email, password: PASSWORD });
    expect(((await path(`c-${company.slice(-12)}`).expect(200)).body as SignedIn).company.id).to.equal(company);
    await path('nobodys').expect(401);
  });

  it('goes on in the company that its person moved to while an admin of the one before ended it there', async () => {
    const person = await addWorker();
    const companyId = await addCompany(app.database);
    await addPerson(app, { companyId, roles: ['worker'], person });
    const opened = await signIn(person.email, PASSWORD, { 'x-company-id': company }).expect(200);
    const { accessToken, refreshToken } = opened.body as SignedIn;
    const [session] = await app.identity.endings.of(person.personId);
    const authorization = `Bearer ${accessToken}`;
    await app.http.post('/angelis/auth/me/companies/switch').set({ authorization }).send({ companyId }).expect(204);
    await app.identity.endings.end(session!, { because: 'by_admin', traceId: 'a'.repeat(32) });
    await app.http.get('/angelis/auth/me').set({ authorization }).expect(200);
    await app.http.post('/angelis/auth/refresh').send({ refreshToken }).expect(200);
  });

  it('does the same work for accounts that are unknown and known', async () => {
    const { email } = await addWorker('14275836-9');
    const asked: string[] = [];
    const { passwordGrant } = app.identityProvider;
    app.identityProvider.passwordGrant = (request) => {
      asked.push(request.username);
      return passwordGrant(request);
    };
    for (const identifier of [email, 'nobody@example.cl', '14275836-9', '22.222.222-2'])
      await signIn(identifier, 'wrong password', { 'x-company-id': company }).expect(401);
    app.identityProvider.passwordGrant = passwordGrant;
    expect(asked).to.have.length(4);
    for (const username of asked) expect(username).to.match(/^u-[0-9a-f-]{36}$/);
  });

  it('enters the company that is named, else the one used last; another’s name is refused and leaves no session', async () => {
    const person = await addWorker();
    const second = await addCompany(app.database);
    await addPerson(app, { companyId: second, roles: ['manager'], person });
    const stranger = await addCompany(app.database);
    const there = (await signIn(person.email, PASSWORD, { 'x-company-id': second }).expect(200)).body as SignedIn;
    expect(there.company.id).to.equal(second);
    expect((await enter(person.email)).company.id).to.equal(second);
    await signIn(person.email, PASSWORD, { 'x-company-id': stranger }).expect(401);
    const client = await app.database.superuser();
    const { rows } = await client.query('select 1 from session where person_id = $1 and company_id = $2', [
      person.personId,
      stranger,
    ]);
    expect(rows).to.deep.equal([]);
  });

  it('rotates refresh tokens: a spent one ends the session', async () => {
    const { email } = await addWorker();
    const first = await enter(email);
    const refresh = (refreshToken: string) => app.http.post('/angelis/auth/refresh').send({ refreshToken });
    const second = (await refresh(first.refreshToken).expect(200)).body as SignedIn;
    await me(second.accessToken).expect(200);
    await refresh(first.refreshToken).expect(401);
    await refresh(second.refreshToken).expect(401);
    await refresh('made up').expect(401);
  });

  it('refuses to refresh a session that was ended here', async () => {
    const { email } = await addWorker();
    const { accessToken, refreshToken } = await enter(email);
    const other = await enter(email);
    await app.http
      .post('/angelis/auth/me/sessions/end-others')
      .set({ authorization: `Bearer ${other.accessToken}` })
      .expect(200);
    await me(accessToken).expect(401);
    const refused = await app.http.post('/angelis/auth/refresh').send({ refreshToken }).expect(401);
    expect((refused.body as { code: string }).code).to.equal('INVALID_TOKEN');
  });

  it('logs out at once, here and at the provider', async () => {
    const { email } = await addWorker();
    const { accessToken, refreshToken } = await enter(email);
    await app.http
      .post('/angelis/auth/logout')
      .set({ authorization: `Bearer ${accessToken}` })
      .expect(204);
    await me(accessToken).expect(401);
    await app.http.post('/angelis/auth/refresh').send({ refreshToken }).expect(401);
  });

  it('ends the session when the provider says that it ended, and believes nobody else', async () => {
    const { email } = await addWorker();
    const { accessToken, refreshToken } = await enter(email);
    const forged = await forgedTokens(await testKey('other'), app.identityProvider.issuer, new Date());
    for (const token of [accessToken, ...forged.values()])
      await form('backchannel-logout', { logout_token: token }).expect(400);
    await me(accessToken).expect(200);
    await app.identityProvider.logout({ client: 'angelis-worker', refreshToken });
    await app.identityProvider.settled();
    await me(accessToken).expect(401);
  });

  it('introspects: active while the session lives, and nothing more about others', async () => {
    const { email, keycloakId } = await addWorker();
    const target = await enter(email);
    const caller = await enter((await addWorker()).email);
    const headers = { authorization: `Bearer ${caller.accessToken}` };
    const ask = async (token: string): Promise<unknown> =>
      (await form('introspect', { token }, headers).expect(200)).body;
    expect(await ask(target.accessToken)).to.deep.include({
      active: true,
      sub: keycloakId,
      client_id: 'angelis-worker',
    });
    const login = { email: 'abroad@example.cl', password: PASSWORD };
    await addPerson(app, { companyId: await addCompany(app.database), roles: ['worker'], login });
    const { accessToken: foreign } = await enter(login.email);
    expect(await ask(foreign)).to.deep.equal({ active: false });
    const { body } = await form('introspect', { token: foreign }, { authorization: `Bearer ${foreign}` }).expect(200);
    expect(body).to.include({ active: true, client_id: 'angelis-worker' });
    await form('revoke', { token: target.accessToken }).expect(204);
    await me(target.accessToken).expect(401);
    expect(await ask(target.accessToken)).to.deep.equal({ active: false });
    expect(await ask('made up')).to.deep.equal({ active: false });
    await form('introspect', { token: target.accessToken }).expect(401);
  });

  it('revokes by refresh token too, and says nothing of one that it does not know', async () => {
    const { accessToken, refreshToken } = await enter((await addWorker()).email);
    await form('revoke', { token: 'made up' }).expect(204);
    await form('revoke', { token: refreshToken }).expect(204);
    await app.identityProvider.settled();
    await me(accessToken).expect(401);
  });

  it('speaks OAuth at the token endpoint', async () => {
    const { refreshToken } = await enter((await addWorker()).email);
    const answer = await form('token', { grant_type: 'refresh_token', refresh_token: refreshToken }).expect(200);
    expect(answer.headers['cache-control']).to.equal('no-store');
    await me((answer.body as { access_token: string }).access_token).expect(200);
    const code = (body: unknown) => (body as { code: string }).code;
    const spent = { code: 'x', code_verifier: 'y', redirect_uri: `${app.url}/callback` };
    expect(code((await form('token', { grant_type: 'authorization_code', ...spent }).expect(400)).body)).to.equal(
      'INVALID_GRANT',
    );
    expect(code((await form('token', { grant_type: 'password' }).expect(400)).body)).to.equal('UNSUPPORTED_GRANT_TYPE');
    await form('token', {}).expect(400);
    await app.http.post('/angelis/auth/token').send({ grant_type: 'refresh_token' }).expect(415);
    await app.http.post('/angelis/auth/token').type('form').send('grant_type=a&grant_type=b').expect(400);
    await form('token', {
      grant_type: 'client_credentials',
      client_id: 'angelis-machine-unknown',
      client_secret: 'x',
    }).expect(401);
    await form('token', { grant_type: 'client_credentials', client_id: 'angelis-api', client_secret: 'x' }).expect(401);
  });

  it('refuses every forged token alike, and one whose session has ended', async () => {
    const key = await testKey('forger');
    const strange = await forgedTokens(key, app.identityProvider.issuer, new Date());
    const { keycloakId } = await addWorker();
    const past = Math.floor(Date.now() / 1000) - 600;
    const own = await Promise.all(
      [
        { aud: 'account' },
        { iss: 'https://elsewhere.example/realms/angelis' },
        { typ: 'ID' },
        { typ: 'Refresh' },
        { azp: 'somebody-else' },
        { iat: past - 300, exp: past },
        { nbf: past + 3_600 },
        { exp: past + 86_400 },
        { sid: 7 },
        { sub: '' },
        { realm_access: { roles: 'operator-superadmin' } },
      ].map((claims) => app.identityProvider.mint({ user: { id: keycloakId }, client: 'angelis-worker', claims })),
    );
    const { accessToken: ended } = await enter((await addWorker()).email);
    await me(ended).expect(200);
    await app.http
      .post('/angelis/auth/logout')
      .set({ authorization: `Bearer ${ended}` })
      .expect(204);
    const answers = await Promise.all([
      ...[...strange.values(), ...own, ended].map((token) => me(token).expect(401)),
      me(ended).set({ 'x-company-slug': 'of-another' }).expect(401),
    ]);
    const [first, ...others] = answers.map(refusal);
    expect(first).to.include({ code: 'INVALID_TOKEN' });
    for (const other of others) expect(other).to.deep.equal(first);
  });

  it('counts tries against the account and against the address', async () => {
    const limited = await startApp({ limits: { ...LIMITS, anonymous: { points: 1_000, per: 60 } } });
    const attempt = (identifier: string, address: string) =>
      limited.http
        .post('/angelis/auth/sign-in')
        .set({ 'x-forwarded-for': address })
        .send({ identifier, password: 'x' });
    const statuses = async (tries: (readonly [string, string])[]): Promise<number[]> => {
      const found: number[] = [];
      for (const [identifier, address] of tries) found.push((await attempt(identifier, address)).status);
      return found;
    };
    const perAccount = await statuses(Array.from({ length: 11 }, (_, i) => ['a@example.cl', `10.0.0.${i}`] as const));
    expect(perAccount).to.deep.equal([...Array<number>(10).fill(401), 429]);
    const perAddress = await statuses(Array.from({ length: 11 }, (_, i) => [`b${i}@example.cl`, '10.1.0.1'] as const));
    expect(perAddress).to.deep.equal([...Array<number>(10).fill(401), 429]);
    expect((await attempt('c@example.cl', '10.1.0.1')).headers['retry-after']).to.match(/^\d+$/);
    await limited.close();
  });

  it('lets each client call only what is for it', async () => {
    const person = await addWorker();
    const worker = await person.bearer('angelis-worker');
    const admin = await person.bearer('angelis-admin');
    const logout = (bearer: string) => app.http.post('/angelis/auth/logout').set({ authorization: bearer });
    const refused = await logout(admin).expect(403);
    expect((refused.body as { code: string }).code).to.equal('WRONG_CLIENT');
    await logout(worker).expect(204);
    const unknown = await app.identityProvider.mint({
      user: { id: person.keycloakId },
      client: 'angelis-worker',
      sid: uuidv7(),
      claims: { azp: 'somebody-else' },
    });
    await me(unknown).expect(401);
  });
});
