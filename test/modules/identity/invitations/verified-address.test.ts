import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';

const PASSWORD = 'grapas y caballos';

interface Profile {
  id: string;
  version: number;
  status: string;
}

describe('the address that somebody was asked at to join', () => {
  let app: TestApp;
  let companyId: string;
  let owner: Client;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const post = (path: string, body: object) =>
    app.http.post(`/angelis${path}`).set({ 'accept-language': 'en' }).send(body);
  const tokenTo = (email: string): string =>
    /token=(\S+)/.exec(app.messages.mails.findLast(({ to }) => to === email)?.text ?? '')?.[1] ?? 'none';
  const accept = (token: string) => post('/auth/invitation/accept', { token, password: PASSWORD });
  const signIn = (identifier: string) => post('/auth/sign-in', { identifier, password: PASSWORD });
  const userAt = (email: string) => app.identityProvider.users.find({ email });
  const read = async (id: string): Promise<Profile> =>
    (await owner.get(`/admin/profile/${id}`).expect(200)).body as Profile;
  const invite = async (email: string): Promise<Profile> => {
    const body = { firstName: 'Luz', lastName: 'Vera', kind: 'employee', contactEmail: email };
    const { id } = (await owner.post('/admin/profile', body).expect(201)).body as Profile;
    const invited = await owner.post(`/admin/profile/${id}/invite`, {}, version(1)).expect(200);
    await app.idle();
    return invited.body as Profile;
  };

  it('is verified by who takes up what was mailed there, at the identity provider and here', async () => {
    const email = 'luz@example.cl';
    const { id } = await invite(email);
    expect(await userAt(email)).to.equal(undefined);
    await signIn(email).expect(401);
    await accept(tokenTo(email)).expect(200);
    expect(await userAt(email)).to.include({ email, emailVerified: true, enabled: true });
    expect((await read(id)).status).to.equal('active');
    const { accessToken } = (await signIn(email).expect(200)).body as { accessToken: string };
    const me = await app.http.get('/angelis/auth/me').set({ authorization: `Bearer ${accessToken}` });
    expect(me.body).to.include({ email, profileId: id });
  });

  it('opens to nobody before: not its own company, and no code or link but the one that was mailed, activates it', async () => {
    const email = 'sin-abrir@example.cl';
    const invited = await invite(email);
    const path = `/admin/profile/${invited.id}`;
    const admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    for (const by of [owner, admin]) {
      const { items } = (await by.get(`${path}/actions`).expect(200)).body as {
        items: { move: string; allowed: boolean }[];
      };
      expect(items.map(({ move }) => move)).to.not.include.members(['activate']);
      for (const move of ['activate', 'accept', 'verify'])
        await by.post(`${path}/${move}`, { personId: uuidv7() }, version(invited.version)).expect(404);
      const resumed = await by.post(`${path}/resume`, {}, version(invited.version)).expect(409);
      expect((resumed.body as { code: string }).code).to.equal('INVALID_TRANSITION');
      for (const patch of [{ status: 'active' }, { personId: uuidv7() }])
        await by.patch(path, patch, version(invited.version)).expect(422);
    }
    for (const token of ['made up', tokenTo(email).slice(0, -2)]) {
      const { status } = await accept(token);
      expect(status).to.be.oneOf([410, 422]);
    }
    const mails = app.messages.mails.length;
    await post('/auth/password/forgotten', { identifier: email }).expect(202);
    await post('/otp/request', { identifier: email, purpose: 'login', channel: 'email' });
    await app.idle();
    expect(app.messages.mails.slice(mails)).to.deep.equal([]);
    expect(await userAt(email)).to.equal(undefined);
    expect(await read(invited.id)).to.deep.include({ status: 'invited', version: invited.version });
    // Somebody else reads the mail once the address is corrected: the link of the one before is over.
    const before = tokenTo(email);
    await owner.patch(path, { contactEmail: 'otra@example.cl' }, version(invited.version)).expect(200);
    await accept(before).expect(410);
    expect((await read(invited.id)).status).to.not.equal('active');
  });

  it('is not verified of who is asked to join the staff, whatever is done with them, before they do', async () => {
    const email = 'nueva@angelis.example';
    const staff = await clientOf(app, await addStaff(app, 'superadmin'));
    const person = { firstName: 'Nora', lastName: 'Paz', email, locale: 'en', role: 'support' };
    const { id } = (await staff.post('/admin/internal_user', person).expect(201)).body as { id: string };
    const member = async () =>
      (await staff.get(`/admin/internal_user/${id}`).expect(200)).body as { version: number; personStatus: string };
    await app.idle();
    expect(await userAt(email)).to.include({ emailVerified: false });
    await staff.patch(`/admin/internal_user/${id}`, { role: 'operator_auditor' }, version(1)).expect(200);
    const { version: at } = await member();
    await staff.post(`/admin/internal_user/${id}/activate`, {}, version(at));
    await app.idle();
    expect((await member()).personStatus).to.equal('invited');
    expect(await userAt(email)).to.include({ emailVerified: false });
    await signIn(email).expect(401);
    await accept(tokenTo(email)).expect(200);
    await app.idle();
    expect((await member()).personStatus).to.equal('active');
    expect(await userAt(email)).to.include({ emailVerified: true });
  });

  it('is verified of who signs a company up, with what was mailed there', async () => {
    const email = 'fundadora@example.cl';
    const asked = await post('/auth/sign-up/verify-email', { email }).expect(202);
    await app.idle();
    expect(await userAt(email)).to.equal(undefined);
    const mail = app.messages.mails.findLast(({ to }) => to === email)!;
    const { requestId } = asked.body as { requestId: string };
    const verified = await post('/otp/verify', { requestId, code: /\d{6}/.exec(mail.text)![0] }).expect(200);
    const { ticket } = verified.body as { ticket: string };
    const company = { name: 'Fundada', slug: 'fundada', timezone: 'America/Santiago', locale: 'es' };
    const body = { company, firstName: 'Inés', lastName: 'Paz', password: PASSWORD };
    await post('/auth/sign-up', { ...body, ticket: requestId }).expect(422);
    expect(await userAt(email)).to.equal(undefined);
    await post('/auth/sign-up', { ...body, ticket }).expect(201);
    expect(await userAt(email)).to.include({ email, emailVerified: true });
  });
});
