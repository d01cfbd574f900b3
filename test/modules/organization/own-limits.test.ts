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

const OWN_LIMITS = 'OWN_LIMITS';
const reason = { reason: 'test' };

interface Effective {
  readonly feature: string;
  readonly allowed: boolean;
  readonly quota: number | null;
}

describe('what bounds somebody', () => {
  let app: TestApp;
  let companyId: string;
  let boss: Client;
  let feature: string;
  let n = 0;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    boss = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const person = (...roles: string[]): Promise<TestPerson> => addPerson(app, { companyId, roles });
  const later = (hours: number): string => new Date(app.clock.now().getTime() + hours * 3_600_000).toISOString();
  const editOf = async (by: Client, { profileId }: TestPerson, patch: object) => {
    const path = `/admin/profile/${profileId}`;
    return by.patch(path, patch, version((await rowOf(boss.get(path))).version));
  };

  it('in time, kind and risk group is never set by themselves, owners included', async () => {
    const group = await rowOf(boss.post('/fitness/risk-group', { name: 'Altura', highRisk: true }), 201);
    for (const role of ['admin', 'senior_admin', 'institution_admin', 'owner']) {
      const own = await person(role);
      const client = await clientOf(app, own);
      await rowOf(editOf(boss, own, { riskGroupId: group.id }));
      for (const patch of [
        { riskGroupId: null },
        { expiresAt: later(48) },
        { kind: 'contractor' },
        { kind: 'contractor', contactPhone: '+56912345678' },
      ])
        expect(await codeOf(editOf(client, own, patch), 403), `${role} ${Object.keys(patch).join()}`).to.equal(
          OWN_LIMITS,
        );
      await rowOf(editOf(client, own, { riskGroupId: group.id, kind: 'employee', expiresAt: null, lastName: 'Soto' }));
    }
    const own = await person('admin');
    await rowOf(editOf(boss, own, { kind: 'temporary', expiresAt: later(24) }));
    const client = await clientOf(app, own);
    const here = await rowOf<{ version: number; expiresAt: string }>(boss.get(`/admin/profile/${own.profileId}`));
    const sameEnd = here.expiresAt.replace('Z', '+00:00');
    expect(await rowOf(editOf(client, own, { expiresAt: sameEnd }))).to.include({ version: here.version });
    for (const patch of [{ expiresAt: later(72) }, { kind: 'employee', expiresAt: null }])
      expect(await codeOf(editOf(client, own, patch), 403)).to.equal(OWN_LIMITS);
  });

  it('by their department is not left by themselves, unless they own the company', async () => {
    const own = await person('admin');
    const client = await clientOf(app, own);
    const [first, second] = [await addDepartment(app, companyId, [own]), await addDepartment(app, companyId, [])];
    for (const departmentId of [null, second])
      expect(await codeOf(editOf(client, own, { departmentId }), 403)).to.equal(OWN_LIMITS);
    const placing = client.post(`/admin/department/${second}/members`, { profileIds: [own.profileId] });
    expect(await codeOf(placing, 403)).to.equal(OWN_LIMITS);
    await rowOf(editOf(client, own, { departmentId: first, firstName: 'Ana' }));
    const owner = await person('owner');
    await rowOf(editOf(await clientOf(app, owner), owner, { departmentId: second }));
  });

  it('as a resident is not changed by themselves, unless they own the company', async () => {
    const own = await person('senior_admin');
    const client = await clientOf(app, own);
    const body = { profileId: own.profileId, pgyLevel: 1 };
    expect(await codeOf(client.post('/admin/resident', body), 403)).to.equal(OWN_LIMITS);
    const { id } = await rowOf(boss.post('/admin/resident', body), 201);
    const path = `/admin/resident/${id}`;
    expect(await codeOf(client.patch(path, { pgyLevel: 10 }, version(1)), 403)).to.equal(OWN_LIMITS);
    expect(await codeOf(client.post(`${path}/deactivate`, reason, version(1)), 403)).to.equal(OWN_LIMITS);
    expect(await codeOf(client.post(`${path}/graduate`, {}, version(1)), 403)).to.equal(OWN_LIMITS);
    await rowOf(boss.post(`${path}/graduate`, {}, version(1)));
    expect(await codeOf(client.post(`${path}/reinstate`, reason, version(2)), 403)).to.equal(OWN_LIMITS);
    const actions = await itemsOf<{ reason: string }>(client, `${path}/actions`);
    expect(actions.map(({ reason: why }) => why)).to.include(OWN_LIMITS);
    const owner = await person('owner');
    const theirs = { profileId: owner.profileId, pgyLevel: 2 };
    await rowOf((await clientOf(app, owner)).post('/admin/resident', theirs), 201);
  });

  describe('in features', () => {
    beforeEach(async () => {
      const staff = await clientOf(app, await addStaff(app));
      n += 1;
      feature = `own_${n}`;
      const names = { es: feature, en: feature, fr: feature };
      const counted = { type: 'permission', onByDefault: true, unit: 'second', period: 'month' };
      await rowOf(staff.post('/admin/feature', { code: feature, names, ...counted }), 201);
    });

    const grant = (by: Client, values: object) =>
      by.post('/admin/feature/grant', { feature, effect: 'allow', ...reason, ...values });
    const mine = async (by: Client) =>
      (await itemsOf<Effective>(by, '/auth/me/features')).find((each) => each.feature === feature)!;
    const revoke = (by: Client, id: string) => by.post(`/admin/feature/grant/${id}/revoke`, reason, version(1));

    it('is not given by themselves, unless they own the company', async () => {
      for (const role of ['admin', 'institution_admin']) {
        const own = await person(role);
        const client = await clientOf(app, own);
        for (const values of [{}, { quota: 10 }, { effect: 'deny' }])
          expect(await codeOf(grant(client, { profileId: own.profileId, ...values }), 403)).to.equal(OWN_LIMITS);
        await rowOf(grant(client, { profileId: (await person('member')).profileId }), 201);
      }
      const owner = await person('owner');
      await rowOf(grant(await clientOf(app, owner), { profileId: owner.profileId, quota: 10 }), 201);
    });

    it('is not lifted by what they give to those of whom they are one', async () => {
      const own = await person('admin');
      const client = await clientOf(app, own);
      const departmentId = await addDepartment(app, companyId, [own]);
      const role = { code: `O${n}`, name: 'O', reach: 'self', grants: [], denies: [] };
      const { id: roleId } = await rowOf(boss.post('/admin/role', role), 201);
      await rowOf(boss.post('/admin/role/assignment', { profileId: own.profileId, roleId }), 201);
      await rowOf(grant(boss, { departmentId, quota: 5 }), 201);
      for (const whom of [{ departmentId }, { departmentId, quota: 6 }, { roleId }, { roleId, startsAt: later(1) }])
        expect(await codeOf(grant(client, whom), 403), JSON.stringify(whom)).to.equal(OWN_LIMITS);
      expect(await mine(client)).to.include({ allowed: true, quota: 5 });
      await rowOf(grant(client, { departmentId, quota: 3 }), 201);
      await rowOf(grant(client, {}), 201);
      await rowOf(grant(client, { departmentId: await addDepartment(app, companyId, []) }), 201);
      expect(await mine(client)).to.include({ allowed: true, quota: 5 });
      await rowOf(grant(boss, { roleId }), 201);
      expect(await mine(client)).to.include({ quota: null });
    });

    it('is not lifted once what bounds them now is over', async () => {
      const hour = later(1);
      const bounded = async (bound: (own: TestPerson) => Promise<unknown>) => {
        const own = await person('admin');
        const departmentId = await addDepartment(app, companyId, [own]);
        const { id } = await rowOf(grant(boss, { departmentId, quota: 7 }), 201);
        await app.database.sql('update feature_grant set level = 600 where id = $1', [id]);
        await bound(own);
        return { client: await clientOf(app, own), departmentId, id };
      };
      const role = { code: `T${n}`, name: 'T', reach: 'self', grants: [], denies: [] };
      const { id: roleId } = await rowOf(boss.post('/admin/role', role), 201);
      for (const bound of [
        ({ profileId }: TestPerson) => rowOf(grant(boss, { profileId, effect: 'deny', endsAt: hour }), 201),
        ({ profileId }: TestPerson) => rowOf(grant(boss, { profileId, quota: 5, endsAt: hour }), 201),
        async ({ profileId }: TestPerson) => {
          await rowOf(grant(boss, { profileId, quota: 5, endsAt: hour }), 201);
          await rowOf(grant(boss, { profileId, effect: 'deny', startsAt: later(0.5), endsAt: later(2) }), 201);
        },
        async ({ profileId }: TestPerson) => {
          await rowOf(boss.post('/admin/role/assignment', { profileId, roleId, expiresAt: hour }), 201);
          await rowOf(grant(boss, { roleId, effect: 'deny' }), 201);
        },
      ]) {
        const { client, departmentId, id } = await bounded(bound);
        for (const when of [{}, { startsAt: later(0.1) }, { startsAt: later(0.1), endsAt: later(3) }, { quota: 8 }])
          expect(await codeOf(grant(client, { departmentId, ...when }), 403), JSON.stringify(when)).to.equal(
            OWN_LIMITS,
          );
        expect(await codeOf(revoke(client, id), 403)).to.equal(OWN_LIMITS);
        await rowOf(grant(client, { departmentId, endsAt: hour }), 201);
        await rowOf(grant(client, { departmentId, quota: 6 }), 201);
      }
    });

    it('is lifted by an owner no longer than they own the company', async () => {
      const own = await person('admin');
      const { profileId } = own;
      const hour = later(1);
      await rowOf(boss.post('/admin/role/assignment', { profileId, systemRole: 'owner', expiresAt: hour }), 201);
      const client = await clientOf(app, own);
      const departmentId = await addDepartment(app, companyId, [own]);
      await rowOf(grant(boss, { departmentId, quota: 5 }), 201);
      for (const whom of [{ departmentId }, { profileId }]) {
        expect(await codeOf(grant(client, { ...whom, endsAt: later(2) }), 403)).to.equal(OWN_LIMITS);
        await rowOf(grant(client, { ...whom, endsAt: hour }), 201);
      }
    });

    it('is not withheld any less because they take it back', async () => {
      const own = await person('admin');
      const client = await clientOf(app, own);
      const other = await clientOf(app, await person('senior_admin'));
      const departmentId = await addDepartment(app, companyId, [own]);
      // Of their own rank, by whom they could be taken back.
      const equal = async (values: object) => {
        const { id } = await rowOf(grant(boss, values), 201);
        await app.database.sql('update feature_grant set level = 600 where id = $1', [id]);
        return id;
      };
      for (const whom of [{ departmentId }, { profileId: own.profileId }])
        for (const bound of [{ effect: 'deny' }, { quota: 5 }, { effect: 'deny', startsAt: later(1) }]) {
          const id = await equal({ ...whom, ...bound });
          expect(await codeOf(revoke(client, id), 403), JSON.stringify([whom, bound])).to.equal(OWN_LIMITS);
          await rowOf(revoke(other, id));
        }
      await rowOf(revoke(client, await equal({ profileId: own.profileId })));
      await rowOf(revoke(client, await equal({ effect: 'deny', profileId: (await person('worker')).profileId })));
    });
  });
});
