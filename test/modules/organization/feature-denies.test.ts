import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addDepartment, addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, itemsOf, rowOf } from '../../support/workforce.ts';

const DENY = { effect: 'deny' };
const QUOTA = { effect: 'allow', quota: 5 };

describe('who withholds a feature, or bounds its use', () => {
  let app: TestApp;
  let staff: Client;
  let companyId: string;
  let owner: TestPerson;
  let boss: Client;
  let code: string;
  let n = 0;

  before(async () => {
    app = await startApp();
    staff = await clientOf(app, await addStaff(app));
  });
  beforeEach(async () => {
    companyId = await addCompany(app.database);
    owner = await person('owner');
    boss = await clientOf(app, owner);
    n += 1;
    code = `bounded_${n}`;
    const counted = { type: 'permission', onByDefault: true, unit: 'second', period: 'month' };
    await rowOf(staff.post('/admin/feature', { code, names: { es: code, en: code, fr: code }, ...counted }), 201);
  });
  after(() => app.close());

  const person = (...roles: string[]): Promise<TestPerson> => addPerson(app, { companyId, roles });
  const as = async (...roles: string[]): Promise<Client> => clientOf(app, await person(...roles));
  const ask = (by: Client, values: object) =>
    by.post('/admin/feature/grant', { feature: code, reason: 'Needed', ...values });
  const has = async ({ profileId }: TestPerson): Promise<boolean> => {
    type Item = { feature: string; allowed: boolean };
    const items = await itemsOf<Item>(boss, `/admin/feature/effective/${profileId}`);
    return items.find(({ feature }) => feature === code)!.allowed;
  };

  it('stands above everybody of the company: a junior admin takes nothing from owners', async () => {
    const junior = await as('admin');
    for (const values of [DENY, QUOTA]) expect(await codeOf(ask(junior, values), 403)).to.equal('ROLE_ABOVE_OWN');
    expect(await has(owner)).to.equal(true);
    await ask(junior, { effect: 'allow' }).expect(201);
    for (const values of [QUOTA, DENY]) await ask(boss, values).expect(201);
    expect(await has(owner)).to.equal(false);
  });

  it('stands above everybody of a department and of those below it, but for themselves', async () => {
    const junior = await person('admin');
    const client = await clientOf(app, junior);
    const parentId = await addDepartment(app, companyId, [junior, await person('worker')]);
    const child = { code: `BELOW-${n}`, name: 'Below', parentId };
    const { id } = await rowOf(boss.post('/admin/department', child), 201);
    for (const values of [DENY, QUOTA]) await ask(client, { ...values, departmentId: parentId }).expect(201);
    await rowOf(boss.post(`/admin/department/${id}/members`, { profileIds: [owner.profileId] }));
    for (const departmentId of [id, parentId])
      for (const values of [DENY, QUOTA])
        expect(await codeOf(ask(client, { ...values, departmentId }), 403)).to.equal('ROLE_ABOVE_OWN');
  });

  it('stands above everybody who holds a role, or one that inherits from it', async () => {
    const junior = await as('admin');
    const both = await person('admin', 'resident');
    for (const values of [DENY, QUOTA])
      expect(await codeOf(ask(junior, { ...values, systemRole: 'resident' }), 403)).to.equal('ROLE_ABOVE_OWN');
    const role = { name: 'R', reach: 'self', grants: [], denies: [] };
    const base = await rowOf(boss.post('/admin/role', { ...role, code: `BASE-${n}` }), 201);
    const heir = await rowOf(boss.post('/admin/role', { ...role, code: `HEIR-${n}`, parentId: base.id }), 201);
    await ask(junior, { ...DENY, roleId: base.id }).expect(201);
    await rowOf(boss.post('/admin/role/assignment', { profileId: both.profileId, roleId: heir.id }), 201);
    for (const roleId of [base.id, heir.id])
      expect(await codeOf(ask(junior, { ...DENY, roleId }), 403)).to.equal('ROLE_ABOVE_OWN');
  });

  it('need not stand above whoever left', async () => {
    const gone = await person('senior_admin');
    const junior = await person('senior_admin');
    const departmentId = await addDepartment(app, companyId, [gone]);
    const client = await clientOf(app, junior);
    expect(await codeOf(ask(client, { ...DENY, departmentId }), 403)).to.equal('ROLE_ABOVE_OWN');
    await boss.post(`/admin/profile/${gone.profileId}/end`, { reason: 'x' }, { 'if-match': '"1"' }).expect(200);
    await ask(client, { ...DENY, departmentId }).expect(201);
  });
});
