import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, rowOf } from '../../support/workforce.ts';

const PASSWORD = 'grapas y caballos';
const RUT = '12345678-5';
const EMAIL = 'capital@example.cl';

describe('names of companies in capitals', () => {
  let app: TestApp;
  let companyId: string;
  let person: TestPerson;
  /** What stands in DNS. */
  let proven: string[] = [];

  before(async () => {
    app = await startApp({ txtRecords: () => Promise.resolve(proven) });
    const staff = await clientOf(app, await addStaff(app, 'superadmin'));
    const zone = { timezone: 'America/Santiago', locale: 'es' };
    const body = { slug: 'mina-norte', name: 'Mina Norte', kind: 'standard', ...zone };
    companyId = (await rowOf(staff.post('/admin/companies', body), 201)).id;
    await rowOf(staff.post(`/admin/companies/${companyId}/activate`, undefined, version(1)));
    person = await addPerson(app, {
      companyId,
      roles: ['owner'],
      login: { email: EMAIL, rut: RUT, password: PASSWORD },
    });
    for (const slug of ['MINA-NORTE', 'Mina-Norte'])
      expect(await codeOf(staff.post('/admin/companies', { ...body, slug, name: slug }), 422)).to.equal('INVALID');
    expect(await codeOf(staff.post('/admin/companies', { ...body, name: 'Otra' }), 409)).to.equal('DUPLICATE');
  });
  after(() => app.close());

  const signIn = (headers: Record<string, string>, path = '') =>
    app.http.post(`/angelis${path}/auth/sign-in`).set(headers).send({ identifier: RUT, password: PASSWORD });

  it('name the same company when people sign in, by header, path and host', async () => {
    for (const [headers, path] of [
      [{ 'x-company-slug': 'MINA-NORTE' }],
      [{ 'x-company-slug': 'Mina-norte', 'x-company-id': companyId.toUpperCase() }],
      [{ 'x-company-slug': 'mina-norte' }, '/c/MINA-NORTE'],
      [{}, '/c/Mina-Norte'],
      [{ host: 'MINA-NORTE.127.0.0.1' }],
    ] as [Record<string, string>, string?][]) {
      const { company } = await rowOf<{ company: { id: string } }>(signIn(headers, path));
      expect(company.id).to.equal(companyId);
    }
  });

  it('name the session’s own company, and no other', async () => {
    const authorization = await person.bearer();
    const get = (headers: Record<string, string>, path = '') =>
      app.http.get(`/angelis${path}/admin/companies/current`).set({ authorization, ...headers });
    await get({ 'x-company-slug': 'MINA-NORTE' }).expect(200);
    await get({ 'x-company-slug': 'mina-norte' }, '/c/MINA-NORTE').expect(200);
    expect(await codeOf(get({ 'x-company-slug': 'MINA-SUR' }), 403)).to.equal('OTHER_COMPANY');
    expect(await codeOf(get({ 'x-company-slug': 'MINA-SUR' }, '/c/mina-norte'), 400)).to.equal('COMPANY_HINTS_DIFFER');
  });

  it('of a domain are one host: as it is claimed, and as it is asked for', async () => {
    const owner = await clientOf(app, person);
    const claimed = await rowOf<{ host: string; record: { value: string } }>(
      owner.put('/admin/companies/current/domain', { host: 'Turnos.Mina-Norte.CL' }),
    );
    expect(claimed.host).to.equal('turnos.mina-norte.cl');
    proven = [claimed.record.value];
    await owner.post('/admin/companies/current/domain/verify').expect(200);
    for (const host of ['turnos.mina-norte.cl', 'TURNOS.Mina-Norte.cl'])
      expect((await rowOf<{ company: { id: string } }>(signIn({ host }))).company.id).to.equal(companyId);
  });
});
