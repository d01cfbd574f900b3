import { expect } from 'chai';
import { addDays } from '../../../../src/platform/time/zone.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addDepartment, addPerson, addReportingLine, giveWithin } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { codeOf, itemsOf, openMine, rowOf } from '../../../support/workforce.ts';
import type { Mine, Row } from '../../../support/workforce.ts';

const TODAY = '2027-01-04';
const NOW = `${TODAY}T12:00:00Z`;
const GRANT_ABOVE_OWN = 'GRANT_ABOVE_OWN';

type Role = { readonly systemRole: string } | { readonly roleId: string };

describe('whoever takes people into a project, or lets them go', () => {
  let app: TestApp;
  let mine: Mine;
  let boss: Client;
  let planner: string;
  let n = 0;

  before(async () => {
    app = await startApp();
    app.clock.set(new Date(NOW));
    mine = await openMine(app);
    boss = await clientOf(app, await addPerson(app, { companyId: mine.companyId, roles: ['owner'] }));
    planner = await ownRole({ grants: ['workforce:assignment:*', 'organization:profile:read'] });
  });
  after(() => app.close());
  beforeEach(() => mine.at(NOW));

  const ownRole = async (body: object): Promise<string> => {
    n += 1;
    const role = { code: `T${n}`, name: 'T', reach: 'company', grants: [], denies: [], ...body };
    return (await rowOf(boss.post('/admin/role', role), 201)).id;
  };
  const project = async (): Promise<string> => {
    n += 1;
    return mine.addProject(`T-${n}`);
  };
  const give = async ({ profileId }: TestPerson, role: Role, more: object = {}) =>
    rowOf(boss.post('/admin/role/assignment', { profileId, ...role, ...more }), 201);
  const giveIn = (person: TestPerson, projectId: string, role: Role, more: object = {}) =>
    give(person, role, { scopeKind: 'project', scopeId: projectId, ...more });
  const someone = (...roles: string[]) => addPerson(app, { companyId: mine.companyId, roles });
  /** Somebody who plans work in the whole company, and holds these roles within the project. */
  const planning = async (projectId: string, ...roles: string[]): Promise<Client> => {
    const person = await someone();
    await give(person, { roleId: planner });
    for (const systemRole of roles) await giveIn(person, projectId, { systemRole });
    return clientOf(app, person);
  };
  const draft = (by: Client, projectId: string, profileId: string, endsOn: string | null = null): Promise<Row> =>
    rowOf(
      by.post('/admin/assignment', { profileId, projectId, role: 'op', taskKindIds: [], startsOn: TODAY, endsOn }),
      201,
    );
  const move = (by: Client, { id, version: at }: Row, name: string) =>
    by.post(`/admin/assignment/${id}/${name}`, name === 'suspend' ? { reason: 'x' } : undefined, version(at));
  const until = (by: Client, { id, version: at }: Row, endsOn: string | null) =>
    by.patch(`/admin/assignment/${id}`, { endsOn }, version(at));
  const take = async (by: Client, projectId: string, profileId: string, endsOn: string | null = null) =>
    move(by, await draft(by, projectId, profileId, endsOn), 'activate');
  const assigned = async (projectId: string, profileId: string, endsOn: string | null = null): Promise<Row> =>
    rowOf(take(boss, projectId, profileId, endsOn));
  const secretOf = (profileId: string) => `/admin/profile/${profileId}/national-id`;

  it('takes nobody in whom they come to read, or to give roles to, only by that', async () => {
    const projectId = await project();
    const person = await planning(projectId, 'safety_admin', 'admin');
    const { profileId } = await someone('worker');
    const row = await draft(person, projectId, profileId);
    expect(await codeOf(move(person, row, 'activate'), 403)).to.equal(GRANT_ABOVE_OWN);
    expect((await rowOf(boss.get(`/admin/assignment/${row.id}`))).status).to.equal('draft');
    await person.get(secretOf(profileId)).expect(404);
    await rowOf(move(boss, row, 'activate'));
    await person.get(secretOf(profileId)).expect(200);
  });

  it('does so in none of the ways that there are', async () => {
    const projectId = await project();
    const person = await planning(projectId, 'safety_admin');
    const fresh = async () => (await someone('worker')).profileId;
    const elsewhere = await draft(person, await project(), await fresh());
    await person.patch(`/admin/assignment/${elsewhere.id}`, { projectId }, version(elsewhere.version)).expect(422);
    const binned = await draft(person, projectId, await fresh());
    await person.del(`/admin/assignment/${binned.id}`, version(binned.version)).expect(204);
    const [deleted] = await itemsOf(person, `/admin/assignment/deleted`);
    const restored = await rowOf(
      person.post(`/admin/assignment/${binned.id}/restore`, undefined, version(deleted!.version)),
    );
    const others = await draft(boss, projectId, await fresh());
    const suspended = await rowOf(move(boss, await assigned(projectId, await fresh()), 'suspend'));
    for (const [row, name] of [
      [restored, 'activate'],
      [others, 'activate'],
      [suspended, 'resume'],
    ] as const)
      expect(await codeOf(move(person, row, name), 403), name).to.equal(GRANT_ABOVE_OWN);
    expect(await itemsOf(boss, `/admin/assignment?projectId=${projectId}&status=active`)).to.deep.equal([]);
  });

  it('keeps nobody for longer than they were let in', async () => {
    const projectId = await project();
    const person = await planning(projectId, 'safety_admin');
    const week = addDays(TODAY, 7);
    const row = await assigned(projectId, (await someone('worker')).profileId, week);
    for (const endsOn of [addDays(week, 1), null])
      expect(await codeOf(until(person, row, endsOn), 403)).to.equal(GRANT_ABOVE_OWN);
    const sooner = await rowOf(until(person, row, addDays(week, -1)));
    expect(await codeOf(until(person, sooner, week), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(until(boss, sooner, week));
  });

  it('lets them go, whoever else holds a role there', async () => {
    const projectId = await project();
    const person = await planning(projectId, 'safety_admin');
    await giveIn(await someone('senior_admin'), projectId, { systemRole: 'safety_admin' });
    const row = await assigned(projectId, (await someone('worker')).profileId);
    await rowOf(move(person, row, 'suspend'));
    await rowOf(move(person, await assigned(projectId, (await someone()).profileId), 'end'));
  });

  it('takes in whom they are above anyway', async () => {
    const projectId = await project();
    // Who looks after the company, and leads a crew there.
    const admin = await someone('admin');
    for (const systemRole of ['manager', 'worker']) await giveIn(admin, projectId, { systemRole });
    await rowOf(take(await clientOf(app, admin), projectId, (await someone('worker')).profileId));
    await rowOf(take(await clientOf(app, admin), projectId, admin.profileId));
    // Who manages people of their own.
    const manager = await someone('manager');
    await giveIn(manager, projectId, { systemRole: 'manager' });
    const report = await someone('worker');
    await addReportingLine(app, manager, report);
    await rowOf(take(await clientOf(app, manager), projectId, report.profileId));
    // Who heads a department.
    const head = await someone();
    const member = await someone('worker');
    const departmentId = await addDepartment(app, mine.companyId, [member]);
    await giveWithin(app, head, departmentId, { systemRole: 'admin' });
    await giveIn(head, projectId, { systemRole: 'admin' });
    const client = await clientOf(app, head);
    await rowOf(take(client, projectId, member.profileId));
    await client.get(secretOf(member.profileId)).expect(200);
    // Who holds nothing in the project.
    await rowOf(take(await planning(await project(), 'safety_admin'), projectId, (await someone()).profileId));
  });

  it('lets go of whom they see more of elsewhere, where a system role leaves that to others', async () => {
    const projectId = await project();
    const admin = await someone('admin');
    for (const systemRole of ['manager', 'supervisor']) await giveIn(admin, projectId, { systemRole });
    const client = await clientOf(app, admin);
    const row = await rowOf(take(client, projectId, (await someone('worker')).profileId));
    const back = await rowOf(move(client, await rowOf(move(client, row, 'suspend')), 'resume'));
    await rowOf(move(client, await rowOf(until(client, back, addDays(TODAY, 3))), 'end'));
  });

  it('takes in a report of theirs for what they hold over reports, nobody else for more', async () => {
    const projectId = await project();
    const person = await someone();
    await give(person, { roleId: planner });
    await giveIn(person, projectId, { systemRole: 'supervisor' });
    const client = await clientOf(app, person);
    await rowOf(take(client, projectId, (await someone('worker')).profileId));
    const report = await someone('worker');
    await addReportingLine(app, person, report);
    expect(await codeOf(take(client, projectId, report.profileId), 403)).to.equal(GRANT_ABOVE_OWN);
  });

  it('moves people from one project of theirs to another, for as long as they have them', async () => {
    const [from, to] = [await project(), await project()];
    const person = await someone();
    await give(person, { roleId: planner });
    for (const id of [from, to]) await giveIn(person, id, { systemRole: 'admin' });
    const client = await clientOf(app, person);
    const { profileId } = await someone('worker');
    const week = addDays(TODAY, 7);
    await assigned(from, profileId, week);
    for (const endsOn of [addDays(week, 1), null])
      expect(await codeOf(take(client, to, profileId, endsOn), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(take(client, to, profileId, week));
  });

  it('counts of what they hold elsewhere what lasts as long', async () => {
    const projectId = await project();
    const person = await someone();
    const expiresAt = `${addDays(TODAY, 10)}T00:00:00Z`;
    await give(person, { systemRole: 'admin' }, { expiresAt });
    await giveIn(person, projectId, { systemRole: 'admin' });
    const client = await clientOf(app, person);
    const { profileId } = await someone('worker');
    expect(await codeOf(take(client, projectId, profileId), 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(take(client, projectId, profileId, addDays(TODAY, 8)));
    // What they hold there ends first.
    const passing = await someone();
    await give(passing, { systemRole: 'admin' }, { expiresAt });
    await giveIn(passing, projectId, { systemRole: 'admin' }, { expiresAt: `${addDays(TODAY, 5)}T00:00:00Z` });
    await rowOf(take(await clientOf(app, passing), projectId, (await someone()).profileId));
  });

  it('takes nobody out of what is denied to them there, themselves neither', async () => {
    const projectId = await project();
    const deny = await ownRole({ denies: ['organization:national-id:reveal'] });
    const person = await someone('admin');
    await giveIn(person, projectId, { roleId: deny });
    const client = await clientOf(app, person);
    const week = addDays(TODAY, 7);
    for (const { profileId } of [await someone('worker'), person]) {
      const row = await assigned(projectId, profileId, week);
      await client.get(secretOf(profileId)).expect(404);
      for (const name of ['suspend', 'end'])
        expect(await codeOf(move(client, row, name), 403), name).to.equal(GRANT_ABOVE_OWN);
      expect(await codeOf(until(client, row, addDays(week, -1)), 403)).to.equal(GRANT_ABOVE_OWN);
      await client.get(secretOf(profileId)).expect(404);
      await rowOf(until(client, row, null));
    }
    await rowOf(take(client, projectId, (await someone()).profileId));
  });

  it('ends no project, and no contract, to be rid of what is denied to them there', async () => {
    const [projectId, other] = [await project(), await project()];
    const deny = await ownRole({ denies: ['organization:national-id:reveal'] });
    const person = await someone('admin');
    for (const id of [projectId, other]) await giveIn(person, id, { roleId: deny });
    const client = await clientOf(app, person);
    const dates = { startsOn: TODAY, endsOn: addDays(TODAY, 30) };
    n += 1;
    const made = { number: `T-${n}`, contractorName: 'X', contractorRut: '76086428-5', ...dates };
    const contract = await rowOf(boss.post('/admin/contract', made), 201);
    await rowOf(boss.post(`/admin/contract/${contract.id}/activate`, undefined, version(1)));
    const { profileId } = await someone('worker');
    const work = { role: 'op', taskKindIds: [], contractId: contract.id, ...dates };
    for (const id of [projectId, other]) {
      const row = await rowOf(boss.post('/admin/assignment', { profileId, projectId: id, ...work }), 201);
      await rowOf(move(boss, row, 'activate'));
    }
    // In the other project they stay denied.
    const idle = await project();
    await giveIn(person, idle, { roleId: deny });
    const third = await assigned(idle, profileId, dates.endsOn);
    await rowOf(client.post(`/admin/project/${idle}/complete`, undefined, version(2)));
    await rowOf(move(boss, third, 'end'));
    const contractAt = `/admin/contract/${contract.id}`;
    const sooner = { endsOn: addDays(TODAY, 10) };
    for (const call of [
      client.post(`${contractAt}/end`, undefined, version(2)),
      client.patch(contractAt, sooner, version(2)),
    ])
      expect(await codeOf(call, 403)).to.equal(GRANT_ABOVE_OWN);
    await rowOf(client.patch(contractAt, { terms: 'x' }, version(2)));
    const [elsewhere] = await itemsOf(boss, `/admin/assignment?projectId=${other}`);
    await rowOf(move(boss, elsewhere!, 'end'));
    for (const name of ['complete', 'cancel']) {
      const body = name === 'cancel' ? { reason: 'x' } : undefined;
      expect(await codeOf(client.post(`/admin/project/${projectId}/${name}`, body, version(2)), 403)).to.equal(
        GRANT_ABOVE_OWN,
      );
    }
    await rowOf(client.post(`/admin/project/${projectId}/hold`, { reason: 'x' }, version(2)));
    await client.get(secretOf(profileId)).expect(404);
    await rowOf(boss.post(`/admin/project/${projectId}/complete`, undefined, version(3)));
  });
});
