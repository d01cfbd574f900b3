import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import type { Row } from '../../../support/workforce.ts';

interface Sent extends Row {
  readonly profileId: string;
  readonly departmentId: string | null;
}

describe('invitations of people who are moved while they are invited', () => {
  let app: TestApp;
  let owner: Client;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    const companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const fresh = (): string => `moved${(n += 1)}@example.cl`;
  const department = async (): Promise<string> =>
    (await rowOf(owner.post('/admin/department', { code: `D${(n += 1)}`, name: `D${n}` }), 201)).id;
  const ask = (email: string, departmentId: string | null) =>
    owner.post('/admin/invitation', { email, firstName: 'Luz', lastName: 'Vera', departmentId });
  const invite = (email: string, departmentId: string | null) => rowOf<Sent>(ask(email, departmentId), 201);
  const move = async ({ profileId }: Sent, departmentId: string | null) => {
    const row = await rowOf(owner.get(`/admin/profile/${profileId}`));
    return owner.patch(`/admin/profile/${profileId}`, { departmentId }, version(row.version));
  };
  const place = ({ profileId }: Sent, departmentId: string) =>
    owner.post(`/admin/department/${departmentId}/members`, { profileIds: [profileId] });
  const pending = async (email: string) =>
    (await itemsOf<Sent>(owner, `/admin/invitation?status=pending&email=${email}`)).map(
      ({ departmentId }) => departmentId,
    );

  it('are of the department where they are now: one is pending to an address there, and a link stays good', async () => {
    const [email, from, to] = [fresh(), await department(), await department()];
    const sent = await invite(email, from);
    await app.idle();
    expect((await move(sent, to)).status).to.equal(200);
    expect(await pending(email)).to.deep.equal([to]);
    expect(await codeOf(ask(email, to), 409)).to.equal('INVITATION_PENDING');
    const other = await invite(email, from);
    expect(other.profileId).to.not.equal(sent.profileId);
    expect(await codeOf(Promise.resolve(await move(other, to)), 409)).to.equal('INVITATION_PENDING');
    expect(await codeOf(place(other, to), 409)).to.equal('INVITATION_PENDING');
    expect(await pending(email)).to.have.members([from, to]);
    const nowhere = await move(sent, '01980000-0000-7000-8000-000000000000');
    expect(await codeOf(Promise.resolve(nowhere), 422)).to.equal('INVALID');
    expect((await move(sent, null)).status).to.equal(200);
    await place(other, to).expect(200);
    expect(await pending(email)).to.have.members([null, to]);
    const link = /token=(\S+)/.exec(app.messages.mails.find((mail) => mail.to === email)!.text)![1];
    await app.http
      .post('/angelis/auth/invitation/accept')
      .send({ token: link, password: 'grapas y caballos' })
      .expect(200);
    expect((await move(sent, from)).status).to.equal(200);
    expect(await pending(email)).to.deep.equal([to]);
  });

  it('are two to one address nowhere, even when both are moved at once', async () => {
    const to = await department();
    for (let round = 0; round < 5; round += 1) {
      const email = fresh();
      const both = [await invite(email, await department()), await invite(email, null)];
      const answers = await Promise.all(both.map((sent) => move(sent, to)));
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).to.deep.equal([200, 409]);
      expect((await pending(email)).filter((id) => id === to)).to.have.length(1);
    }
  });
});
