import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, rowOf } from '../../support/workforce.ts';

const OUT_OF_REACH = 'OUT_OF_REACH';
const GRANT_ABOVE_OWN = 'GRANT_ABOVE_OWN';
const ROLE_ABOVE_OWN = 'ROLE_ABOVE_OWN';
const SITE = 'organization:site:read';
const PROFILE = 'organization:profile:read';

describe('whoever is there, or is something, until an instant', () => {
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
  const give = (by: Client, { profileId }: TestPerson, values: object) =>
    by.post('/admin/role/assignment', { profileId, ...values });
  const edit = async (by: Client, path: string, patch: object) =>
    by.patch(path, patch, version((await rowOf(boss.get(path))).version));
  const pathOf = ({ profileId }: TestPerson): string => `/admin/profile/${profileId}`;
  /** Somebody with `roles` for good, and one more until then. */
  const passing = async (expiresAt: string, systemRole: string, ...roles: string[]): Promise<Client> => {
    const someone = await person(...roles);
    await rowOf(give(boss, someone, { systemRole, expiresAt }), 201);
    return clientOf(app, someone);
  };
  /** Somebody with `roles`, whose profile ends then. */
  const leaving = async (expiresAt: string | null, ...roles: string[]): Promise<TestPerson> => {
    const someone = await person(...roles);
    await rowOf(edit(boss, pathOf(someone), { expiresAt }));
    return someone;
  };
  const ownRole = async (body: object): Promise<string> => {
    n += 1;
    const role = { code: `L${n}`, name: 'L', reach: 'company', grants: [], denies: [], ...body };
    return (await rowOf(boss.post('/admin/role', role), 201)).id;
  };

  describe('by their profile', () => {
    it('gives no role for longer, by hand or with an invitation', async () => {
      const end = later(60);
      const by = await clientOf(app, await leaving(end, 'senior_admin'));
      const someone = await person();
      for (const expiresAt of [undefined, null, later(61)]) {
        const role = { systemRole: 'worker', expiresAt };
        expect(await codeOf(give(by, someone, role), 403)).to.equal(OUT_OF_REACH);
        n += 1;
        const invitee = { email: `l${n}@example.cl`, firstName: 'L', lastName: 'L', roles: [role] };
        expect(await codeOf(by.post('/admin/invitation', invitee), 403)).to.equal(OUT_OF_REACH);
      }
      await rowOf(give(by, someone, { systemRole: 'admin', expiresAt: end }), 201);
    });

    it('makes no machine client, and gives no feature, for longer', async () => {
      const end = later(60);
      const by = await clientOf(app, await leaving(end, 'senior_admin'));
      const client = { name: 'x', scopes: [PROFILE] };
      await by.post('/admin/api-client', client).expect(422);
      await rowOf(by.post('/admin/api-client', { ...client, expiresAt: end }), 201);
      const feature = `leaving_${n}`;
      const names = { es: feature, en: feature, fr: feature };
      const made = { code: feature, names, type: 'permission', onByDefault: true };
      await rowOf((await clientOf(app, await addStaff(app))).post('/admin/feature', made), 201);
      const grant = { feature, effect: 'allow', reason: 'test', profileId: (await person('worker')).profileId };
      expect(await codeOf(by.post('/admin/feature/grant', grant), 403)).to.equal(OUT_OF_REACH);
      await rowOf(by.post('/admin/feature/grant', { ...grant, endsAt: end }), 201);
    });

    it('is bounded from the moment in which the end is set, and as it is then', async () => {
      const someone = await person('senior_admin');
      const by = await clientOf(app, someone);
      await rowOf(give(by, await person(), { systemRole: 'admin' }), 201);
      await rowOf(edit(boss, pathOf(someone), { expiresAt: later(60) }));
      const role = { systemRole: 'admin', expiresAt: later(90) };
      expect(await codeOf(give(by, await person(), role), 403)).to.equal(OUT_OF_REACH);
      await rowOf(edit(boss, pathOf(someone), { expiresAt: later(120) }));
      await rowOf(give(by, await person(), role), 201);
    });
  });

  describe('makes of a role no more than they could give until its last holder’s end', () => {
    const changes = (): object[] => [
      { grants: [SITE, PROFILE] },
      { systemParent: 'admin' },
      { reach: 'company' },
      { denies: [] },
      { grants: [PROFILE], denies: [SITE, 'organization:*:write'] },
    ];
    const DENIES = ['organization:*:write'];
    const changed = async (by: Client, values: object, hold: (roleId: string) => Promise<unknown>, patch: object) => {
      const roleId = await ownRole({ grants: [SITE], denies: DENIES, reach: 'reports', ...values });
      await hold(roleId);
      return edit(by, `/admin/role/${roleId}`, patch);
    };
    const held =
      (values: object = {}, someone?: TestPerson) =>
      async (roleId: string) =>
        rowOf(give(boss, someone ?? (await person()), { roleId, ...values }), 201);

    it('for good, or for longer than they are something', async () => {
      const by = await passing(later(60), 'senior_admin');
      for (const patch of changes())
        for (const expiresAt of [null, later(61)])
          expect(await codeOf(changed(by, {}, held({ expiresAt }), patch), 403), JSON.stringify(patch)).to.equal(
            OUT_OF_REACH,
          );
      const parentId = await ownRole({ grants: [PROFILE] });
      expect(await codeOf(changed(by, {}, held(), { parentId }), 403)).to.equal(OUT_OF_REACH);
      const heir = async (roleId: string) => held()(await ownRole({ parentId: roleId }));
      expect(await codeOf(changed(by, {}, heir, { grants: [SITE, PROFILE] }), 403)).to.equal(OUT_OF_REACH);
      const leaver = await clientOf(app, await leaving(later(60), 'senior_admin'));
      expect(await codeOf(changed(leaver, {}, held(), { systemParent: 'admin' }), 403)).to.equal(OUT_OF_REACH);
    });

    it('but by what lasts', async () => {
      const by = await passing(later(60), 'owner', 'admin');
      expect(await codeOf(changed(by, {}, held(), { systemParent: 'admin' }), 403)).to.equal(ROLE_ABOVE_OWN);
      expect(await codeOf(changed(by, {}, held(), { grants: ['fitness:case:read'] }), 403)).to.equal(GRANT_ABOVE_OWN);
      await rowOf(changed(by, {}, held(), { grants: [SITE, PROFILE], systemParent: 'manager' }));
    });

    it('nor is kept from what gives nothing, nor for longer', async () => {
      const by = await passing(later(60), 'senior_admin');
      for (const patch of [{ name: 'M' }, { grants: [] }, { reach: 'self' }, { denies: [...DENIES, SITE] }])
        await rowOf(changed(by, {}, held(), patch));
      const more = { grants: [SITE, PROFILE], systemParent: 'admin' };
      await rowOf(changed(by, {}, held({ expiresAt: later(59) }), more));
      await rowOf(changed(by, {}, held({}, await leaving(later(59))), more));
      await rowOf(changed(by, {}, () => Promise.resolve(), more));
      const gone = await person();
      const left = async (roleId: string) => {
        await held({}, gone)(roleId);
        await rowOf(boss.post(`${pathOf(gone)}/end`, { reason: 'x' }, version(1)));
      };
      await rowOf(changed(by, {}, left, more));
    });
  });

  describe('keeps nobody there with what they could not give as long', () => {
    it('for good, or for longer than they are something', async () => {
      const end = later(60);
      for (const by of [
        await passing(end, 'senior_admin'),
        await clientOf(app, await leaving(end, 'senior_admin')),
        await passing(end, 'owner', 'institution_admin'),
      ]) {
        const friend = await leaving(later(30), 'admin');
        for (const expiresAt of [null, later(61)])
          expect(await codeOf(edit(by, pathOf(friend), { expiresAt, kind: 'employee' }), 403)).to.be.oneOf([
            OUT_OF_REACH,
            ROLE_ABOVE_OWN,
          ]);
        await rowOf(edit(by, pathOf(friend), { expiresAt: end }));
        await rowOf(edit(by, pathOf(friend), { expiresAt: later(20), firstName: 'Eva' }));
        // Who holds nothing longer for it, or nothing at all.
        const short = await leaving(later(30));
        await rowOf(give(boss, short, { systemRole: 'admin', expiresAt: later(10) }), 201);
        for (const someone of [short, await leaving(later(30))])
          await rowOf(edit(by, pathOf(someone), { expiresAt: null }));
      }
      const junior = await passing(end, 'senior_admin', 'admin');
      expect(await codeOf(edit(junior, pathOf(await leaving(later(30), 'admin')), { expiresAt: null }), 403)).to.equal(
        ROLE_ABOVE_OWN,
      );
      await rowOf(edit(junior, pathOf(await leaving(later(30), 'manager')), { expiresAt: null }));
    });

    it('nor with an invitation', async () => {
      const end = later(60);
      const by = await passing(end, 'senior_admin');
      n += 1;
      const email = `kept${n}@example.cl`;
      const draft = { firstName: 'K', lastName: 'K', contactEmail: email, kind: 'employee', expiresAt: later(30) };
      const { id } = await rowOf(boss.post('/admin/profile', draft), 201);
      await rowOf(boss.post('/admin/role/assignment', { profileId: id, systemRole: 'admin' }), 201);
      const invitee = { email, firstName: 'K', lastName: 'K' };
      expect(await codeOf(by.post('/admin/invitation', { ...invitee, expiresAt: later(90) }), 403)).to.equal(
        OUT_OF_REACH,
      );
      await rowOf(by.post('/admin/invitation', { ...invitee, expiresAt: end }), 201);
    });
  });
});
