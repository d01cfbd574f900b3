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
      ])
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
});
