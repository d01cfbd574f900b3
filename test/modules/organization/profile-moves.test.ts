import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';

const codeOf = (body: unknown): string => (body as { code: string }).code;

describe('moves of profiles', () => {
  let app: TestApp;
  let companyId: string;
  let owner: TestPerson;
  let admin: Client;
  let boss: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    owner = await addPerson(app, { companyId, roles: ['owner'] });
    boss = await clientOf(app, owner);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
  });
  after(() => app.close());

  const reason = { reason: 'test' };

  it('suspension ends every session at once, resuming lets in again', async () => {
    const person = await addPerson(app, { companyId, roles: ['admin'] });
    const session = await clientOf(app, person);
    await session.get('/admin/profile').expect(200);
    await boss.post(`/admin/profile/${person.profileId}/suspend`, reason, version(1)).expect(200);
    await session.get('/admin/profile').expect(401);
    await boss.post(`/admin/profile/${person.profileId}/resume`, undefined, version(2)).expect(200);
    await session.get('/admin/profile').expect(200);
    await boss.post(`/admin/profile/${person.profileId}/end`, reason, version(3)).expect(200);
    await session.get('/admin/profile').expect(401);
    const refused = await boss.post(`/admin/profile/${person.profileId}/resume`, undefined, version(4)).expect(409);
    expect(refused.body).to.deep.include({
      code: 'INVALID_TRANSITION',
      state: 'ended',
      allowed: ['rejoin', 'erase', 'vanish'],
    });
    const made = await boss.post('/admin/department', { code: 'GONE', name: 'Gone' }).expect(201);
    const members = `/admin/department/${(made.body as { id: string }).id}/members`;
    const placed = await boss.post(members, { profileIds: [person.profileId] }).expect(409);
    expect(codeOf(placed.body)).to.equal('PROFILE_ENDED');
  });

  it('are not made on oneself, on somebody of one’s rank or above, nor on the last owner', async () => {
    const admins = await addPerson(app, { companyId, roles: ['admin'] });
    const path = (person: TestPerson) => `/admin/profile/${person.profileId}/suspend`;
    expect(codeOf((await admin.post(path(admins), reason, version(1)).expect(403)).body)).to.equal('ROLE_ABOVE_OWN');
    expect(codeOf((await admin.post(path(owner), reason, version(1)).expect(403)).body)).to.equal('ROLE_ABOVE_OWN');
    expect(codeOf((await boss.post(path(owner), reason, version(1)).expect(409)).body)).to.equal('OWN_PROFILE');
    const second = await addPerson(app, { companyId, roles: ['owner'] });
    await boss.post(path(second), reason, version(1)).expect(200);
    const third = await clientOf(app, await addPerson(app, { companyId, roles: ['owner', 'admin'] }));
    await third.post(path(owner), reason, version(1)).expect(200);
    await third.post(`/admin/profile/${owner.profileId}/resume`, undefined, version(2)).expect(200);
  });

  it('leave one active owner when two suspend each other at once', async () => {
    const rounds = [1, 2, 3];
    for (const round of rounds) {
      const company = await addCompany(app.database);
      const pair = [
        await addPerson(app, { companyId: company, roles: ['owner'] }),
        await addPerson(app, { companyId: company, roles: ['owner'] }),
      ] as const;
      const clients = [await clientOf(app, pair[0]), await clientOf(app, pair[1])] as const;
      await Promise.all(clients.map((client) => client.get('/admin/profile').expect(200)));
      const answers = await Promise.all([
        clients[0].post(`/admin/profile/${pair[1].profileId}/suspend`, reason, version(1)),
        clients[1].post(`/admin/profile/${pair[0].profileId}/suspend`, reason, version(1)),
      ]);
      expect(
        answers.filter(({ status }) => status === 200),
        `round ${round}`,
      ).to.have.length(1);
    }
  });

  it('end a temporary profile when its time is over', async () => {
    const at = app.clock.now();
    const expiresAt = new Date(at.getTime() + 3_600_000).toISOString();
    const body = { firstName: 'T', lastName: 'T', kind: 'temporary', expiresAt };
    const { id } = (await admin.post('/admin/profile', body).expect(201)).body as { id: string };
    const client = await app.database.superuser();
    const due = async () =>
      (
        await client.query<{ move: string }>('select move from due_move where company_id = $1 and entity_id = $2', [
          companyId,
          id,
        ])
      ).rows;
    expect(await due()).to.deep.equal([{ move: 'expire' }]);
    const mover = app.platform.movers.get('profile')!;
    const worker = () => ({
      scope: { companyId, actor: { kind: 'system' as const, id: null, via: 'test' }, traceId: 'a'.repeat(32) },
    });
    await mover.fallDue(worker(), id, 'expire');
    const stateOf = async () =>
      ((await admin.get(`/admin/profile/${id}`).expect(200)).body as { status: string }).status;
    expect(await stateOf()).to.equal('draft');
    app.clock.set(new Date(at.getTime() + 3_700_000));
    await mover.fallDue(worker(), id, 'expire');
    app.clock.set(undefined);
    expect(await stateOf()).to.equal('ended');
    expect(await due()).to.deep.equal([]);
  });

  it('set an end for the last owner neither', async () => {
    const company = await addCompany(app.database);
    const last = await addPerson(app, { companyId: company, roles: ['owner'] });
    const passing = await addPerson(app, { companyId: company, roles: ['owner'] });
    const soon = new Date(app.clock.now().getTime() + 86_400_000);
    await app.database.sql('update profile set expires_at = $2 where id = $1', [passing.profileId, soon]);
    const refused = await (
      await clientOf(app, passing)
    )
      .patch(`/admin/profile/${last.profileId}`, { expiresAt: '2090-01-01T00:00:00.000Z' }, version(1))
      .expect(409);
    expect(codeOf(refused.body)).to.equal('LAST_OWNER');
  });
});
