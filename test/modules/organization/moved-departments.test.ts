import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addDepartment, addPerson, giveWithin } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { codeOf, rowOf } from '../../support/workforce.ts';

const GRANT_ABOVE_OWN = 'GRANT_ABOVE_OWN';
const ROLE_ABOVE_OWN = 'ROLE_ABOVE_OWN';

describe('whoever moves a department, or people into one', () => {
  let app: TestApp;
  let companyId: string;
  let boss: Client;
  let planner: string;
  let n = 0;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    planner = await ownRole({ grants: ['organization:department:*', 'organization:profile:*'] });
  });
  after(() => app.close());

  const ownRole = async (body: object): Promise<string> => {
    n += 1;
    const role = { code: `M${n}`, name: 'M', reach: 'company', grants: [], denies: [], ...body };
    return (await rowOf(boss.post('/admin/role', role), 201)).id;
  };
  const department = async (parentId: string | null = null): Promise<string> => {
    n += 1;
    return (await rowOf(boss.post('/admin/department', { code: `M${n}`, name: 'M', parentId }), 201)).id;
  };
  const memberOf = async (departmentId: string | null, ...roles: string[]): Promise<TestPerson> => {
    const person = await addPerson(app, { companyId, roles });
    await app.database.sql('update profile set department_id = $2 where id = $1', [person.profileId, departmentId]);
    return person;
  };
  /** Somebody who plans departments of the whole company. */
  const planning = async (...roles: string[]): Promise<TestPerson> => {
    const person = await addPerson(app, { companyId, roles });
    await rowOf(boss.post('/admin/role/assignment', { profileId: person.profileId, roleId: planner }), 201);
    return person;
  };
  const move = async (by: Client, id: string, parentId: string | null) =>
    by.post(
      `/admin/department/${id}/move`,
      { parentId },
      version((await rowOf(boss.get(`/admin/department/${id}`))).version),
    );

  it('takes none into the reach of what they hold only there', async () => {
    const [theirs, other] = [await department(), await department()];
    const below = await department(other);
    const worker = await memberOf(below, 'worker');
    const person = await planning();
    await giveWithin(app, person, theirs, { systemRole: 'admin' });
    const client = await clientOf(app, person);
    const secret = `/admin/profile/${worker.profileId}/national-id`;
    expect((await client.get(secret)).status).to.equal(404);
    for (const id of [other, below]) expect(await codeOf(move(client, id, theirs), 403)).to.equal(GRANT_ABOVE_OWN);
    expect((await client.get(secret)).status).to.equal(404);
    // What they hold there as well is moved from one place of theirs to another.
    const [one, two] = [await department(theirs), await department(theirs)];
    await rowOf(move(client, one, two));
    await rowOf(move(client, one, null));
    await rowOf(move(client, await department(), other));
    await rowOf(move(boss, below, theirs));
    expect((await client.get(secret)).status).to.equal(200);
  });

  it('takes none out of what is denied to them, nor past what is denied farther down', async () => {
    const [closed, theirs] = [await department(), await department()];
    const inner = await department(closed);
    const worker = await memberOf(inner);
    const role = await ownRole({ denies: ['organization:profile:read', 'organization:profile:write'] });
    const person = await addPerson(app, { companyId, roles: ['admin'] });
    await giveWithin(app, person, closed, { roleId: role });
    const client = await clientOf(app, person);
    for (const parentId of [null, theirs])
      expect(await codeOf(move(client, inner, parentId), 403)).to.equal(GRANT_ABOVE_OWN);
    expect((await client.get(`/admin/profile/${worker.profileId}`)).status).to.equal(404);
    // Where a department below stays closed, what lies between would open.
    const local = await planning();
    const deny = await ownRole({ denies: ['organization:national-id:reveal'] });
    const outer = await department();
    await giveWithin(app, local, theirs, { roleId: await ownRole({ grants: ['organization:national-id:reveal'] }) });
    await giveWithin(app, local, await department(outer), { roleId: deny });
    expect(await codeOf(move(await clientOf(app, local), outer, theirs), 403)).to.equal(GRANT_ABOVE_OWN);
  });

  it('comes to rank no higher in it', async () => {
    const all = await ownRole({
      grants: ['*:*:*'],
      denies: ['operator:*:*', 'fitness:metrics:read', 'workforce:evidence:read', 'commerce:subscription:*'],
    });
    const person = await addPerson(app, { companyId, roles: [] });
    await rowOf(boss.post('/admin/role/assignment', { profileId: person.profileId, roleId: all }), 201);
    const [theirs, other] = [await department(), await department()];
    await giveWithin(app, person, theirs, { systemRole: 'member' });
    expect(await codeOf(move(await clientOf(app, person), other, theirs), 403)).to.equal(ROLE_ABOVE_OWN);
  });

  it('gives and takes nobody what they could not give or take by hand', async () => {
    const junior = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    const [theirs, other] = [await department(), await department()];
    const head = await addPerson(app, { companyId, roles: [] });
    await giveWithin(app, head, theirs, { systemRole: 'admin' });
    const inner = await department(theirs);
    expect(await codeOf(move(junior, other, theirs), 403)).to.equal(ROLE_ABOVE_OWN);
    expect(await codeOf(move(junior, inner, null), 403)).to.equal(ROLE_ABOVE_OWN);
    for (const [id, parentId] of [
      [other, theirs],
      [inner, null],
    ] as const)
      await rowOf(move(boss, id, parentId));
    const led = await department();
    await giveWithin(app, head, led, { systemRole: 'supervisor' });
    await boss.post(`/admin/profile/${head.profileId}/end`, { reason: 'x' }, version(1)).expect(200);
    await giveWithin(app, await addPerson(app, { companyId, roles: [] }), led, { systemRole: 'supervisor' });
    await rowOf(move(junior, await department(), led));
    await rowOf(move(junior, inner, theirs));
  });

  it('moves not the one that they belong to, unless they own the company', async () => {
    const [top, other] = [await department(), await department()];
    const home = await department(top);
    const client = await clientOf(app, await memberOf(home, 'admin'));
    for (const id of [home, top]) expect(await codeOf(move(client, id, other), 403)).to.equal('OWN_LIMITS');
    await rowOf(move(await clientOf(app, await memberOf(home, 'owner')), home, other));
  });

  it('puts nobody where they hold what they do not hold where the person is', async () => {
    const [theirs, other] = [await department(), await department()];
    const person = await planning('manager');
    await giveWithin(app, person, theirs, { systemRole: 'safety_admin' });
    const client = await clientOf(app, person);
    const place = (profileId: string) =>
      client.post(`/admin/department/${theirs}/members`, { profileIds: [profileId] });
    for (const from of [null, other]) {
      const { profileId } = await memberOf(from, 'worker');
      expect(await codeOf(place(profileId), 403)).to.equal(GRANT_ABOVE_OWN);
      const edit = client.patch(`/admin/profile/${profileId}`, { departmentId: theirs }, version(1));
      expect(await codeOf(edit, 403)).to.equal(GRANT_ABOVE_OWN);
    }
    const { profileId } = await memberOf(await department(theirs), 'worker');
    await place(profileId).expect(200);
    const fresh = { firstName: 'A', lastName: 'B', kind: 'employee', departmentId: theirs };
    await rowOf(client.post('/admin/profile', fresh), 201);
    const nowhere = await addDepartment(app, companyId, []);
    await rowOf(client.patch(`/admin/profile/${profileId}`, { departmentId: nowhere }, version(2)));
  });
});
