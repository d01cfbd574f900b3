import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';

interface Receipt {
  requestId: string;
  resendAfter: number;
}

describe('one-time passwords', () => {
  let app: TestApp;
  let company: string;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    company = await companyThatTakes({ email: true, sms: true });
  });
  after(() => app.close());

  const companyThatTakes = async (value: { email: boolean; sms: boolean }): Promise<string> => {
    const id = await addCompany(app.database);
    const client = await app.database.superuser();
    await client.query(
      `insert into company_setting (company_id, id, key, value, created_at, updated_at)
       values ($1, $2, 'identity.otpSignIn', $3, $4, $4)`,
      [id, uuidv7(), JSON.stringify(value), new Date()],
    );
    return id;
  };
  const addWorker = async (companyId = company): Promise<TestPerson & { email: string; phone: string }> => {
    n += 1;
    const email = `otp${n}@example.cl`;
    const phone = `+5691234${String(n).padStart(4, '0')}`;
    return { ...(await addPerson(app, { companyId, roles: ['worker'], login: { email, phone } })), email, phone };
  };
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    app.http
      .post(`/angelis/otp/${path}`)
      .set({ 'accept-language': 'en', ...headers })
      .send(body);
  const request = async (identifier: string, purpose = 'login', channel = 'email', at?: string): Promise<Receipt> => {
    const answer = await post(
      'request',
      { identifier, purpose, channel },
      at === undefined ? {} : { 'x-company-id': at },
    ).expect(202);
    await app.idle();
    return answer.body as Receipt;
  };
  const mailsTo = (email: string) => app.messages.mails.filter(({ to }) => to === email);
  const lastCode = (email: string): string => /\b(\d{6})\b/.exec(mailsTo(email).at(-1)?.text ?? '')?.[1] ?? 'none';
  const verify = (requestId: string, code: string) => post('verify', { requestId, code });
  const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
  const codeOf = (body: unknown): string | undefined =>
    (body as { errors?: { code: string }[] }).errors?.[0]?.code ?? (body as { code?: string }).code;

  it('sign in by mail where the company takes them; the code is of six digits and good once', async () => {
    const { email, personId } = await addWorker();
    const { requestId } = await request(email);
    const signedIn = await verify(requestId, lastCode(email)).expect(200);
    const { accessToken, refreshToken } = (signedIn.body as { signedIn: { accessToken: string; refreshToken: string } })
      .signedIn;
    const me = await app.http
      .get('/angelis/auth/me')
      .set({ authorization: `Bearer ${accessToken}` })
      .expect(200);
    expect(me.body).to.include({ id: personId });
    await app.http.post('/angelis/auth/refresh').send({ refreshToken }).expect(200);
    expect(codeOf((await verify(requestId, lastCode(email)).expect(422)).body)).to.equal('WRONG_CODE');
  });

  it('go by SMS to the phone of the person', async () => {
    const { email, phone } = await addWorker();
    const { requestId } = await request(email, 'login', 'sms');
    const text = app.messages.texts.find(({ to }) => to === phone)!;
    await verify(requestId, /\d{6}/.exec(text.text)![0]).expect(200);
    expect(mailsTo(email)).to.deep.equal([]);
  });

  it('of 200 right submissions at once, one succeeds', async () => {
    const { email, personId } = await addWorker();
    const { requestId } = await request(email);
    const code = lastCode(email);
    const answers = await Promise.all(Array.from({ length: 200 }, () => verify(requestId, code)));
    const statuses = Map.groupBy(answers, ({ status }) => status);
    expect(statuses.get(200)).to.have.length(1);
    expect(statuses.get(422)).to.have.length(199);
    const client = await app.database.superuser();
    const { rows } = await client.query('select 1 from session where person_id = $1', [personId]);
    expect(rows).to.have.length(1);
  });

  it('give five tries, also to many at once', async () => {
    const { email } = await addWorker();
    const { requestId } = await request(email);
    const code = lastCode(email);
    await Promise.all(Array.from({ length: 20 }, () => verify(requestId, wrong(code)).expect(422)));
    await verify(requestId, code).expect(422);
    const client = await app.database.superuser();
    const { rows } = await client.query('select attempts from otp where id = $1', [requestId]);
    expect(rows).to.deep.equal([{ attempts: 5 }]);
  });

  it('are counted by what became of them', async () => {
    const figures = async (): Promise<Map<string, number>> => {
      const { body } = await app.platform.metrics.expose();
      return new Map(
        Array.from(body.matchAll(/^angelis_otp_total\{outcome="(\w+)"\} (\d+)$/gmu), ([, name, count]) => [
          name!,
          Number(count),
        ]),
      );
    };
    const { email } = await addWorker();
    const before = await figures();
    const { requestId } = await request(email);
    await post('request', { identifier: email, purpose: 'login', channel: 'email' }).expect(429);
    for (let tries = 0; tries < 2; tries += 1) await verify(requestId, wrong(lastCode(email))).expect(422);
    for (const status of [200, 422, 422, 422]) await verify(requestId, lastCode(email)).expect(status);
    const counted = Array.from(await figures(), ([name, count]) => [name, count - before.get(name)!]);
    expect(Object.fromEntries(counted)).to.deep.equal({ sent: 1, too_often: 1, wrong: 2, verified: 1, over: 3 });
  });

  it('are good on the fifth try', async () => {
    const { email } = await addWorker();
    const { requestId } = await request(email);
    for (let tries = 0; tries < 4; tries += 1) await verify(requestId, wrong(lastCode(email))).expect(422);
    await verify(requestId, lastCode(email)).expect(200);
  });

  it('end after five minutes', async () => {
    const { email } = await addWorker();
    const { requestId } = await request(email);
    try {
      app.clock.set(new Date(Date.now() + 5 * 60_000 + 1_000));
      await verify(requestId, lastCode(email)).expect(422);
    } finally {
      app.clock.set(undefined);
    }
    await verify(requestId, lastCode(email)).expect(200);
  });

  it('are one of a purpose: a newer one ends the one before', async () => {
    const { email } = await addWorker();
    const first = await request(email);
    const firstCode = lastCode(email);
    try {
      app.clock.set(new Date(Date.now() + 61_000));
      const second = await request(email);
      await verify(first.requestId, firstCode).expect(422);
      const third = await post('resend', { requestId: second.requestId }).expect(429);
      expect(third.headers['retry-after']).to.equal('60');
      await verify(second.requestId, lastCode(email)).expect(200);
    } finally {
      app.clock.set(undefined);
    }
  });

  it('come again after a minute, with another code under another request', async () => {
    const { email } = await addWorker();
    const first = await request(email);
    await post('resend', { requestId: first.requestId }).expect(429);
    try {
      app.clock.set(new Date(Date.now() + 61_000));
      const second = (await post('resend', { requestId: first.requestId }).expect(202)).body as Receipt;
      await app.idle();
      expect(mailsTo(email)).to.have.length(2);
      expect(second.requestId).to.not.equal(first.requestId);
      await post('resend', { requestId: first.requestId }).expect(429);
      await verify(second.requestId, lastCode(email)).expect(200);
      app.clock.set(new Date(Date.now() + 122_000));
      await post('resend', { requestId: second.requestId }).expect(404);
    } finally {
      app.clock.set(undefined);
    }
  });

  it('answer alike for accounts that are unknown, without the channel, disabled, or of a company that takes none', async () => {
    const silent = await addWorker(await addCompany(app.database));
    const disabled = await addWorker();
    const client = await app.database.superuser();
    await client.query(`update person set status = 'disabled' where id = $1`, [disabled.personId]);
    const before = app.messages.mails.length;
    const receipts = await Promise.all(
      [silent.email, disabled.email, 'nobody@example.cl', '33.333.333-3'].map((identifier) =>
        request(identifier, 'login', 'email', identifier.includes('@') ? undefined : company),
      ),
    );
    expect(app.messages.mails).to.have.length(before);
    const refusals = await Promise.all(
      receipts.map(async ({ requestId, resendAfter }) => {
        expect(resendAfter).to.equal(60);
        const { status, body } = await verify(requestId, '000000');
        return [status, codeOf(body)];
      }),
    );
    for (const refusal of refusals) expect(refusal).to.deep.equal([422, 'WRONG_CODE']);
    for (const identifier of ['nobody@example.cl', silent.email])
      await post('request', { identifier, purpose: 'login', channel: 'email' }).expect(429);
  });

  it('come again or not by what was typed alone, whether anybody has the account or not', async () => {
    n += 1;
    const email = `otp${n}@example.cl`;
    await addPerson(app, { companyId: company, roles: ['worker'], login: { email, rut: '45454545-1' } });
    const start = Date.now();
    const at = (minutes: number) => app.clock.set(new Date(start + minutes * 61_000));
    const resent = async (identifier: string, other: string): Promise<number[]> => {
      at(0);
      const first = await request(identifier);
      for (let tries = 0; tries < 5; tries += 1) await verify(first.requestId, '000000').expect(422);
      at(1);
      await request(identifier);
      await request(other, 'login', 'email', company);
      at(2);
      const again = await post('resend', { requestId: first.requestId });
      at(3);
      const twice = await post('resend', { requestId: first.requestId });
      return [again.status, twice.status];
    };
    try {
      expect(await resent(email, '45.454.545-1')).to.deep.equal([202, 202]);
      expect(await resent('nobody-again@example.cl', '46.464.646-9')).to.deep.equal([202, 202]);
    } finally {
      app.clock.set(undefined);
    }
    await app.idle();
  });

  it('are five an hour and ten a day for one account', async () => {
    const { email } = await addWorker();
    const start = Date.now();
    const statuses: number[] = [];
    try {
      for (let minute = 0; minute < 7; minute += 1) {
        app.clock.set(new Date(start + minute * 61_000));
        const { status } = await post('request', { identifier: email, purpose: 'login', channel: 'email' });
        statuses.push(status);
      }
      expect(statuses).to.deep.equal([202, 202, 202, 202, 202, 429, 429]);
      for (let hour = 1; hour < 8; hour += 1) {
        app.clock.set(new Date(start + hour * 3_700_000));
        const { status } = await post('request', { identifier: email, purpose: 'reset', channel: 'email' });
        statuses.push(status);
      }
      expect(statuses.slice(7)).to.deep.equal([202, 202, 202, 202, 202, 429, 429]);
    } finally {
      app.clock.set(undefined);
    }
    await app.idle();
  });

  it('send nothing more to an account that is named in two ways, and tell neither', async () => {
    n += 1;
    const email = `otp${n}@example.cl`;
    await addPerson(app, { companyId: company, roles: ['worker'], login: { email, rut: '44444444-4' } });
    await request(email);
    const quiet = await request('44.444.444-4', 'login', 'email', company);
    expect(mailsTo(email)).to.have.length(1);
    await verify(quiet.requestId, lastCode(email)).expect(422);
  });

  it('go to whoever has the RUT in the company that is named, whoever has it elsewhere; without a company to nobody', async () => {
    n += 1;
    const rut = '12345678-5';
    const email = `otp${n}@example.cl`;
    const theirs = await companyThatTakes({ email: true, sms: true });
    await addPerson(app, { companyId: company, roles: ['worker'], login: { email, rut } });
    await addPerson(app, { companyId: theirs, roles: ['worker'], login: { email: `of-${email}`, rut } });
    const sent = () => [mailsTo(email).length, mailsTo(`of-${email}`).length];
    for (const identifier of [rut, '7654321-6'])
      for (const [path, body] of [
        ['otp/request', { identifier, purpose: 'login', channel: 'email' }],
        ['auth/password/forgotten', { identifier }],
      ] as const) {
        const refused = await app.http.post(`/angelis/${path}`).send(body).expect(400);
        expect(codeOf(refused.body)).to.equal('COMPANY_NEEDED');
      }
    const { requestId } = await request(rut, 'reset', 'email', company);
    expect(sent()).to.deep.equal([1, 0]);
    await verify(requestId, lastCode(email)).expect(200);
    app.clock.set(new Date(Date.now() + 120_000));
    try {
      await request(rut, 'reset', 'email', theirs);
      expect(sent()).to.deep.equal([1, 1]);
      app.clock.set(new Date(Date.now() + 240_000));
      await request(rut, 'reset', 'email', await addCompany(app.database));
      expect(sent()).to.deep.equal([1, 1]);
    } finally {
      app.clock.set(undefined);
    }
  });

  it('carry no secret in payloads, and one Message-ID that is the outbox row’s', async () => {
    const { email } = await addWorker();
    const { requestId } = await request(email);
    const client = await app.database.superuser();
    const { rows } = await client.query<{ id: string; payload: object }>(
      `select id, payload from outbox where payload->>'otpId' = $1`,
      [requestId],
    );
    expect(rows.map(({ payload }) => payload)).to.deep.equal([{ otpId: requestId }]);
    expect(mailsTo(email).map(({ messageId }) => messageId)).to.deep.equal([`${rows[0]!.id}@127.0.0.1`]);
    const { rows: stored } = await client.query<{ text: string }>('select otp::text as text from otp where id = $1', [
      requestId,
    ]);
    expect(stored[0]!.text).to.not.include(lastCode(email));
    expect(stored[0]!.text).to.not.include(email);
  });

  it('leave nothing behind after fifteen minutes', async () => {
    const { email } = await addWorker();
    const { requestId } = await request(email);
    const tick = app.modules.flatMap(({ ticks = [] }) => ticks).find(({ name }) => name === 'identity.otp.purge')!;
    const client = await app.database.superuser();
    const left = async (): Promise<number> =>
      (await client.query('select 1 from otp where id = $1', [requestId])).rows.length;
    const run = (minutes: number) =>
      tick.run(systemScope(OPERATOR_COMPANY, 'test', 'a'.repeat(32)), {
        now: new Date(Date.now() + minutes * 60_000),
        signal: new AbortController().signal,
      });
    await run(13);
    expect(await left()).to.equal(1);
    await run(14.5);
    expect(await left()).to.equal(0);
  });
});
