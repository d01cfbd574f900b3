import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import express from 'express';
import { v7 as uuidv7 } from 'uuid';
import { createBodyReader } from '../../../src/platform/http/body.ts';
import type { Contract } from '../../../src/platform/http/route.ts';
import type { Problem } from '../../../src/platform/problem.ts';
import { LIMITS } from '../../../src/platform/settings/rates.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { forgedTokens, testKey } from '../../support/tokens.ts';

interface ProblemBody {
  code: string;
  title: string;
  detail: string;
  traceId: string;
  errors?: { pointer: string; in: string; message: string }[];
}

describe('the surface of the application', () => {
  let app: TestApp;
  let bearer: string;
  let companyId: string;
  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    bearer = await (await addPerson(app, { companyId, roles: ['admin'] })).bearer();
  });
  after(() => app.close());

  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    app.http
      .post('/angelis/admin/project')
      .set({ authorization: bearer, 'content-type': 'application/json', ...headers })
      .send(body);
  const codeOf = (answer: { body: unknown }): string => (answer.body as ProblemBody).code;

  it('reads bodies strictly', async () => {
    expect(codeOf(await post('{"code":').expect(400))).to.equal('BODY_UNREADABLE');
    expect(codeOf(await post('"text"').expect(400))).to.equal('BODY_UNREADABLE');
    expect(codeOf(await post('[]').expect(422))).to.equal('INVALID');
    expect(codeOf(await post('code=1', { 'content-type': 'application/x-www-form-urlencoded' }).expect(415))).to.equal(
      'UNSUPPORTED_MEDIA_TYPE',
    );
    for (const body of ['{}', gzipSync('{"code":"A","name":"B"}')])
      expect(codeOf(await post(body, { 'content-encoding': 'gzip' }).expect(415))).to.equal('UNSUPPORTED_MEDIA_TYPE');
    expect(codeOf(await post(JSON.stringify({ code: 'x'.repeat(1_100_000) })).expect(413))).to.equal('BODY_TOO_LARGE');
    expect(codeOf(await post(JSON.stringify({ code: 'x'.repeat(1_000_000) })).expect(422))).to.equal('INVALID');
    expect(codeOf(await app.http.post('/angelis/admin/project').set({ authorization: bearer }).expect(400))).to.equal(
      'BODY_REQUIRED',
    );
    const polluted = await post('{"__proto__":{"admin":true},"code":"A","name":"B"}').expect(422);
    expect((polluted.body as ProblemBody).errors?.map(({ pointer }) => pointer)).to.deep.equal(['/__proto__']);
    expect(codeOf(await post(JSON.stringify({ code: 'A', name: 'nul\0' })).expect(422))).to.equal('INVALID');
  });

  for (const [what, headers, sent] of [
    ['says so', { 'content-length': 10_000_000_000 }, 0],
    ['never ends', { 'transfer-encoding': 'chunked' }, 2_000_000],
  ] as const)
    it(`waits for no end of a body that is too large and ${what}`, async () => {
      const sender = request(`${app.url}/angelis/admin/project`, {
        method: 'POST',
        headers: { authorization: bearer, 'content-type': 'application/json', ...headers },
      });
      sender.on('error', () => undefined);
      sender.flushHeaders();
      sender.write(`{"code":"${'x'.repeat(sent)}`);
      const [response] = (await once(sender, 'response')) as [IncomingMessage];
      expect(response.statusCode).to.equal(413);
      sender.destroy();
    });

  it('keeps nobody who was answered and goes on sending', async () => {
    const goOn = async (path: string, status: number, type: string): Promise<void> => {
      const headers = { 'content-type': type, 'content-length': 10_000_000_000 };
      const sender = request(`${app.url}/angelis/${path}`, { method: 'POST', headers });
      sender.on('error', () => undefined);
      sender.write('x');
      const [response] = (await once(sender, 'response')) as [IncomingMessage];
      expect(response.statusCode, path).to.equal(status);
      response.resume();
      await once(sender, 'close');
    };
    await Promise.all([
      goOn('nowhere', 404, 'application/json'),
      goOn('admin/profile/batch', 401, 'multipart/form-data; boundary=x'),
      goOn('auth/backchannel-logout', 415, 'application/json'),
    ]);
  });

  it('waits for no body that comes too slowly', async () => {
    const read = createBodyReader({ patience: 20 });
    const slow = express().post('/', (sent, response) => {
      read({ body: {} } as Contract, sent, response).catch(({ status, code }: Problem) => {
        response.status(status).send(code);
      });
    });
    const server = slow.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const headers = { 'content-type': 'application/json', 'content-length': 100 };
    const { port } = server.address() as AddressInfo;
    const sender = request({ host: '127.0.0.1', port, method: 'POST', headers });
    sender.on('error', () => undefined);
    sender.write('{"a":1');
    const [response] = (await once(sender, 'response')) as [IncomingMessage];
    expect([response.statusCode, await text(response)]).to.deep.equal([408, 'BODY_TOO_SLOW']);
    sender.destroy();
    server.close();
  });

  it('answers 400 to what no path or query can be: escapes that are no UTF-8, NUL', async () => {
    const get = (path: string, headers: Record<string, string> = { authorization: bearer }) =>
      app.http.get(`/angelis/admin/${path}`).set(headers);
    for (const path of ['project/%E0%A4%A', 'project/%FF/actions', 'export/download/%E0%A4%A']) {
      expect(codeOf(await get(path).expect(400)), path).to.equal('MALFORMED_REQUEST');
      await get(path, {}).expect(400);
    }
    for (const query of ['role/assignment?systemRole=%00', 'project?q=a%00b', 'project?sort=%00'])
      expect(codeOf(await get(query).expect(400)), query).to.equal('MALFORMED_REQUEST');
    const given = { profileId: uuidv7(), systemRole: 'own\0er' };
    const sent = app.http
      .post('/angelis/admin/role/assignment')
      .set({ authorization: bearer, 'accept-language': 'en' });
    expect(((await sent.send(given).expect(422)).body as ProblemBody).errors).to.deep.equal([
      { pointer: '/systemRole', in: 'body', code: 'format', message: 'Has characters that are not allowed' },
    ]);
  });

  it('leads from its bare address to its reference', async () => {
    for (const path of ['/angelis', '/angelis/']) {
      const { headers } = await app.http.get(path).expect(302);
      await app.http.get(headers['location']!).expect(200).expect('content-type', /html/);
    }
  });

  it('keeps days and instants within what every part of it can write', async () => {
    const headers = { authorization: bearer, 'accept-language': 'en' };
    const contract = { number: 'K-1', contractorName: 'X', contractorRut: '76086428-5', startsOn: '2026-01-01' };
    const bodies: [string, object, string][] = [
      ['project', { code: 'A', name: 'B', startsOn: '0000-01-01' }, 'startsOn'],
      ['project', { code: 'A', name: 'B', startsOn: '1899-12-31' }, 'startsOn'],
      ['contract', { ...contract, startsOn: '0000-01-01' }, 'startsOn'],
      ['contract', { ...contract, endsOn: '9999-12-31' }, 'endsOn'],
      ['profile', { firstName: 'A', lastName: 'B', kind: 'guest', expiresAt: '9999-12-31T23:59:59Z' }, 'expiresAt'],
    ];
    for (const [path, body, field] of bodies) {
      const { errors } = (await app.http.post(`/angelis/admin/${path}`).set(headers).send(body).expect(422))
        .body as ProblemBody;
      expect(
        errors?.map(({ pointer }) => pointer),
        path,
      ).to.deep.equal([`/${field}`]);
    }
    const forEver = await app.http
      .post('/angelis/admin/contract')
      .set(headers)
      .send({ ...contract, endsOn: '9998-12-31' });
    expect(forEver.status).to.equal(201);
    for (const path of ['assignment/shift?from=0000-01-01', 'auditLog?from=0000-01-01T00:00:00Z'])
      expect(codeOf(await app.http.get(`/angelis/admin/${path}`).set(headers).expect(400)), path).to.equal(
        'MALFORMED_REQUEST',
      );
    await app.http.get('/angelis/admin/auditLog?from=1950-01-01T00:00:00Z').set(headers).expect(200);
  });

  it('refuses who may not before it looks at what was sent', async () => {
    await app.http
      .post('/angelis/admin/project')
      .set({ 'content-type': 'application/json' })
      .send('{"broken')
      .expect(401);
    const worker = await addPerson(app, { companyId, roles: ['worker'] });
    await app.http
      .post('/angelis/admin/project')
      .set({ authorization: await worker.bearer(), 'content-type': 'application/json' })
      .send('{"broken')
      .expect(403);
  });

  it('speaks the caller’s language in problems, with a trace', async () => {
    const titles = await Promise.all(
      ['es', 'en', 'fr', 'de'].map(
        async (language) =>
          (await app.http.get('/angelis/nowhere').set('accept-language', language).expect(404)).body as ProblemBody,
      ),
    );
    expect(titles.map(({ title }) => title)).to.deep.equal(['No existe', 'Not found', 'Introuvable', 'No existe']);
    const faults = await post('{"code":"","name":7,"startsOn":"ayer"}', { 'accept-language': 'es' }).expect(422);
    expect((faults.body as ProblemBody).errors?.map(({ message }) => message)).to.include.members([
      'No puede estar vacío',
      'Debe ser un texto',
      'Escriba una fecha así: 2026-01-31',
    ]);
    // Who asks for no language is answered in their own.
    const nowhere = (headers: Record<string, string>) =>
      app.http.get(`/angelis/admin/project/${uuidv7()}`).set({ authorization: bearer, ...headers });
    const own = await nowhere({}).expect(404);
    expect([(own.body as ProblemBody).title, own.headers['content-language']]).to.deep.equal(['Not found', 'en']);
    expect(((await nowhere({ 'accept-language': 'fr' })).body as ProblemBody).title).to.equal('Introuvable');
    const traced = await app.http
      .get('/angelis/nowhere')
      .set('traceparent', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`);
    expect((traced.body as ProblemBody).traceId).to.equal('a'.repeat(32));
    expect(traced.headers['x-request-id']).to.equal('a'.repeat(32));
    expect(traced.headers['content-type']).to.contain('application/problem+json');
  });

  it('takes the company from header and path, and refuses another', async () => {
    const slug = `c-${companyId.slice(-12)}`;
    const get = (path: string, headers: Record<string, string> = {}) =>
      app.http.get(path).set({ authorization: bearer, ...headers });
    await get(`/angelis/c/${slug}/admin/project`).expect(200);
    await get('/angelis/admin/project', { 'x-company-slug': slug, 'x-company-id': companyId }).expect(200);
    expect(codeOf(await get('/angelis/c/elsewhere/admin/project').expect(403))).to.equal('OTHER_COMPANY');
    expect(
      codeOf(await get(`/angelis/c/${slug}/admin/project`, { 'x-company-slug': 'elsewhere' }).expect(400)),
    ).to.equal('COMPANY_HINTS_DIFFER');
    for (const other of [slug, 'elsewhere'])
      expect(
        codeOf(await get('/angelis/admin/project', { 'x-company-slug': other, 'x-company-id': uuidv7() }).expect(400)),
      ).to.equal('COMPANY_HINTS_DIFFER');
  });

  it('takes the company from the host, and refuses another', async () => {
    const slug = `c-${companyId.slice(-12)}`;
    const get = (host: string, headers: Record<string, string> = {}) =>
      app.http.get('/angelis/admin/project').set({ authorization: bearer, host, ...headers });
    await get(`${slug}.127.0.0.1`).expect(200);
    await get(`${slug}.127.0.0.1:8443`, { 'x-company-id': companyId }).expect(200);
    // No name of a company: the service's own, and deeper ones.
    await get('127.0.0.1').expect(200);
    await get(`app.${slug}.127.0.0.1`).expect(200);
    expect(codeOf(await get('elsewhere.127.0.0.1').expect(403))).to.equal('OTHER_COMPANY');
    expect(codeOf(await get('turnos.example').expect(403))).to.equal('OTHER_COMPANY');
    expect(codeOf(await get('elsewhere.127.0.0.1', { 'x-company-slug': slug }).expect(400))).to.equal(
      'COMPANY_HINTS_DIFFER',
    );
    expect(codeOf(await get('turnos.example', { 'x-company-id': companyId }).expect(400))).to.equal(
      'COMPANY_HINTS_DIFFER',
    );
    const forwarded = { 'x-forwarded-host': `elsewhere.127.0.0.1` };
    await get(`${slug}.127.0.0.1`, forwarded).expect(403);
  });

  it('refuses another company in the language of whoever asks', async () => {
    const person = await addPerson(app, { companyId, roles: ['admin'] });
    const client = await app.database.superuser();
    await client.query(`update person set locale = 'fr' where id = $1`, [person.personId]);
    const authorization = await person.bearer();
    const refuse = async () => {
      const refused = await app.http.get('/angelis/c/elsewhere/admin/project').set({ authorization }).expect(403);
      expect(refused.body).to.include({ code: 'OTHER_COMPANY', title: 'Une autre entreprise' });
    };
    // At the first request, which opens the session, as at a later one.
    await refuse();
    await app.http.get('/angelis/auth/me').set({ authorization }).expect(200);
    await refuse();
  });

  it('lets only the origins of the settings read answers, and tells no framework', async () => {
    const own = await app.http.get('/angelis/health').set('origin', 'https://app.example.com').expect(200);
    expect(own.headers['access-control-allow-origin']).to.equal('https://app.example.com');
    const other = await app.http.get('/angelis/health').set('origin', 'https://evil.example').expect(200);
    expect(other.headers['access-control-allow-origin']).to.equal(undefined);
    expect(other.headers['x-powered-by']).to.equal(undefined);
    expect(other.headers['x-content-type-options']).to.equal('nosniff');
  });

  it('answers 304 to who has it already', async () => {
    const first = await app.http.get('/angelis/admin/project').set({ authorization: bearer }).expect(200);
    await app.http
      .get('/angelis/admin/project')
      .set({ authorization: bearer, 'if-none-match': first.headers['etag']! })
      .expect(304);
  });

  it('refuses every forged token alike', async () => {
    const key = await testKey('forger');
    const answers = new Set<string>();
    for (const [, token] of await forgedTokens(key, app.identityProvider.issuer, app.clock.now())) {
      const { status, body } = await app.http
        .get('/angelis/admin/project')
        .set({ authorization: `Bearer ${token}`, 'accept-language': 'en' });
      answers.add(`${status} ${codeOf({ body })}`);
    }
    expect([...answers].filter((answer) => !answer.startsWith('401 '))).to.deep.equal([]);
  });

  it('is ready, until it drains', async () => {
    await app.http.get('/angelis/health/live').expect(200);
    const { body } = await app.http.get('/angelis/health/ready').expect(200);
    expect(body).to.deep.equal({ status: 'ok', checks: [{ name: 'accepting', ok: true }] });
  });
});

describe('rate limits', () => {
  let app: TestApp;
  before(async () => {
    app = await startApp({
      limits: {
        ...LIMITS,
        anonymous: { points: 3, per: 60 },
        principal: { points: 5, per: 60 },
        badToken: { points: 4, per: 60 },
      },
    });
  });
  after(() => app.close());

  it('end a caller’s turn with 429 and the time to wait, each caller for themselves', async () => {
    const companyId = await addCompany(app.database);
    const [one, two] = await Promise.all(
      [1, 2].map(async () => (await addPerson(app, { companyId, roles: ['admin'] })).bearer()),
    );
    const get = (authorization: string) => app.http.get('/angelis/admin/project').set({ authorization });
    for (let n = 0; n < 5; n += 1) await get(one!).expect(200);
    const refused = await get(one!).set('origin', 'https://app.example.com').expect(429);
    expect(Number(refused.headers['retry-after'])).to.be.within(1, 60);
    expect(refused.headers['ratelimit']).to.equal(`"principal";r=0;t=${refused.headers['retry-after']}`);
    const { headers } = await get(two!).expect(200);
    expect(headers['ratelimit']).to.match(/^"principal";r=4;t=\d+, "company";r=\d+;t=\d+$/);
    expect(headers['ratelimit-policy']).to.equal('"principal";q=5;w=60, "company";q=6000;w=60');
    const exposed = refused.headers['access-control-expose-headers']!.toLowerCase().split(',');
    expect(exposed).to.include.members(['ratelimit', 'ratelimit-policy', 'retry-after']);
  });

  it('count what is refused as well', async () => {
    const companyId = await addCompany(app.database);
    const bearer = async () => (await addPerson(app, { companyId, roles: ['worker'] })).bearer();
    const [one, two] = [await bearer(), await bearer()];
    const get = (authorization: string) =>
      app.http.get('/angelis/admin/project').set({ authorization, 'x-forwarded-for': '10.7.0.1' });
    for (let n = 0; n < 5; n += 1) await get(one).expect(403);
    const refused = await get(one).expect(429);
    expect(refused.headers['ratelimit']).to.match(/^"principal";r=0;/);
    const elsewhere = await addCompany(app.database);
    for (let n = 0; n < 3; n += 1) await get(two).set('x-company-id', elsewhere).expect(403);
    const stopped = await get(two).set('x-company-id', elsewhere).expect(429);
    expect(stopped.headers['ratelimit']).to.match(/^"anonymous";r=0;/);
  });

  it('slow the guessing of tokens from one address, in one way for all that are bad, and nobody else there', async () => {
    const companyId = await addCompany(app.database);
    const [good, ended] = await Promise.all(
      [1, 2].map(async () => (await addPerson(app, { companyId, roles: ['admin'] })).bearer()),
    );
    const call = (path: string, address = '10.9.0.1') => app.http.get(path).set('x-forwarded-for', address);
    const get = (authorization: string, address?: string) =>
      call('/angelis/admin/project', address).set({ authorization });
    await get(ended!).expect(200);
    await app.http.post('/angelis/admin/auth/logout').set({ authorization: ended! }).expect(204);
    for (const bad of ['Bearer a.b.c', 'Bearer nonsense', ended!]) await get(bad).expect(401);
    await call('/angelis/notification/stream?ticket=guessed').expect(401);
    const answers = await Promise.all([get('Bearer other').expect(429), get(ended!).expect(429)]);
    const [first, second] = answers.map(({ headers, body }) => {
      expect(Number(headers['retry-after'])).to.be.within(1, 60);
      const { title, code, detail } = body as ProblemBody;
      return { title, code, detail, language: headers['content-language'] };
    });
    expect(first).to.include({ code: 'TOO_MANY_REQUESTS', language: 'es' });
    expect(second).to.deep.equal(first);
    await get(good!).expect(200);
    await call('/angelis/common/countries').expect(200);
    await get('Bearer other', '10.9.0.2').expect(401);
    for (let n = 1; n <= 4; n += 1) await get('Bearer other', `2001:db8:9:1::${n}`).expect(401);
    await get('Bearer other', '2001:db8:9:1::5').expect(429);
    await get('Bearer other', '2001:db8:9:2::5').expect(401);
  });

  it('believe about an address only what a trusted proxy saw itself', async () => {
    const left = async (of: TestApp, forwarded: string): Promise<string> => {
      const { headers } = await of.http.get('/angelis/common/countries').set('x-forwarded-for', forwarded);
      return /r=(\d+)/.exec(headers['ratelimit'] ?? '')![1]!;
    };
    // Each of these says something else in front of what the proxy added.
    const seen: string[] = [];
    for (const said of ['10.8.0.1', '10.8.0.1, 10.8.0.9', '6.6.6.6, 127.0.0.1, 10.8.0.9', '127.0.0.1, 10.8.0.9'])
      seen.push(await left(app, said));
    expect(seen).to.deep.equal(['2', '2', '1', '0']);
    const alone = await startApp({ limits: { ...LIMITS, anonymous: { points: 3, per: 60 } }, trustedProxies: [] });
    const own: string[] = [];
    for (const said of ['10.8.0.1', '10.8.0.2', '127.0.0.1']) own.push(await left(alone, said));
    expect(own).to.deep.equal(['2', '1', '0']);
    await alone.close();
  });
});
