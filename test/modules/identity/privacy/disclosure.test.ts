import { expect } from 'chai';
import { UPKEEP_RETENTIONS, upkeepTicks } from '../../../../src/platform/jobs/upkeep.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { declared, isEntity } from '../../../support/declared.ts';
import { addDepartmentHead, addPerson } from '../../../support/people.ts';

const DAY = 86_400_000;

describe('what stands about people', () => {
  let app: TestApp;
  let companyId: string;
  let owner: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  it('a company hands a person what it has about them, in its own name: the trail and the person hear of it', async () => {
    const person = await addPerson(app, { companyId, roles: ['worker'], login: { email: 'asks@example.cl' } });
    const { profileId } = person;
    await owner.post(`/admin/profile/${profileId}/system-link`, { system: 'SAFER', externalId: 'asks-1' }).expect(201);
    const admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    const { body, headers } = await admin.get(`/privacy/export/${profileId}`).expect(200);
    expect(headers).to.include({ 'cache-control': 'no-store' });
    const {
      person: login,
      profile: theirs,
      data,
    } = body as { person: null; profile: object; data: Record<string, object[]> };
    expect(login).to.equal(null);
    expect(theirs).to.include({ id: profileId, nationalId: null });
    expect(data['system_link']).to.have.length(1);
    expect(JSON.stringify(body)).to.not.include('asks@example.cl');
    const mine = await clientOf(app, person);
    const own = (await mine.get('/privacy/export').expect(200)).body as { data: object };
    expect(Object.keys(own.data)).to.have.members(Object.keys(data));
    const told = await app.database.sql(
      `select c.actor_id = $3 as "bySelf" from change c
       join change_recipient r on r.company_id = c.company_id and r.change_id = c.id and r.profile_id = $2
       where c.company_id = $1 and c.entity_id = $2 and c.action = 'profile.disclose' order by c.id`,
      [companyId, profileId, profileId],
    );
    expect(told).to.deep.equal([{ bySelf: false }, { bySelf: true }]);
  });

  it('a company is told nothing of the person behind a profile, nor from where they came: not by a file, not by its trail', async () => {
    const person = await addPerson(app, { companyId, roles: ['worker'], login: { email: 'known@example.cl' } });
    const elsewhere = await addCompany(app.database);
    const other = await addPerson(app, { companyId: elsewhere, roles: ['worker'], person });
    const browser = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36' };
    await (await clientOf(app, person)).get('/auth/me', browser).expect(200);
    const mine = await app.http
      .get('/angelis/privacy/export')
      .set({ authorization: await person.bearer() })
      .expect(200);
    const session = (body: unknown) => (body as { data: { session: object[] } }).data.session[0];
    const device = 'Chrome, Windows 10';
    expect(session(mine.body)).to.include({ device }).and.include.keys('address', 'agent');

    const { body } = await owner.get(`/privacy/export/${person.profileId}`).expect(200);
    expect(session(body))
      .to.include({ profileId: person.profileId })
      .and.not.have.any.keys('address', 'agent', 'device');
    const { items } = (await owner.get('/admin/auditLog?limit=200').expect(200)).body as { items: { id: string }[] };
    const entries: object[] = [];
    for (const { id } of items) entries.push((await owner.get(`/admin/auditLog/${id}`).expect(200)).body as object);
    expect(entries.map((entry) => (entry as { action: string }).action)).to.include('session.open');
    for (const id of [person.personId, other.profileId])
      expect(JSON.stringify([body, entries]), 'of the person, or of their profile elsewhere').to.not.include(id);
    expect(JSON.stringify(entries)).to.not.include(device);
  });

  it('what an entity hides is hidden in a company’s export of its rows too', async () => {
    const entities = new Map((await declared()).filter(isEntity).map((entity) => [entity.table, entity]));
    const given = app.modules.flatMap(({ erasures = [] }) => erasures).filter(({ rows }) => rows !== undefined);
    expect(given).to.have.length.greaterThan(20);
    for (const { of, hidden = [] } of given)
      expect([...hidden], of).to.deep.equal(Object.keys(entities.get(of)?.hidden ?? {}));
  });

  it('nobody else hands it out, and nobody of another company, or beyond their reach', async () => {
    const person = await addPerson(app, { companyId, roles: ['worker'] });
    const path = `/privacy/export/${person.profileId}`;
    for (const role of ['worker', 'supervisor', 'manager', 'safety_admin', 'auditor']) {
      const other = await clientOf(app, await addPerson(app, { companyId, roles: [role] }));
      expect((await other.get(path)).status, role).to.equal(403);
    }
    const elsewhere = await addCompany(app.database);
    const theirOwner = await clientOf(app, await addPerson(app, { companyId: elsewhere, roles: ['owner'] }));
    await theirOwner.get(path).expect(404);
    const head = await clientOf(app, await addDepartmentHead(app, companyId));
    await head.get(path).expect(404);
    const disclosed = `select 1 from change where entity_id = $1 and action = 'profile.disclose'`;
    expect(await app.database.sql(disclosed, [person.profileId])).to.deep.equal([]);
  });

  it('everybody reads how long what is kept, by the declarations that erase it', async () => {
    const items = async (): Promise<Record<string, { seconds: number | null; text: string }>> => {
      const { body } = await owner.get('/privacy/retention').expect(200);
      const list = (body as { items: { kind: string; seconds: number | null; text: string }[] }).items;
      return Object.fromEntries(list.map(({ kind, ...rest }) => [kind, rest]));
    };
    const seconds = DAY / 1000;
    const before = await items();
    expect(before['sign_in_attempt']).to.include({ seconds: 365 * seconds });
    expect(before['otp']).to.include({ seconds: 14 * 60 });
    expect(before['notification']).to.include({ seconds: 365 * seconds });
    expect(before['all_else']).to.include({ seconds: null });
    for (const [kind, { text }] of Object.entries(before)) expect(text, kind).to.match(/^[A-Z].+\.$/);
    const rules = { frontendUrl: null, dedupeHours: 24, retentionDays: 40, maxAttempts: 5 };
    await owner.put('/admin/appconfig/notifications.rules', { value: rules }, version(0)).expect(200);
    expect((await items())['notification']).to.include({ seconds: 40 * seconds });
  });

  it('every work that erases what is old says of what, and for how long it was kept', () => {
    const { system, db } = app.platform;
    const upkeep = upkeepTicks({
      system,
      db,
      partitioned: [],
      rows: { deleted: () => Promise.resolve(0) },
      trimTicks: () => Promise.resolve(),
    });
    const ticks = [...app.modules.flatMap((module) => module.ticks ?? []), ...upkeep].map(({ name }) => name);
    const erasing = ticks.filter((name) => /\.(?:purge|trim)$/.test(name));
    const retentions = [...app.modules.flatMap((module) => module.retentions ?? []), ...UPKEEP_RETENTIONS];
    const known = new Set(retentions.map(({ by }) => by));
    const jobs = app.modules.flatMap((module) => module.jobs ?? []).map(({ name }) => name);
    expect([...known].filter((name) => !ticks.includes(name) && !jobs.includes(name))).to.deep.equal([]);
    // Of runs of ticks nothing is about anybody.
    expect(erasing.filter((name) => !known.has(name))).to.deep.equal(['platform.ticks.trim']);
  });
});
