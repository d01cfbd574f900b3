import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addDepartment, addPerson, giveWithin } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, rowOf } from '../../support/workforce.ts';

const OUT_OF_REACH = 'OUT_OF_REACH';
const ROLE_ABOVE_OWN = 'ROLE_ABOVE_OWN';

describe('whoever gives by a role that ends', () => {
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

  const later = (minutes: number): string => new Date(app.clock.now().getTime() + minutes * 60_000).toISOString();
  const person = (...roles: string[]): Promise<TestPerson> => addPerson(app, { companyId, roles });
  const give = (by: Client, profileId: string, values: object) =>
    by.post('/admin/role/assignment', { profileId, ...values });
  /** Somebody with `roles` for good, and another until then. */
  const passing = async (expiresAt: string, role: object, ...roles: string[]): Promise<Client> => {
    const someone = await person(...roles);
    await rowOf(give(boss, someone.profileId, { ...role, expiresAt }), 201);
    return clientOf(app, someone);
  };

  it('gives no role for longer, by hand or with an invitation', async () => {
    const end = later(60);
    const by = await passing(end, { systemRole: 'senior_admin' });
    const { profileId } = await person();
    for (const expiresAt of [undefined, null, later(61)])
      for (const systemRole of ['admin', 'worker']) {
        const role = { systemRole, expiresAt };
        expect(await codeOf(give(by, profileId, role), 403), JSON.stringify(role)).to.equal(OUT_OF_REACH);
        n += 1;
        const invitee = { email: `p${n}@example.cl`, firstName: 'P', lastName: 'P', roles: [role] };
        expect(await codeOf(by.post('/admin/invitation', invitee), 403)).to.equal(OUT_OF_REACH);
      }
    await rowOf(give(by, profileId, { systemRole: 'admin', expiresAt: end }), 201);
    await rowOf(give(by, profileId, { systemRole: 'worker', expiresAt: later(30) }), 201);
  });

  it('gives for good what their lasting roles give, and no more', async () => {
    const by = await passing(later(60), { systemRole: 'senior_admin' }, 'institution_admin');
    const { profileId } = await person();
    await rowOf(give(by, profileId, { systemRole: 'member' }), 201);
    for (const systemRole of ['worker', 'admin'])
      expect(await codeOf(give(by, profileId, { systemRole }), 403)).to.equal('ROLE_NOT_YOURS');
    await rowOf(give(by, profileId, { systemRole: 'admin', expiresAt: later(59) }), 201);
    const junior = await passing(later(60), { systemRole: 'senior_admin' }, 'admin');
    expect(await codeOf(give(junior, (await person()).profileId, { systemRole: 'admin' }), 403)).to.equal(
      ROLE_ABOVE_OWN,
    );
    await rowOf(give(junior, (await person()).profileId, { systemRole: 'manager' }), 201);
  });

  it('gives no permission for longer than they hold it, nor past what is denied to them meanwhile', async () => {
    const role = async (body: object): Promise<string> => {
      n += 1;
      const own = { code: `T${n}`, name: 'T', reach: 'company', grants: [], denies: [], ...body };
      return (await rowOf(boss.post('/admin/role', own), 201)).id;
    };
    const cases = await role({ grants: ['fitness:case:read'] });
    const by = await passing(later(60), { roleId: cases }, 'admin');
    const { profileId } = await person();
    expect(await codeOf(give(by, profileId, { roleId: cases }), 403)).to.equal('GRANT_ABOVE_OWN');
    await rowOf(give(by, profileId, { roleId: cases, expiresAt: later(59) }), 201);
    const shut = await addDepartment(app, companyId, []);
    const deny = { roleId: await role({ denies: ['organization:*:*'] }), scopeKind: 'department', scopeId: shut };
    const kept = await passing(later(60), deny, 'admin');
    const inside = { systemRole: 'worker', scopeKind: 'department', scopeId: shut };
    expect(await codeOf(give(kept, profileId, inside), 403)).to.equal(OUT_OF_REACH);
  });

  describe('features', () => {
    let feature: string;

    beforeEach(async () => {
      n += 1;
      feature = `passing_${n}`;
      const names = { es: feature, en: feature, fr: feature };
      const body = { code: feature, names, type: 'permission', onByDefault: true, unit: 'second', period: 'month' };
      await rowOf((await clientOf(app, await addStaff(app))).post('/admin/feature', body), 201);
    });

    const grant = (by: Client, values: object) =>
      by.post('/admin/feature/grant', { feature, effect: 'allow', reason: 'test', ...values });

    it('gives and withholds none for longer, whomever it is for, by hand or with an invitation', async () => {
      const end = later(60);
      const by = await passing(end, { systemRole: 'senior_admin' });
      const { profileId } = await person('worker');
      const departmentId = await addDepartment(app, companyId, []);
      for (const whom of [{ profileId }, { departmentId }, { systemRole: 'worker' }, {}])
        for (const endsAt of [undefined, null, later(61)])
          for (const what of [{}, { effect: 'deny' }, { quota: 5 }]) {
            const values = { ...whom, ...what, endsAt };
            expect(await codeOf(grant(by, values), 403), JSON.stringify(values)).to.equal(OUT_OF_REACH);
          }
      const invitee = { email: `f${n}@example.cl`, firstName: 'P', lastName: 'P', features: [feature] };
      expect(await codeOf(by.post('/admin/invitation', invitee), 403)).to.equal(OUT_OF_REACH);
      for (const whom of [{ profileId }, { departmentId }, { systemRole: 'worker' }])
        await rowOf(grant(by, { ...whom, startsAt: later(10), endsAt: end }), 201);
    });

    it('gives for good by what lasts: to whom that reaches, above whom it stands, taken back by equals of it', async () => {
      const by = await passing(later(60), { systemRole: 'senior_admin' }, 'institution_admin');
      const [member, worker] = [await person('member'), await person('worker')];
      const { id } = await rowOf(grant(by, { profileId: member.profileId }), 201);
      expect(await codeOf(grant(by, { profileId: worker.profileId }), 403)).to.equal('ROLE_NOT_YOURS');
      expect(await codeOf(grant(by, {}), 403)).to.equal(ROLE_ABOVE_OWN);
      await rowOf(grant(by, { profileId: worker.profileId, endsAt: later(59) }), 201);
      const equal = await clientOf(app, await person('institution_admin'));
      await rowOf(equal.post(`/admin/feature/grant/${id}/revoke`, { reason: 'test' }, version(1)));
      const junior = await passing(later(60), { systemRole: 'owner' }, 'admin');
      const admin = await person('admin');
      expect(await codeOf(grant(junior, { profileId: admin.profileId }), 403)).to.equal(ROLE_ABOVE_OWN);
      expect(await codeOf(grant(junior, { effect: 'deny' }), 403)).to.equal(ROLE_ABOVE_OWN);
      await rowOf(grant(junior, { effect: 'deny', endsAt: later(59) }), 201);
      const [within, beyond] = [await person(), await person()];
      const inside = await addDepartment(app, companyId, [within]);
      const scoped = await person();
      await giveWithin(app, scoped, inside, { systemRole: 'admin' });
      await rowOf(give(boss, scoped.profileId, { systemRole: 'senior_admin', expiresAt: later(60) }), 201);
      const narrow = await clientOf(app, scoped);
      await rowOf(grant(narrow, { profileId: within.profileId }), 201);
      expect(await codeOf(grant(narrow, { profileId: beyond.profileId }), 403)).to.equal(OUT_OF_REACH);
      await rowOf(grant(narrow, { profileId: beyond.profileId, endsAt: later(59) }), 201);
    });
  });
});
