import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

const EVIL = 'attacker@evil.example';
const codeOf = ({ body }: { body: unknown }): string => (body as { code: string }).code;
const idOf = ({ body }: { body: unknown }): string => (body as { id: string }).id;

interface Action {
  readonly allowed: boolean;
  readonly reason: string | null;
}

describe('who ranks below', () => {
  let app: TestApp;
  let companyId: string;
  let owner: TestPerson;
  let boss: Client;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    owner = await addPerson(app, { companyId, roles: ['owner'] });
    boss = await clientOf(app, owner);
  });
  after(() => app.close());

  const as = async (...roles: string[]): Promise<Client> => clientOf(app, await addPerson(app, { companyId, roles }));
  const draft = async (given: object = {}): Promise<string> => {
    n += 1;
    const body = { firstName: 'Nina', lastName: 'Díaz', kind: 'employee', contactEmail: `n${n}@example.cl`, ...given };
    return idOf(await boss.post('/admin/profile', body).expect(201));
  };
  const give = (client: Client, profileId: string, role: object) =>
    client.post('/admin/role/assignment', { profileId, ...role });
  const versionOf = async (id: string) => {
    const { body } = await boss.get(`/admin/profile/${id}`).expect(200);
    return version((body as { version: number }).version);
  };
  /** A profile that holds `role` and was asked by mail to join. */
  const invited = async (role: object): Promise<string> => {
    const id = await draft();
    await give(boss, id, role).expect(201);
    await boss.post(`/admin/profile/${id}/invite`, {}, await versionOf(id)).expect(200);
    return id;
  };
  const ownRole = async (body: object): Promise<string> => {
    n += 1;
    return idOf(await boss.post('/admin/role', { code: `R${n}`, name: 'R', denies: [], ...body }).expect(201));
  };

  /** Every way in which a profile is written. */
  const writes = (client: Client, id: string, at: Record<string, string>, departmentId: string) => ({
    edit: client.patch(`/admin/profile/${id}`, { contactEmail: EVIL }, at),
    nationalId: client.patch(`/admin/profile/${id}`, { nationalId: { kind: 'RUT', value: '7654321-6' } }, at),
    expiry: client.patch(`/admin/profile/${id}`, { expiresAt: '2090-01-01T00:00:00.000Z' }, at),
    resend: client.post(`/admin/profile/${id}/resend`, {}, at),
    invite: client.post(`/admin/profile/${id}/invite`, {}, at),
    end: client.post(`/admin/profile/${id}/end`, { reason: 'x' }, at),
    remove: client.del(`/admin/profile/${id}`, at),
    superior: client.put(`/admin/profile/${id}/superior`, { superiorId: null }),
    link: client.post(`/admin/profile/${id}/system-link`, { system: 'SAFER', externalId: `x-${id}` }),
    place: client.post(`/admin/department/${departmentId}/members`, { profileIds: [id] }),
  });

  it('writes nothing of who ranks above: neither address nor id, link, line, department or invitation', async () => {
    const department = await boss.post('/admin/department', { code: 'D', name: 'D' }).expect(201);
    const ranks: [string, string][] = [
      ['admin', 'owner'],
      ['admin', 'admin'],
      ['senior_admin', 'owner'],
      ['institution_admin', 'admin'],
    ];
    for (const [lower, higher] of ranks) {
      const client = await as(lower);
      for (const id of [
        await invited({ systemRole: higher }),
        (await addPerson(app, { companyId, roles: [higher] })).profileId,
      ]) {
        const { items } = (await client.get(`/admin/profile/${id}/actions`).expect(200)).body as { items: Action[] };
        expect(
          items.filter(({ allowed }) => allowed),
          `${lower} ${higher}`,
        ).to.deep.equal([]);
        expect(items.map(({ reason }) => reason)).to.include('ROLE_ABOVE_OWN');
        for (const [name, sent] of Object.entries(writes(client, id, await versionOf(id), idOf(department)))) {
          const { body, status } = await sent;
          expect([status, codeOf({ body })], `${lower} ${name} ${higher}`).to.deep.equal(
            // An institution's admin has no permission beyond profiles.
            lower === 'institution_admin' && ['superior', 'link'].includes(name)
              ? [403, 'FORBIDDEN']
              : [403, 'ROLE_ABOVE_OWN'],
          );
        }
      }
    }
    await app.idle();
    expect(app.messages.mails.filter(({ to }) => to === EVIL)).to.deep.equal([]);
  });

  it('writes what is their own, and of who ranks below them', async () => {
    const person = await addPerson(app, { companyId, roles: ['admin'] });
    const admin = await clientOf(app, person);
    for (const id of [person.profileId, await invited({ systemRole: 'manager' })])
      await admin.patch(`/admin/profile/${id}`, { contactPhone: '+56912345678' }, await versionOf(id)).expect(200);
    const second = (await addPerson(app, { companyId, roles: ['owner'] })).profileId;
    await boss.patch(`/admin/profile/${second}`, { contactEmail: 'b@example.cl' }, await versionOf(second)).expect(200);
  });

  it('gets no own role through its holder that they could not give', async () => {
    const roleId = await ownRole({ reach: 'company', grants: ['fitness:case:read'] });
    const id = await invited({ roleId });
    const refused = await (
      await as('admin')
    ).patch(`/admin/profile/${id}`, { contactEmail: EVIL }, await versionOf(id));
    expect([refused.status, codeOf(refused)]).to.deep.equal([403, 'GRANT_ABOVE_OWN']);
    await boss.patch(`/admin/profile/${id}`, { contactEmail: 'c@example.cl' }, await versionOf(id)).expect(200);
  });

  it('gets no role of the company by ranking high in one department', async () => {
    const departmentId = idOf(await boss.post('/admin/department', { code: 'E', name: 'E' }).expect(201));
    const local = await addPerson(app, { companyId, roles: [] });
    const scope = { scopeKind: 'department', scopeId: departmentId };
    await give(boss, local.profileId, { systemRole: 'admin', ...scope }).expect(201);
    const client = await clientOf(app, local);
    const inside = async (role: object) => {
      const id = await draft({ departmentId });
      await give(boss, id, role).expect(201);
      return client.patch(`/admin/profile/${id}`, { contactEmail: EVIL }, await versionOf(id));
    };
    expect(codeOf(await inside({ systemRole: 'manager' }))).to.equal('ROLE_ABOVE_OWN');
    expect((await inside({ systemRole: 'manager', ...scope })).status).to.equal(200);
  });

  it('gives raw health data to nobody, nor takes over who may read it: owners do', async () => {
    for (const lower of ['admin', 'senior_admin']) {
      const client = await as(lower);
      const id = await draft();
      for (const role of [
        { systemRole: 'health_reader' },
        { roleId: await ownRole({ reach: 'company', grants: [], systemParent: 'health_reader' }) },
      ])
        expect(codeOf(await give(client, id, role).expect(403)), lower).to.equal('ROLE_ABOVE_OWN');
      const made = {
        code: `H-${lower}`,
        name: 'H',
        reach: 'company',
        grants: [],
        denies: [],
        systemParent: 'health_reader',
      };
      expect(codeOf(await client.post('/admin/role', made).expect(403))).to.equal('ROLE_ABOVE_OWN');
      const reader = await invited({ systemRole: 'health_reader' });
      const redirected = client.patch(`/admin/profile/${reader}`, { contactEmail: EVIL }, await versionOf(reader));
      expect(codeOf(await redirected.expect(403))).to.equal('ROLE_ABOVE_OWN');
    }
  });

  it('commands no more with a role that only owners give', async () => {
    const id = await draft();
    const both = await as('admin', 'health_reader');
    expect(codeOf(await give(both, id, { systemRole: 'senior_admin' }).expect(403))).to.equal('ROLE_ABOVE_OWN');
  });

  describe('takes nothing from somebody of their rank or above', () => {
    const lock = { reach: 'company', grants: [], denies: ['organization:*:*'] };
    const roleVersion = async (id: string) =>
      version(((await boss.get(`/admin/role/${id}`).expect(200)).body as { version: number }).version);
    const edit = async (client: Client, id: string, patch: object) =>
      client.patch(`/admin/role/${id}`, patch, await roleVersion(id));
    const made = async (client: Client, body: object): Promise<string> => {
      n += 1;
      return idOf(await client.post('/admin/role', { code: `M${n}`, name: 'M', ...body }).expect(201));
    };
    const person = (...roles: string[]) => addPerson(app, { companyId, roles });

    it('by giving a role that denies', async () => {
      const admin = await as('admin');
      const roleId = await made(admin, lock);
      for (const higher of ['owner', 'senior_admin', 'admin'])
        expect(codeOf(await give(admin, (await person(higher)).profileId, { roleId }).expect(403)), higher).to.equal(
          'ROLE_ABOVE_OWN',
        );
      const heir = await made(admin, { reach: 'self', grants: [], denies: [], parentId: roleId });
      expect(codeOf(await give(admin, owner.profileId, { roleId: heir }).expect(403))).to.equal('ROLE_ABOVE_OWN');
      await give(admin, (await person('manager')).profileId, { roleId }).expect(201);
      const reader = await person('health_reader');
      expect(codeOf(await give(admin, reader.profileId, { systemRole: 'manager' }).expect(403))).to.equal(
        'ROLE_ABOVE_OWN',
      );
    });

    it('by editing a role that they hold, or that one of theirs inherits from', async () => {
      const admin = await as('admin');
      const base = await made(admin, { reach: 'company', grants: [], denies: [] });
      const heir = await made(admin, {
        reach: 'company',
        grants: ['workforce:project:read'],
        denies: [],
        parentId: base,
      });
      const [higher, lower] = [await person('senior_admin'), await person('manager')];
      await give(boss, higher.profileId, { roleId: heir }).expect(201);
      for (const id of [base, heir])
        expect(codeOf(await edit(admin, id, { denies: lock.denies }))).to.equal('ROLE_ABOVE_OWN');
      // What they hold by another role as well is not taken from them.
      expect((await edit(admin, heir, { grants: ['workforce:project:write'] })).status).to.equal(200);
      const other = await made(admin, { reach: 'company', grants: [], denies: [] });
      await give(boss, lower.profileId, { roleId: other }).expect(201);
      expect((await edit(admin, other, { denies: lock.denies })).status).to.equal(200);
    });

    it('by narrowing, or taking away, what only one role gives them', async () => {
      const admin = await as('admin');
      const higher = await person('senior_admin');
      const devices = await made(admin, { reach: 'company', grants: ['fitness:device:read'], denies: [] });
      const given = idOf(await give(boss, higher.profileId, { roleId: devices }).expect(201));
      for (const patch of [{ grants: [] }, { reach: 'self' }])
        expect(codeOf(await edit(admin, devices, patch))).to.equal('ROLE_ABOVE_OWN');
      const taken = (by: Client) => by.del(`/admin/role/assignment/${given}`, version(1));
      expect(codeOf(await taken(admin).expect(403))).to.equal('ROLE_ABOVE_OWN');
      await taken(boss).expect(204);
      // Nobody holds it any more: it takes nothing from anybody.
      expect((await edit(admin, devices, { grants: [] })).status).to.equal(200);
      await admin.del(`/admin/role/${devices}`, await roleVersion(devices)).expect(204);
    });

    it('nor deletes a role that gives more than they hold', async () => {
      const roleId = await ownRole({ reach: 'company', grants: ['fitness:case:read'] });
      const removed = (await as('admin')).del(`/admin/role/${roleId}`, await roleVersion(roleId));
      expect(codeOf(await removed.expect(403))).to.equal('GRANT_ABOVE_OWN');
    });

    it('when a role is given and sharpened at once', async () => {
      const [one, two] = [await as('admin'), await as('admin')];
      const higher = await person('senior_admin');
      const roleId = await made(one, { reach: 'company', grants: [], denies: [] });
      const at = await roleVersion(roleId);
      const answers = await Promise.all([
        give(one, higher.profileId, { roleId }),
        two.patch(`/admin/role/${roleId}`, { denies: lock.denies }, at),
      ]);
      expect(answers.filter(({ status }) => status < 300)).to.have.length(1);
    });

    it('and the last owner who stays may always do what owners may', async () => {
      const company = await addCompany(app.database);
      const last = await addPerson(app, { companyId: company, roles: ['owner'] });
      const passing = await addPerson(app, { companyId: company, roles: ['owner'] });
      const database = await app.database.superuser();
      await database.query(`update role_assignment set expires_at = '2090-01-01' where profile_id = $1`, [
        passing.profileId,
      ]);
      const client = await clientOf(app, passing);
      const roleId = idOf(await client.post('/admin/role', { code: 'L', name: 'L', ...lock }).expect(201));
      const role = { roleId, expiresAt: '2089-01-01T00:00:00.000Z' };
      expect(codeOf(await give(client, last.profileId, role).expect(409))).to.equal('LAST_OWNER');
      const second = await addPerson(app, { companyId: company, roles: ['owner'] });
      await give(client, second.profileId, role).expect(201);
      const { body } = await client.get(`/admin/role/assignment?profileId=${last.profileId}`).expect(200);
      const [held] = (body as { items: { id: string }[] }).items;
      // The second owns the company still, but may not do all of it.
      const taken = client.del(`/admin/role/assignment/${held!.id}`, version(1));
      expect(codeOf(await taken.expect(409))).to.equal('LAST_OWNER');
    });
  });
});
