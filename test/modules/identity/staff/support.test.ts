import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version as ifMatch } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import type { TestStaff } from '../../../support/staff.ts';
import { staffRoutes } from '../../../support/staff-routes.ts';
import type { StaffRow } from '../../../support/staff-routes.ts';

describe('operator staff in a support session', () => {
  let app: TestApp;
  let company: string;
  let admin: TestPerson;
  let chief: TestStaff;
  let routes: ReturnType<typeof staffRoutes>;

  before(async () => {
    app = await startApp({ background: true });
    company = await addCompany(app.database);
    admin = await addPerson(app, { companyId: company, roles: ['owner'] });
    chief = await addStaff(app);
    routes = staffRoutes(app);
  });
  after(() => app.close());

  const read = (id: string): Promise<StaffRow> => routes.read(id, chief);

  const begin = (by: TestStaff, companyId: string, reason = 'ticket 7') =>
    routes.request('post', '/support-session', by, { companyId, reason });

  it('enter one company for an hour, leave, and the owner sees it', async () => {
    const staff = await addStaff(app, 'support');
    const outside = await routes.me(staff);
    expect((outside.body as { company: { slug: string } }).company.slug).to.equal('operator');
    const begun = await begin(staff, company);
    expect(begun.status).to.equal(200);
    const inside = (await routes.me(staff)).body as {
      company: { id: string };
      session: { kind: string };
      profileId: null;
    };
    expect(inside).to.deep.include({ profileId: null });
    expect([inside.company.id, inside.session.kind]).to.deep.equal([company, 'support']);
    expect((await routes.request('get', '', staff)).status).to.equal(403);
    const seen = (await routes.request('get', '/support-session', admin)).body as { items: Record<string, unknown>[] };
    expect(seen.items[0]).to.include({ staffId: staff.personId, reason: 'ticket 7', endedAt: null });
    const client = await app.database.superuser();
    const { rows } = await client.query(
      `select action, actor_kind, actor_id, reason from change where company_id = $1 and entity = 'session' and reason is not null`,
      [company],
    );
    expect(rows).to.deep.equal([
      { action: 'session.open', actor_kind: 'operator', actor_id: staff.personId, reason: 'ticket 7' },
    ]);
    expect((await routes.request('post', '/support-session/end', staff)).status).to.equal(204);
    expect(((await routes.me(staff)).body as { company: { slug: string } }).company.slug).to.equal('operator');
    const after = (await routes.request('get', '/support-session', admin)).body as { items: Record<string, unknown>[] };
    expect(after.items[0]!['endedAt']).to.be.a('string');
  });

  it('change what a customer needs help with, under the session that the owner sees, and nothing that the gate counts on', async () => {
    const staff = await addStaff(app, 'support');
    await begin(staff, company);
    const send = async (method: 'post' | 'patch', path: string, body: object) =>
      app.http[method](`/angelis${path}`)
        .set({ authorization: await staff.bearer(), 'if-match': '"1"' })
        .send(body);
    const site = await send('post', '/admin/site', { code: 'S', name: 'S', timezone: 'Etc/UTC', altitudeM: 0 });
    expect(site.status).to.equal(201);
    const { items } = (await routes.request('get', '/support-session', admin)).body as {
      items: Record<string, unknown>[];
    };
    const session = items.find(({ staffId }) => staffId === staff.personId)!;
    const history = await app.http
      .get(`/angelis/admin/auditLog/history/site/${(site.body as { id: string }).id}`)
      .set({ authorization: await admin.bearer() })
      .expect(200);
    const [written] = (history.body as { items: { actor: object }[] }).items;
    expect(written).to.deep.include({
      actor: { kind: 'operator', id: staff.personId, via: `support:${String(session['id'])}`, onBehalfOf: null },
    });
    const day = '2026-05-04';
    const closed: ['post' | 'patch', string, object][] = [
      ['patch', '/admin/companies/current', { name: 'Mine no more' }],
      ['post', '/admin/role/assignment', { profileId: admin.profileId, systemRole: 'owner' }],
      ['post', '/admin/api-client', { name: 'X', scopes: ['workforce:project:read'] }],
      ['post', '/notification/webhook', { name: 'X', url: 'https://x.example.cl', events: ['test_alert'] }],
      ['post', '/admin/assignment/leave', { profileId: admin.profileId, kind: 'sick', startsOn: day, endsOn: day }],
    ];
    for (const [method, path, body] of closed) expect((await send(method, path, body)).status, path).to.equal(403);
  });

  it('change who ranks up to managers, and nobody who ranks above them', async () => {
    const staff = await addStaff(app, 'support');
    await begin(staff, company);
    const client = await clientOf(app, staff);
    const contactPhone = '+56912345678';
    for (const [role, outcome] of Object.entries({
      worker: [200, contactPhone],
      supervisor: [200, contactPhone],
      manager: [200, contactPhone],
      auditor: [403, 'ROLE_ABOVE_OWN'],
      health_reader: [403, 'ROLE_ABOVE_OWN'],
      safety_admin: [403, 'ROLE_ABOVE_OWN'],
      admin: [403, 'ROLE_ABOVE_OWN'],
      senior_admin: [403, 'ROLE_ABOVE_OWN'],
      owner: [403, 'ROLE_ABOVE_OWN'],
    })) {
      const { profileId } = await addPerson(app, { companyId: company, roles: [role] });
      const at = ifMatch(((await client.get(`/admin/profile/${profileId}`)).body as { version: number }).version);
      const changed = await client.patch(`/admin/profile/${profileId}`, { contactPhone }, at);
      const body = changed.body as { contactPhone?: string; code?: string };
      expect([changed.status, body.contactPhone ?? body.code], role).to.deep.equal(outcome);
      const link = await client.post(`/admin/profile/${profileId}/system-link`, {
        system: 'SAFER',
        externalId: role,
      });
      expect([link.status, routes.codeOf(link)], role).to.deep.equal([403, 'FORBIDDEN']);
    }
    const worker = await addPerson(app, { companyId: company, roles: ['worker'] });
    const path = `/admin/profile/${worker.profileId}`;
    const at = ifMatch(((await client.get(path)).body as { version: number }).version);
    const database = await app.database.superuser();
    await database.query(
      `insert into risk_group (company_id, id, name, high_risk, created_at, updated_at)
         values ($1, $2, 'Group', false, now(), now())`,
      [company, uuidv7()],
    );
    await database.query(
      `update profile set risk_group_id = (select id from risk_group where company_id = $1) where id = $2`,
      [company, worker.profileId],
    );
    const person = { firstName: 'Nora', lastName: 'Díaz', kind: 'employee' };
    for (const riskGroupId of [uuidv7(), null])
      for (const answer of [
        await client.patch(path, { riskGroupId }, at),
        ...(riskGroupId === null ? [] : [await client.post('/admin/profile', { ...person, riskGroupId })]),
      ])
        expect([answer.status, routes.codeOf(answer)]).to.deep.equal([403, 'FORBIDDEN']);
    const kept = await client.patch(path, { expiresAt: '2099-01-01T00:00:00.000Z' }, at);
    expect([kept.status, routes.codeOf(kept)]).to.deep.equal([403, 'FORBIDDEN']);
    const expiresAt = '2099-01-01T00:00:00.000Z';
    await client.post('/admin/profile', { ...person, kind: 'temporary', expiresAt }).expect(201);
  });

  it('are out after an hour', async () => {
    const staff = await addStaff(app, 'support');
    await begin(staff, company);
    const client = await app.database.superuser();
    const { rows } = await client.query<{ minutes: number }>(
      `select extract(epoch from expires_at - created_at)::int / 60 as minutes from session
         where person_id = $1 and kind = 'support'`,
      [staff.personId],
    );
    expect(rows).to.deep.equal([{ minutes: 60 }]);
    await client.query(`update session set expires_at = now() where person_id = $1 and kind = 'support'`, [
      staff.personId,
    ]);
    expect((await routes.me(staff)).status).to.equal(401);
  });

  it('are out when they are deactivated', async () => {
    const staff = await addStaff(app, 'support');
    await begin(staff, company);
    expect((await routes.me(staff)).status).to.equal(200);
    const { version } = await read(staff.id);
    await routes.request('post', `/${staff.id}/deactivate`, chief, { reason: 'left' }, version);
    expect((await routes.me(staff)).status).to.equal(401);
  });

  it('need a reason, a company that is there, and a role that may', async () => {
    const staff = await addStaff(app, 'support');
    expect((await begin(staff, company, ' ')).status).to.equal(422);
    expect((await begin(staff, uuidv7())).status).to.equal(422);
    expect((await begin(await addStaff(app, 'operator_auditor'), company)).status).to.equal(403);
    expect(routes.codeOf(await routes.request('post', '/support-session/end', staff))).to.equal('NO_SUPPORT_SESSION');
  });
});
