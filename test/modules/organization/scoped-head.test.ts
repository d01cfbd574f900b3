import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addDepartment, addPerson, giveWithin } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { codeOf, itemsOf, rowOf } from '../../support/workforce.ts';

const OUT_OF_REACH = 'OUT_OF_REACH';

describe('whoever gives roles in one department', () => {
  let app: TestApp;
  let companyId: string;
  let departmentId: string;
  let boss: Client;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    departmentId = await addDepartment(app, companyId, []);
  });
  after(() => app.close());

  const ownRole = async (body: object): Promise<string> => {
    n += 1;
    const role = { code: `S${n}`, name: 'S', reach: 'company', grants: [], denies: [], ...body };
    return (await rowOf(boss.post('/admin/role', role), 201)).id;
  };
  /** Admin of the department, who holds these roles in the company. */
  const head = async (...roles: string[]): Promise<TestPerson> => {
    const person = await addPerson(app, { companyId, roles });
    await app.database.sql('update profile set department_id = $2 where id = $1', [person.profileId, departmentId]);
    await giveWithin(app, person, departmentId, { systemRole: 'admin' });
    return person;
  };
  /** The same by roles of the company, each of which gives next to nothing: all ways to roles for the company. */
  const heads = async (): Promise<readonly TestPerson[]> => {
    const [plain, ranked, gifted] = [await head(), await head('manager'), await head('supervisor')];
    const grants = ['organization:invitation:*', 'organization:batch-upload:*'];
    const narrow = ['organization:role-assignment:write'];
    for (const [roleId, { profileId }] of [
      [await ownRole({ grants }), ranked],
      [await ownRole({ grants }), gifted],
      // Over themselves, and whoever reports to them: no more of the company.
      [await ownRole({ reach: 'self', grants: narrow }), gifted],
    ] as const)
      await rowOf(boss.post('/admin/role/assignment', { profileId, roleId }), 201);
    return [plain, ranked, gifted];
  };
  const member = async (): Promise<TestPerson> => {
    const person = await addPerson(app, { companyId, roles: [] });
    await app.database.sql('update profile set department_id = $2 where id = $1', [person.profileId, departmentId]);
    return person;
  };
  const within = () => ({ scopeKind: 'department', scopeId: departmentId });

  it('gives none for the company, by hand or with an invitation', async () => {
    for (const person of await heads()) {
      const client = await clientOf(app, person);
      const { profileId } = await member();
      n += 1;
      const invitee = { email: `s${n}@example.cl`, firstName: 'S', lastName: 'S', departmentId };
      for (const role of [{ systemRole: 'worker' }, { systemRole: 'member' }, { roleId: await ownRole({}) }]) {
        const given = client.post('/admin/role/assignment', { profileId, ...role });
        expect(await codeOf(given, 403), JSON.stringify(role)).to.equal(OUT_OF_REACH);
        const invited = client.post('/admin/invitation', { ...invitee, roles: [role] });
        expect(await codeOf(invited, 403), JSON.stringify(role)).to.equal(OUT_OF_REACH);
      }
      const elsewhere = { scopeKind: 'department', scopeId: await addDepartment(app, companyId, []) };
      const given = client.post('/admin/role/assignment', { profileId, systemRole: 'worker', ...elsewhere });
      expect(await codeOf(given, 403)).to.equal(OUT_OF_REACH);
      const local = { systemRole: 'worker', ...within() };
      await client.post('/admin/role/assignment', { profileId, ...local }).expect(201);
      await client.post('/admin/invitation', { ...invitee, roles: [local] }).expect(201);
    }
  });

  it('gives none by a file', async () => {
    const [, ...loaders] = await heads();
    const [{ code }] = (await app.database.sql<{ code: string }>('select code from department where id = $1', [
      departmentId,
    ])) as [{ code: string }];
    for (const loader of loaders) {
      n += 1;
      const text = `email,first_name,last_name,department,role\ns${n}@example.cl,S,S,${code},worker`;
      const sent = app.http
        .post('/angelis/admin/profile/batch?kind=invitations')
        .set({ authorization: await loader.bearer() })
        .attach('file', Buffer.from(text), { filename: 'people.csv', contentType: 'text/csv' });
      const { id } = await rowOf(sent, 202);
      await app.idle();
      const path = `/admin/profile/batch/${id}`;
      expect((await rowOf(boss.get(path))).status).to.equal('rejected');
      const faults = await itemsOf<{ column: string; code: string }>(boss, `${path}/errors`);
      expect(faults.map(({ code: fault }) => fault)).to.deep.equal([OUT_OF_REACH]);
    }
  });
});
