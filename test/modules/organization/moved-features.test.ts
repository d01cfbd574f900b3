import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, itemsOf, rowOf } from '../../support/workforce.ts';

const FORBIDDEN = 'FORBIDDEN';
const ROLE_ABOVE_OWN = 'ROLE_ABOVE_OWN';
const FEATURE_GRANT_ABOVE_OWN = 'FEATURE_GRANT_ABOVE_OWN';
const reason = { reason: 'test' };

interface Effective {
  readonly feature: string;
  readonly allowed: boolean;
  readonly because: string;
}

describe('features of a department that is moved', () => {
  let app: TestApp;
  let staff: Client;
  let companyId: string;
  let boss: Client;
  let planner: Client;
  let feature: string;
  let n = 0;

  before(async () => {
    app = await startApp();
    staff = await clientOf(app, await addStaff(app));
    companyId = await addCompany(app.database);
    boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    const role = { code: 'plan', name: 'P', reach: 'company', denies: [], grants: ['organization:department:*'] };
    const { id: roleId } = await rowOf(boss.post('/admin/role', role), 201);
    const person = await addPerson(app, { companyId, roles: [] });
    await rowOf(boss.post('/admin/role/assignment', { profileId: person.profileId, roleId }), 201);
    planner = await clientOf(app, person);
  });
  beforeEach(async () => {
    n += 1;
    feature = `moved_${n}`;
    const names = { es: feature, en: feature, fr: feature };
    const body = { code: feature, names, type: 'permission', onByDefault: true, unit: 'second', period: 'month' };
    await rowOf(staff.post('/admin/feature', body), 201);
  });
  after(() => app.close());

  const as = async (...roles: string[]): Promise<Client> => clientOf(app, await addPerson(app, { companyId, roles }));
  const department = async (parentId: string | null = null): Promise<string> => {
    n += 1;
    return (await rowOf(boss.post('/admin/department', { code: `F${n}`, name: 'F', parentId }), 201)).id;
  };
  const memberOf = async (departmentId: string, ...roles: string[]): Promise<TestPerson> => {
    const person = await addPerson(app, { companyId, roles });
    await app.database.sql('update profile set department_id = $2 where id = $1', [person.profileId, departmentId]);
    return person;
  };
  const move = async (by: Client, id: string, parentId: string | null) =>
    by.post(
      `/admin/department/${id}/move`,
      { parentId },
      version((await rowOf(boss.get(`/admin/department/${id}`))).version),
    );
  const grant = (by: Client, departmentId: string, values: object) =>
    rowOf(by.post('/admin/feature/grant', { feature, departmentId, effect: 'allow', ...reason, ...values }), 201);
  const has = async ({ profileId }: TestPerson): Promise<boolean> => {
    const items = await itemsOf<Effective>(boss, `/admin/feature/effective/${profileId}`);
    return items.find((each) => each.feature === feature)!.allowed;
  };
  const DENY = { effect: 'deny' };
  const later = (hours: number): string => new Date(app.clock.now().getTime() + hours * 3_600_000).toISOString();

  it('are given and withheld by whoever may give and withhold them there', async () => {
    for (const values of [DENY, { quota: 5 }, {}, { ...DENY, startsAt: later(1) }]) {
      const [shut, moved] = [await department(), await department()];
      const worker = await memberOf(await department(moved), 'worker');
      await grant(boss, shut, values);
      expect(await codeOf(move(planner, moved, shut), 403), JSON.stringify(values)).to.equal(FORBIDDEN);
      expect(await has(worker)).to.equal(true);
      await rowOf(move(await as('admin'), moved, shut));
      expect(await codeOf(move(planner, moved, null), 403), JSON.stringify(values)).to.equal(FORBIDDEN);
    }
  });

  it('are withheld by whoever stands above all who are in it', async () => {
    for (const [values, isIn] of [
      [DENY, true],
      [{ quota: 5 }, true],
      [{}, false],
    ] as const) {
      const [other, moved] = [await department(), await department(null)];
      await memberOf(await department(moved), 'admin');
      await grant(boss, other, values);
      const [junior, senior] = [await as('admin'), await as('senior_admin')];
      if (!isIn) await rowOf(move(junior, moved, other));
      const to = isIn ? other : null;
      expect(await codeOf(move(junior, moved, to), 403), JSON.stringify(values)).to.equal(ROLE_ABOVE_OWN);
      await rowOf(move(senior, moved, to));
    }
  });

  it('are freed of what bounds them by whoever stands at the level of who set it', async () => {
    for (const values of [DENY, { quota: 5 }]) {
      const other = await department();
      const moved = await department(other);
      const worker = await memberOf(moved, 'worker');
      await grant(await as('senior_admin'), other, values);
      expect(await codeOf(move(await as('admin'), moved, null), 403)).to.equal(FEATURE_GRANT_ABOVE_OWN);
      expect(await has(worker)).to.equal(!('effect' in values));
      await rowOf(move(await as('senior_admin'), moved, null));
      expect(await has(worker)).to.equal(true);
    }
  });

  it('are nobody’s where nobody is, and the same where both places have the same', async () => {
    const [shut, alike] = [await department(), await department()];
    const empty = await department();
    for (const id of [shut, alike]) await grant(boss, id, DENY);
    await rowOf(move(planner, empty, shut));
    const moved = await department(shut);
    await memberOf(moved, 'owner');
    await rowOf(move(planner, moved, alike));
    expect(await codeOf(move(planner, moved, null), 403)).to.equal(FORBIDDEN);
    const past = await department(shut);
    const gone = await memberOf(past, 'worker');
    await rowOf(boss.post(`/admin/profile/${gone.profileId}/end`, reason, version(1)));
    await rowOf(move(planner, past, null));
    const { id, version: at } = await grant(boss, alike, { quota: 3 });
    await rowOf(boss.post(`/admin/feature/grant/${id}/revoke`, reason, version(at)));
    await rowOf(move(await as('senior_admin'), await department(shut), alike));
  });
});
