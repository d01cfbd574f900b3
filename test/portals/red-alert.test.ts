import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY, systemScope } from '../../src/platform/db/scope.ts';
import { startApp } from '../support/app.ts';
import type { TestApp } from '../support/app.ts';
import { clientOf, version } from '../support/client.ts';
import { addCompany } from '../support/companies.ts';
import { addPerson, addReportingLine } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';
import { createTestSources, saferRow, trialsOf } from '../support/sources.ts';
import type { TestSources } from '../support/sources.ts';
import { openSse } from '../support/sse.ts';
import type { SseClient } from '../support/sse.ts';

const PERSON_CODE = 'W-1';

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly actor: { readonly id: string };
  readonly changes: readonly object[];
}

describe('a red test in the source', () => {
  let app: TestApp;
  let sources: TestSources;
  let slug: string;
  let worker: TestPerson;
  let supervisor: TestPerson;
  let auditor: TestPerson;
  let stream: SseClient;

  before(async () => {
    sources = await createTestSources();
    app = await startApp({ background: true, sources: sources.sources });
    const companyId = await addCompany(app.database);
    slug = `c-${companyId.slice(-12)}`;
    const person = (role: string) => addPerson(app, { companyId, roles: [role] });
    [worker, supervisor, auditor] = [await person('worker'), await person('supervisor'), await person('auditor')];
    await addReportingLine(app, supervisor, worker);
    const client = await app.database.superuser();
    await client.query('update profile set contact_email = $2, contact_phone = $3 where id = $1', [
      supervisor.profileId,
      'jefa@example.cl',
      '+56912345678',
    ]);
    await client.query(
      `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
       values ($1, $2, 'SAFER', $3, $4, $5, $5)`,
      [companyId, uuidv7(), PERSON_CODE, worker.profileId, new Date()],
    );
    await client.end();
  });
  after(async () => {
    stream?.drop();
    await app.close();
    await sources.drop();
  });

  const until = async (condition: () => boolean, what: string): Promise<void> => {
    for (let n = 0; n < 400; n += 1) {
      if (condition()) return;
      await sleep(25);
    }
    throw new Error(`not within 10 s: ${what}`);
  };
  const read = async <T>(who: TestPerson, path: string): Promise<T> => {
    const { status, body } = await (await clientOf(app, who)).get(path);
    expect(status, JSON.stringify(body)).to.equal(200);
    return body as T;
  };
  const ingest = async (): Promise<void> => {
    const ticks = app.modules.flatMap((module) => module.ticks ?? []);
    const tick = ticks.find(({ name }) => name === 'fitness.ingest.safer')!;
    const scope = systemScope(OPERATOR_COMPANY, tick.name, 'a'.repeat(32));
    await tick.run(scope, { now: app.clock.now(), signal: new AbortController().signal });
  };

  it('is a hold, an event, a notice, an SMS and a mail at once, whatever the supervisor muted', async () => {
    const client = await clientOf(app, supervisor);
    const wishes = {
      modes: ['email', 'sms'].map((channel) => ({ type: 'test_alert', channel, mode: 'off' })),
      muteUntil: new Date(Date.now() + 86_400_000).toISOString(),
      quietHours: { from: '00:00', to: '23:59' },
    };
    await client.put('/notification/preferences', wishes, version(0)).expect(200);
    const { ticket } = (await client.post('/notification/stream/ticket').expect(200)).body as { ticket: string };
    stream = await openSse(`${app.url}/angelis/notification/stream?ticket=${ticket}`);
    await until(() => stream.text().includes('\n\n'), 'the stream');

    await sources.feeder.safer([saferRow(slug, PERSON_CODE, new Date(), { trials: trialsOf(800) })]);
    await ingest();
    await app.idle();
    await until(() => app.messages.mails.length > 0 && app.messages.texts.length > 0, 'mail and SMS');
    const told = (type: string) => stream.events.some(({ data }) => data['type'] === type);
    await until(() => told('fitness_case.open') && told('notification.create') && told('hold.create'), 'the events');

    const own = await read<{ hold: { level: string } | null; case: { next: { step: string } } }>(
      worker,
      '/worker/today',
    );
    expect(own.hold).to.include({ level: 'red' });
    expect(own.case.next.step).to.equal('WAIT_FOR_SUPERVISOR');
    const { items } = await read<{ items: { type: string; link: string }[] }>(supervisor, '/notification');
    expect(items.map(({ type }) => type)).to.deep.equal(['test_alert']);
    const { case: board } = (
      await read<{ items: { case: { id: string; level: string } }[] }>(supervisor, '/supervisor/board')
    ).items[0]!;
    expect(board.level).to.equal('red');
    expect(items[0]!.link).to.equal(`/fitness/cases/${board.id}`);
    expect(await read<{ id: string }>(supervisor, items[0]!.link)).to.include({ id: board.id });
  });

  it('sends no level, no value and no name in mail, SMS or stream', () => {
    expect(app.messages.mails.map(({ to }) => to)).to.deep.equal(['jefa@example.cl']);
    expect(app.messages.texts.map(({ to }) => to)).to.deep.equal(['+56912345678']);
    const said = [...app.messages.mails, ...app.messages.texts].map(({ text }) => text).join(' ');
    expect(said).to.not.match(/\bred\b|rojo|rouge|800|Ana|Rojas/i);
    for (const { data } of stream.events) expect(data).to.have.all.keys('id', 'type', 'entity', 'entityId');
  });

  it('stands in the trail with who did what, before and after', async () => {
    const client = await clientOf(app, supervisor);
    const page = (await client.get('/supervisor/cases').expect(200)).body as {
      items: { id: string; version: number }[];
    };
    const [{ id, version: number }] = page.items as [{ id: string; version: number }];
    await client.post(`/fitness/cases/${id}/acknowledge`, undefined, version(number)).expect(200);
    const { items } = await read<{ items: Entry[] }>(auditor, `/admin/auditLog?entity=fitness_case&entityId=${id}`);
    expect(items.map(({ action }) => action)).to.have.members(['fitness_case.open', 'fitness_case.acknowledge']);
    const acknowledged = items.find(({ action }) => action === 'fitness_case.acknowledge')!;
    const entry = await read<Entry>(auditor, `/admin/auditLog/${acknowledged.id}`);
    expect(entry.actor.id).to.equal(supervisor.profileId);
    expect(entry.changes).to.deep.include({ field: 'status', before: 'open', after: 'acknowledged' });
  });
});
