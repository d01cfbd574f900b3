import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany, scopeOf } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import type { Row } from '../../../support/workforce.ts';

const PASSWORD = 'grapas y caballos';
const DAY = 86_400_000;
const base = '/admin/invitation';

interface Sent extends Row {
  readonly profileId: string;
}

describe('invitations to people who left', () => {
  let app: TestApp;
  let companyId: string;
  let owner: Client;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const fresh = (): string => `left${(n += 1)}@example.cl`;
  const ask = (email: string, given: object = {}, client: Client = owner) =>
    client.post(base, { email, firstName: 'Luz', lastName: 'Vera', ...given });
  const send = (email: string, given: object = {}) => rowOf<Sent>(ask(email, given), 201);
  const profile = (id: string) => rowOf(owner.get(`/admin/profile/${id}`));
  const move = async (id: string, name: string, body: object = { reason: 'test' }) =>
    owner.post(`/admin/profile/${id}/${name}`, body, version((await profile(id)).version));
  const resend = async ({ id }: Sent) =>
    owner.post(`${base}/${id}/resend`, {}, version((await rowOf(owner.get(`${base}/${id}`))).version));
  const mailsTo = (email: string) => app.messages.mails.filter(({ to }) => to === email);
  const accept = async (email: string) => {
    await app.idle();
    const token = /token=(\S+)/.exec(mailsTo(email).at(-1)!.text)![1];
    await app.http.post('/angelis/auth/invitation/accept').send({ token, password: PASSWORD }).expect(200);
  };
  const department = async (): Promise<string> =>
    (await rowOf(owner.post('/admin/department', { code: `L${(n += 1)}`, name: 'L' }), 201)).id;
  /** Somebody who was invited, came, and left. */
  const leaver = async (): Promise<{ email: string; id: string }> => {
    const email = fresh();
    const { profileId: id } = await send(email);
    await accept(email);
    await rowOf(move(id, 'end'));
    return { email, id };
  };

  it('are not sent: they come back in the profile that they had', async () => {
    const { email, id } = await leaver();
    const mails = mailsTo(email).length;
    for (const given of [{}, { departmentId: await department() }, { roles: [{ systemRole: 'worker' }] }])
      expect(await codeOf(ask(email.toUpperCase(), given), 409)).to.equal('PROFILE_ENDED');
    expect((await itemsOf(owner, `/admin/profile?q=${email}`)).map((row) => row.id)).to.deep.equal([id]);
    const twin = { firstName: 'Luz', lastName: 'Vera', kind: 'employee', contactEmail: email };
    const second = await rowOf(owner.post('/admin/profile', twin), 201);
    expect(await codeOf(move(second.id, 'invite', {}), 409)).to.equal('PROFILE_ENDED');
    await app.idle();
    expect(mailsTo(email)).to.have.length(mails);
    await rowOf(move(id, 'rejoin'));
    await rowOf(move(id, 'invite', {}));
    await accept(email);
    expect(await profile(id)).to.include({ status: 'active' });
  });

  it('are sent to others at an address at which they did not join: a shared mailbox, or one that is corrected', async () => {
    const shared = fresh();
    const { email, id } = await leaver();
    const joined = await send(fresh());
    await accept((await rowOf<{ contactEmail: string }>(owner.get(`/admin/profile/${joined.profileId}`))).contactEmail);
    const readdress = async (profileId: string, contactEmail: string) =>
      owner.patch(`/admin/profile/${profileId}`, { contactEmail }, version((await profile(profileId)).version));
    await rowOf(readdress(joined.profileId, shared));
    await rowOf(move(joined.profileId, 'end'));
    await send(shared);
    await rowOf(readdress(id, fresh()));
    await send(email);
    const named = { contactEmail: fresh(), firstName: 'Other' };
    const { version: now } = await profile(id);
    expect(await codeOf(owner.patch(`/admin/profile/${id}`, named, version(now)), 409)).to.equal('PROFILE_ENDED');
    await rowOf(move(id, 'erase'));
    expect(await codeOf(readdress(id, fresh()), 409)).to.equal('PROFILE_ENDED');
  });

  it('are sent to who never came, to whose profile is erased, and by another company', async () => {
    const email = fresh();
    const { profileId } = await send(email);
    await rowOf(move(profileId, 'end'));
    await send(email);
    const erased = await leaver();
    await rowOf(move(erased.id, 'erase'));
    await send(erased.email);
    const other = await addCompany(app.database);
    const elsewhere = await clientOf(app, await addPerson(app, { companyId: other, roles: ['owner'] }));
    await ask((await leaver()).email, {}, elsewhere).expect(201);
  });

  it('are not sent again, nor mailed once more, when somebody of this address left meanwhile', async () => {
    const email = fresh();
    const first = await send(email);
    const second = await send(email, { departmentId: await department() });
    await app.idle();
    const [one, other] = mailsTo(email).map(({ text }) => /token=(\S+)/.exec(text)![1]!);
    await app.http.post('/angelis/auth/invitation/accept').send({ token: one, password: PASSWORD }).expect(200);
    const cameFirst = (await profile(first.profileId)).status === 'active';
    const [came, waits] = cameFirst ? [first, second] : [second, first];
    await rowOf(move(came.profileId, 'end'));
    const mails = mailsTo(email).length;
    expect(await codeOf(resend(waits), 409)).to.equal('PROFILE_ENDED');
    expect(await codeOf(move(waits.profileId, 'resend', {}), 409)).to.equal('PROFILE_ENDED');
    app.clock.set(new Date(Date.now() + 4 * DAY + 60_000));
    await app.platform.movers.get('invitation')!.fallDue({ scope: scopeOf(companyId) }, waits.id, 'remind');
    await app.idle();
    app.clock.set(undefined);
    expect(mailsTo(email)).to.have.length(mails);
    await app.http.get('/angelis/auth/invitation').query({ token: other }).expect(200);
    await rowOf(move(came.profileId, 'rejoin'));
    await rowOf(resend(waits));
  });
});
