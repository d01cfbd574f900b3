import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson, giveWithin } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, rowOf } from '../../support/workforce.ts';

const GRANT_ABOVE_OWN = 'GRANT_ABOVE_OWN';
const ROLE_ABOVE_OWN = 'ROLE_ABOVE_OWN';
const ROLE_NOT_YOURS = 'ROLE_NOT_YOURS';
const HR = ['organization:profile:*', 'organization:invitation:*', 'organization:department:read'];

describe('whoever puts people into a department', () => {
  let app: TestApp;
  let companyId: string;
  let boss: Client;
  let n = 0;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const ownRole = async (body: object): Promise<string> => {
    n += 1;
    const role = { code: `P${n}`, name: 'P', reach: 'company', grants: [], denies: [], ...body };
    return (await rowOf(boss.post('/admin/role', role), 201)).id;
  };
  const department = async (parentId: string | null = null): Promise<string> => {
    n += 1;
    return (await rowOf(boss.post('/admin/department', { code: `P${n}`, name: 'P', parentId }), 201)).id;
  };
  const memberOf = async (departmentId: string | null, ...roles: string[]): Promise<TestPerson> => {
    const person = await addPerson(app, { companyId, roles });
    await app.database.sql('update profile set department_id = $2 where id = $1', [person.profileId, departmentId]);
    return person;
  };
  /** Somebody who holds roles of the system within a department. */
  const headOf = async (departmentId: string, ...roles: string[]): Promise<TestPerson> => {
    const head = await addPerson(app, { companyId, roles: [] });
    for (const systemRole of roles) await giveWithin(app, head, departmentId, { systemRole });
    return head;
  };
  const holding = async (roleId: string): Promise<Client> => {
    const person = await addPerson(app, { companyId, roles: [] });
    await rowOf(boss.post('/admin/role/assignment', { profileId: person.profileId, roleId }), 201);
    return clientOf(app, person);
  };
  const as = async (...roles: string[]): Promise<Client> => clientOf(app, await addPerson(app, { companyId, roles }));
  const place = (by: Client, departmentId: string, ...people: TestPerson[]) =>
    by.post(`/admin/department/${departmentId}/members`, { profileIds: people.map(({ profileId }) => profileId) });
  const edit = async (by: Client, { profileId }: TestPerson, departmentId: string | null) => {
    const path = `/admin/profile/${profileId}`;
    return by.patch(path, { departmentId }, version((await rowOf(boss.get(path))).version));
  };
  const seesIdOf = async (by: Client, { profileId }: TestPerson): Promise<boolean> =>
    (await by.get(`/admin/profile/${profileId}/national-id`)).status === 200;

  it('gives nobody there what they could not give by hand', async () => {
    const clerk = await holding(await ownRole({ grants: HR, systemParent: 'supervisor' }));
    const [theirs, other] = [await department(), await department()];
    const below = await department(theirs);
    const head = await clientOf(app, await headOf(theirs, 'admin', 'safety_admin'));
    for (const from of [null, other]) {
      const worker = await memberOf(from, 'worker');
      for (const to of [theirs, below]) {
        expect(await codeOf(place(clerk, to, worker), 403)).to.equal(ROLE_ABOVE_OWN);
        expect(await codeOf(edit(clerk, worker, to), 403)).to.equal(ROLE_ABOVE_OWN);
      }
      expect(await seesIdOf(head, worker)).to.equal(false);
      await rowOf(place(boss, below, worker));
      expect(await seesIdOf(head, worker)).to.equal(true);
      // From one place of theirs to another.
      await rowOf(place(clerk, theirs, worker));
    }
  });

  it('takes nobody away from those from whom they could not take it by hand', async () => {
    const clerk = await holding(await ownRole({ grants: HR, systemParent: 'supervisor' }));
    const [theirs, other] = [await department(), await department()];
    const head = await clientOf(app, await headOf(theirs, 'senior_admin'));
    const worker = await memberOf(theirs, 'worker');
    for (const to of [null, other]) expect(await codeOf(edit(clerk, worker, to), 403)).to.equal(ROLE_ABOVE_OWN);
    expect(await codeOf(place(clerk, other, worker), 403)).to.equal(ROLE_ABOVE_OWN);
    expect(await codeOf(place(await as('admin'), other, worker), 403)).to.equal(ROLE_ABOVE_OWN);
    expect(await seesIdOf(head, worker)).to.equal(true);
    await rowOf(edit(boss, worker, null));
    expect(await seesIdOf(head, worker)).to.equal(false);
  });

  it('is not stopped by who leads it below them, for the company or for a part of it', async () => {
    const top = await department();
    const [one, two] = [await department(top), await department(top)];
    for (const id of [one, two]) await headOf(id, 'supervisor', 'manager', 'safety_admin');
    const worker = await memberOf(one);
    for (const role of ['admin', 'senior_admin', 'owner'])
      for (const to of [two, one]) await rowOf(place(await as(role), to, worker));
    await rowOf(edit(await as('admin'), worker, null));
    const clerk = await holding(await ownRole({ grants: HR }));
    expect(await codeOf(place(clerk, one, worker), 403)).to.equal(ROLE_ABOVE_OWN);
    const crew = await department();
    await headOf(crew, 'worker', 'technician');
    await rowOf(place(clerk, crew, worker));
    await rowOf(place(clerk, await department(), worker));
    const member = await memberOf(null, 'member');
    expect(await codeOf(place(await as('institution_admin'), one, member), 403)).to.equal(ROLE_NOT_YOURS);
    // What is held above both places is held before and after.
    const local = await headOf(top, 'admin');
    await rowOf(place(boss, one, worker));
    await rowOf(place(await clientOf(app, local), two, worker));
    await rowOf(place(await as('admin'), one, worker));
    expect(await codeOf(edit(await as('admin'), worker, null), 403)).to.equal(ROLE_ABOVE_OWN);
  });

  it('is asked of the roles by which somebody gains, not of all that they hold', async () => {
    const theirs = await department();
    const senior = await addPerson(app, { companyId, roles: ['senior_admin'] });
    await giveWithin(app, senior, theirs, { systemRole: 'safety_admin' });
    await giveWithin(app, await addPerson(app, { companyId, roles: ['owner'] }), theirs, { systemRole: 'admin' });
    await giveWithin(app, await headOf(theirs, 'supervisor'), await department(), { systemRole: 'admin' });
    const worker = await memberOf(null, 'worker');
    const admin = await as('admin');
    await rowOf(place(admin, theirs, worker));
    await rowOf(edit(admin, worker, null));
  });

  it('stands above all that somebody holds whom a role within it keeps from something', async () => {
    const theirs = await department();
    const deny = await ownRole({ denies: ['organization:national-id:reveal'] });
    const senior = await addPerson(app, { companyId, roles: ['senior_admin'] });
    await giveWithin(app, senior, theirs, { roleId: deny });
    const [inside, outside] = [await memberOf(theirs, 'worker'), await memberOf(null, 'worker')];
    const admin = await as('admin');
    expect(await codeOf(edit(admin, inside, null), 403)).to.equal(ROLE_ABOVE_OWN);
    expect(await codeOf(place(admin, theirs, outside), 403)).to.equal(ROLE_ABOVE_OWN);
    expect(await seesIdOf(await clientOf(app, senior), inside)).to.equal(false);
    await rowOf(edit(boss, inside, null));
    expect(await seesIdOf(await clientOf(app, senior), inside)).to.equal(true);
  });

  it('holds what a role of the company’s own gives there, and may be of any rank', async () => {
    const theirs = await department();
    const cases = 'fitness:case:read';
    const head = await addPerson(app, { companyId, roles: [] });
    await giveWithin(app, head, theirs, { roleId: await ownRole({ grants: [cases] }) });
    const worker = await memberOf(null, 'worker');
    expect(await codeOf(place(await as('admin'), theirs, worker), 403)).to.equal(GRANT_ABOVE_OWN);
    const able = await addPerson(app, { companyId, roles: ['admin'] });
    const { profileId } = able;
    await rowOf(boss.post('/admin/role/assignment', { profileId, roleId: await ownRole({ grants: [cases] }) }), 201);
    await rowOf(place(await clientOf(app, able), theirs, worker));
  });

  it('in a support session is judged as below those whom support does not change', async () => {
    const [led, kept] = [await department(), await department()];
    await headOf(led, 'manager');
    await headOf(kept, 'admin');
    const staff = await clientOf(app, await addStaff(app, 'support'));
    await rowOf(staff.post('/admin/internal_user/support-session', { companyId, reason: 'test' }));
    const worker = await memberOf(null, 'worker');
    expect(await codeOf(place(staff, kept, worker), 403)).to.equal(ROLE_ABOVE_OWN);
    await rowOf(place(staff, led, worker));
  });

  it('takes in who is new wherever they may add somebody', async () => {
    const theirs = await department();
    await headOf(theirs, 'admin', 'safety_admin');
    const clerk = await holding(await ownRole({ grants: HR }));
    const fresh = { firstName: 'A', lastName: 'B', departmentId: theirs };
    await rowOf(clerk.post('/admin/profile', { ...fresh, kind: 'employee' }), 201);
    await rowOf(clerk.post('/admin/invitation', { ...fresh, email: `new${n}@example.cl` }), 201);
  });

  it('is refused for all where it is for one of them, wherever they come from', async () => {
    const [theirs, kept] = [await department(), await department()];
    await headOf(theirs, 'supervisor');
    await headOf(kept, 'senior_admin');
    const people = [
      await memberOf(null, 'worker'),
      await memberOf(await department(), 'worker'),
      await memberOf(theirs),
    ];
    const admin = await as('admin');
    expect(await codeOf(place(admin, theirs, ...people, await memberOf(kept)), 403)).to.equal(ROLE_ABOVE_OWN);
    expect(await rowOf<{ placed: number }>(place(admin, theirs, ...people))).to.deep.equal({ placed: 2 });
  });
});
