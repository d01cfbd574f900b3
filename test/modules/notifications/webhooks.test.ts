import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { Notice } from '../../../src/modules/notifications/notice.ts';
import { post } from '../../../src/platform/messaging/post.ts';
import type { Poster } from '../../../src/platform/messaging/post.ts';
import { isPublicAddress } from '../../../src/platform/messaging/public-address.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { createCertificate, trust } from '../../support/certificate.ts';
import { clientOf, version } from '../../support/client.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { listen } from '../../support/listen.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { until } from '../../support/until.ts';
import { codeOf, itemsOf, rowOf } from '../../support/workforce.ts';

interface Endpoint {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly failingSince: string | null;
  readonly secret?: string;
}
interface Sent {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly attempts: number;
  readonly error: string | null;
  readonly providerId: string | null;
  readonly nextRetryAt: string | null;
  readonly skippedBecause: string | null;
}
interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const DAY = 86_400_000;

describe('webhooks', () => {
  const certificate = createCertificate();
  let distrust: () => void;
  let server: Server;
  let port: string;
  let answer: Answer;
  let received: Received[] = [];
  let permits: (address: string) => boolean;
  let timeoutMs: number;
  let app: TestApp;
  let companyId: string;
  let boss: TestPerson;

  const accept: Answer = (_request, response) => response.writeHead(204).end();
  const status =
    (code: number, headers = {}, body = ''): Answer =>
    (_request, response) =>
      response.writeHead(code, headers).end(body);

  before(async () => {
    distrust = trust(certificate);
    server = createServer(certificate, (request, response) => {
      void text(request).then((body) => {
        received.push({ path: request.url ?? '', headers: request.headers, body });
        answer(request, response);
      });
    });
    ({ port } = new URL(await listen(server)));
    // Stands in for the name's look-up, which here leads to this machine.
    const webhooks: Poster = ({ pathname, search }, message) =>
      post(new URL(`https://localhost:${port}${pathname}${search}`), { ...message, timeoutMs, permits });
    app = await startApp({ background: true, webhooks });
  });
  beforeEach(async () => {
    companyId = await addCompany(app.database);
    boss = await addPerson(app, { companyId, roles: ['admin'] });
    answer = accept;
    received = [];
    permits = () => true;
    timeoutMs = 10_000;
  });
  afterEach(() => app.clock.set(undefined));
  after(async () => {
    await app.close();
    server.closeAllConnections();
    server.close();
    distrust();
  });

  /** Tokens end while the clock moves: each request takes a fresh one. */
  const admin = () => clientOf(app, boss);
  const url = (path = '/hook') => `https://hooks.example.cl${path}`;
  const create = async (over: object = {}): Promise<Endpoint> => {
    const body = { name: 'Central', url: url(), events: ['test_alert', 'export_ready'], ...over };
    return rowOf<Endpoint>((await admin()).post('/notification/webhook', body), 201);
  };
  const endpoint = async ({ id }: Endpoint) => rowOf<Endpoint>((await admin()).get(`/notification/webhook/${id}`));
  const notify = (over: Partial<Notice> = {}) =>
    app.platform.work.write({ scope: scopeOf(companyId) }, (tx) =>
      app.notices.notify(tx, {
        type: 'test_alert',
        link: '/fitness/cases/1',
        recipients: [],
        dedupeKey: `k${Math.random()}`,
        ...over,
      }),
    );
  const deliveries = async (query = '') =>
    itemsOf<Sent>(await admin(), `/notification/delivery?channel=webhook${query}`);
  /** Lets the next try fall due. */
  const later = (ms: number) => app.clock.set(new Date(app.clock.now().getTime() + ms));

  it('receive each event once, as a signed POST with ids and codes only', async () => {
    const { secret = '' } = await create({ url: url('/in?a=1') });
    await notify({ dedupeKey: 'same', subjectParams: { days: 7 } });
    await notify({ dedupeKey: 'same' });
    await notify({ type: 'test_missed' });
    await app.idle();
    expect(received).to.have.length(1);
    const [{ path, headers, body }] = received as [Received];
    expect(path).to.equal('/in?a=1');
    expect(headers).to.include({ 'content-type': 'application/json', 'user-agent': 'Angelis-Webhooks/1' });
    const { timestamp, ...rest } = JSON.parse(body) as { timestamp: string };
    expect(rest).to.deep.equal({
      type: 'test_alert',
      data: { link: `${app.url}/angelis/fitness/cases/1`, params: { days: 7 } },
    });
    expect(Date.parse(timestamp)).to.be.closeTo(Date.now(), 60_000);
    const signed = `${headers['webhook-id'] as string}.${headers['webhook-timestamp'] as string}.${body}`;
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    expect(key).to.have.length(32);
    const expected = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
    expect(headers['webhook-signature']).to.equal(expected);
    const [sent] = await deliveries();
    expect(sent).to.include({ id: headers['webhook-id'], status: 'sent', attempts: 1, providerId: '204', error: null });
  });

  it('keep their secret: shown once, sealed in the database, in no list, log of changes or kept answer', async () => {
    const body = { name: 'A', url: url(), events: ['test_alert'] };
    const key = { 'idempotency-key': 'webhook-0001' };
    const first = await rowOf<Endpoint>((await admin()).post('/notification/webhook', body, key), 201);
    const again = await rowOf<Endpoint>((await admin()).post('/notification/webhook', body, key), 201);
    expect(first.secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(again).to.include({ id: first.id }).and.to.not.have.property('secret');
    const client = await app.database.superuser();
    const { rows } = await client.query<{ all: string }>(
      `select (select json_agg(e) from webhook_endpoint e)::text || (select json_agg(c) from change c)::text
         || coalesce((select json_agg(i) from idempotency i)::text, '') as all`,
    );
    expect(rows[0]!.all).to.contain(first.id);
    for (const piece of [first.secret!, first.secret!.slice(6)]) expect(rows[0]!.all).to.not.contain(piece);
    const shown = JSON.stringify([await endpoint(first), await itemsOf(await admin(), '/notification/webhook')]);
    expect(shown)
      .to.contain('hooks.example.cl')
      .and.to.not.contain('whsec')
      .and.to.not.match(/sealed/i);
  });

  it('sign with the old secret beside the new one for a day after a rotation', async () => {
    const made = await create();
    const rotated = await rowOf<Endpoint>(
      (await admin()).post(`/notification/webhook/${made.id}/rotate`, {}, version(made.version)),
    );
    expect(rotated.secret).to.be.a('string').and.not.equal(made.secret);
    const signers = async (): Promise<string[]> => {
      received = [];
      await notify();
      await app.idle();
      const [{ headers, body }] = received as [Received];
      const signed = `${headers['webhook-id'] as string}.${headers['webhook-timestamp'] as string}.${body}`;
      const names = new Map(
        [made, rotated].map(({ secret = '' }, index) => {
          const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
          return [`v1,${createHmac('sha256', key).update(signed).digest('base64')}`, ['old', 'new'][index]!];
        }),
      );
      return String(headers['webhook-signature'])
        .split(' ')
        .map((signature) => names.get(signature) ?? 'unknown');
    };
    expect(await signers()).to.deep.equal(['new', 'old']);
    later(DAY + 60_000);
    expect(await signers()).to.deep.equal(['new']);
  });

  it('are tried again with growing pauses, under the same id, until they are given up; an admin can send them again', async () => {
    const made = await create();
    answer = status(500, {}, 'Internal error of +56912345678');
    await notify();
    await app.idle();
    const [first] = await deliveries();
    expect(first).to.include({ status: 'retrying', attempts: 1 });
    expect(first!.error).to.equal('TransientDeliveryError: it answered 500');
    expect(await endpoint(made)).to.include({ status: 'failing' });
    for (let attempts = 2; attempts <= 5; attempts += 1) {
      later(DAY / 24);
      await until(async () => (await deliveries())[0]?.attempts === attempts);
      await app.idle();
    }
    const [dead] = await deliveries('&status=dead');
    expect(dead).to.include({ id: first!.id, attempts: 5, nextRetryAt: null });
    expect(new Set(received.map(({ headers }) => headers['webhook-id']))).to.deep.equal(new Set([first!.id]));
    expect(new Set(received.map(({ headers }) => headers['webhook-signature'])).size).to.equal(5);
    answer = accept;
    await (await admin()).post(`/notification/delivery/${dead!.id}/resend`, {}, version(dead!.version)).expect(200);
    await app.idle();
    expect((await deliveries())[0]).to.include({ status: 'sent', attempts: 1 });
    expect(await endpoint(made)).to.include({ status: 'active', failingSince: null });
  });

  it('wait at least as long as they ask for', async () => {
    await create();
    answer = status(429, { 'retry-after': '7200' });
    const before = Date.now();
    await notify();
    await app.idle();
    const [sent] = await deliveries();
    expect(sent).to.include({ status: 'retrying' });
    expect(Date.parse(sent!.nextRetryAt!)).to.be.at.least(before + 7_200_000);
  });

  const PASSING: readonly [name: string, answer: Answer][] = [
    ['hang', () => undefined],
    ['stop in the middle of an answer', (_request, response) => response.writeHead(200).write('{')],
    ['cut the connection', (request) => request.socket.destroy()],
    ['answer 404', status(404)],
    ['answer 503', status(503)],
  ];
  for (const [name, behavior] of PASSING)
    it(`that ${name} fail for now`, async () => {
      await create();
      [answer, timeoutMs] = [behavior, 200];
      await notify();
      await app.idle();
      expect((await deliveries())[0]).to.include({ status: 'retrying', attempts: 1 });
      [answer, timeoutMs] = [accept, 10_000];
      later(DAY / 24);
      await until(async () => (await deliveries())[0]?.status === 'sent');
    });

  for (const code of [301, 302, 303, 307, 308])
    it(`that redirect with ${code} are not followed`, async () => {
      await create();
      answer = status(code, { location: url('/elsewhere') });
      await notify();
      await app.idle();
      expect(received.map(({ path }) => path)).to.deep.equal(['/hook']);
      expect((await deliveries())[0]).to.include({
        status: 'dead',
        error: `PermanentDeliveryError: it answered with a redirect (${code}), which is not followed`,
      });
    });

  it('that answer without end are read no further than a little', async () => {
    await create();
    let written = 0;
    answer = (_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) written += 16_384;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    await notify();
    await app.idle();
    expect((await deliveries())[0]).to.include({ status: 'sent' });
    expect(written).to.be.lessThan(50_000_000);
  });

  it('that are gone for good (410) are disabled, and told nothing more', async () => {
    const made = await create();
    answer = status(410);
    await notify();
    await app.idle();
    expect(await endpoint(made)).to.include({ status: 'disabled' });
    answer = accept;
    await notify();
    await app.idle();
    expect(received).to.have.length(1);
    expect(await codeOf((await admin()).post(`/notification/webhook/${made.id}/ping`, {}), 409)).to.equal(
      'WEBHOOK_DISABLED',
    );
    const now = await endpoint(made);
    await (await admin()).post(`/notification/webhook/${made.id}/enable`, {}, version(now.version)).expect(200);
    await notify();
    await app.idle();
    expect(received).to.have.length(2);
  });

  it('that fail for a day are disabled by themselves; what waits for them is skipped', async () => {
    const made = await create();
    answer = status(500);
    await notify();
    await app.idle();
    expect(await endpoint(made)).to.include({ status: 'failing' });
    later(DAY + 60_000);
    await until(async () => (await endpoint(made)).status === 'disabled');
    await until(async () => ['skipped', 'dead', 'retrying'].includes((await deliveries())[0]?.status ?? ''));
    await notify();
    await app.idle();
    const all = await deliveries();
    expect(all).to.have.length(1);
  });

  it('are called at public addresses only, whatever their name leads to when it is called', async () => {
    await create();
    permits = isPublicAddress;
    await notify();
    await app.idle();
    expect(received).to.deep.equal([]);
    expect((await deliveries())[0]).to.include({
      status: 'dead',
      error: 'PermanentDeliveryError: its name leads to an address that is not public',
    });
  });

  const REFUSED = `http://hooks.example.cl/ https://user:secret@hooks.example.cl/ https://hooks.example.cl/#part
    https://127.0.0.1/ https://10.0.0.8:8443/ https://[::1]/ https://[::ffff:127.0.0.1]/ https://2130706433/
    https://0x7f000001/ https://127.1/ https://169.254.169.254/latest/meta-data/ https://localhost/ https://intranet/
    ftp://hooks.example.cl/ nothing`;
  for (const bad of REFUSED.split(/\s+/))
    it(`are not entered at ${bad}`, async () => {
      await (
        await admin()
      )
        .post('/notification/webhook', { name: 'Bad', url: bad, events: ['test_alert'] })
        .expect(422);
      const made = await create();
      await (await admin()).patch(`/notification/webhook/${made.id}`, { url: bad }, version(made.version)).expect(422);
    });

  it('can be tried with a ping, changed and deleted', async () => {
    const made = await create();
    const { deliveryId } = await rowOf<{ deliveryId: string }>(
      (await admin()).post(`/notification/webhook/${made.id}/ping`, {}),
    );
    await app.idle();
    expect(JSON.parse(received[0]!.body)).to.deep.include({ type: 'ping', data: { link: null, params: {} } });
    expect(received[0]!.headers['webhook-id']).to.equal(deliveryId);
    await (
      await admin()
    )
      .patch(`/notification/webhook/${made.id}`, { url: url('/new'), events: ['test_missed'] }, version(made.version))
      .expect(200);
    await notify();
    await notify({ type: 'test_missed' });
    await app.idle();
    expect(received.map(({ path }) => path)).to.deep.equal(['/hook', '/new']);
    const now = await endpoint(made);
    await (await admin()).del(`/notification/webhook/${made.id}`, version(now.version)).expect(204);
    await notify({ type: 'test_missed' });
    await app.idle();
    expect(received).to.have.length(2);
    expect(await deliveries(`&endpointId=${made.id}`)).to.have.length(2);
  });

  it('are at most twenty, of their own company, and shown to nobody but its admins', async () => {
    for (let n = 0; n < 20; n += 1) await create({ name: `W${n}` });
    const body = { name: 'One more', url: url(), events: ['test_alert'] };
    expect(await codeOf((await admin()).post('/notification/webhook', body), 409)).to.equal('TOO_MANY_WEBHOOKS');
    const elsewhere = await addCompany(app.database);
    const stranger = await clientOf(app, await addPerson(app, { companyId: elsewhere, roles: ['admin'] }));
    expect(await itemsOf(stranger, '/notification/webhook')).to.deep.equal([]);
    const supervisor = await clientOf(app, await addPerson(app, { companyId, roles: ['supervisor'] }));
    await supervisor.get('/notification/webhook').expect(403);
    await app.platform.work.write({ scope: scopeOf(elsewhere) }, (tx) =>
      app.notices.notify(tx, { type: 'test_alert', recipients: [], dedupeKey: 'x' }),
    );
    await app.idle();
    expect(received).to.deep.equal([]);
  });
});
