import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { codeOf, rowOf, sweep } from '../../support/workforce.ts';

interface Department {
  readonly id: string;
  readonly version: number;
  readonly managerId: string | null;
}

const base = '/admin/department';
const reason = { reason: 'test' };

describe('managers of departments', () => {
  let app: TestApp;
  let companyId: string;
  let admin: Client;
  let made = 0;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
  });
  after(() => app.close());

  const add = (): Promise<TestPerson> => addPerson(app, { companyId, roles: [] });
  const department = (managerId: string | null) => {
    made += 1;
    return admin.post(base, { code: `D-${made}`, name: 'Mina', managerId });
  };
  const managed = ({ profileId }: TestPerson) => rowOf<Department>(department(profileId), 201);
  const read = ({ id }: Department) => rowOf<Department>(admin.get(`${base}/${id}`));
  const edit = (row: Department, patch: object) => admin.patch(`${base}/${row.id}`, patch, version(row.version));
  const end = ({ profileId }: TestPerson) => admin.post(`/admin/profile/${profileId}/end`, reason, version(1));
  const logOf = ({ id }: Department) =>
    app.database.sql(
      `select action, before, after from change where company_id = $1 and entity_id = $2 and action <> 'department.create'
       order by id`,
      [companyId, id],
    );
  /** Departments whose manager left. */
  const leaderless = () =>
    app.database.sql(
      `select d.id from department d join profile p on p.company_id = d.company_id and p.id = d.manager_id
       where d.company_id = $1 and d.deleted_at is null and p.status = 'ended'`,
      [companyId],
    );

  it('who leave manage none any more, and the change log says so', async () => {
    const [gone, stays] = [await add(), await add()];
    const [one, two, other] = [await managed(gone), await managed(gone), await managed(stays)];
    await end(gone).expect(200);
    for (const row of [one, two]) {
      expect(await read(row)).to.include({ managerId: null, version: 2 });
      expect(await logOf(row)).to.deep.equal([
        { action: 'department.update', before: { managerId: gone.profileId }, after: { managerId: null } },
      ]);
    }
    expect(await read(other)).to.include({ managerId: stays.profileId, version: 1 });
  });

  it('whose time is over leave them too', async () => {
    const gone = await add();
    const row = await managed(gone);
    const soon = new Date(app.clock.now().getTime() + 3_600_000);
    await admin.patch(`/admin/profile/${gone.profileId}`, { expiresAt: soon.toISOString() }, version(1)).expect(200);
    app.clock.set(new Date(soon.getTime() + 1_000));
    await sweep(app, companyId, 'profile', gone.profileId, 'expire');
    app.clock.set(undefined);
    expect(await leaderless()).to.deep.equal([]);
    expect(await read(row)).to.include({ managerId: null });
  });

  it('are nobody who left, and may be anybody else', async () => {
    const [gone, stays] = [await add(), await add()];
    const row = await managed(stays);
    await end(gone).expect(200);
    expect(await codeOf(department(gone.profileId), 409)).to.equal('PROFILE_ENDED');
    expect(await codeOf(edit(row, { managerId: gone.profileId }), 409)).to.equal('PROFILE_ENDED');
    expect(await read(row)).to.include({ managerId: stays.profileId, version: 1 });
    await admin.post(`/admin/profile/${gone.profileId}/rejoin`, reason, version(2)).expect(200);
    await edit(row, { managerId: gone.profileId }).expect(200);
  });

  it('who left while their department was deleted are not its managers when it comes back', async () => {
    const [gone, stays] = [await add(), await add()];
    const [one, other] = [await managed(gone), await managed(stays)];
    for (const { id } of [one, other]) await admin.del(`${base}/${id}`, version(1)).expect(204);
    await end(gone).expect(200);
    for (const { id } of [one, other]) await admin.post(`${base}/${id}/restore`, undefined, version(2)).expect(200);
    expect(await read(one)).to.include({ managerId: null });
    expect(await read(other)).to.include({ managerId: stays.profileId });
  });

  it('are nobody who leaves at the same moment, and nobody waits for whoever waits for them', async () => {
    for (let round = 0; round < 12; round += 1) {
      const [gone, next] = [await add(), await add()];
      const [one, two, three] = [await managed(next), await managed(gone), await managed(gone)];
      const answers = await Promise.all([
        end(gone),
        edit(one, { managerId: gone.profileId }),
        department(gone.profileId),
        edit(two, { managerId: next.profileId }),
        edit(three, { name: 'Rajo' }),
      ]);
      const statuses = answers.map(({ status }) => status);
      expect(statuses[0]).to.equal(200);
      expect(statuses[1]).to.be.oneOf([200, 409]);
      expect(statuses[2]).to.be.oneOf([201, 409]);
      // 412: the department was written by the end of its manager's time.
      for (const status of statuses.slice(3)) expect(status).to.be.oneOf([200, 412]);
      expect(await leaderless()).to.deep.equal([]);
    }
  });
});
