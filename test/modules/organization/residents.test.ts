import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addDepartmentHead, addPerson } from '../../support/people.ts';
import { walk } from '../../support/walk.ts';
import type { Table } from '../../support/walk.ts';
import { codeOf, itemsOf, rowOf, sweep } from '../../support/workforce.ts';

interface Resident {
  readonly id: string;
  readonly version: number;
  readonly profileId: string;
  readonly status: string;
  readonly pgyLevel: number;
  readonly graduatedAt: string | null;
}

const base = '/admin/resident';
const NEXT: Table = {
  active: { deactivate: 'inactive', graduate: 'graduated' },
  inactive: { activate: 'active' },
  graduated: { reinstate: 'active' },
};

describe('residents', () => {
  let app: TestApp;
  let companyId: string;
  let senior: Client;
  let lower: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    senior = await as('senior_admin');
    lower = await as('institution_admin');
  });
  after(() => app.close());

  const as = async (role: string): Promise<Client> => clientOf(app, await addPerson(app, { companyId, roles: [role] }));
  const add = async (given: object = {}, client: Client = lower): Promise<Resident> => {
    const { profileId } = await addPerson(app, { companyId, roles: ['resident', 'member'], lastName: 'Soto' });
    return rowOf<Resident>(client.post(base, { profileId, pgyLevel: 2, ...given }), 201);
  };
  const read = (id: string) => rowOf<Resident>(senior.get(`${base}/${id}`));
  const move = async (id: string, name: string, client: Client = senior) => {
    const needsReason = name === 'deactivate' || name === 'reinstate';
    return client.post(
      `${base}/${id}/${name}`,
      needsReason ? { reason: 'x' } : undefined,
      version((await read(id)).version),
    );
  };
  const rolesOf = async (profileId: string) =>
    (await itemsOf<{ roleCode: string }>(senior, `/admin/role/assignment?profileId=${profileId}`)).map(
      ({ roleCode }) => roleCode,
    );

  it('are in a postgraduate year of one to ten, once for each profile', async () => {
    const made = await add();
    expect(made).to.include({ status: 'active', pgyLevel: 2, graduatedAt: null });
    for (const pgyLevel of [0, 11, 1.5])
      await lower.patch(`${base}/${made.id}`, { pgyLevel }, version(made.version)).expect(422);
    await lower.patch(`${base}/${made.id}`, { pgyLevel: 3 }, version(made.version)).expect(200);
    expect(await codeOf(lower.post(base, { profileId: made.profileId, pgyLevel: 1 }), 409)).to.equal('DUPLICATE');
    const listed = await itemsOf<Resident>(lower, `${base}?pgyLevel=3&status=active`);
    expect(listed).to.have.length(1);
    expect(listed[0]).to.include({ id: made.id, firstName: 'Ana', lastName: 'Soto' });
  });

  it('lose the role of a resident when they graduate, and get it back from nobody but by hand', async () => {
    const { id, profileId } = await add();
    expect(await rolesOf(profileId)).to.have.members(['resident', 'member']);
    expect((await move(id, 'graduate', lower)).status).to.equal(200);
    expect((await read(id)).graduatedAt).to.be.a('string');
    expect(await rolesOf(profileId)).to.deep.equal(['member']);
    expect(await codeOf(move(id, 'reinstate', lower), 403)).to.equal('FORBIDDEN');
    expect((await move(id, 'reinstate')).status).to.equal(200);
    expect(await read(id)).to.include({ status: 'active', graduatedAt: null });
    expect(await rolesOf(profileId)).to.deep.equal(['member']);
  });

  it('are seen and moved within reach', async () => {
    const { id } = await add();
    const local = await clientOf(app, await addDepartmentHead(app, companyId));
    await local.get(`${base}/${id}`).expect(404);
    expect((await move(id, 'graduate', local)).status).to.equal(404);
    const { profileId } = await addPerson(app, { companyId, roles: [] });
    expect(await codeOf(local.post(base, { profileId, pgyLevel: 1 }), 422)).to.equal('INVALID');
  });

  it('are kept by nobody whom they stand above', async () => {
    const admin = await addPerson(app, { companyId, roles: ['admin', 'resident'] });
    const body = { profileId: admin.profileId, pgyLevel: 1 };
    expect(await codeOf(lower.post(base, body), 403)).to.equal('ROLE_ABOVE_OWN');
    const { id } = await rowOf<Resident>(senior.post(base, body), 201);
    expect(await codeOf(move(id, 'graduate', lower), 403)).to.equal('ROLE_ABOVE_OWN');
    expect(await rolesOf(admin.profileId)).to.have.members(['admin', 'resident']);
  });

  it('are no more than the plan takes, also at once and when one comes back', async () => {
    const [other, full] = [companyId, await addCompany(app.database)];
    companyId = full;
    try {
      await app.database.sql(`update company set limits = '{"residents": 2}' where id = $1`, [full]);
      const owner = await as('owner');
      const people = await Promise.all(Array.from({ length: 4 }, () => addPerson(app, { companyId: full, roles: [] })));
      const answers = await Promise.all(people.map(({ profileId }) => owner.post(base, { profileId, pgyLevel: 1 })));
      expect(answers.map(({ status }) => status)).to.have.members([201, 201, 409, 409]);
      const [first] = await itemsOf<Resident>(owner, base);
      await owner.post(`${base}/${first!.id}/graduate`, undefined, version(1)).expect(200);
      const left = people[answers.findIndex(({ status }) => status === 409)]!;
      await owner.post(base, { profileId: left.profileId, pgyLevel: 1 }).expect(201);
      const back = owner.post(`${base}/${first!.id}/reinstate`, { reason: 'x' }, version(2));
      expect(await codeOf(back, 409)).to.equal('RESIDENT_LIMIT');
    } finally {
      companyId = other;
    }
  });

  describe('who left', () => {
    const end = async (profileId: string): Promise<void> => {
      const { version: at } = await rowOf<Resident>(senior.get(`/admin/profile/${profileId}`));
      await senior.post(`/admin/profile/${profileId}/end`, { reason: 'x' }, version(at)).expect(200);
    };
    const used = async (): Promise<number> =>
      (await rowOf<{ used: { residents: number } }>(senior.get('/admin/companies/current/usage'))).used.residents;

    it('are no active residents any more, and take no place among the plan’s', async () => {
      const [active, paused, graduated] = [await add(), await add(), await add()];
      expect((await move(paused.id, 'deactivate')).status).to.equal(200);
      expect((await move(graduated.id, 'graduate')).status).to.equal(200);
      const counted = await used();
      for (const { profileId } of [active, paused, graduated]) await end(profileId);
      expect((await read(active.id)).status).to.equal('inactive');
      expect((await read(paused.id)).status).to.equal('inactive');
      expect((await read(graduated.id)).status).to.equal('graduated');
      expect(await used()).to.equal(counted - 2);
      for (const [{ id }, name] of [
        [active, 'activate'],
        [paused, 'activate'],
        [graduated, 'reinstate'],
      ] as const)
        expect(await codeOf(move(id, name), 422), name).to.equal('PROFILE_ENDED');
    });

    it('become none', async () => {
      const { profileId } = await addPerson(app, { companyId, roles: [] });
      await end(profileId);
      expect(await codeOf(lower.post(base, { profileId, pgyLevel: 1 }), 422)).to.equal('PROFILE_ENDED');
      expect(await itemsOf<Resident>(senior, `${base}?profileId=${profileId}`)).to.deep.equal([]);
    });

    it('also when their time is over by itself', async () => {
      const { id, profileId } = await add();
      const { version: at } = await rowOf<Resident>(senior.get(`/admin/profile/${profileId}`));
      const expiresAt = new Date(Date.now() + 60_000);
      await senior
        .patch(`/admin/profile/${profileId}`, { expiresAt: expiresAt.toISOString() }, version(at))
        .expect(200);
      app.clock.set(new Date(expiresAt.getTime() + 1_000));
      try {
        await sweep(app, companyId, 'profile', profileId, 'expire');
      } finally {
        app.clock.set(undefined);
      }
      expect((await read(id)).status).to.equal('inactive');
    });

    it('and whoever ends them and lets them go on at once leaves nobody active, nor waits for good', async () => {
      for (let round = 0; round < 8; round += 1) {
        const { id, profileId } = await add();
        expect((await move(id, 'deactivate')).status).to.equal(200);
        const [ended, activated] = await Promise.all([
          senior.post(`/admin/profile/${profileId}/end`, { reason: 'x' }, version(1)),
          senior.post(`${base}/${id}/activate`, undefined, version(2)),
        ]);
        expect(ended.status).to.equal(200);
        expect([200, 422]).to.include(activated.status);
        expect((await read(id)).status).to.equal('inactive');
      }
    });
  });

  it('walk only as the table says', async function run() {
    this.timeout(60_000);
    const stranger = await as('manager');
    const invariant = ({ status, graduatedAt }: Resident) => {
      expect(graduatedAt !== null).to.equal(status === 'graduated');
      return Promise.resolve();
    };
    const about = { path: base, table: NEXT, client: senior, stranger, open: () => add(), invariant };
    await walk<Resident>(app, { entity: 'resident_profile', ...about }, 12);
  });
});
