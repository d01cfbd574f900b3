import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, rowOf } from '../../support/workforce.ts';

describe('people who left', () => {
  let app: TestApp;
  let companyId: string;
  let owner: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  it('take no ids of other systems and no features: what they had stays, and can be taken from them', async () => {
    const feature = 'of_those_here';
    const staff = await clientOf(app, await addStaff(app));
    const names = { es: feature, en: feature, fr: feature };
    await rowOf(staff.post('/admin/feature', { code: feature, names, type: 'permission', onByDefault: true }), 201);
    const { profileId } = await addPerson(app, { companyId, roles: ['worker'] });
    const links = `/admin/profile/${profileId}/system-link`;
    const link = (externalId: string) => owner.post(links, { system: 'SAFER', externalId });
    const give = (effect: 'allow' | 'deny') =>
      owner.post('/admin/feature/grant', { feature, effect, profileId, reason: 'Needed' });
    const had = await rowOf(link('had'), 201);
    const row = await rowOf(owner.get(`/admin/profile/${profileId}`));
    await rowOf(owner.post(`/admin/profile/${profileId}/end`, { reason: 'left' }, version(row.version)));
    expect(await codeOf(link('late'), 409)).to.equal('PROFILE_ENDED');
    for (const effect of ['allow', 'deny'] as const)
      expect(await codeOf(give(effect), 409), effect).to.equal('PROFILE_ENDED');
    await owner.del(`${links}/${had.id}`, version(had.version)).expect(204);
  });
});
