import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addDepartment, addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { codeOf, itemsOf, rowOf } from '../../support/workforce.ts';

const ROLE_FULL = 'ROLE_FULL';

describe('the places of a role that few may hold', () => {
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

  const person = (): Promise<TestPerson> => addPerson(app, { companyId, roles: [] });
  const role = async (rest: object = {}): Promise<string> => {
    n += 1;
    const body = { code: `P${n}`, name: 'P', reach: 'self', grants: [], denies: [], ...rest };
    return (await rowOf(boss.post('/admin/role', body), 201)).id;
  };
  const give = ({ profileId }: TestPerson, roleId: string, rest: object = {}) =>
    boss.post('/admin/role/assignment', { profileId, roleId, ...rest });
  const end = ({ profileId }: TestPerson) =>
    rowOf(boss.post(`/admin/profile/${profileId}/end`, { reason: 'x' }, version(1)));
  const edit = (id: string, patch: object) => boss.patch(`/admin/role/${id}`, patch, version(1));

  it('are left free by whoever leaves', async () => {
    const roleId = await role({ maxUsers: 1 });
    const [first, second, third] = [await person(), await person(), await person()];
    await rowOf(give(first, roleId), 201);
    expect(await codeOf(give(second, roleId), 409)).to.equal(ROLE_FULL);
    await end(first);
    await rowOf(give(second, roleId), 201);
    expect(await codeOf(give(third, roleId), 409)).to.equal(ROLE_FULL);
    expect(await codeOf(boss.del(`/admin/role/${roleId}`, version(1)), 409)).to.equal('IN_USE');
    await end(second);
    await boss.del(`/admin/role/${roleId}`, version(1)).expect(204);
    expect(await itemsOf(boss, `/admin/role/assignment?roleId=${roleId}`)).to.deep.equal([]);
    await rowOf(boss.post(`/admin/profile/${first.profileId}/rejoin`, { reason: 'x' }, version(2)));
  });

  it('are taken by whoever holds a role that inherits from it, one for each person', async () => {
    const base = await role({ maxUsers: 1 });
    const heir = await role({ parentId: await role({ parentId: base }) });
    const [first, second] = [await person(), await person()];
    const departmentId = await addDepartment(app, companyId, [first, second]);
    await rowOf(give(first, heir), 201);
    for (const roleId of [base, heir]) expect(await codeOf(give(second, roleId), 409)).to.equal(ROLE_FULL);
    await rowOf(give(first, base), 201);
    await rowOf(give(first, heir, { scopeKind: 'department', scopeId: departmentId }), 201);
    await end(first);
    const people = await Promise.all(Array.from({ length: 6 }, person));
    const other = await role({ parentId: base });
    const answers = await Promise.all(people.map((each, at) => give(each, [base, heir, other][at % 3]!)));
    expect(answers.filter(({ status }) => status === 201)).to.have.length(1);
    expect(answers.filter(({ body }) => (body as { code: string }).code === ROLE_FULL)).to.have.length(5);
  });

  it('are there for all who hold it already, when it is changed', async () => {
    const base = await role();
    const loose = await role();
    for (const each of [await person(), await person()]) await rowOf(give(each, loose), 201);
    const narrow = await role({ maxUsers: 1 });
    expect(await codeOf(edit(loose, { parentId: narrow }), 409)).to.equal(ROLE_FULL);
    await rowOf(edit(loose, { parentId: base }));
    expect(await codeOf(edit(base, { maxUsers: 1 }), 409)).to.equal(ROLE_FULL);
    await rowOf(edit(base, { maxUsers: 2 }));
    // What was too full before it was counted so is renamed all the same.
    await app.database.sql('update role set max_users = 1 where id = $1', [base]);
    await rowOf(boss.patch(`/admin/role/${base}`, { name: 'Renamed' }, version(2)));
  });
});
