import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { IdentityProviderError } from '../../../../src/platform/identity-provider/errors.ts';
import { LIMITS } from '../../../../src/platform/settings/rates.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { whileCommitsFail } from '../../../support/failing-commits.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';

interface Client {
  id: string;
  version: number;
  clientId: string;
  secret?: string;
  scopes: string[];
  lastUsedAt: string | null;
}

const BASE = '/angelis/admin/api-client';
const SCOPE = 'workforce:project:read';

describe('machine clients', () => {
  let app: TestApp;
  let admin: TestPerson;
  let bearer: string;

  before(async () => {
    app = await startApp({ background: true });
    admin = await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] });
    bearer = await admin.bearer();
  });
  after(() => app.close());

  const post = (path: string, body?: object, headers: Record<string, string> = {}) =>
    app.http
      .post(`${BASE}${path}`)
      .set({ authorization: bearer, 'accept-language': 'en', ...headers })
      .send(body);
  const create = async (body: object = {}): Promise<Client> =>
    (await post('', { name: 'Reloj control', scopes: [SCOPE], ...body }).expect(201)).body as Client;
  const read = async (id: string): Promise<Client> =>
    (await app.http.get(`${BASE}/${id}`).set({ authorization: bearer }).expect(200)).body as Client;
  const tokenFor = ({ clientId, secret = '' }: Client) =>
    app.http
      .post('/angelis/auth/token')
      .type('form')
      .send({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret });
  const signIn = async (client: Client): Promise<string> =>
    `Bearer ${((await tokenFor(client).expect(200)).body as { access_token: string }).access_token}`;
  const held = async (authorization: string): Promise<string[]> => {
    const { body } = await app.http.get('/angelis/auth/me/permissions').set({ authorization }).expect(200);
    return (body as { items: { permission: string; allowed: boolean }[] }).items
      .filter(({ allowed }) => allowed)
      .map(({ permission }) => permission);
  };
  const ask = (authorization: string) => app.http.get('/angelis/auth/me/permissions').set({ authorization });
  /** What the comparison with the provider says of a client. */
  const drift = async ({ clientId }: Client): Promise<object[]> => {
    await app.identity.persons.asSystem('a'.repeat(32), (tx) =>
      app.platform.enqueue(tx, 'identity.provider.reconcile', {}),
    );
    await app.idle();
    const superuser = await app.database.superuser();
    const sql = 'select kind, mended from provider_drift where subject = $1';
    return (await superuser.query<object>(sql, [clientId])).rows;
  };
  const fault = ({ body }: { body: unknown }) => {
    const [first] = (body as { errors: { pointer: string; code: string }[] }).errors;
    return [first?.pointer, first?.code];
  };

  it('act for their company with the scopes they were given, and nothing more', async () => {
    const client = await create();
    const authorization = await signIn(client);
    expect(await held(authorization)).to.deep.equal([SCOPE]);
    const refused = await app.http.get('/angelis/auth/me').set({ authorization }).expect(403);
    expect((refused.body as { code: string }).code).to.equal('WRONG_CLIENT');
    await ask(authorization)
      .set({ 'x-company-id': await addCompany(app.database) })
      .expect(403);
  });

  it('get no scope that their maker does not hold, nor one that there is not', async () => {
    const [held_, unheld] = [SCOPE, 'operator:staff:write'];
    expect(fault(await post('', { name: 'x', scopes: [held_, unheld] }).expect(422))).to.deep.equal([
      '/scopes/1',
      'SCOPE_NOT_HELD',
    ]);
    expect(fault(await post('', { name: 'x', scopes: ['made:up:thing'] }).expect(422))).to.deep.equal([
      '/scopes/0',
      'UNKNOWN_REFERENCE',
    ]);
    await post('', { name: 'x', scopes: ['*:*:*'] }).expect(422);
    await post('', { name: 'x', scopes: [] }).expect(422);
    const manager = await addPerson(app, { companyId: admin.companyId, roles: ['manager'] });
    await post('', { name: 'x', scopes: [SCOPE] }, { authorization: await manager.bearer() }).expect(403);
  });

  it('get no scope that opens nothing to a machine, when they are made or later', async () => {
    const dead = [SCOPE, 'workforce:project:write'];
    const said = ['/scopes/1', 'SCOPE_OPENS_NOTHING'];
    expect(fault(await post('', { name: 'x', scopes: dead }).expect(422))).to.deep.equal(said);
    const { id, version } = await create();
    const edited = await app.http
      .patch(`${BASE}/${id}`)
      .set({ authorization: bearer, 'if-match': `"${version}"` })
      .send({ scopes: dead })
      .expect(422);
    expect(fault(edited)).to.deep.equal(said);
    const listed = await app.http.get('/angelis/admin/role/permissions').set({ authorization: bearer }).expect(200);
    const { items } = listed.body as { items: { permission: string; clients: string[] }[] };
    const clientsOf = (wanted: string) => items.find(({ permission }) => permission === wanted)!.clients;
    expect(dead.map(clientsOf)).to.deep.equal([['worker', 'admin', 'machine'], ['admin']]);
  });

  it('that were given such a scope before are told that it opens nothing', async () => {
    const client = await create();
    const dead = 'workforce:project:write';
    await app.database.sql('update api_client set scopes = $1 where id = $2', [[SCOPE, dead], client.id]);
    const authorization = await signIn(client);
    const { body } = await ask(authorization).query({ permission: dead }).expect(200);
    expect((body as { items: object[] }).items[0]).to.include({ allowed: false, because: 'CLIENT', reach: null });
    expect(await held(authorization)).to.deep.equal([SCOPE]);
    const refused = await app.http.post('/angelis/admin/project').set({ authorization }).send({}).expect(403);
    expect((refused.body as { code: string }).code).to.equal('WRONG_CLIENT');
  });

  it('read what their scopes open, and ask the gate: what they make is theirs in the change log', async () => {
    const scopes = ['organization:profile:read', 'fitness:compliance:read', 'gate:decision:ask'];
    const owner = await addPerson(app, { companyId: admin.companyId, roles: ['owner'] });
    const made = await post('', { name: 'Torniquete', scopes }, { authorization: await owner.bearer() }).expect(201);
    const { id } = made.body as Client;
    const authorization = await signIn(made.body as Client);
    const get = (path: string) => app.http.get(`/angelis${path}`).set({ authorization });
    const people = (await get('/admin/profile').expect(200)).body as { items: { id: string }[] };
    expect(people.items.map((one) => one.id)).to.include.members([admin.profileId, owner.profileId]);
    await get('/fitness/compliance?from=2026-05-01&to=2026-05-31').expect(200);
    const unscoped = await get('/admin/project').expect(403);
    expect((unscoped.body as { code: string }).code).to.equal('FORBIDDEN');
    const asked = await app.http
      .post('/angelis/gate/decisions')
      .set({ authorization })
      .send({ profileId: admin.profileId, purpose: 'assignment' })
      .expect(201);
    const actors = await app.database.sql<object>(
      'select distinct actor_kind as kind, actor_id as id from change where entity_id = $1',
      [(asked.body as { id: string }).id],
    );
    expect(actors).to.deep.equal([{ kind: 'machine', id }]);
  });

  it('show their secret once: no later read has it, no repeated request, no table', async () => {
    const key = { 'idempotency-key': uuidv7() };
    const first = await post('', { name: 'Una vez', scopes: [SCOPE] }, key).expect(201);
    expect(first.headers['cache-control']).to.equal('no-store');
    const { id, secret } = first.body as Client;
    expect(secret).to.be.a('string').with.length.greaterThan(20);
    const again = await post('', { name: 'Una vez', scopes: [SCOPE] }, key).expect(201);
    expect(again.headers['idempotency-replayed']).to.equal('true');
    expect(again.body).to.include({ id }).and.not.have.property('secret');
    expect(await read(id)).to.not.have.property('secret');
    const superuser = await app.database.superuser();
    const { rows } = await superuser.query<{ text: string }>(
      `select coalesce(string_agg(i::text, ' '), '') as text from idempotency i where body->>'id' = $1`,
      [id],
    );
    expect(rows[0]!.text).to.include(id).and.not.include(secret);
  });

  it('get a new secret: the old one is no good any more', async () => {
    const client = await create();
    const rotated = await post(`/${client.id}/rotate`, undefined, { 'if-match': `"${client.version}"` }).expect(200);
    await tokenFor(client).expect(401);
    await signIn(rotated.body as Client);
  });

  it('that may more than one may oneself are neither changed nor given a new secret', async () => {
    const owner = await addPerson(app, { companyId: admin.companyId, roles: ['owner'] });
    const authorization = await owner.bearer();
    const made = await post('', { name: 'Pruebas', scopes: ['fitness:result:read'] }, { authorization }).expect(201);
    const { id, version } = made.body as Client;
    const headers = { 'if-match': `"${version}"`, 'accept-language': 'en' };
    const rotated = await post(`/${id}/rotate`, undefined, headers).expect(403);
    const edited = await app.http
      .patch(`${BASE}/${id}`)
      .set({ authorization: bearer, ...headers })
      .send({ expiresAt: null, name: 'Mía' })
      .expect(403);
    for (const { body } of [rotated, edited])
      expect((body as { code: string; detail: string }).detail).to.include('fitness:result:read');
    await post(`/${id}/rotate`, undefined, { ...headers, authorization }).expect(200);
  });

  it('that may more than one may oneself are lessened by whoever may take them away whole, and in nothing else changed', async () => {
    const owner = await addPerson(app, { companyId: admin.companyId, roles: ['owner'] });
    const above = ['fitness:result:read', 'fitness:compliance:read', SCOPE];
    const made = await post('', { name: 'Salud', scopes: above }, { authorization: await owner.bearer() }).expect(201);
    const { id } = made.body as Client;
    const edit = (body: object, version: number) =>
      app.http
        .patch(`${BASE}/${id}`)
        .set({ authorization: bearer, 'if-match': `"${version}"` })
        .send(body);
    const left = ['fitness:result:read', SCOPE];
    await edit({ scopes: left, name: 'Mía' }, 1).expect(403);
    await edit({ scopes: left }, 1).expect(200);
    expect(fault(await edit({ scopes: ['fitness:compliance:read', ...left] }, 2).expect(422))).to.deep.equal([
      '/scopes/0',
      'SCOPE_NOT_HELD',
    ]);
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    await edit({ expiresAt }, 2).expect(200);
    await edit({ expiresAt: null }, 3).expect(403);
    await edit({ scopes: [...left, 'workforce:contract:read'] }, 3).expect(403);
    await edit({ scopes: [SCOPE], expiresAt }, 3).expect(200);
    expect((await read(id)).scopes).to.deep.equal([SCOPE]);
  });

  it('end at once when they are revoked, for good', async () => {
    const client = await create();
    const authorization = await signIn(client);
    await ask(authorization).expect(200);
    const revoke = (version: number) => post(`/${client.id}/revoke`, undefined, { 'if-match': `"${version}"` });
    await revoke(client.version).expect(200);
    await ask(authorization).expect(401);
    await app.idle();
    await tokenFor(client).expect(401);
    await revoke(client.version + 1).expect(409);
  });

  it('come to be at the provider once they are here: what fails before leaves nothing there, what fails after is reported, and mended by a new secret', async () => {
    const { machineClients } = app.identityProvider;
    const there = async () => (await machineClients.list()).map(({ clientId }) => clientId);
    const before = await there();
    const fresh = () => post('', { name: 'Torniquete', scopes: [SCOPE] });
    await whileCommitsFail(app.database, 'api_client', () => fresh().expect(500));
    expect(await there()).to.deep.equal(before);
    const { create: make } = machineClients;
    machineClients.create = () => Promise.reject(new IdentityProviderError('unavailable', 'no answer'));
    try {
      await fresh().expect(503);
    } finally {
      machineClients.create = make;
    }
    const listed = await app.http.get(BASE).set({ authorization: bearer }).expect(200);
    const half = (listed.body as { items: Client[] }).items.find(({ clientId }) => !before.includes(clientId))!;
    expect(await drift(half)).to.deep.equal([{ kind: 'client_missing', mended: false }]);
    const rotated = await post(`/${half.id}/rotate`, undefined, { 'if-match': `"${half.version}"` }).expect(200);
    await ask(await signIn(rotated.body as Client)).expect(200);
    expect(await drift(half)).to.deep.equal([]);
  });

  it('keep their secret when the new one is not written down', async () => {
    const client = await create();
    const rotate = () => post(`/${client.id}/rotate`, undefined, { 'if-match': `"${client.version}"` });
    await whileCommitsFail(app.database, 'api_client', () => rotate().expect(500));
    const key = { 'idempotency-key': uuidv7() };
    await whileCommitsFail(app.database, 'api_client', () => rotate().set(key).expect(500));
    await signIn(client);
    const rotated = await rotate().set(key).expect(200);
    await tokenFor(client).expect(401);
    await signIn(rotated.body as Client);
  });

  it('go on when revoking them fails as it commits', async () => {
    const client = await create();
    const authorization = await signIn(client);
    await whileCommitsFail(app.database, 'api_client', () =>
      post(`/${client.id}/revoke`, undefined, { 'if-match': `"${client.version}"` }).expect(500),
    );
    await app.idle();
    await ask(authorization).expect(200);
    await signIn(client);
  });

  it('lose a scope with the next request', async () => {
    const client = await create({ scopes: [SCOPE, 'workforce:contract:read'] });
    const authorization = await signIn(client);
    expect(await held(authorization)).to.have.length(2);
    await app.http
      .patch(`${BASE}/${client.id}`)
      .set({ authorization: bearer, 'if-match': `"${client.version}"` })
      .send({ scopes: [SCOPE] })
      .expect(200);
    expect(await held(authorization)).to.deep.equal([SCOPE]);
  });

  it('end when their time is over, and go on when it is extended', async () => {
    await post('', { name: 'x', scopes: [SCOPE], expiresAt: '2020-01-01T00:00:00Z' }).expect(422);
    const client = await create({ expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    const authorization = await signIn(client);
    await ask(authorization).expect(200);
    const superuser = await app.database.superuser();
    await superuser.query(`update session set expires_at = now() where sid = $1`, [client.clientId]);
    await ask(authorization).expect(401);
    await tokenFor(client).expect(401);
    const introspected = await app.http
      .post('/angelis/auth/introspect')
      .set({ authorization: bearer })
      .type('form')
      .send({ token: authorization.slice('Bearer '.length) })
      .expect(200);
    expect(introspected.body).to.deep.equal({ active: false });
    await app.http
      .patch(`${BASE}/${client.id}`)
      .set({ authorization: bearer, 'if-match': `"${client.version}"` })
      .send({ expiresAt: new Date(Date.now() + 7_200_000).toISOString() })
      .expect(200);
    await ask(authorization).expect(200);
  });

  it('say when they were last used, from the first time', async () => {
    const client = await create();
    const authorization = await signIn(client);
    expect((await read(client.id)).lastUsedAt).to.equal(null);
    await ask(authorization).expect(200);
    expect((await read(client.id)).lastUsedAt).to.be.a('string');
  });

  it('have tokens that end in their time, or with the client: they are not revoked', async () => {
    const authorization = await signIn(await create());
    const refused = await app.http
      .post('/angelis/auth/revoke')
      .type('form')
      .send({ token: authorization.slice('Bearer '.length) })
      .expect(400);
    expect(refused.body).to.include({ code: 'UNSUPPORTED_TOKEN_TYPE', error: 'unsupported_token_type' });
    await ask(authorization).expect(200);
  });

  it('are revoked by the owner of a company that is suspended, which changes nothing else of them', async () => {
    const companyId = await addCompany(app.database);
    const authorization = await (await addPerson(app, { companyId, roles: ['owner'] })).bearer();
    const made = await post('', { name: 'Robado', scopes: [SCOPE] }, { authorization }).expect(201);
    const { id, version } = made.body as Client;
    await app.database.sql(`update company set status = 'suspended', access_epoch = access_epoch + 1 where id = $1`, [
      companyId,
    ]);
    const headers = { authorization, 'if-match': `"${version}"` };
    const rotated = await post(`/${id}/rotate`, undefined, headers).expect(403);
    expect((rotated.body as { code: string }).code).to.equal('COMPANY_SUSPENDED');
    await post(`/${id}/revoke`, undefined, headers).expect(200);
    await app.idle();
    await tokenFor(made.body as Client).expect(401);
  });

  it('have ten tries of their secret a minute, wherever these come from', async () => {
    const limited = await startApp({ limits: { ...LIMITS, anonymous: { points: 1_000, per: 60 } } });
    const form = { grant_type: 'client_credentials', client_id: `angelis-machine-${uuidv7()}`, client_secret: 'x' };
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1) {
      const request = limited.http.post('/angelis/auth/token').set({ 'x-forwarded-for': `10.2.0.${n}` });
      statuses.push((await request.type('form').send(form)).status);
    }
    expect(statuses).to.deep.equal([...Array<number>(10).fill(401), 429]);
    await limited.close();
  });

  it('are of one company: 404 for another', async () => {
    const { id } = await create();
    const stranger = await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] });
    await app.http
      .get(`${BASE}/${id}`)
      .set({ authorization: await stranger.bearer() })
      .expect(404);
  });
});
