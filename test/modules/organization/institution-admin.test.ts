import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addDepartment, addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, itemsOf, rowOf } from '../../support/workforce.ts';
import type { Row } from '../../support/workforce.ts';

const OWN = ['member', 'physician', 'resident'];
const OTHERS = ['worker', 'supervisor', 'technician', 'customer', 'manager', 'admin', 'owner', 'institution_admin'];

describe('an institution’s admin', () => {
  let app: TestApp;
  let companyId: string;
  let boss: Client;
  let lower: TestPerson;
  let client: Client;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    lower = await addPerson(app, { companyId, roles: ['institution_admin'] });
    client = await clientOf(app, lower);
  });
  after(() => app.close());

  const person = (...roles: string[]): Promise<TestPerson> => addPerson(app, { companyId, roles });
  const give = (by: Client, profileId: string, role: object) =>
    by.post('/admin/role/assignment', { profileId, ...role });
  const ownRole = async (body: object): Promise<string> => {
    n += 1;
    const role = { code: `I${n}`, name: 'I', reach: 'company', grants: [], denies: [], ...body };
    return (await rowOf(boss.post('/admin/role', role), 201)).id;
  };
  const invite = (roles: readonly object[]) => {
    n += 1;
    return client.post('/admin/invitation', { email: `i${n}@example.cl`, firstName: 'I', lastName: 'I', roles });
  };

  it('gives the roles that the catalogue names, and takes them', async () => {
    type Role = { code: string; gives: string[] | null };
    const roles = await itemsOf<Role>(boss, '/admin/role/system');
    expect(roles.filter(({ gives }) => gives !== null)).to.have.length(1);
    expect(roles.find(({ code }) => code === 'institution_admin')!.gives).to.have.members(OWN);
    const { profileId } = await person();
    for (const systemRole of OWN) {
      const { id } = await rowOf(give(client, profileId, { systemRole }), 201);
      if (systemRole !== 'member') await client.del(`/admin/role/assignment/${id}`, version(1)).expect(204);
    }
  });

  it('gives and takes no other: neither a lower system role nor one of the company’s own', async () => {
    const { profileId } = await person();
    for (const systemRole of OTHERS)
      expect(await codeOf(give(client, profileId, { systemRole }), 403), systemRole).to.equal('ROLE_NOT_YOURS');
    for (const roleId of [
      await ownRole({}),
      await ownRole({ grants: ['organization:profile:read'] }),
      await ownRole({ reach: 'self', systemParent: 'member' }),
    ])
      expect(await codeOf(give(client, profileId, { roleId }), 403)).to.equal('ROLE_NOT_YOURS');
    const { id } = await rowOf(give(boss, profileId, { systemRole: 'worker' }), 201);
    expect(await codeOf(client.del(`/admin/role/assignment/${id}`, version(1)), 403)).to.equal('ROLE_NOT_YOURS');
  });

  it('gets no other through whoever holds it', async () => {
    const { profileId } = await person('worker');
    const edited = client.patch(`/admin/profile/${profileId}`, { contactEmail: 'evil@example.cl' }, version(1));
    expect(await codeOf(edited, 403)).to.equal('ROLE_NOT_YOURS');
    const mine = await person('member', 'resident');
    const patch = { contactEmail: 'fine@example.cl' };
    await client.patch(`/admin/profile/${mine.profileId}`, patch, version(1)).expect(200);
  });

  it('invites with those roles, and with no others', async () => {
    for (const systemRole of OWN) await invite([{ systemRole }]).expect(201);
    for (const systemRole of OTHERS)
      expect(await codeOf(invite([{ systemRole }]), 403), systemRole).to.equal('ROLE_NOT_YOURS');
    expect(await codeOf(invite([{ roleId: await ownRole({}) }]), 403)).to.equal('ROLE_NOT_YOURS');
  });

  it('gives no others by a file either', async () => {
    const loader = await person('institution_admin');
    const roleId = await ownRole({ grants: ['organization:batch-upload:*'] });
    await rowOf(give(boss, loader.profileId, { roleId }), 201);
    const lines = ['uno@example.cl,Uno,I,resident', 'dos@example.cl,Dos,I,worker', 'tres@example.cl,Tres,I,admin'];
    const sent = app.http
      .post('/angelis/admin/profile/batch?kind=invitations')
      .set({ authorization: await loader.bearer() })
      .attach('file', Buffer.from(['email,first_name,last_name,role', ...lines].join('\n')), {
        filename: 'people.csv',
        contentType: 'text/csv',
      });
    const { id } = await rowOf(sent, 202);
    await app.idle();
    const path = `/admin/profile/batch/${id}`;
    expect(await rowOf<Row & { validCount: number }>(boss.get(path))).to.include({
      status: 'validated',
      validCount: 1,
    });
    type Fault = { row: number; column: string; code: string };
    const faults = await itemsOf<Fault>(boss, `${path}/errors`);
    expect(faults.map(({ row, column, code }) => `${row} ${column} ${code}`)).to.have.members([
      '3 role ROLE_NOT_YOURS',
      '4 role ROLE_NOT_YOURS',
    ]);
  });

  it('gives a feature to those alone to whom they give roles: neither to all of the company, nor to a department of others', async () => {
    const staff = await clientOf(app, await addStaff(app));
    const feature = 'of_residents';
    const names = { es: feature, en: feature, fr: feature };
    await rowOf(staff.post('/admin/feature', { code: feature, names, type: 'permission', onByDefault: true }), 201);
    const ask = (by: Client, whom: object) =>
      by.post('/admin/feature/grant', { feature, effect: 'allow', reason: 'Needed', ...whom });
    const [physician, worker] = [await person('physician'), await person('worker')];
    const ward = await addDepartment(app, companyId, [physician]);
    const plant = await addDepartment(app, companyId, [await person('physician'), worker]);
    await ask(client, { profileId: physician.profileId }).expect(201);
    await ask(client, { systemRole: 'physician' }).expect(201);
    await ask(client, { departmentId: ward }).expect(201);
    expect(await codeOf(ask(client, { profileId: worker.profileId }), 403)).to.equal('ROLE_NOT_YOURS');
    expect(await codeOf(ask(client, { departmentId: plant }), 403)).to.equal('ROLE_NOT_YOURS');
    await ask(client, {}).expect(403);

    const both = await clientOf(app, await person('institution_admin', 'admin'));
    await ask(both, { departmentId: plant }).expect(201);
    await ask(both, {}).expect(201);
    const inPlant = await person('institution_admin');
    const scope = { scopeKind: 'department', scopeId: plant };
    await rowOf(give(boss, inPlant.profileId, { systemRole: 'admin', ...scope }), 201);
    const local = await clientOf(app, inPlant);
    await ask(local, { departmentId: plant }).expect(201);
    await ask(local, {}).expect(403);
  });

  it('gives by their rank where they hold another role that gives', async () => {
    const both = await clientOf(app, await person('institution_admin', 'admin'));
    const { profileId } = await person();
    await give(both, profileId, { systemRole: 'manager' }).expect(201);
    const giver = await ownRole({ grants: ['organization:role-assignment:write', 'organization:profile:read'] });
    const someone = await person('institution_admin');
    await rowOf(give(boss, someone.profileId, { roleId: giver }), 201);
    const own = await clientOf(app, someone);
    await give(own, profileId, { roleId: await ownRole({ grants: ['organization:profile:read'] }) }).expect(201);
    expect(await codeOf(give(own, profileId, { systemRole: 'worker' }), 403)).to.equal('ROLE_NOT_YOURS');
    await give(own, profileId, { systemRole: 'resident' }).expect(201);
  });
});
