import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';

describe('where somebody is signed in', () => {
  let app: TestApp;

  before(async () => {
    app = await startApp();
  });
  after(() => app.close());

  it('is told to themselves, and to whoever stands above them', async () => {
    const companyId = await addCompany(app.database);
    const signedIn = async (role: string) => {
      const person = await addPerson(app, { companyId, roles: [role] });
      const client = await clientOf(app, person);
      await client.get('/auth/me').expect(200);
      return { client, path: `/admin/profile/${person.profileId}/session` };
    };
    const [owner, other] = [await signedIn('owner'), await signedIn('owner')];
    const [senior, admin, peer] = [await signedIn('senior_admin'), await signedIn('admin'), await signedIn('admin')];
    const worker = await signedIn('worker');
    for (const [by, whom] of [
      [admin, worker],
      [senior, admin],
      [owner, senior],
      [owner, other],
      [admin, admin],
    ] as const) {
      const [session] = await itemsOf<{ address: string | null }>(by.client, whom.path);
      expect(session?.address).to.be.a('string');
    }
    for (const [by, whom] of [
      [admin, owner],
      [admin, senior],
      [admin, peer],
      [senior, owner],
    ] as const)
      expect(await codeOf(by.client.get(whom.path), 403)).to.equal('ROLE_ABOVE_OWN');
    await worker.client.get(admin.path).expect(403);
  });

  it('is told to nobody by the trail; changes come from where they were made', async () => {
    const companyId = await addCompany(app.database);
    const boss = await addPerson(app, { companyId, roles: ['owner'] });
    const browser = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36' };
    const client = await clientOf(app, boss);
    await client.get('/auth/me', browser).expect(200);
    await client.post('/admin/department', { code: 'WHERE', name: 'Where' }, browser).expect(201);
    const auditor = await clientOf(app, await addPerson(app, { companyId, roles: ['auditor'] }));
    interface Entry {
      readonly id: string;
      readonly action: string;
      readonly address: string | null;
      readonly agent: string | null;
    }
    const opened = await itemsOf<Entry>(auditor, '/admin/auditLog?action=session.open');
    const [made] = await itemsOf<Entry>(auditor, '/admin/auditLog?action=department.create');
    expect(opened).to.not.have.length(0);
    expect(made?.address).to.be.a('string');
    for (const { id } of opened)
      for (const entry of [...opened, await rowOf<Entry>(auditor.get(`/admin/auditLog/${id}`))])
        expect(entry).to.include({ address: null, agent: null });
  });
});
