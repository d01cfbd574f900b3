import { expect } from 'chai';
import type { Test } from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';

interface Row {
  readonly id: string;
  readonly version: number;
}
interface Tokens {
  readonly accessToken: string;
}

const PASSWORD = 'grapas y caballos';
const MARK = 'SECRETO-DEL-OTRO';
const RUT = '14275836-9';
const KNOWN_RUT = '7654321-6';
const UNKNOWN_RUT = '5126663-3';
const EMAIL = 'vera@example.cl';
const KNOWN_EMAIL = 'known@example.cl';
const EVIL = 'mine@evil.example';
const OTHER_EVIL = 'other@evil.example';
const EVIL_PHONE = '+56911119999';

/**
 * Vera is a login with a profile in two companies, and an owner in theirs. Whoever owns mine may do everything there, and
 * nothing to her elsewhere: each rule of identity and organization that keeps one company out of another's is tried.
 */
describe('a person in two companies, and a hostile owner of one of them', () => {
  let app: TestApp;
  let mine: string;
  let theirs: string;
  let hostile: Client;
  let honest: Client;
  /** Vera in each of them. */
  let here: TestPerson;
  let there: TestPerson;
  /** Somebody whom only the other company knows. */
  let known: TestPerson;
  let asVera: Client;
  let untouched: object;

  const sql = <T extends object>(text: string, values: unknown[]): Promise<T[]> => app.database.sql<T>(text, values);
  const get = (path: string, authorization: string, headers = {}) =>
    app.http.get(`/angelis${path}`).set({ authorization, ...headers });
  const signIn = (identifier: string, password = PASSWORD, companyId = theirs) =>
    app.http.post('/angelis/auth/sign-in').set({ 'x-company-id': companyId }).send({ identifier, password });
  const versionOf = async (id: string, by = hostile) =>
    version(((await by.get(`/admin/profile/${id}`).expect(200)).body as Row).version);
  const move = async (id: string, name: string, body: object = { reason: 'x' }) =>
    hostile.post(`/admin/profile/${id}/${name}`, body, await versionOf(id));
  const person = (value: string, contactEmail: string) => {
    const nationalId = { kind: 'RUT', value };
    return { firstName: 'Eva', lastName: 'Soto', kind: 'contractor', contactEmail, nationalId };
  };
  const mailsTo = (address: string) => app.messages.mails.filter(({ to }) => to === address);
  const tokenTo = (address: string): string => /token=(\S+)/.exec(mailsTo(address).at(-1)?.text ?? '')?.[1] ?? 'none';
  /** What is told of an answer, without what differs from one to the next: ids, times and what was asked with. */
  const shapeOf = ({ status, body }: { status: number; body: unknown }): unknown => [
    status,
    Object.keys(body as object).toSorted(),
    (body as { code?: string }).code,
  ];
  /** Neither body tells which of the two is there. */
  const alike = async (one: Test, other: Test): Promise<void> => {
    const [first, second] = [await one, await other];
    expect(shapeOf(first)).to.deep.equal(shapeOf(second));
  };

  /** All of Vera that is none of this company's business. */
  const elsewhere = async (): Promise<object> => ({
    login: await sql(
      `select to_jsonb(p) - 'failed_logins' - 'last_login_at' as login from person p where p.id = any($1)`,
      [[there.personId, known.personId]],
    ),
    profiles: await sql(`select to_jsonb(p) as profile from profile p where p.company_id = $1 order by p.id`, [theirs]),
    links: await sql('select * from system_link where company_id = $1', [theirs]),
    lines: await sql('select * from reporting_line where company_id = $1', [theirs]),
    roles: await sql('select * from role_assignment where company_id = $1 order by id', [theirs]),
    member: await sql('select * from person_company where company_id = $1 order by person_id', [theirs]),
    may: (await asVera.get('/auth/me/permissions').expect(200)).body as object,
    provider: await app.identityProvider.users.find({ id: there.keycloakId }),
  });

  before(async () => {
    app = await startApp({ background: true });
    [mine, theirs] = [await addCompany(app.database), await addCompany(app.database)];
    hostile = await clientOf(app, await addPerson(app, { companyId: mine, roles: ['owner'] }));
    honest = await clientOf(app, await addPerson(app, { companyId: theirs, roles: ['owner'] }));
    const login = { email: EMAIL, rut: RUT, phone: '+56922223333', password: PASSWORD };
    const name = { firstName: 'Vera', lastName: 'Ríos' };
    there = await addPerson(app, { companyId: theirs, roles: ['owner'], login, ...name });
    here = await addPerson(app, { companyId: mine, roles: ['worker'], person: there, login: { rut: RUT }, ...name });
    const other = { email: KNOWN_EMAIL, rut: KNOWN_RUT, password: PASSWORD };
    known = await addPerson(app, { companyId: theirs, roles: ['worker'], login: other });
    const nationalId = { kind: 'RUT', value: RUT };
    const at = await versionOf(there.profileId, honest);
    await honest.patch(`/admin/profile/${there.profileId}`, { employeeNumber: MARK, nationalId }, at).expect(200);
    const link = { system: 'SAFER', externalId: MARK };
    await honest.post(`/admin/profile/${there.profileId}/system-link`, link).expect(201);
    // Each session is bound to the company that its first request names.
    await get('/auth/me', await here.bearer(), { 'x-company-id': mine }).expect(200);
    await get('/auth/me', await there.bearer(), { 'x-company-id': theirs }).expect(200);
    asVera = await clientOf(app, there);
    untouched = await elsewhere();
  });
  after(() => app.close());
  afterEach(async () => {
    await app.idle();
    expect(await elsewhere()).to.deep.equal(untouched);
    const { accessToken } = (await signIn(RUT).expect(200)).body as Tokens;
    await app.http
      .post('/angelis/auth/logout')
      .set({ authorization: `Bearer ${accessToken}` })
      .expect(204);
    const sent = [...app.messages.mails, ...app.messages.texts].map((message) => JSON.stringify(message)).join('\n');
    expect(sent).to.not.contain(MARK);
  });

  it('ids of another company answer as ids that nobody has', async () => {
    const department = ((await honest.post('/admin/department', { code: uuidv7().slice(-8), name: 'D' })).body as Row)
      .id;
    const made = uuidv7();
    const tries: ((id: string) => Test)[] = [
      (id) => hostile.get(`/admin/profile/${id}`),
      (id) => hostile.get(`/admin/profile/${id}/actions`),
      (id) => hostile.get(`/admin/profile/${id}/national-id`),
      (id) => hostile.get(`/admin/profile/${id}/photo`),
      (id) => hostile.get(`/admin/profile/${id}/session`),
      (id) => hostile.get(`/admin/profile/${id}/superior`),
      (id) => hostile.get(`/admin/profile/${id}/system-link`),
      (id) => hostile.get(`/admin/role/effective/${id}`),
      (id) => hostile.patch(`/admin/profile/${id}`, { contactEmail: EVIL }, version(1)),
      (id) => hostile.del(`/admin/profile/${id}`, version(1)),
      (id) => hostile.put(`/admin/profile/${id}/superior`, { superiorId: here.profileId }),
      (id) => hostile.put(`/admin/profile/${here.profileId}/superior`, { superiorId: id }),
      (id) => hostile.post(`/admin/profile/${id}/system-link`, { system: 'FIT2000', externalId: 'x' }),
      (id) => hostile.post(`/admin/profile/${id}/session/end-all`),
      (id) => hostile.post('/admin/role/assignment', { profileId: id, systemRole: 'worker' }),
      (id) => hostile.post('/privacy/legal-hold', { profileId: id, reason: 'x' }),
      ...['suspend', 'resume', 'end', 'erase', 'invite', 'resend', 'withdraw'].map(
        (name) => (id: string) => hostile.post(`/admin/profile/${id}/${name}`, { reason: 'x' }, version(1)),
      ),
    ];
    for (const attempt of tries) await alike(attempt(there.profileId), attempt(made));
    const places: ((id: string) => Test)[] = [
      (id) => hostile.get(`/admin/department/${id}`),
      (id) => hostile.post(`/admin/department/${id}/members`, { profileIds: [here.profileId] }),
      (id) => hostile.post('/admin/department', { code: uuidv7().slice(-8), name: 'D', parentId: id }),
      (id) => hostile.post('/admin/profile', { ...person(UNKNOWN_RUT, EVIL), departmentId: id }),
      (id) => hostile.get(`/admin/companies/${id}`),
    ];
    for (const attempt of places) await alike(attempt(department), attempt(made));
    await alike(hostile.get(`/admin/companies/${theirs}`), hostile.get(`/admin/companies/${made}`));
  });

  it('only the person changes the address, phone and password that they sign in with', async () => {
    const contact = { contactEmail: EVIL, contactPhone: EVIL_PHONE };
    await hostile.patch(`/admin/profile/${here.profileId}`, contact, await versionOf(here.profileId)).expect(200);
    for (const identifier of [EVIL, EVIL_PHONE]) {
      await app.http.post('/angelis/auth/password/forgotten').send({ identifier });
      for (const [purpose, channel] of [
        ['reset', 'email'],
        ['login', 'email'],
        ['login', 'sms'],
      ])
        await app.http.post('/angelis/otp/request').send({ identifier, purpose, channel });
      await signIn(identifier, PASSWORD, mine).expect(401);
    }
    await app.idle();
    expect(mailsTo(EVIL)).to.deep.equal([]);
    expect(app.messages.texts).to.deep.equal([]);
    for (const attempt of [
      hostile.get(`/admin/person?identifier=${encodeURIComponent(EMAIL)}`),
      hostile.get(`/admin/person/${there.personId}`),
      hostile.post(`/admin/person/${there.personId}/change-email`, { email: EVIL, reason: 'x' }, version(1)),
      hostile.post(`/admin/person/${there.personId}/require-new-password`, { reason: 'x' }, version(1)),
      hostile.post(`/admin/person/${there.personId}/reset-second-factor`, { reason: 'x' }, version(1)),
      hostile.post(`/admin/person/${there.personId}/disable`, { reason: 'x' }, version(1)),
      hostile.get(`/admin/person/${there.personId}/session`),
    ])
      await attempt.expect(403);
  });

  it('a company changes its profiles, never the person', async () => {
    const names = { firstName: 'Otra', lastName: 'Persona', nationalId: { kind: 'RUT', value: UNKNOWN_RUT } };
    await hostile.patch(`/admin/profile/${here.profileId}`, names, await versionOf(here.profileId)).expect(200);
    await hostile
      .post(`/admin/profile/${here.profileId}/system-link`, { system: 'SAFER', externalId: 'M-1' })
      .expect(201);
    expect((await move(here.profileId, 'suspend')).status).to.equal(200);
    await asVera.get('/auth/me').expect(200);
    for (const identifier of [RUT, UNKNOWN_RUT, EMAIL]) await signIn(identifier, PASSWORD, mine).expect(401);
    await signIn(UNKNOWN_RUT).expect(401);
    expect((await move(here.profileId, 'resume')).status).to.equal(200);
    // In their company she has the RUT that they say, and elsewhere her own.
    await signIn(RUT, PASSWORD, mine).expect(401);
    await signIn(UNKNOWN_RUT, PASSWORD, mine).expect(200);
    const own = { nationalId: { kind: 'RUT', value: RUT } };
    await hostile.patch(`/admin/profile/${here.profileId}`, own, await versionOf(here.profileId)).expect(200);
    await signIn(RUT, PASSWORD, mine).expect(200);
  });

  it('whoever is known elsewhere looks like somebody new', async () => {
    for (const [path, a, b] of [
      ['national-id', { kind: 'RUT', value: KNOWN_RUT }, { kind: 'RUT', value: '11111112-K' }],
      ['email', { email: KNOWN_EMAIL }, { email: 'nobody@example.cl' }],
    ] as const)
      for (const body of [a, b])
        expect((await hostile.post(`/common/${path}/free`, body).expect(200)).body).to.deep.equal({ free: true });
    const [one, other] = [person(KNOWN_RUT, KNOWN_EMAIL), person('11111112-K', 'nobody@example.cl')];
    const made = [await hostile.post('/admin/profile', one), await hostile.post('/admin/profile', other)];
    expect(shapeOf(made[0]!)).to.deep.equal(shapeOf(made[1]!));
    const ids = made.map(({ body }) => (body as Row).id);
    const invited = [await move(ids[0]!, 'invite', {}), await move(ids[1]!, 'invite', {})];
    expect(invited.map(shapeOf)[0]).to.deep.equal(shapeOf(invited[1]!));
    await app.idle();
    const shown = (address: string) => app.http.get('/angelis/auth/invitation').query({ token: tokenTo(address) });
    await alike(shown(KNOWN_EMAIL), shown('nobody@example.cl'));
    for (const id of ids) {
      const { personId } = (
        await sql<{ personId: string | null }>('select person_id as "personId" from profile where id = $1', [id])
      )[0]!;
      expect(personId).to.equal(null);
      expect((await move(id, 'withdraw')).status).to.equal(200);
      await hostile.del(`/admin/profile/${id}`, await versionOf(id)).expect(204);
    }
  });

  it('a RUT that is known elsewhere, at a mailbox of their own, makes a stranger of theirs, as an unknown one does', async () => {
    const password = 'una clave del atacante';
    const tried = async (rut: string, address: string) => {
      const { id } = (await hostile.post('/admin/profile', person(rut, address)).expect(201)).body as Row;
      expect((await move(id, 'invite', {})).status).to.equal(200);
      await app.idle();
      const accepted = await app.http
        .post('/angelis/auth/invitation/accept')
        .send({ token: tokenTo(address), password });
      const inside = await signIn(rut, password, mine);
      const [linked] = await sql<{ personId: string }>(
        'select person_id as "personId" from person_company where company_id = $1 and profile_id = $2',
        [mine, id],
      );
      expect(linked!.personId).to.not.equal(known.personId);
      expect((await move(id, 'end')).status).to.equal(200);
      return [shapeOf(accepted), inside.status];
    };
    expect(await tried(KNOWN_RUT, OTHER_EVIL)).to.deep.equal(await tried('11111112-K', 'third@evil.example'));
    await signIn(KNOWN_RUT, password).expect(401);
    await signIn(KNOWN_RUT).expect(200);
    await signIn(KNOWN_RUT, PASSWORD, mine).expect(401);
  });

  it('a session is of one company: the other neither sees, uses nor ends it', async () => {
    const [inMine, inTheirs] = [await here.bearer(), await there.bearer()];
    await get('/auth/me', inMine, { 'x-company-id': theirs }).expect(403);
    await get('/auth/me', inTheirs, { 'x-company-id': mine }).expect(403);
    await get(`/admin/profile/${there.profileId}`, inMine).expect(403);
    const { items } = (await hostile.get(`/admin/profile/${here.profileId}/session`).expect(200)).body as {
      items: Row[];
    };
    const [own] = await sql<{ ids: string[] }>(
      'select array_agg(id) as ids from session where company_id = $1 and person_id = $2 and revoked_at is null',
      [mine, here.personId],
    );
    expect(items.map(({ id }) => id)).to.have.members(own!.ids);
    const told = await hostile
      .post('/auth/introspect')
      .type('form')
      .send({ token: inTheirs.slice('Bearer '.length) });
    expect([told.status, told.body]).to.deep.equal([200, { active: false }]);
    await hostile.post(`/admin/profile/${here.profileId}/session/end-all`).expect(200);
    await get('/auth/me', inMine).expect(401);
    await get('/auth/me', inTheirs).expect(200);
  });

  it('one-time codes open only what allows them, also by way of another company', async () => {
    const key = '/admin/appconfig/identity.otpSignIn';
    const { headers } = await hostile.get(key).expect(200);
    await hostile.put(key, { value: { email: true, sms: true } }, { 'if-match': String(headers['etag']) }).expect(200);
    const request = (companyId: string) =>
      app.http
        .post('/angelis/otp/request')
        .set({ 'x-company-id': companyId })
        .send({ identifier: EMAIL, purpose: 'login', channel: 'email' });
    await request(theirs).expect(202);
    await app.idle();
    expect(mailsTo(EMAIL)).to.deep.equal([]);
    app.clock.set(new Date(Date.now() + 120_000));
    try {
      const { requestId } = (await request(mine).expect(202)).body as { requestId: string };
      await app.idle();
      const code = /\b(\d{6})\b/.exec(mailsTo(EMAIL).at(-1)!.text)![1];
      const verify = (companyId: string) =>
        app.http.post('/angelis/otp/verify').set({ 'x-company-id': companyId }).send({ requestId, code });
      const { signedIn } = (await verify(mine).expect(200)).body as { signedIn: Tokens };
      const authorization = `Bearer ${signedIn.accessToken}`;
      const body = { companyId: theirs };
      const switched = await app.http.post('/angelis/auth/me/companies/switch').set({ authorization }).send(body);
      expect([switched.status, (switched.body as { code: string }).code]).to.deep.equal([403, 'OTP_NOT_TAKEN']);
      await get('/auth/me', authorization, { 'x-company-id': theirs }).expect(403);
      await get('/auth/me', authorization).expect(200);
    } finally {
      app.clock.set(undefined);
    }
  });

  it('roles, machine clients and settings hold in their company alone', async () => {
    for (const systemRole of ['admin', 'safety_admin', 'auditor'])
      await hostile.post('/admin/role/assignment', { profileId: here.profileId, systemRole }).expect(201);
    const all = { code: 'all', name: 'All', reach: 'company', grants: ['organization:*:*'], denies: [] };
    const { id: roleId } = (await hostile.post('/admin/role', all).expect(201)).body as Row;
    await hostile.post('/admin/role/assignment', { profileId: here.profileId, roleId }).expect(201);
    await alike(
      honest.post('/admin/role/assignment', { profileId: known.profileId, roleId }),
      honest.post('/admin/role/assignment', { profileId: known.profileId, roleId: uuidv7() }),
    );
    const wish = { name: 'Torniquete', scopes: ['fitness:signal:write'] };
    const { clientId, secret } = (await hostile.post('/admin/api-client', wish).expect(201)).body as Record<
      string,
      string
    >;
    const grant = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
    const granted = await app.http.post('/angelis/auth/token').type('form').send(grant).expect(200);
    const authorization = `Bearer ${(granted.body as { access_token: string }).access_token}`;
    const seen = (profileId: string, headers = {}) =>
      app.http
        .post('/angelis/fitness/signal')
        .set({ authorization, ...headers })
        .send({ profileId, kind: 'in_cab' });
    await alike(seen(there.profileId), seen(uuidv7()));
    await seen(there.profileId, { 'x-company-id': theirs }).expect(403);
    const own = (await hostile.get('/admin/companies/current').expect(200)).body as Row;
    for (const patch of [{ parentId: theirs }, { slug: 'theirs' }, { status: 'active' }])
      await hostile.patch('/admin/companies/current', patch, version(own.version)).expect(422);
  });

  it('what one company writes of a person is in its own trail, lists and exports', async () => {
    const told = [
      await hostile.get(`/admin/auditLog?entity=person&entityId=${there.personId}`),
      await hostile.get(`/admin/auditLog?entity=profile&entityId=${there.profileId}`),
      await hostile.get(`/admin/auditLog/history/person/${there.personId}`),
      await hostile.get(`/admin/profile?q=${MARK}`),
      await hostile.get('/privacy/erasure'),
    ];
    for (const { status, body } of told) {
      expect(status, JSON.stringify(body)).to.equal(200);
      expect((body as { items: object[] }).items).to.deep.equal([]);
    }
    const asked = await get(
      '/privacy/export',
      `Bearer ${((await signIn(RUT, PASSWORD, mine)).body as Tokens).accessToken}`,
    );
    expect(asked.status).to.equal(200);
    expect(JSON.stringify(asked.body)).to.not.contain(MARK).and.not.contain(theirs);
  });

  it('erasing a profile ends with the company’s own', async () => {
    expect((await move(here.profileId, 'end')).status).to.equal(200);
    expect((await move(here.profileId, 'erase')).status).to.equal(200);
    await signIn(RUT, PASSWORD, mine).expect(401);
    const { value } = (await honest.get(`/admin/profile/${there.profileId}/national-id`).expect(200)).body as {
      value: string;
    };
    expect(value).to.equal(RUT);
    expect((await honest.get(`/admin/profile?q=${MARK}`).expect(200)).body).to.have.nested.property('items.length', 1);
  });
});
