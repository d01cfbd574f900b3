import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import { codeOf, rowOf } from '../../../support/workforce.ts';

const BASE = '/admin/api-client';
const scopes = ['workforce:project:read'];
const body = { name: 'Reloj', scopes };

describe('whoever makes machine clients by a role that ends', () => {
  let app: TestApp;
  let boss: Client;
  let by: Client;
  let companyId: string;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    const { profileId, bearer } = await addPerson(app, { companyId, roles: [] });
    const role = { profileId, systemRole: 'admin', expiresAt: later(60) };
    await rowOf(boss.post('/admin/role/assignment', role), 201);
    by = await clientOf(app, { bearer });
  });
  after(() => app.close());

  const later = (minutes: number): string => new Date(app.clock.now().getTime() + minutes * 60_000).toISOString();

  it('makes none that stays longer, nor lets one stay longer, nor gets the secret of one that does', async () => {
    for (const expiresAt of [undefined, null, later(61)])
      expect(await codeOf(by.post(BASE, { ...body, expiresAt }), 422)).to.equal('INVALID');
    const { id } = await rowOf(by.post(BASE, { ...body, expiresAt: later(30) }), 201);
    const edit = (patch: object, at: number) => by.patch(`${BASE}/${id}`, patch, version(at));
    for (const expiresAt of [null, later(61)])
      expect(await codeOf(edit({ expiresAt }, 1), 403)).to.equal('GRANT_ABOVE_OWN');
    await rowOf(edit({ expiresAt: later(40), scopes }, 1));
    await rowOf(by.post(`${BASE}/${id}/rotate`, undefined, version(2)));
    const lasting = await rowOf(boss.post(BASE, body), 201);
    const path = `${BASE}/${lasting.id}`;
    const rotated = by.post(`${path}/rotate`, undefined, version(1));
    expect(await codeOf(rotated, 403)).to.equal('GRANT_ABOVE_OWN');
    const wider = [...scopes, 'workforce:contract:read'];
    expect(await codeOf(by.patch(path, { scopes: wider }, version(1)), 403)).to.equal('GRANT_ABOVE_OWN');
    await rowOf(by.patch(path, { name: 'Reloj 2' }, version(1)));
  });

  it('takes scopes and time away from any, and adds none in the same go', async () => {
    const wide = { name: 'Torniquete', scopes: [...scopes, 'workforce:contract:read'] };
    const { id } = await rowOf(boss.post(BASE, wide), 201);
    const edit = (patch: object, at: number) => by.patch(`${BASE}/${id}`, patch, version(at));
    await rowOf(edit({ scopes }, 1));
    expect(await codeOf(edit({ scopes: ['workforce:contract:read'] }, 2), 403)).to.equal('GRANT_ABOVE_OWN');
    await rowOf(edit({ expiresAt: later(90) }, 2));
    for (const expiresAt of [null, later(91)])
      expect(await codeOf(edit({ expiresAt }, 3), 403)).to.equal('GRANT_ABOVE_OWN');
    await rowOf(edit({ expiresAt: later(80) }, 3));
    await rowOf(edit({ expiresAt: later(50), scopes: wide.scopes }, 4));
  });
});
