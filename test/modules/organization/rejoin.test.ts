import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { addDepartmentHead, addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { codeOf, itemsOf, rowOf } from '../../support/workforce.ts';
import type { Row } from '../../support/workforce.ts';

interface Profile extends Row {
  readonly kind: string;
  readonly expiresAt: string | null;
  readonly departmentId: string | null;
}

const PASSWORD = 'grapas y caballos';
const HOUR = 3_600_000;
const reason = { reason: 'test' };

describe('people who left and come back', function people() {
  this.timeout(60_000);
  let app: TestApp;
  let companyId: string;
  let owner: Client;
  let made = 0;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const pathOf = ({ id }: { readonly id: string }): string => `/admin/profile/${id}`;
  const read = (row: { readonly id: string }, by = owner) => rowOf<Profile>(by.get(pathOf(row)));
  const move = async (row: { readonly id: string }, name: string, body: object = reason, by = owner) =>
    by.post(`${pathOf(row)}/${name}`, body, version((await read(row)).version));
  const tokenTo = async (email: string): Promise<string> => {
    await app.idle();
    const mail = app.messages.mails.findLast(({ to }) => to === email);
    return /token=(\S+)/.exec(mail?.text ?? '')?.[1] ?? 'none';
  };
  const accept = async (email: string, password = PASSWORD) =>
    app.http.post('/angelis/auth/invitation/accept').send({ token: await tokenTo(email), password });
  const signIn = (identifier: string) =>
    app.http.post('/angelis/auth/sign-in').send({ identifier, password: PASSWORD });
  const draft = async (rest: object = {}): Promise<{ id: string; contactEmail: string }> => {
    made += 1;
    const contactEmail = `back${made}@example.cl`;
    const body = { firstName: 'Vuel', lastName: 'Ve', kind: 'employee', contactEmail, ...rest };
    const { id } = await rowOf<Profile>(owner.post('/admin/profile', body), 201);
    return { id, contactEmail };
  };
  /** Somebody who accepted, worked here, and left. */
  const leaver = async (rest: object = {}) => {
    const person = await draft(rest);
    await rowOf(move(person, 'invite', {}));
    expect((await accept(person.contactEmail)).status).to.equal(200);
    await rowOf(move(person, 'end'));
    return person;
  };
  const gone = async (roles: readonly string[] = [], at = companyId, by = owner): Promise<TestPerson> => {
    const person = await addPerson(app, { companyId: at, roles });
    await by.post(`/admin/profile/${person.profileId}/end`, reason, version(1)).expect(200);
    return person;
  };
  const rejoin = (row: { readonly id: string }, body: object = reason, by = owner) => move(row, 'rejoin', body, by);

  it('are drafts again, invited and let in as any other, with the login that they had', async () => {
    const person = await leaver();
    expect((await signIn(person.contactEmail)).status).to.equal(401);
    expect(await rowOf(rejoin(person))).to.include({ status: 'draft', expiresAt: null });
    expect((await signIn(person.contactEmail)).status).to.equal(401);
    await rowOf(move(person, 'invite', {}));
    expect(await codeOf(accept(person.contactEmail, 'otra cosa distinta'), 401)).to.equal('INVALID_CREDENTIALS');
    expect((await accept(person.contactEmail)).status).to.equal(200);
    expect(await read(person)).to.include({ status: 'active' });
    expect((await signIn(person.contactEmail)).status).to.equal(200);
    const log = await app.database.sql<{ action: string; reason: string | null }>(
      `select action, reason from change where company_id = $1 and entity_id = $2 and action in ('profile.end', 'profile.rejoin') order by id`,
      [companyId, person.id],
    );
    expect(log).to.deep.equal([
      { action: 'profile.end', reason: 'test' },
      { action: 'profile.rejoin', reason: 'test' },
    ]);
  });

  it('come back without the roles and features that they had', async () => {
    const person = await gone(['admin', 'worker']);
    const feature = 'live_transcription';
    await app.database.sql(
      `insert into feature_grant (company_id, id, feature, subject, profile_id, effect, starts_at, by_operator, level, reason, status, created_at, updated_at)
       values ($1, $2, $3, 'profile', $2, 'allow', $4, false, 50, 'x', 'active', $4, $4)`,
      [companyId, person.profileId, feature, app.clock.now()],
    );
    await rowOf(rejoin({ id: person.profileId }));
    expect(await itemsOf(owner, `/admin/role/assignment?profileId=${person.profileId}`)).to.deep.equal([]);
    const grants = await itemsOf(owner, `/admin/feature/grant?profileId=${person.profileId}`);
    expect(grants.map(({ status }) => status)).to.deep.equal(['revoked']);
  });

  it('get new dates: a temporary one needs an end to come', async () => {
    const expiresAt = new Date(app.clock.now().getTime() + HOUR).toISOString();
    const person = await draft({ kind: 'temporary', expiresAt });
    await rowOf(move(person, 'end'));
    expect(await codeOf(rejoin(person), 422)).to.equal('INVALID');
    const past = new Date(app.clock.now().getTime() - HOUR).toISOString();
    expect(await codeOf(rejoin(person, { ...reason, expiresAt: past }), 422)).to.equal('INVALID');
    const next = new Date(app.clock.now().getTime() + 2 * HOUR).toISOString();
    expect(await rowOf(rejoin(person, { ...reason, expiresAt: next }))).to.include({
      status: 'draft',
      expiresAt: next,
    });
    const due = await app.database.sql('select move, due_at from due_move where entity_id = $1', [person.id]);
    expect(due).to.deep.equal([{ move: 'expire', due_at: new Date(next) }]);
    const former = await leaver({ expiresAt: next });
    expect(await rowOf(rejoin(former))).to.include({ status: 'draft', expiresAt: null });
  });

  it('take a place in their department, where there is one', async () => {
    const department = await rowOf(
      owner.post('/admin/department', { code: 'VUELTA', name: 'Vuelta', headcountLimit: 1 }),
      201,
    );
    const first = await draft({ departmentId: department.id });
    await rowOf(move(first, 'end'));
    const second = await draft({ departmentId: department.id });
    expect(await codeOf(rejoin(first), 409)).to.equal('HEADCOUNT_LIMIT');
    await rowOf(move(second, 'end'));
    const answers = await Promise.all([rejoin(first), rejoin(second)]);
    expect(answers.map(({ status }) => status)).to.have.members([200, 409]);
  });

  it('take a place among the residents of the plan, which they left free', async () => {
    const full = await addCompany(app.database);
    await app.database.sql(`update company set limits = '{"residents": 1}' where id = $1`, [full]);
    const boss = await clientOf(app, await addPerson(app, { companyId: full, roles: ['owner'] }));
    const resident = async (): Promise<TestPerson> => {
      const person = await addPerson(app, { companyId: full, roles: [] });
      await boss.post('/admin/resident', { profileId: person.profileId, pgyLevel: 1 }).expect(201);
      await boss.post(`/admin/profile/${person.profileId}/end`, reason, version(1)).expect(200);
      return person;
    };
    const former = await resident();
    const back = (by: Client = boss) => by.post(`/admin/profile/${former.profileId}/rejoin`, reason, version(2));
    const other = await addPerson(app, { companyId: full, roles: [] });
    await boss.post('/admin/resident', { profileId: other.profileId, pgyLevel: 1 }).expect(201);
    await app.database.sql(
      `update resident_profile set status = 'inactive', graduated_at = null where company_id = $1 and profile_id = $2`,
      [full, former.profileId],
    );
    expect(await codeOf(back(), 409)).to.equal('RESIDENT_LIMIT');
    await boss.post(`/admin/profile/${other.profileId}/end`, reason, version(1)).expect(200);
    await back().expect(200);
  });

  it('are let back by who could add and manage them, and not once they are erased', async () => {
    const admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    const exOwner = await gone(['owner']);
    expect(await codeOf(rejoin({ id: exOwner.profileId }, reason, admin), 403)).to.equal('ROLE_ABOVE_OWN');
    const manager = await clientOf(app, await addPerson(app, { companyId, roles: ['manager'] }));
    const person = await gone();
    expect((await rejoin({ id: person.profileId }, reason, manager)).status).to.equal(403);
    const head = await addDepartmentHead(app, companyId);
    const local = await clientOf(app, head);
    expect((await rejoin({ id: person.profileId }, reason, local)).status).to.equal(404);
    const elsewhere = await clientOf(
      app,
      await addPerson(app, { companyId: await addCompany(app.database), roles: ['owner'] }),
    );
    await elsewhere.post(`/admin/profile/${person.profileId}/rejoin`, reason, version(2)).expect(404);
    await rowOf(move({ id: person.profileId }, 'erase'));
    expect(await codeOf(rejoin({ id: person.profileId }), 409)).to.equal('PROFILE_ERASED');
  });

  it('are deleted by nobody, only ended again: what they left stands in the profile', async () => {
    const person = await leaver();
    await rowOf(rejoin(person));
    expect(await codeOf(owner.del(pathOf(person), version((await read(person)).version)), 409)).to.equal(
      'PROFILE_IN_USE',
    );
    expect(await rowOf(move(person, 'end'))).to.include({ status: 'ended' });
  });

  it('have one profile: the same national id or login makes no second one', async () => {
    const nationalId = { kind: 'RUT', value: '12.345.678-5' };
    const person = await leaver({ nationalId });
    const { status } = await owner.post('/admin/profile', {
      firstName: 'Otra',
      lastName: 'Vez',
      kind: 'employee',
      nationalId,
    });
    expect(status).to.equal(409);
    const second = await draft();
    await rowOf(move(second, 'invite', {}));
    const token = await tokenTo(second.contactEmail);
    const asBefore = { token, identifier: person.contactEmail, password: PASSWORD };
    expect(await codeOf(app.http.post('/angelis/auth/invitation/accept').send(asBefore), 409)).to.equal(
      'PERSON_HAS_PROFILE',
    );
    expect(await read(second)).to.include({ status: 'invited' });
    await rowOf(move(second, 'withdraw', {}));
    await rowOf(rejoin(person));
    await rowOf(move(person, 'invite', {}));
    expect((await accept(person.contactEmail)).status).to.equal(200);
  });

  it('leave nothing open to who was here before, where somebody else accepts in their place', async () => {
    const before = await addPerson(app, { companyId, roles: ['worker'] });
    const session = await clientOf(app, before);
    await session.get('/auth/me').expect(200);
    const row = { id: before.profileId };
    await rowOf(move(row, 'end'));
    await rowOf(rejoin(row));
    const email = 'somebody.else@example.cl';
    await rowOf(owner.patch(pathOf(row), { contactEmail: email }, version((await read(row)).version)));
    await rowOf(move(row, 'invite', {}));
    expect((await accept(email)).status).to.equal(200);
    await session.get('/auth/me').expect(401);
    const places = await app.database.sql<{ person_id: string }>(
      'select person_id from person_company where company_id = $1 and profile_id = $2',
      [companyId, before.profileId],
    );
    expect(places).to.have.length(1);
    expect(places[0]!.person_id).to.not.equal(before.personId);
  });

  it('who end again while they are asked keep the place in the person’s own list', async () => {
    const person = await leaver();
    await rowOf(rejoin(person));
    await rowOf(move(person, 'invite', {}));
    await rowOf(move(person, 'end'));
    await app.platform.work.read({ scope: scopeOf(companyId) }, async (reader) => {
      const rows = await reader.prepared('select 1 from person_company where company_id = $1 and profile_id = $2', [
        companyId,
        person.id,
      ]);
      expect(rows).to.have.length(1);
    });
    expect(await rowOf(rejoin(person))).to.include({ status: 'draft' });
  });
});
