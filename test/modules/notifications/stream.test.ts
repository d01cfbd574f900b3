import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { openSse } from '../../support/sse.ts';
import type { SseClient } from '../../support/sse.ts';

const until = async (condition: () => boolean, what: string): Promise<void> => {
  for (let n = 0; n < 400; n += 1) {
    if (condition()) return;
    await sleep(25);
  }
  throw new Error(`not within 10 s: ${what}`);
};

describe('the live stream', () => {
  let app: TestApp;
  let companyId: string;
  let person: TestPerson;
  let other: TestPerson;
  const open: SseClient[] = [];

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
  });
  beforeEach(async () => {
    person = await addPerson(app, { companyId, roles: ['worker'] });
    other = await addPerson(app, { companyId, roles: ['worker'] });
  });
  afterEach(() => {
    for (const stream of open.splice(0)) stream.drop();
  });
  after(() => app.close());

  const stream = async (query: string, headers: Record<string, string> = {}): Promise<SseClient> => {
    const client = await openSse(`${app.url}/angelis/notification/stream${query}`, headers);
    open.push(client);
    return client;
  };
  const listen = async (who: TestPerson, headers: Record<string, string> = {}, query = ''): Promise<SseClient> => {
    const client = await stream(query, { authorization: await who.bearer('angelis-worker'), ...headers });
    expect(client.status).to.equal(200);
    await until(() => client.text().includes('\n\n'), 'where the stream begins');
    return client;
  };
  const ticketOf = async (who: TestPerson): Promise<string> =>
    ((await (await clientOf(app, who)).post('/notification/stream/ticket').expect(200)).body as { ticket: string })
      .ticket;
  const notify = (who: TestPerson) =>
    app.platform.work.write({ scope: scopeOf(companyId) }, (tx) =>
      app.notices.notify(tx, { type: 'export_ready', recipients: [who.profileId], dedupeKey: `s${Math.random()}` }),
    );

  it('brings what concerns its person as ids, unbuffered, and nothing of others', async () => {
    const mine = await listen(person);
    const theirs = await listen(other);
    expect(mine.headers).to.include({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    await notify(person);
    await notify(other);
    await until(() => mine.events.length > 0 && theirs.events.length > 0, 'both events');
    expect(mine.events).to.have.length(1);
    const { id, data } = mine.events[0]!;
    expect(data).to.have.all.keys('id', 'type', 'entity', 'entityId');
    expect(data).to.include({ id, type: 'notification.create', entity: 'notification' });
    const { body } = await (await clientOf(app, person)).get('/notification').expect(200);
    expect((body as { items: { id: string }[] }).items.map((item) => item.id)).to.deep.equal([data['entityId']]);
    expect(theirs.events[0]!.data['entityId']).to.not.equal(data['entityId']);
  });

  it('goes on where it was left, by header or by query', async () => {
    const first = await listen(person);
    await notify(person);
    await until(() => first.events.length === 1, 'the first event');
    const last = first.lastEventId()!;
    first.drop();
    await notify(person);
    await notify(person);
    const second = await listen(person, { 'last-event-id': last });
    await until(() => second.events.length === 2, 'both missed events');
    const third = await listen(person, {}, `?lastEventId=${last}`);
    await until(() => third.events.length === 2, 'both missed events');
    expect(third.events).to.deep.equal(second.events);
    expect(second.events.every(({ id }) => id > Number(last))).to.equal(true);
  });

  it('tells a client whose last id is of no use to fetch anew', async () => {
    const client = await listen(person, { 'last-event-id': '999999' });
    expect(client.text()).to.match(/^event: resync\n/);
  });

  it('opens once by a ticket, with no token', async () => {
    const ticket = await ticketOf(person);
    const client = await stream(`?ticket=${ticket}`);
    expect(client.status).to.equal(200);
    await notify(person);
    await until(() => client.events.length === 1, 'the event');
    const again = await stream(`?ticket=${ticket}`);
    expect(again.status).to.equal(401);
    await again.closed;
    expect(again.text()).to.include('TICKET_INVALID');
  });

  it('refuses a ticket that is not one, has expired, or whose session has ended', async () => {
    expect((await stream('?ticket=nonsense')).status).to.equal(401);
    expect((await stream('')).status).to.equal(401);
    const late = await ticketOf(person);
    app.clock.set(new Date(Date.now() + 31_000));
    expect((await stream(`?ticket=${late}`)).status).to.equal(401);
    app.clock.set(undefined);
    const ended = await ticketOf(person);
    await endSessions(person);
    const refused = await stream(`?ticket=${ended}`);
    expect(refused.status).to.equal(401);
    await refused.closed;
    expect(refused.text()).to.include('TICKET_INVALID');
  });

  it('is no pass for other routes', async () => {
    const ticket = await ticketOf(person);
    await app.http.get(`/angelis/notification?ticket=${ticket}`).expect(401);
  });

  const endSessions = async (who: TestPerson): Promise<void> => {
    const client = await app.database.superuser();
    await client.query('update session set revoked_at = $2, epoch = epoch + 1 where profile_id = $1', [
      who.profileId,
      new Date(),
    ]);
    await client.end();
  };

  it('ends with its session and not with that of others, and does not open again', async () => {
    const third = await addPerson(app, { companyId, roles: ['worker'] });
    const before = await listen(other);
    const client = await listen(person);
    const after = await listen(third);
    await endSessions(person);
    await client.closed;
    for (const who of [other, third]) await notify(who);
    await until(() => before.events.length === 1 && after.events.length === 1, 'what others are told');
    const again = await stream('', { authorization: await person.bearer('angelis-worker') });
    expect(again.status).to.equal(401);
  });

  it('ends when what its person may do has changed', async () => {
    const client = await listen(person);
    const superuser = await app.database.superuser();
    await superuser.query('update profile set epoch = epoch + 1 where id = $1', [person.profileId]);
    await superuser.end();
    await client.closed;
    await listen(person);
  });

  it('is open five times at most', async () => {
    for (let n = 0; n < 5; n += 1) await listen(person);
    const sixth = await stream('', { authorization: await person.bearer('angelis-worker') });
    expect(sixth.status).to.equal(429);
    open[0]!.drop();
    await open[0]!.closed;
    await listen(person);
  });
});
