import { expect } from 'chai';
import { FeatureGrant } from '../../../src/modules/organization/features/grants.repository.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { scopeOf } from '../../support/companies.ts';
import { addDepartment, addDepartmentHead, addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { movesOfSystem, walk } from '../../support/walk.ts';
import { codeOf, itemsOf, openMine, rowOf, sweep } from '../../support/workforce.ts';
import type { Mine, Row } from '../../support/workforce.ts';

interface Effective {
  readonly feature: string;
  readonly name: string;
  readonly allowed: boolean;
  readonly because: string;
  readonly grantId: string | null;
}

const NOW = '2027-01-04T12:00:00.000Z';
/** Of each walk. */
const RUNS = 6;
const names = (name: string) => ({ es: `${name} (es)`, en: name, fr: `${name} (fr)` });

describe('features', function features() {
  this.timeout(120_000);
  let app: TestApp;
  let mine: Mine;
  /** The operator's staff at home, and inside the company. */
  let staff: Client;
  let support: Client;
  let owner: TestPerson;
  let made = 0;

  before(async () => {
    app = await startApp();
    app.clock.set(new Date(NOW));
    mine = await openMine(app);
    staff = await clientOf(app, await addStaff(app));
    const seller = await addStaff(app);
    support = await clientOf(app, seller);
    const { companyId } = mine;
    await support.post('/admin/internal_user/support-session', { companyId, reason: 'Sells features' }).expect(200);
    owner = await addPerson(app, { companyId, roles: ['owner'] });
  });
  after(() => app.close());

  const make = async (values: object = {}): Promise<{ code: string; row: Row }> => {
    made += 1;
    const code = `feature_${made}`;
    const body = { code, names: names(code), type: 'permission', onByDefault: false, ...values };
    return { code, row: await rowOf(staff.post('/admin/feature', body), 201) };
  };
  const ask = (by: Client, feature: string, values: object = {}) =>
    by.post('/admin/feature/grant', { feature, effect: 'allow', reason: 'Needed', ...values });
  const give = (by: Client, feature: string, values: object = {}) => rowOf(ask(by, feature, values), 201);
  const revoke = (by: Client, row: Row) =>
    by.post(`/admin/feature/grant/${row.id}/revoke`, { reason: 'Over' }, version(row.version));
  const plan = (feature: string, values: object = {}) =>
    rowOf(staff.post('/admin/feature/plan-feature', { plan: 'standard', feature, byGrant: false, ...values }), 201);
  const effective = async (feature: string, of = mine.people.worker): Promise<Effective> => {
    const items = await itemsOf<Effective>(mine.admin, `/admin/feature/effective/${of.profileId}`);
    return items.find((item) => item.feature === feature)!;
  };
  /** Why, as admins see it; the person, and modules, are told the same. */
  const why = async (feature: string, of = mine.people.worker): Promise<string> => {
    const found = await effective(feature, of);
    const own = await itemsOf<Effective>(await clientOf(app, of), '/auth/me/features');
    expect(own.find((item) => item.feature === feature)).to.deep.equal(found);
    const asked = await app.platform.db.read(scopeOf(mine.companyId), (reader) =>
      app.features.allows(reader, of.profileId, feature),
    );
    expect(asked).to.equal(found.allowed);
    return `${found.allowed ? 'on' : 'off'} ${found.because}`;
  };

  it('are had by the nearest that decides, and each is named', async () => {
    const { code, row } = await make({ onByDefault: true });
    const { worker } = mine.people;
    const departmentId = await addDepartment(app, mine.companyId, [worker]);
    expect(await effective(code)).to.include({ name: code, because: 'DEFAULT', grantId: null });
    await plan(code);
    expect(await why(code)).to.equal('on PLAN');
    await give(mine.admin, code);
    expect(await why(code)).to.equal('on COMPANY');
    await give(mine.admin, code, { departmentId });
    expect(await why(code)).to.equal('on DEPARTMENT');
    await give(mine.admin, code, { systemRole: 'worker' });
    expect(await why(code)).to.equal('on ROLE');
    const { id } = await give(mine.admin, code, { profileId: worker.profileId });
    expect(await why(code)).to.equal('on PROFILE');
    expect((await effective(code)).grantId).to.equal(id);
    const denied = await give(mine.admin, code, { effect: 'deny', departmentId });
    expect(await why(code)).to.equal('off DENIED');
    expect(await why(code, mine.people.manager)).to.equal('on COMPANY');
    const killed = await rowOf(staff.post(`/admin/feature/${row.id}/kill`, { reason: 'Burns' }, version(row.version)));
    expect(await why(code)).to.equal('off KILLED');
    expect(await why(code, mine.people.manager)).to.equal('off KILLED');
    const back = await rowOf(staff.post(`/admin/feature/${row.id}/revive`, undefined, version(killed.version)));
    await rowOf(revoke(mine.admin, denied));
    expect(await why(code)).to.equal('on PROFILE');
    await rowOf(staff.post(`/admin/feature/${row.id}/retire`, { reason: 'Gone' }, version(back.version)));
    expect(await effective(code)).to.equal(undefined);
    expect(await codeOf(ask(mine.admin, code), 422)).to.equal('INVALID');
  });

  it('given to a resident end when they graduate; what is withheld from them stays so', async () => {
    const [given, withheld] = [await make({ onByDefault: false }), await make({ onByDefault: true })];
    await plan(given.code, { byGrant: true });
    await plan(withheld.code);
    const { profileId } = mine.people.manager;
    const resident = await rowOf(mine.admin.post('/admin/resident', { profileId, pgyLevel: 5 }), 201);
    await give(mine.admin, given.code, { profileId });
    await give(mine.admin, withheld.code, { profileId, effect: 'deny' });
    expect(await why(given.code, mine.people.manager)).to.equal('on PROFILE');
    await rowOf(mine.admin.post(`/admin/resident/${resident.id}/graduate`, undefined, version(resident.version)));
    expect((await effective(given.code, mine.people.manager)).allowed).to.equal(false);
    expect(await why(withheld.code, mine.people.manager)).to.equal('off DENIED');
  });

  it('of a department reach those below it, of a role those whose role inherits from it', async () => {
    const { code } = await make();
    await plan(code, { byGrant: true });
    const [above, below] = [await mine.addWorker(), await mine.addWorker()];
    const parentId = await addDepartment(app, mine.companyId, [above]);
    const body = { code: 'BELOW', name: 'Below', parentId };
    const { id } = await rowOf(mine.admin.post('/admin/department', body), 201);
    await rowOf(mine.admin.post(`/admin/department/${id}/members`, { profileIds: [below.profileId] }));
    expect(await why(code, below)).to.equal('off NOT_GRANTED');
    await give(mine.admin, code, { departmentId: parentId });
    expect(await why(code, below)).to.equal('on DEPARTMENT');
    const beside = await mine.addWorker();
    await addDepartment(app, mine.companyId, [beside]);
    for (const other of [mine.people.worker, beside]) expect(await why(code, other)).to.equal('off NOT_GRANTED');

    const boss = await clientOf(app, owner);
    const role = { code: 'heir', name: 'Heir', reach: 'self', grants: [], denies: [], systemParent: 'physician' };
    const { id: roleId } = await rowOf(boss.post('/admin/role', role), 201);
    const heir = await mine.addWorker();
    const held = await rowOf(boss.post('/admin/role/assignment', { profileId: heir.profileId, roleId }), 201);
    await give(mine.admin, code, { systemRole: 'physician' });
    expect(await why(code, heir)).to.equal('on ROLE');
    await give(mine.admin, code, { roleId, effect: 'deny' });
    expect(await why(code, heir)).to.equal('off DENIED');
    await boss.del(`/admin/role/assignment/${held.id}`, version(held.version)).expect(204);
    expect(await why(code, heir)).to.equal('off NOT_GRANTED');
  });

  it('are given by a company’s people as far as the company has them', async () => {
    const { code } = await make();
    const refused = ask(mine.admin, code, { profileId: mine.people.worker.profileId });
    expect(await codeOf(refused, 409)).to.equal('FEATURE_NOT_INCLUDED');
    await give(mine.admin, code, { effect: 'deny', profileId: mine.people.manager.profileId });
    const sold = await give(support, code);
    expect(sold).to.include({ byOperator: true, subject: 'company', status: 'active' });
    const included = async () => {
      const items = await itemsOf<Effective>(mine.admin, '/admin/feature/company');
      return items.find(({ feature }) => feature === code)!.because;
    };
    expect(await included()).to.equal('COMPANY');
    await give(mine.admin, code, { profileId: mine.people.worker.profileId });
    expect(await why(code)).to.equal('on PROFILE');
    expect(await codeOf(revoke(await clientOf(app, owner), sold), 403)).to.equal('FEATURE_GRANT_ABOVE_OWN');
    await rowOf(revoke(support, sold));
    expect(await why(code)).to.equal('off SUSPENDED');
    expect(await included()).to.equal('NOT_GRANTED');
  });

  it('that are subscribed to wait while the subscription does, and come back with it', async () => {
    const code = 'live_transcription';
    const { profileId } = mine.people.worker;
    const sale = { offering: 'DICTATION', seats: 1, startsOn: '2027-01-01', paymentState: 'paid' };
    let row = await rowOf(support.post('/admin/subscription', sale), 201);
    const go = async (name: string, body?: object) => {
      row = await rowOf(support.post(`/admin/subscription/${row.id}/${name}`, body, version(row.version)));
    };
    await go('activate');
    await give(mine.admin, code, { profileId });
    expect(await why(code)).to.equal('off SUSPENDED');
    const seat = () => rowOf(mine.admin.post('/admin/license', { offering: 'DICTATION', profileId }), 201);
    const license = await seat();
    expect(await why(code)).to.equal('on PROFILE');
    await rowOf(mine.admin.post(`/admin/license/${license.id}/release`, undefined, version(license.version)));
    expect(await why(code)).to.equal('off SUSPENDED');
    await seat();
    expect(await why(code, mine.people.manager)).to.equal('off NOT_GRANTED');
    const { manager } = mine.people;
    await give(support, code, { profileId: manager.profileId });
    const both = async (): Promise<string> => `${await why(code)}, ${await why(code, manager)}`;
    expect(await both()).to.equal('on PROFILE, on PROFILE');
    await go('mark-past-due');
    expect(await both()).to.equal('on PROFILE, on PROFILE');
    await go('suspend', { reason: 'unpaid' });
    expect(await both()).to.equal('off SUSPENDED, off SUSPENDED');
    await go('activate');
    expect(await both()).to.equal('on PROFILE, on PROFILE');
    await mine.at('2027-01-04T12:01:00Z');
    await go('cancel', { reason: 'closed' });
    expect(await both()).to.equal('off SUSPENDED, off SUSPENDED');
    await give(support, code, { profileId: manager.profileId });
    expect(await both(), 'given after the end').to.equal('off SUSPENDED, on PROFILE');
    const whole = { ...sale, offering: 'FIELD_SERVICE', seats: 0, startsOn: '2027-01-05' };
    await rowOf(support.post('/admin/subscription', whole), 201);
    expect(await why('field_service')).to.equal('off NOT_GRANTED');
    // Its first day begins at midnight where the company is, three hours after that of Greenwich.
    const refused = () => codeOf(mine.admin.post('/admin/license', { offering: 'FIELD_SERVICE', profileId }), 409);
    await mine.at('2027-01-05T02:59:00Z');
    expect([await why('field_service'), await refused()]).to.deep.equal(['off NOT_GRANTED', 'NO_SUBSCRIPTION']);
    await mine.at('2027-01-05T03:00:00Z');
    expect([await why('field_service'), await refused()]).to.deep.equal(['on SUBSCRIPTION', 'NO_SEAT']);
    await mine.at(NOW);
  });

  it('begin and end with their time, also before the sweeper comes', async () => {
    const { code } = await make();
    await plan(code, { byGrant: true });
    const { profileId } = mine.people.worker;
    const [startsAt, endsAt] = ['2027-01-05T12:00:00.000Z', '2027-01-06T12:00:00.000Z'];
    const { id, status } = await give(mine.admin, code, { profileId, startsAt, endsAt });
    expect(status).to.equal('scheduled');
    const late = await give(mine.admin, code, {
      startsAt: '2020-01-01T00:00:00Z',
      effect: 'deny',
      systemRole: 'resident',
    });
    expect(late).to.include({ status: 'active', startsAt: NOW });
    expect(await why(code)).to.equal('off NOT_GRANTED');
    await mine.at(startsAt);
    expect(await why(code)).to.equal('on PROFILE');
    await sweep(app, mine.companyId, 'feature_grant', id, 'start');
    expect((await rowOf(mine.admin.get(`/admin/feature/grant/${id}`))).status).to.equal('active');
    await mine.at(endsAt);
    expect(await why(code)).to.equal('off NOT_GRANTED');
    await sweep(app, mine.companyId, 'feature_grant', id, 'expire');
    expect((await rowOf(mine.admin.get(`/admin/feature/grant/${id}`))).status).to.equal('expired');
    await mine.at(NOW);
  });

  it('are given and taken back by whoever stands above, and reaches, those they are for', async () => {
    const { code } = await make({ onByDefault: true });
    const boss = await clientOf(app, owner);
    const others = [mine.manager, mine.supervisor, mine.worker];
    for (const client of others) await ask(client, code).expect(403);
    const { profileId } = owner;
    expect(await codeOf(ask(mine.admin, code, { profileId, effect: 'deny' }), 403)).to.equal('ROLE_ABOVE_OWN');
    expect(await codeOf(ask(mine.admin, code, { systemRole: 'owner', effect: 'deny' }), 403)).to.equal(
      'ROLE_ABOVE_OWN',
    );
    const byOwner = await give(boss, code, { profileId: mine.people.worker.profileId, effect: 'deny' });
    expect(await codeOf(revoke(mine.admin, byOwner), 403)).to.equal('FEATURE_GRANT_ABOVE_OWN');
    await rowOf(revoke(boss, byOwner));

    const head = await addDepartmentHead(app, mine.companyId);
    const [{ id: departmentId }] = (await app.database.sql<Row>(
      'select department_id as id from profile where id = $1',
      [head.profileId],
    )) as [Row];
    const within = await clientOf(app, head);
    for (const whom of [{}, { systemRole: 'worker' }])
      expect(await codeOf(ask(within, code, { ...whom, effect: 'deny' }), 403)).to.equal('OUT_OF_REACH');
    const elsewhere = ask(within, code, { profileId: mine.people.worker.profileId, effect: 'deny' });
    expect(await codeOf(elsewhere, 422)).to.equal('INVALID');
    await give(within, code, { departmentId, effect: 'deny' });
    const whole = await give(boss, code, { effect: 'deny' });
    expect(await codeOf(revoke(within, whole), 403)).to.equal('OUT_OF_REACH');
    await rowOf(revoke(boss, whole));
  });

  it('are the operator’s to make, and cannot be what makes no sense', async () => {
    const boss = await clientOf(app, owner);
    for (const client of [boss, support]) {
      await client.post('/admin/feature', {}).expect(403);
      await client.get('/admin/feature').expect(403);
      await client.post('/admin/feature/plan', { code: 'mine', names: names('Mine') }).expect(403);
      await client.post('/admin/feature/plan-feature', {}).expect(403);
    }
    const pointers = async (call: ReturnType<typeof ask>): Promise<string[]> => {
      const { errors } = (await call.expect(422)).body as { errors: { pointer: string; code: string }[] };
      return errors.map(({ pointer, code }) => `${pointer} ${code}`);
    };
    const body = { code: 'half', names: names('Half'), type: 'permission', onByDefault: true };
    const half = (values: object) => staff.post('/admin/feature', { ...body, ...values });
    expect(await pointers(half({ unit: 'second' }))).to.deep.equal(['/period required']);
    expect(await pointers(half({ period: 'day' }))).to.deep.equal(['/unit required']);
    expect(await pointers(half({ type: 'kill_switch', onByDefault: false }))).to.deep.equal([
      '/onByDefault KILL_SWITCH_ON',
    ]);
    const { code: kill } = await make({ type: 'kill_switch', onByDefault: true });
    expect(await why(kill)).to.equal('on DEFAULT');
    const { code } = await make({ onByDefault: true });
    const { profileId } = mine.people.worker;
    const faults: [string, object, string][] = [
      [kill, { effect: 'deny' }, '/feature KILL_SWITCH_GIVEN'],
      ['nothing', {}, '/feature UNKNOWN_REFERENCE'],
      [code, { quota: 5 }, '/quota FEATURE_UNCOUNTED'],
      [code, { effect: 'deny', quota: 5 }, '/quota QUOTA_OF_DENY'],
      [code, { profileId, systemRole: 'worker' }, ' ONE_SUBJECT'],
      [code, { endsAt: NOW }, '/endsAt BEFORE_START'],
      [code, { systemRole: 'nobody' }, '/systemRole UNKNOWN_REFERENCE'],
    ];
    for (const [feature, values, fault] of faults)
      expect(await pointers(ask(mine.admin, feature, values)), fault).to.deep.equal([fault]);
    const unplanned = staff.patch(`/admin/companies/${mine.companyId}`, { plan: 'none' }, version(1));
    expect(await codeOf(unplanned, 422)).to.equal('UNKNOWN_REFERENCE');
    const item = await plan(code);
    await staff.del(`/admin/feature/plan-feature/${item.id}`, version(item.version)).expect(204);
    await plan(code);
  });

  it('and their grants, walked at random: killed, revived and retired; started, ended and revoked', async () => {
    const stranger = await clientOf(app, await addPerson(app, { companyId: mine.companyId, roles: ['auditor'] }));
    await walk(
      app,
      {
        entity: 'feature',
        path: '/admin/feature',
        table: {
          active: { kill: 'killed', retire: 'retired' },
          killed: { revive: 'active', retire: 'retired' },
          retired: {},
        },
        client: staff,
        stranger,
        open: async () => (await make()).row,
      },
      RUNS,
    );
    const { code } = await make({ onByDefault: true });
    const table = { scheduled: { revoke: 'revoked' }, active: { revoke: 'revoked' }, revoked: {}, expired: {} };
    await walk(
      app,
      {
        entity: 'feature_grant',
        path: '/admin/feature/grant',
        table,
        system: { scheduled: { start: 'active' }, active: { expire: 'expired' }, revoked: {}, expired: {} },
        client: mine.admin,
        stranger,
        open: () => give(mine.admin, code, { startsAt: '2027-01-05T12:00:00Z', endsAt: '2027-01-06T12:00:00Z' }),
        events: movesOfSystem(app, FeatureGrant, mine.companyId, { start: {}, expire: {} }),
      },
      RUNS,
    );
  });
});
