import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { rutCheckDigit } from '../../../src/platform/text/rut.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, itemsOf, rowOf } from '../../support/workforce.ts';
import type { Row } from '../../support/workforce.ts';

const PASSWORD = 'grapas y caballos';
const RUT = '12345678-5';
const BATCH = '/admin/profile/batch';
const PEOPLE = `first_name,last_name,rut\nLuz,Tarde,11111111-${rutCheckDigit('11111111')}\n`;
type State = 'suspended' | 'archived' | 'active';

describe('companies that are suspended, or closed', function closed() {
  this.timeout(60_000);
  let app: TestApp;
  let companyId: string;
  let owner: TestPerson;
  let admin: TestPerson;
  let worker: TestPerson;
  let email: string;
  let made = 0;

  before(async () => {
    app = await startApp({ background: true });
  });
  after(() => app.close());

  beforeEach(async () => {
    made += 1;
    companyId = await addCompany(app.database);
    await app.database.sql(
      `insert into company_setting (company_id, id, key, value, created_at, updated_at)
       values ($1, $2, 'identity.otpSignIn', '{"email": true, "sms": false}', $3, $3)`,
      [companyId, uuidv7(), app.clock.now()],
    );
    owner = await addPerson(app, { companyId, roles: ['owner'] });
    admin = await addPerson(app, { companyId, roles: ['admin'] });
    email = `closed${made}@example.cl`;
    worker = await addPerson(app, { companyId, roles: ['worker'], login: { email, rut: RUT, password: PASSWORD } });
  });

  /** As the moves do, each of which has its own test. */
  const become = (status: State) =>
    app.database.sql(
      `update company set status = $2, access_epoch = access_epoch + 1, archive_at = null,
         purge_at = case when $2 = 'archived' then now() end where id = $1`,
      [companyId, status],
    );
  const there = (): Record<string, string> => ({ 'x-company-id': companyId });
  const signIn = (identifier: string, headers: Record<string, string> = {}) =>
    app.http.post('/angelis/auth/sign-in').set(headers).send({ identifier, password: PASSWORD });
  const askCode = (headers: Record<string, string> = {}, purpose = 'login') =>
    app.http.post('/angelis/otp/request').set(headers).send({ identifier: email, purpose, channel: 'email' });
  const mailsTo = async (to: string) => {
    await app.idle();
    return app.messages.mails.filter((mail) => mail.to === to);
  };
  const tokenTo = async (to: string): Promise<string> =>
    /token=(\S+)/.exec((await mailsTo(to)).at(-1)?.text ?? '')?.[1] ?? 'none';
  const reply = (what: 'accept' | 'decline', token: string) =>
    app.http.post(`/angelis/auth/invitation/${what}`).send({ token, ...(what === 'accept' && { password: PASSWORD }) });
  const show = (token: string) => app.http.get('/angelis/auth/invitation').query({ token });
  const draft = async (by: Client, contactEmail: string): Promise<Row> =>
    rowOf(by.post('/admin/profile', { firstName: 'Luz', lastName: 'Vera', kind: 'employee', contactEmail }), 201);
  const invited = async (to: string): Promise<Row> => {
    const by = await clientOf(app, admin);
    const row = await draft(by, to);
    return rowOf(by.post(`/admin/profile/${row.id}/invite`, {}, version(row.version)));
  };
  const upload = async (who: Pick<TestPerson, 'bearer'>, text = PEOPLE, kind = 'profiles') =>
    app.http
      .post(`/angelis${BATCH}?kind=${kind}`)
      .set({ authorization: await who.bearer() })
      .attach('file', Buffer.from(text), 'people.csv');
  /** Somebody of the staff inside the company, who may write there also while it is suspended. */
  const support = async (): Promise<TestPerson> => {
    const staff = await addStaff(app, 'support');
    const by = await clientOf(app, staff);
    await by.post('/admin/internal_user/support-session', { companyId, reason: 'ticket 7' }).expect(200);
    return staff as unknown as TestPerson;
  };
  const token = ({ clientId, secret }: { readonly clientId: string; readonly secret: string }) =>
    app.http
      .post('/angelis/auth/token')
      .type('form')
      .send({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret });

  it('let nobody in by a link that was mailed before, until they are active again', async () => {
    const row = await invited(`link${made}@example.cl`);
    const link = await tokenTo(`link${made}@example.cl`);
    await become('suspended');
    expect(await codeOf(show(link), 409)).to.equal('COMPANY_NOT_LIVE');
    expect(await codeOf(reply('accept', link), 409)).to.equal('COMPANY_NOT_LIVE');
    await become('archived');
    expect(await codeOf(show(link), 410)).to.equal('LINK_OVER');
    expect(await codeOf(reply('accept', link), 410)).to.equal('LINK_OVER');
    await become('active');
    await show(link).expect(200);
    await reply('accept', link).expect(200);
    const by = await clientOf(app, admin);
    expect(await rowOf(by.get(`/admin/profile/${row.id}`))).to.include({ status: 'active' });
  });

  it('are declined all the same', async () => {
    await invited(`no${made}@example.cl`);
    const link = await tokenTo(`no${made}@example.cl`);
    await become('suspended');
    await reply('decline', link).expect(204);
  });

  it('invite nobody, nor again: not their own people, not the staff', async () => {
    const waiting = await invited(`again${made}@example.cl`);
    const before = await mailsTo(`again${made}@example.cl`);
    const fresh = await draft(await clientOf(app, admin), `fresh${made}@example.cl`);
    const { id, version: at } = (await itemsOf(await clientOf(app, admin), '/admin/invitation'))[0]!;
    const body = { email: `new${made}@example.cl`, firstName: 'Luz', lastName: 'Vera' };
    const profile = { firstName: 'Luz', lastName: 'Vera', kind: 'employee' };
    const asked = (by: Client) => [
      by.post('/admin/invitation', body),
      by.post('/admin/profile', profile),
      by.post(`/admin/profile/${fresh.id}/invite`, {}, version(fresh.version)),
      by.post(`/admin/profile/${waiting.id}/resend`, {}, version(waiting.version)),
      by.post(`/admin/invitation/${id}/resend`, {}, version(at)),
    ];
    await become('suspended');
    for (const person of [owner, admin])
      for (const answer of asked(await clientOf(app, person)))
        expect(await codeOf(answer, 403)).to.equal('COMPANY_SUSPENDED');
    const inside = await clientOf(app, await support());
    for (const answer of asked(inside)) expect(await codeOf(answer, 409)).to.equal('COMPANY_NOT_LIVE');
    expect(await mailsTo(`again${made}@example.cl`)).to.have.length(before.length);
    expect(await mailsTo(`new${made}@example.cl`)).to.deep.equal([]);
    await become('archived');
    for (const answer of asked(await clientOf(app, owner))) expect(await codeOf(answer, 401)).to.equal('INVALID_TOKEN');
  });

  it('let nobody come back who left', async () => {
    const by = await clientOf(app, owner);
    const { profileId } = await addPerson(app, { companyId, roles: [] });
    await by.post(`/admin/profile/${profileId}/end`, { reason: 'x' }, version(1)).expect(200);
    await become('suspended');
    const rejoin = by.post(`/admin/profile/${profileId}/rejoin`, { reason: 'x' }, version(2));
    expect(await codeOf(rejoin, 403)).to.equal('COMPANY_SUSPENDED');
  });

  it('remind nobody of an invitation that waits, and leave the link of before good', async () => {
    const to = `remind${made}@example.cl`;
    await invited(to);
    const link = await tokenTo(to);
    const [row] = await itemsOf(await clientOf(app, admin), '/admin/invitation');
    await become('suspended');
    app.clock.set(new Date(Date.now() + 5 * 86_400_000));
    const actor = { kind: 'system' as const, id: null, via: 'test' };
    await app.platform.movers
      .get('invitation')!
      .fallDue({ scope: { companyId, actor, traceId: 'a'.repeat(32) } }, row!.id, 'remind');
    expect(await mailsTo(to)).to.have.length(1);
    await become('active');
    await show(link).expect(200);
    app.clock.set(undefined);
  });

  it('take no uploads, and commit none that were sent before', async () => {
    const by = await clientOf(app, admin);
    const read = (row: Row, client = by) => rowOf(client.get(`${BATCH}/${row.id}`));
    const valid = await rowOf(upload(admin), 202);
    await app.idle();
    const commit = (client: Client, at: number) => client.post(`${BATCH}/${valid.id}/commit`, {}, version(at));
    const { version: at, status } = await read(valid);
    expect(status).to.equal('validated');
    await become('suspended');
    for (const kind of ['profiles', 'invitations'])
      expect(await codeOf(upload(owner, PEOPLE, kind), 403)).to.equal('COMPANY_SUSPENDED');
    expect(await codeOf(commit(await clientOf(app, owner), at), 403)).to.equal('COMPANY_SUSPENDED');
    const staff = await support();
    expect(await codeOf(upload(staff), 409)).to.equal('COMPANY_NOT_LIVE');
    expect(await codeOf(commit(await clientOf(app, staff), at), 409)).to.equal('COMPANY_NOT_LIVE');
    await become('archived');
    expect(await codeOf(upload(owner), 401)).to.equal('INVALID_TOKEN');
  });

  it('are signed in to by nobody on the client of workers, whoever they are and whatever they type', async () => {
    await signIn(email, there()).expect(200);
    await become('suspended');
    for (const identifier of [email, RUT, 'nobody@example.cl', '11111111-1'])
      expect(await codeOf(signIn(identifier, there()), 403), identifier).to.equal('COMPANY_SUSPENDED');
    expect(await codeOf(signIn(email), 401)).to.equal('INVALID_CREDENTIALS');
    expect(await codeOf(signIn('nobody@example.cl'), 401)).to.equal('INVALID_CREDENTIALS');
    const other = await addCompany(app.database);
    await addPerson(app, { companyId: other, roles: ['worker'], person: worker });
    const { company } = await rowOf<{ company: { id: string } }>(signIn(email));
    expect(company.id).to.equal(other);
    await become('archived');
    for (const identifier of [email, RUT])
      expect(await codeOf(signIn(identifier, there()), 401)).to.equal('INVALID_CREDENTIALS');
  });

  it('send no codes to sign in with, and take none that were sent', async () => {
    const { requestId } = await rowOf<{ requestId: string }>(askCode(), 202);
    const code = /\b(\d{6})\b/.exec((await mailsTo(email)).at(-1)!.text)![1];
    await become('suspended');
    expect(await codeOf(askCode(there()), 403)).to.equal('COMPANY_SUSPENDED');
    const verify = app.http.post('/angelis/otp/verify').set(there()).send({ requestId, code });
    expect(await codeOf(verify, 403)).to.equal('COMPANY_SUSPENDED');
    const before = (await mailsTo(email)).length;
    app.clock.set(new Date(Date.now() + 120_000));
    await askCode().expect(202);
    expect(await mailsTo(email)).to.have.length(before);
    app.clock.set(new Date(Date.now() + 240_000));
    await askCode(there(), 'reset').expect(202);
    expect(await mailsTo(email)).to.have.length(before + 1);
    app.clock.set(undefined);
  });

  it('are read by their owner, who came by the client of administrators; to others they say why not', async () => {
    await become('suspended');
    await (await clientOf(app, owner)).get('/admin/profile').expect(200);
    expect(await codeOf((await clientOf(app, admin)).get('/admin/profile'), 403)).to.equal('COMPANY_SUSPENDED');
  });

  it('give machine clients no token, and answer nothing to one that they have', async () => {
    const by = await clientOf(app, owner);
    const body = { name: 'Torniquete', scopes: ['workforce:project:read'] };
    const machine = await rowOf<{ id: string; clientId: string; secret: string }>(
      by.post('/admin/api-client', body),
      201,
    );
    const { access_token: access } = await rowOf<{ access_token: string }>(token(machine));
    const ask = () => app.http.get('/angelis/admin/project').set({ authorization: `Bearer ${access}` });
    await ask().expect(200);
    await become('suspended');
    expect((await token(machine).expect(400)).body).to.include({
      code: 'COMPANY_SUSPENDED',
      error: 'unauthorized_client',
    });
    expect((await token({ ...machine, secret: 'wrong' }).expect(401)).body).to.include({ error: 'invalid_client' });
    expect(await codeOf(ask(), 403)).to.equal('COMPANY_SUSPENDED');
    expect(await codeOf(by.post('/admin/api-client', body), 403)).to.equal('COMPANY_SUSPENDED');
    await become('archived');
    expect((await token(machine).expect(401)).body).to.include({
      code: 'INVALID_CREDENTIALS',
      error: 'invalid_client',
    });
    expect(await codeOf(ask(), 401)).to.equal('INVALID_TOKEN');
  });
});
