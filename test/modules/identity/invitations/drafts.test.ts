import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';
import type { Row } from '../../../support/workforce.ts';

interface Profile extends Row {
  readonly firstName: string;
  readonly kind: string;
  readonly departmentId: string | null;
  readonly siteId: string | null;
  readonly expiresAt: string | null;
  readonly nationalIdMask: string | null;
  readonly employeeNumber: string | null;
}

const DAY = 86_400_000;
const later = (days: number): string => new Date(Date.now() + days * DAY).toISOString();

describe('a draft of somebody who is invited', () => {
  let app: TestApp;
  let companyId: string;
  let person: TestPerson;
  let owner: Client;
  let departmentId: string;
  let siteId: string;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
  });
  beforeEach(async () => {
    companyId = await addCompany(app.database);
    person = await addPerson(app, { companyId, roles: ['owner'] });
    owner = await clientOf(app, person);
    departmentId = (await rowOf(owner.post('/admin/department', { code: 'MINA', name: 'Mina' }), 201)).id;
    const site = { code: 'FAENA', name: 'Faena', altitudeM: 0, timezone: 'America/Santiago' };
    siteId = (await rowOf(owner.post('/admin/site', site), 201)).id;
  });
  after(() => app.close());

  const fresh = (): string => `draft${(n += 1)}@example.cl`;
  const draft = (contactEmail: string, given: object = {}) => {
    n += 1;
    return rowOf<Profile>(
      owner.post('/admin/profile', {
        firstName: 'Eva',
        lastName: 'Vera',
        kind: 'contractor',
        contactEmail,
        departmentId,
        siteId,
        employeeNumber: `E-${n}`,
        nationalId: { kind: 'PASSPORT', value: `AB${n}0123` },
        ...given,
      }),
      201,
    );
  };
  const ask = (email: string, given: object = {}, by: Client = owner) =>
    by.post('/admin/invitation', { email, firstName: 'Eva', lastName: 'Vera', ...given });
  const invite = (email: string, given: object = {}) => rowOf<{ profileId: string }>(ask(email, given), 201);
  const read = (id: string) => rowOf<Profile>(owner.get(`/admin/profile/${id}`));
  const accept = async (email: string): Promise<void> => {
    await app.idle();
    const text = app.messages.mails.filter(({ to }) => to === email).at(-1)?.text ?? '';
    const token = /token=(\S+)/.exec(text)?.[1];
    await app.http.post('/angelis/auth/invitation/accept').send({ token, password: 'grapas y caballos' }).expect(200);
  };
  const withEmail = (email: string) => itemsOf<Profile>(owner, `/admin/profile?q=${email}`);

  it('is taken up whole: what the invitation leaves out, or has null, stays as it is', async () => {
    for (const given of [
      {},
      { kind: undefined, departmentId: null, siteId: null, expiresAt: null },
      { departmentId, roles: [{ systemRole: 'member' }], attributes: { pgyLevel: 3 } },
    ]) {
      const [email, expiresAt] = [fresh(), later(30)];
      const { id, ...before } = await draft(email, { expiresAt });
      const { profileId } = await invite(email, given);
      expect(profileId).to.equal(id);
      await accept(email);
      const { kind, employeeNumber, nationalIdMask } = before;
      const kept = { kind, employeeNumber, nationalIdMask, departmentId, siteId, expiresAt, status: 'active' };
      expect(await read(id)).to.include(kept);
      expect(await withEmail(email)).to.have.length(1);
    }
  });

  it('becomes what the invitation says, and joins as that', async () => {
    const [email, expiresAt] = [fresh(), later(60)];
    const other = { code: 'PATIO', name: 'Patio', altitudeM: 0, timezone: 'America/Santiago' };
    const { id: patio } = await rowOf(owner.post('/admin/site', other), 201);
    const { id } = await draft(email);
    const said = { firstName: 'Evangelina', kind: 'temporary', siteId: patio, expiresAt };
    expect((await invite(email, said)).profileId).to.equal(id);
    expect(await read(id)).to.include({ ...said, status: 'invited', departmentId });
    await accept(email);
    expect(await read(id)).to.include({ ...said, status: 'active', departmentId });
  });

  it('becomes nothing that it could not be made', async () => {
    const email = fresh();
    const { id } = await draft(email);
    const faults = async (given: object) =>
      (await rowOf<{ errors: { pointer: string; code: string }[] }>(ask(email, given), 422)).errors.map(
        ({ pointer, code }) => `${pointer} ${code}`,
      );
    expect(await faults({ kind: 'temporary' })).to.deep.equal(['/expiresAt required']);
    expect(await faults({ expiresAt: later(-1) })).to.deep.equal(['/expiresAt IN_THE_PAST']);
    expect(await faults({ siteId: id })).to.deep.equal(['/siteId UNKNOWN_REFERENCE']);
    const seller = await addStaff(app);
    const support = await clientOf(app, seller);
    const session = { companyId, reason: 'Helps' };
    await support.post('/admin/internal_user/support-session', session).expect(200);
    expect(await codeOf(ask(email, { expiresAt: later(9) }, support), 403)).to.equal('FORBIDDEN');
    expect(await read(id)).to.include({ kind: 'contractor', expiresAt: null, siteId, status: 'draft', version: 1 });
  });

  it('of a department is found where the invitation names none, but for one that belongs to none', async () => {
    const email = fresh();
    const [inside, outside] = [
      await draft(email),
      await draft(email, { departmentId: null, nationalId: null, employeeNumber: null }),
    ];
    expect((await invite(email)).profileId).to.equal(outside.id);
    expect((await invite(email)).profileId).to.equal(inside.id);
    expect(await read(inside.id)).to.include({ status: 'invited', departmentId });
  });

  it('keeps its kind also where a file leaves it out, and takes the one that a file says', async () => {
    const emails = [fresh(), fresh(), fresh()] as const;
    const drafts = [await draft(emails[0]), await draft(emails[1])];
    const text = [
      'email,first_name,last_name,kind,department,expires_on',
      `${emails[0]},Eva,Vera,,,`,
      `${emails[1]},Eva,Vera,guest,MINA,`,
      `${emails[2]},Eva,Vera,,,`,
    ].join('\n');
    const sent = app.http
      .post('/angelis/admin/profile/batch?kind=invitations')
      .set({ authorization: await person.bearer() })
      .attach('file', Buffer.from(text), { filename: 'people.csv', contentType: 'text/csv' });
    const path = `/admin/profile/batch/${(await rowOf(sent, 202)).id}`;
    await app.idle();
    const checked = await rowOf(owner.get(path));
    expect(checked.status).to.equal('validated');
    await owner.post(`${path}/commit`, {}, version(checked.version)).expect(200);
    await app.idle();
    for (const email of emails) await accept(email);
    const kinds = await Promise.all(emails.map(async (email) => (await withEmail(email)).map(({ kind }) => kind)));
    expect(kinds).to.deep.equal([['contractor'], ['guest'], ['employee']]);
    expect(await read(drafts[0]!.id)).to.include({ status: 'active', departmentId, siteId });
  });
});
