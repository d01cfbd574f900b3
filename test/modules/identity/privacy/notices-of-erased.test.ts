import { expect } from 'chai';
import { OPERATOR_COMPANY } from '../../../../src/platform/db/scope.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { sweep } from '../../../support/workforce.ts';
import { attemptIn } from '../../workforce/batch/attempt.ts';
import type { Waiting } from '../../workforce/batch/attempt.ts';

const PASSWORD = 'la clave de siempre 1';
const [OLD, NEW] = ['antes@example.cl', 'despues@example.cl'];

interface Receipt {
  requestId: string;
}

describe('what waits to be done about somebody who is erased meanwhile', () => {
  let app: TestApp;
  let companyId: string;
  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
  });
  after(() => app.close());

  const post = (path: string, body: object, authorization?: string) =>
    app.http
      .post(`/angelis${path}`)
      .set({ 'accept-language': 'en', ...(authorization !== undefined && { authorization }) })
      .send(body);
  /** Runs what waits of a job, once each; answers how much that was. */
  const run = async (job: string): Promise<number> => {
    const waiting = await app.database.sql<Waiting>(
      `select company_id as "companyId", id as "outboxId", job from outbox where job = $1 and state = 'waiting'`,
      [job],
    );
    const attempt = attemptIn(app);
    for (const one of waiting) await attempt(one);
    return waiting.length;
  };
  const ticketFor = async ({ requestId }: Receipt, address: string): Promise<string> => {
    const code = /\b\d{6}\b/.exec(app.messages.mails.findLast(({ to }) => to === address)?.text ?? '')?.[0];
    return ((await post('/otp/verify', { requestId, code }).expect(200)).body as { ticket: string }).ticket;
  };

  it('is not done: nobody mails the address that they had, and nothing that waits or failed tells it', async () => {
    const { personId } = await addPerson(app, {
      companyId,
      roles: ['worker'],
      login: { email: OLD, password: PASSWORD },
    });
    const entered = await post('/auth/sign-in', { identifier: OLD, password: PASSWORD }).expect(200);
    const bearer = `Bearer ${(entered.body as { accessToken: string }).accessToken}`;
    const begun = (await post('/auth/me/email', { email: NEW }, bearer).expect(202)).body as {
      current: Receipt;
      fresh: Receipt;
    };
    expect(await run('identity.otp.deliver')).to.equal(2);
    const tickets = { current: await ticketFor(begun.current, OLD), fresh: await ticketFor(begun.fresh, NEW) };
    const asked = (await post('/privacy/erasure-request', {}, bearer).expect(201)).body as {
      id: string;
      dueAt: string;
    };
    await post('/auth/me/email/confirm', tickets, bearer).expect(204);
    const sent = app.messages.mails.length;

    app.clock.set(new Date(Date.parse(asked.dueAt) + 1_000));
    await sweep(app, OPERATOR_COMPANY, 'erasure_request', asked.id, 'begin');
    expect(await run('identity.person.erase')).to.equal(1);
    const [person] = await app.database.sql<{ status: string; key: string }>(
      'select status, data_key as key from person where id = $1',
      [personId],
    );
    expect(person).to.deep.equal({ status: 'erased', key: 'erased' });
    // Of the change of the address, and that they asked for this.
    expect(await run('identity.notice.send')).to.equal(2);
    expect(await run('identity.person.align')).to.be.greaterThan(0);
    expect(app.messages.mails.slice(sent)).to.deep.equal([]);

    const about = await app.database.sql<{ state: string; error: string | null; text: string }>(
      `select state, last_error as error, row_to_json(o)::text as text from outbox o where payload ->> 'personId' = $1`,
      [personId],
    );
    expect(about.length).to.be.greaterThan(2);
    expect(about.filter(({ state, error }) => !['done', 'cancelled'].includes(state) || error !== null)).to.deep.equal(
      [],
    );
    const everything = await app.database.sql<{ text: string }>(
      `select row_to_json(o)::text as text from outbox o union all select row_to_json(o)::text from otp o
       union all select row_to_json(p)::text from person p union all select row_to_json(c)::text from change c`,
    );
    const telling = everything.filter(({ text }) => text.includes(OLD) || text.includes(NEW));
    expect(telling).to.deep.equal([]);
    expect(await app.database.sql('select 1 from otp where person_id = $1', [personId])).to.deep.equal([]);
  });
});
