import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { codeOf, itemsOf } from '../../../support/workforce.ts';

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
});
