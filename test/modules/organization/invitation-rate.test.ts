import { expect } from 'chai';
import { LIMITS } from '../../../src/platform/settings/rates.ts';
import { startApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

describe('invitations that are mailed', () => {
  it('count against their own limit, whichever route sends them', async () => {
    const app = await startApp({ limits: { ...LIMITS, invitation: { points: 2, per: 3_600 } } });
    try {
      const mailing = app.modules
        .flatMap(({ routes = [] }) => routes)
        .filter(({ contract }) => contract.rate === 'invitation')
        .map(({ contract }) => contract.id);
      expect(mailing).to.have.members([
        'inviteProfile',
        'resendProfile',
        'sendInvitation',
        'resendInvitation',
        'createInternalUser',
        'resendInternalUserInvitation',
        'inviteCompanyOwner',
      ]);
      const admin = await clientOf(
        app,
        await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] }),
      );
      const body = { firstName: 'A', lastName: 'B', kind: 'guest', contactEmail: 'a@example.cl' };
      const { id } = (await admin.post('/admin/profile', body).expect(201)).body as { id: string };
      await admin.post(`/admin/profile/${id}/invite`, {}, version(1)).expect(200);
      await admin.post(`/admin/profile/${id}/resend`, {}, version(2)).expect(200);
      await admin.post(`/admin/profile/${id}/resend`, {}, version(3)).expect(429);
      await admin.get(`/admin/profile/${id}`).expect(200);
    } finally {
      await app.close();
    }
  });
});
