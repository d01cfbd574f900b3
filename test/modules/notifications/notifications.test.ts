import { expect } from 'chai';
import type { Notice } from '../../../src/modules/notifications/notice.ts';
import { PermanentDeliveryError, TransientDeliveryError } from '../../../src/platform/messaging/messages.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

interface Shown {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  readonly body: string;
  readonly readAt: string | null;
  readonly archivedAt: string | null;
}
interface Sent {
  readonly id: string;
  readonly version: number;
  readonly channel: string;
  readonly status: string;
  readonly attempts: number;
  readonly skippedBecause: string | null;
  readonly error: string | null;
  readonly nextRetryAt: string | null;
}
interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

const ALERT: Pick<Notice, 'type' | 'link'> = { type: 'test_alert', link: '/fitness/cases/1' };
const EXPIRY: Pick<Notice, 'type' | 'subjectParams'> = {
  type: 'license_expiry',
  subjectParams: { days: 7, validTo: '2026-12-01' },
};

describe('notifications', () => {
  let app: TestApp;
  let companyId: string;
  let boss: TestPerson;
  let person: TestPerson;
  let sequence = 0;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    boss = await addPerson(app, { companyId, roles: ['admin'] });
    await sql(`update company set timezone = 'Etc/UTC' where id = $1`, [companyId]);
  });
  beforeEach(async () => {
    person = await reachable('worker');
    app.messages.mails.length = 0;
    app.messages.texts.length = 0;
  });
  afterEach(() => app.clock.set(undefined));
  after(() => app.close());

  /** Tokens end while the clock moves: each request takes a fresh one. */
  const own = () => clientOf(app, person);
  const admin = () => clientOf(app, boss);
  const sql = async (text: string, values: unknown[]) => {
    const client = await app.database.superuser();
    const { rows } = await client.query<Record<string, unknown>>(text, values);
    await client.end();
    return rows;
  };
  const reachable = async (role: string): Promise<TestPerson> => {
    const made = await addPerson(app, { companyId, roles: [role] });
    sequence += 1;
    await sql('update profile set contact_email = $2, contact_phone = $3 where id = $1', [
      made.profileId,
      `p${sequence}@example.cl`,
      `+5691234${String(sequence).padStart(4, '0')}`,
    ]);
    return made;
  };
  const notify = (notice: Partial<Notice> & Pick<Notice, 'type'>) =>
    app.platform.work.write({ scope: scopeOf(companyId) }, (tx) =>
      app.notices.notify(tx, { recipients: [person.profileId], dedupeKey: `k${Math.random()}`, ...notice }),
    );
  const listed = async (query = ''): Promise<Page<Shown>> =>
    (await (await own()).get(`/notification${query}`).expect(200)).body as Page<Shown>;
  const deliveries = async (query = ''): Promise<readonly Sent[]> =>
    (
      (await (await admin()).get(`/notification/delivery?profileId=${person.profileId}${query}`).expect(200))
        .body as Page<Sent>
    ).items;
  const prefer = async (wishes: object) => {
    const { headers } = await (await own()).get('/notification/preferences').expect(200);
    return (await own()).put(
      '/notification/preferences',
      { modes: [], muteUntil: null, quietHours: null, ...wishes },
      { 'if-match': headers['etag'] as string },
    );
  };

  it('reach the list, mail and SMS, with no value, and say where to look: nothing but the API answers yet', async () => {
    await notify(ALERT);
    await app.idle();
    const { items } = await listed();
    expect(items).to.have.length(1);
    expect(items[0]).to.include({ type: 'test_alert', title: 'Safety alert', readAt: null });
    expect(app.messages.mails).to.have.length(1);
    expect(app.messages.mails[0]).to.include({ subject: 'Safety alert' });
    expect(app.messages.mails[0]!.text)
      .to.include('\n\nIt is among your notices in Angelis.\n\n')
      .and.not.include('://');
    expect(app.messages.texts.map(({ text }) => text)).to.deep.equal([
      'A test result of a person in your charge needs attention now. It is among your notices in Angelis.',
    ]);
    expect((await deliveries()).map(({ channel, status }) => `${channel} ${status}`)).to.have.members([
      'email sent',
      'sms sent',
    ]);
  });

  it('link to the company’s front end, where there is one', async () => {
    const path = '/admin/appconfig/notifications.rules';
    const owner = await admin();
    const { headers, body } = await owner.get(path).expect(200);
    const { value } = body as { value: object };
    const frontendUrl = 'https://angelis.mina.cl';
    await owner.put(path, { value: { ...value, frontendUrl } }, { 'if-match': headers['etag'] as string }).expect(200);
    await notify(ALERT);
    await app.idle();
    expect(app.messages.mails[0]!.text).to.include(`\n\n${frontendUrl}/fitness/cases/1\n\n`);
    expect(app.messages.texts[0]!.text).to.match(/now\. https:\/\/angelis\.mina\.cl\/fitness\/cases\/1$/u);
    const { headers: since } = await owner.get(path).expect(200);
    await owner.put(path, { value }, { 'if-match': since['etag'] as string }).expect(200);
  });

  it('speak the language of their recipient, whoever caused them', async () => {
    await sql(`update person set locale = 'fr' where id = $1`, [person.personId]);
    await notify(ALERT);
    await app.idle();
    expect(app.messages.mails[0]!.subject).to.equal('Alerte de sécurité');
    const spanish = await (await own()).get('/notification', { 'accept-language': 'es' }).expect(200);
    expect((spanish.body as Page<Shown>).items[0]!.title).to.equal('Alerta de seguridad');
  });

  it('come once for one key within the window, however many tell at once, and again after it', async () => {
    await Promise.all(Array.from({ length: 8 }, () => notify({ ...ALERT, dedupeKey: 'case 1' })));
    await app.idle();
    expect((await listed()).items).to.have.length(1);
    expect(app.messages.mails).to.have.length(1);
    app.clock.set(new Date(Date.now() + 24 * 3_600_000 + 1_000));
    await notify({ ...ALERT, dedupeKey: 'case 1' });
    expect((await listed()).items).to.have.length(2);
  });

  it('are gone with the transaction that made them', async () => {
    const failing = app.platform.work.write({ scope: scopeOf(companyId) }, async (tx) => {
      await app.notices.notify(tx, { ...ALERT, recipients: [person.profileId], dedupeKey: 'undone' });
      throw new Error('undone');
    });
    await failing.catch(() => undefined);
    await notify({ ...ALERT, dedupeKey: 'undone' });
    expect((await listed()).items).to.have.length(1);
  });

  it('do not reach people who left', async () => {
    await sql(`update profile set status = 'ended' where id = $1`, [person.profileId]);
    await notify(ALERT);
    const rows = await sql('select 1 from notification where profile_id = $1', [person.profileId]);
    expect(rows).to.have.length(0);
  });

  it('are read one by one or all at once, put away, and nobody else’s', async () => {
    for (let n = 0; n < 3; n += 1) await notify(EXPIRY);
    const count = async () =>
      ((await (await own()).get('/notification/unread-count').expect(200)).body as { count: number }).count;
    expect(await count()).to.equal(3);
    const [first, second] = (await listed()).items;
    await (await own()).post(`/notification/${first!.id}/read`).expect(200);
    await (await own()).post(`/notification/${first!.id}/read`).expect(200);
    expect(await count()).to.equal(2);
    const stranger = await clientOf(app, await reachable('worker'));
    await stranger.post(`/notification/${second!.id}/read`).expect(404);
    expect((await stranger.get('/notification').expect(200)).body).to.deep.equal({ items: [], next: null });
    const archived = (await (await own()).post(`/notification/${second!.id}/archive`).expect(200)).body as Shown;
    expect(archived.readAt).to.equal(archived.archivedAt);
    expect((await listed('?archived=false')).items.map(({ id }) => id)).to.not.include(second!.id);
    expect((await (await own()).post('/notification/read-all').expect(200)).body).to.deep.equal({ read: 1 });
    expect(await count()).to.equal(0);
    expect((await listed('?read=false')).items).to.deep.equal([]);
  });

  it('are paged by cursor, the newest first', async () => {
    for (let n = 0; n < 3; n += 1) {
      app.clock.set(new Date(Date.now() + n * 1_000));
      await notify({ ...EXPIRY, subjectParams: { days: n, validTo: '2026-12-01' } });
    }
    const page = await listed('?limit=2');
    const rest = await listed(`?limit=2&cursor=${encodeURIComponent(page.next!)}`);
    expect([...page.items, ...rest.items].map(({ body }) => /days left: (\d)/.exec(body)?.[1])).to.deep.equal([
      '2',
      '1',
      '0',
    ]);
    expect(rest.next).to.equal(null);
  });

  it('follow what their recipient chose, safety alerts do not', async () => {
    const chosen = await prefer({
      modes: [{ type: 'license_expiry', channel: 'email', mode: 'off' }],
      muteUntil: new Date(Date.now() + 3_600_000).toISOString(),
    });
    expect(chosen.status).to.equal(200);
    await notify(EXPIRY);
    await notify({ type: 'export_ready' });
    await notify(ALERT);
    await app.idle();
    expect(app.messages.mails.map(({ subject }) => subject)).to.deep.equal(['Safety alert']);
    expect(app.messages.texts).to.have.length(1);
    const skipped = (await deliveries('&status=skipped')).map(({ skippedBecause }) => skippedBecause);
    expect(skipped).to.have.members(['off', 'muted']);
    expect((await listed()).items).to.have.length(3);
  });

  it('wait for the end of the quiet hours, and are not sent when they were read by then', async () => {
    const day = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
    const night = new Date(`${day}T03:00:00Z`);
    app.clock.set(night);
    expect((await prefer({ quietHours: { from: '22:00', to: '07:00' } })).status).to.equal(200);
    await notify(EXPIRY);
    await notify({ type: 'export_ready' });
    const waiting = await deliveries();
    expect(waiting.map(({ status, nextRetryAt }) => `${status} ${nextRetryAt}`)).to.deep.equal([
      `pending ${day}T07:00:00.000Z`,
      `pending ${day}T07:00:00.000Z`,
    ]);
    const [newest] = (await listed()).items;
    await (await own()).post(`/notification/${newest!.id}/read`).expect(200);
    app.clock.set(new Date(`${day}T07:00:01Z`));
    await untilDone();
    expect((await deliveries()).map(({ status }) => status)).to.have.members(['sent', 'skipped']);
    expect(app.messages.mails).to.have.length(1);
  });

  /** Waits until no delivery of the person is under way; what it waits for is started by the relay. */
  const untilDone = async (): Promise<void> => {
    for (let n = 0; n < 400; n += 1) {
      const open = (await deliveries()).filter(({ status }) => ['pending', 'sending', 'retrying'].includes(status));
      if (open.length === 0) return;
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
    }
    throw new Error('deliveries are still under way');
  };

  describe('whose carrier fails', () => {
    const { send } = { send: (): typeof app.messages.mailer.send => app.messages.mailer.send };
    let original: typeof app.messages.mailer.send;
    beforeEach(() => {
      original = send();
    });
    afterEach(() => {
      app.messages.mailer.send = original;
    });

    it('are tried again later under the same Message-ID', async () => {
      const ids: string[] = [];
      app.messages.mailer.send = (message) => {
        ids.push(message.messageId);
        return ids.length < 2
          ? Promise.reject(new TransientDeliveryError('later', { retryAfterMs: 60_000 }))
          : original(message);
      };
      await notify({ type: 'export_ready' });
      await app.idle();
      const [delivery] = await deliveries();
      expect(delivery).to.include({ status: 'retrying', attempts: 1 });
      expect(Date.parse(delivery!.nextRetryAt!) - Date.now()).to.be.greaterThan(50_000);
      app.clock.set(new Date(Date.parse(delivery!.nextRetryAt!) + 1));
      await untilDone();
      const [sent] = await deliveries();
      expect(sent).to.include({ status: 'sent', attempts: 2, error: null });
      expect(ids).to.deep.equal([`${sent!.id}@127.0.0.1`, `${sent!.id}@127.0.0.1`]);
    });

    it('are given up at once when it will never take them, and sent again by an admin', async () => {
      app.messages.mailer.send = () => Promise.reject(new PermanentDeliveryError('no such mailbox'));
      await notify({ type: 'export_ready' });
      await app.idle();
      const [dead] = await deliveries();
      expect(dead).to.include({ status: 'dead', attempts: 1, error: 'PermanentDeliveryError: no such mailbox' });
      app.messages.mailer.send = original;
      await (await own()).post(`/notification/delivery/${dead!.id}/resend`, {}, version(dead!.version)).expect(403);
      await (await admin()).post(`/notification/delivery/${dead!.id}/resend`, {}, version(dead!.version)).expect(200);
      await untilDone();
      expect((await deliveries())[0]).to.include({ status: 'sent', attempts: 1 });
      expect(app.messages.mails).to.have.length(1);
    });

    it('are given up after five tries', async () => {
      app.messages.mailer.send = () => Promise.reject(new TransientDeliveryError('no line'));
      await notify({ type: 'export_ready' });
      await app.idle();
      for (let tries = 1; tries < 5; tries += 1) {
        const [delivery] = await deliveries();
        expect(delivery).to.include({ status: 'retrying', attempts: tries });
        app.clock.set(new Date(Date.parse(delivery!.nextRetryAt!) + 1));
        while ((await deliveries())[0]!.attempts === tries || (await deliveries())[0]!.status === 'sending')
          await new Promise((resolve) => {
            setTimeout(resolve, 25);
          });
      }
      expect((await deliveries())[0]).to.include({ status: 'dead', attempts: 5 });
    });
  });

  it('need an address: without one nothing is sent, and the list has it all the same', async () => {
    await sql('update profile set contact_phone = null where id = $1', [person.profileId]);
    await notify(ALERT);
    await app.idle();
    const found = (await deliveries()).map(({ channel, status, skippedBecause }) => [channel, status, skippedBecause]);
    expect(found).to.have.deep.members([
      ['email', 'sent', null],
      ['sms', 'skipped', 'no_address'],
    ]);
    expect((await listed()).items).to.have.length(1);
  });

  it('choices are versioned and held to sense', async () => {
    expect((await (await own()).get('/notification/preferences').expect(200)).body).to.deep.equal({
      modes: [],
      muteUntil: null,
      quietHours: null,
      version: 0,
    });
    const body = { modes: [], muteUntil: null, quietHours: { from: '22:00', to: '06:00' } };
    await (await own()).put('/notification/preferences', body).expect(428);
    await (await own()).put('/notification/preferences', body, version(3)).expect(412);
    await (await own()).put('/notification/preferences', body, version(0)).expect(200);
    await (await own()).put('/notification/preferences', body, version(0)).expect(412);
    const empty = { ...body, quietHours: { from: '22:00', to: '22:00' } };
    const refused = await (await own()).put('/notification/preferences', empty, version(1)).expect(422);
    expect((refused.body as { errors: { code: string }[] }).errors[0]!.code).to.equal('QUIET_HOURS_EMPTY');
    await (
      await own()
    )
      .put('/notification/preferences', { ...body, quietHours: { from: '25:00', to: '06:00' } }, version(1))
      .expect(422);
  });

  it('leave an id-only change for their recipient’s stream, and no address in the log', async () => {
    await notify(ALERT);
    await app.idle();
    const rows = await sql(
      `select c.action, c.after::text as after, array_agg(r.profile_id) as audience from change c
       left join change_recipient r on r.company_id = c.company_id and r.change_id = c.id
       where c.company_id = $1 and c.entity in ('notification', 'delivery') and c.after->>'profileId' = $2
       group by c.id, c.action, c.after order by c.id`,
      [companyId, person.profileId],
    );
    expect(rows.map(({ action }) => action)).to.deep.equal([
      'notification.create',
      'delivery.create',
      'delivery.create',
    ]);
    expect(rows[0]!['audience']).to.deep.equal([person.profileId]);
    for (const { after } of rows) expect(after).to.not.match(/@|\+569/);
  });

  it('are deleted after their time with everything that hangs on them', async () => {
    await notify(ALERT);
    await app.idle();
    const tick = app.modules.flatMap(({ ticks = [] }) => ticks).find(({ name }) => name === 'notifications.purge')!;
    const { signal } = new AbortController();
    const scope = scopeOf(companyId);
    const countOf = async () =>
      (await sql('select 1 from notification where profile_id = $1', [person.profileId])).length;
    await tick.run(scope, { now: new Date(Date.now() + 364 * 86_400_000), signal });
    expect(await countOf()).to.equal(1);
    await tick.run(scope, { now: new Date(Date.now() + 366 * 86_400_000), signal });
    expect(await countOf()).to.equal(0);
    expect(await sql('select 1 from delivery where profile_id = $1', [person.profileId])).to.deep.equal([]);
  });
});
