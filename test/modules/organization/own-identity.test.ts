import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addDepartment, addPerson, addReportingLine } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, itemsOf, openMine, rowOf } from '../../support/workforce.ts';

const OWN_LIMITS = 'OWN_LIMITS';
const reason = { reason: 'test' };

describe('whose one is', () => {
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

  const person = (...roles: string[]): Promise<TestPerson> => addPerson(app, { companyId, roles });
  const pathOf = ({ profileId }: TestPerson): string => `/admin/profile/${profileId}`;
  const report = (by: Client, who: TestPerson, superior: TestPerson | null) =>
    by.put(`${pathOf(who)}/superior`, { superiorId: superior?.profileId ?? null });
  const versionOf = async (who: TestPerson) => version((await rowOf(boss.get(pathOf(who)))).version);
  const editOf = async (by: Client, who: TestPerson, patch: object) =>
    by.patch(pathOf(who), patch, await versionOf(who));
  const moveOf = async (by: Client, who: TestPerson, move: string) =>
    by.post(`${pathOf(who)}/${move}`, reason, await versionOf(who));
  const next = (): string => `x-${(n += 1)}`;

  describe('superior', () => {
    it('is set by others, unless one owns the company', async () => {
      const friend = await person('supervisor');
      for (const role of ['admin', 'senior_admin']) {
        const own = await person(role);
        await rowOf(report(boss, own, await person('supervisor')));
        const client = await clientOf(app, own);
        for (const superior of [friend, null])
          expect(await codeOf(report(client, own, superior), 403), role).to.equal(OWN_LIMITS);
        await rowOf(report(client, await person('worker'), friend));
      }
      const owner = await person('owner');
      const client = await clientOf(app, owner);
      for (const superior of [friend, null]) await rowOf(report(client, owner, superior));
    });

    it('has no other superiors either by whoever stands below, nor is put below them', async () => {
      const [top, superior, friend] = [await person('manager'), await person('supervisor'), await person('manager')];
      const [own, owner] = [await person('admin'), await person('owner')];
      await addReportingLine(app, top, superior);
      for (const one of [own, owner]) await addReportingLine(app, superior, one);
      const client = await clientOf(app, own);
      for (const above of [superior, top])
        for (const to of [friend, null, own]) expect(await codeOf(report(client, above, to), 403)).to.equal(OWN_LIMITS);
      await rowOf(report(await clientOf(app, owner), superior, friend));
      await rowOf(report(await clientOf(app, await person('admin')), superior, top));
    });

    it('is not ended by whoever stands below: not by hand, by an end that is set, nor by an erasure', async () => {
      const [top, superior] = [await person('manager'), await person('supervisor')];
      const [own, owner] = [await person('admin'), await person('owner')];
      await addReportingLine(app, top, superior);
      for (const one of [own, owner]) await addReportingLine(app, superior, one);
      const client = await clientOf(app, own);
      const expiresAt = new Date(app.clock.now().getTime() + 60_000).toISOString();
      for (const above of [superior, top]) {
        expect(await codeOf(moveOf(client, above, 'end'), 403)).to.equal(OWN_LIMITS);
        expect(await codeOf(editOf(client, above, { expiresAt }), 403)).to.equal(OWN_LIMITS);
        await rowOf(editOf(client, above, { expiresAt: null, firstName: 'Eva' }));
      }
      await rowOf(moveOf(client, top, 'suspend'));
      expect(await codeOf(moveOf(client, top, 'erase'), 403)).to.equal(OWN_LIMITS);
      await rowOf(moveOf(await clientOf(app, await person('admin')), top, 'erase'));
      await rowOf(moveOf(await clientOf(app, owner), superior, 'end'));
      await rowOf(moveOf(client, await person('supervisor'), 'end'));
    });
  });

  describe('links to other systems', () => {
    const linksOf = (who: TestPerson): string => `${pathOf(who)}/system-link`;
    const link = (by: Client, who: TestPerson, system: string) => by.post(linksOf(who), { system, externalId: next() });
    const unlink = (by: Client, who: TestPerson, id: string) => by.del(`${linksOf(who)}/${id}`, version(1));

    it('are set and taken away by others', async () => {
      for (const role of ['admin', 'senior_admin']) {
        const own = await person(role);
        const client = await clientOf(app, own);
        expect(await codeOf(link(client, own, 'FIT2000'), 403), role).to.equal(OWN_LIMITS);
        const { id } = await rowOf(link(boss, own, 'FIT2000'), 201);
        expect(await codeOf(unlink(client, own, id), 403), role).to.equal(OWN_LIMITS);
        const worker = await person('worker');
        await unlink(client, worker, (await rowOf(link(client, worker, 'FIT2000'), 201)).id).expect(204);
      }
    });

    it('are set once by owners, who have nobody above them, and changed by others', async () => {
      const own = await person('owner');
      const client = await clientOf(app, own);
      const { id } = await rowOf(link(client, own, 'SAFER'), 201);
      expect(await codeOf(link(client, own, 'SAFER'), 403)).to.equal(OWN_LIMITS);
      expect(await codeOf(unlink(client, own, id), 403)).to.equal(OWN_LIMITS);
      await rowOf(link(client, own, 'FIT2000'), 201);
      await unlink(boss, own, id).expect(204);
      await rowOf(link(client, own, 'SAFER'), 201);
    });

    it('are not set by a number that comes with one’s own license', async () => {
      const mine = await openMine(app);
      await mine.addSubscription('SAFER', 9);
      const { profileId } = mine.people.admin;
      const license = { offering: 'SAFER', profileId };
      const numbered = { ...license, externalId: next() };
      expect(await codeOf(mine.admin.post('/admin/license', numbered), 403)).to.equal(OWN_LIMITS);
      expect(await itemsOf(mine.admin, '/admin/license')).to.deep.equal([]);
      await rowOf(mine.admin.post('/admin/license', license), 201);
      // The number that stands already is as good as none.
      await rowOf(mine.admin.post('/admin/license', { ...license, externalId: profileId }), 201);
      const owner = await addPerson(app, { companyId: mine.companyId, roles: ['owner'] });
      const theirs = { offering: 'SAFER', profileId: owner.profileId, externalId: next() };
      await rowOf((await clientOf(app, owner)).post('/admin/license', theirs), 201);
    });
  });

  describe('numbers', () => {
    const numbers = (): [string, unknown][] => [
      ['nationalId', { kind: 'PASSPORT', value: `AB${123_456 + (n += 1)}` }],
      ['employeeNumber', next()],
    ];

    it('are set by others', async () => {
      for (const role of ['admin', 'senior_admin', 'institution_admin']) {
        const own = await person(role);
        const client = await clientOf(app, own);
        const [given, others] = [numbers(), numbers()];
        for (const [name, value] of given) {
          expect(await codeOf(editOf(client, own, { [name]: value, lastName: 'Soto' }), 403), name).to.equal(
            OWN_LIMITS,
          );
          await rowOf(editOf(client, own, { [name]: null, lastName: 'Soto' }));
          await rowOf(editOf(boss, own, { [name]: value }));
        }
        for (const [name, value] of others)
          for (const patch of [{ [name]: value }, { [name]: null }])
            expect(await codeOf(editOf(client, own, patch), 403), name).to.equal(OWN_LIMITS);
        await rowOf(editOf(client, own, { employeeNumber: given[1]![1], contactPhone: '+56912345678' }));
      }
    });

    it('are set once by owners, who have nobody above them, and changed by others', async () => {
      const own = await person('owner');
      const client = await clientOf(app, own);
      const others = numbers();
      for (const [name, value] of numbers()) await rowOf(editOf(client, own, { [name]: value }));
      for (const [name, value] of others)
        for (const patch of [{ [name]: value }, { [name]: null }])
          expect(await codeOf(editOf(client, own, patch), 403), name).to.equal(OWN_LIMITS);
      for (const [name, value] of others) await rowOf(editOf(boss, own, { [name]: value }));
    });
  });

  it('is not changed by one of the staff whose own profile it is', async () => {
    const staff = await addStaff(app, 'support');
    const theirs = await addPerson(app, {
      companyId,
      roles: ['worker'],
      person: { personId: staff.personId, keycloakId: '' },
    });
    const client = await clientOf(app, staff);
    await rowOf(client.post('/admin/internal_user/support-session', { companyId, ...reason }));
    const value = `CD${123_456 + (n += 1)}`;
    for (const patch of [{ nationalId: { kind: 'PASSPORT', value } }, { kind: 'guest' }, { lastName: 'Soto' }])
      expect(await codeOf(editOf(client, theirs, patch), 403)).to.equal(OWN_LIMITS);
    const departmentId = await addDepartment(app, companyId, []);
    const placing = client.post(`/admin/department/${departmentId}/members`, { profileIds: [theirs.profileId] });
    expect(await codeOf(placing, 403)).to.equal(OWN_LIMITS);
    await rowOf(editOf(client, await person('worker'), { lastName: 'Soto' }));
  });
});
