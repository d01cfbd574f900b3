import { expect } from 'chai';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY, systemScope } from '../../../src/platform/db/scope.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';

interface Company {
  id: string;
  version: number;
  slug: string;
  status: string;
  archiveAt: string | null;
  purgeAt: string | null;
}

const DAY = 86_400_000;
const codeOf = (body: unknown): string => (body as { code: string }).code;
const reason = { reason: 'unpaid' };
const PASSWORD = 'grapas y caballos';

describe('companies', () => {
  let app: TestApp;
  let staff: Client;
  let staffPerson: Awaited<ReturnType<typeof addStaff>>;
  let made = 0;

  before(async () => {
    app = await startApp({ background: true });
    staffPerson = await addStaff(app, 'superadmin');
    staff = await clientOf(app, staffPerson);
  });
  after(() => app.close());

  const body = (rest: object = {}): object => {
    made += 1;
    return {
      slug: `mina-${made}`,
      name: `Mina ${made}`,
      kind: 'standard',
      timezone: 'America/Santiago',
      locale: 'es',
      ...rest,
    };
  };
  const create = async (rest: object = {}): Promise<Company> =>
    (await staff.post('/admin/companies', body(rest)).expect(201)).body as Company;
  const read = async (id: string): Promise<Company> =>
    (await staff.get(`/admin/companies/${id}`).expect(200)).body as Company;
  const move = (id: string, name: string, at: number, input: object = {}) =>
    staff.post(`/admin/companies/${id}/${name}`, input, version(at));
  const faults = (answer: { body: unknown }): string[] =>
    (answer.body as { errors: { pointer: string; code: string }[] }).errors.map(
      ({ pointer, code }) => `${pointer} ${code}`,
    );

  it('are the operator’s to make, find and change; nobody else’s', async () => {
    const company = await create({ name: 'Cobre Andino' });
    expect(company).to.include({ status: 'pending', slug: `mina-${made}` });
    const found = (await staff.get('/admin/companies?name=andino').expect(200)).body as { items: Company[] };
    expect(found.items.map(({ id }) => id)).to.deep.equal([company.id]);
    const addresses = [
      { kind: 'legal', street: 'Av. Uno 1', city: 'Calama', region: null, postalCode: null, country: 'CL' },
    ];
    const contacts = [{ name: 'Eva', role: 'Pagos', email: 'eva@cobre.cl', phone: '+56223456789' }];
    const changed = await staff
      .patch(`/admin/companies/${company.id}`, { addresses, contacts, limits: { users: 3 } }, version(1))
      .expect(200);
    expect(changed.body).to.deep.include({ addresses, contacts, limits: { users: 3 } });
    expect(await read(company.id)).to.deep.equal(changed.body);
    const companyId = await addCompany(app.database);
    for (const roles of [['owner'], ['admin'], ['auditor'], ['manager']]) {
      const client = await clientOf(app, await addPerson(app, { companyId, roles }));
      await client.get('/admin/companies').expect(403);
      await client.post('/admin/companies', body()).expect(403);
      await client.post(`/admin/companies/${companyId}/suspend`, reason, version(1)).expect(403);
    }
    const auditor = await clientOf(app, await addStaff(app, 'operator_auditor'));
    await auditor.get(`/admin/companies/${company.id}`).expect(200);
    await auditor.post('/admin/companies', body()).expect(403);
    await staff.get('/admin/profile').expect(403);
  });

  it('have a slug and a name of their own, a real zone, and no circle of holdings', async () => {
    const one = await create({ slug: 'first-mine', name: 'First Mine' });
    await staff.post('/admin/companies', body({ slug: 'first-mine' })).expect(409);
    for (const name of ['FIRST mine', ' First  Mine ', 'FirstMine', 'Fírst Minë'])
      expect(faults(await staff.post('/admin/companies', body({ name })).expect(409)), name).to.deep.equal([
        '/name DUPLICATE',
      ]);
    await create({ name: 'Viña Ñuñoa' });
    await staff.post('/admin/companies', body({ name: 'VINA NUNOA' })).expect(409);
    expect(faults(await staff.post('/admin/companies', body({ slug: 'admin' })).expect(422))).to.deep.equal([
      '/slug SLUG_RESERVED',
    ]);
    for (const slug of ['-abc', 'abc-', 'a--b'])
      expect(faults(await staff.post('/admin/companies', body({ slug })).expect(422))).to.deep.equal([
        '/slug SLUG_HYPHENS',
      ]);
    for (const slug of ['ab', 'Abc', 'a_c', 'ñandú', 'x'.repeat(64)])
      expect(faults(await staff.post('/admin/companies', body({ slug })).expect(422))[0]).to.match(
        /^\/slug (pattern)$/,
      );
    await staff.post('/admin/companies', body({ timezone: 'Mars/Base' })).expect(422);
    const refusedOne = await create();
    await staff.del(`/admin/companies/${refusedOne.id}`, version(1)).expect(204);
    for (const parentId of [uuidv7(), OPERATOR_COMPANY, refusedOne.id])
      await staff.post('/admin/companies', body({ parentId })).expect(422);
    const two = await create({ parentId: one.id });
    const refused = await staff.patch(`/admin/companies/${one.id}`, { parentId: two.id }, version(1)).expect(409);
    expect(codeOf(refused.body)).to.equal('COMPANY_CYCLE');
    const children = (await staff.get(`/admin/companies?parentId=${one.id}`).expect(200)).body as { items: Company[] };
    expect(children.items.map(({ id }) => id)).to.deep.equal([two.id]);
    await staff.del(`/admin/companies/${one.id}`, version(1)).expect(409);
    await staff.del(`/admin/companies/${two.id}`, version(1)).expect(204);
  });

  it('have a tax id that can be one: in Chile a RUT, as it is stored everywhere', async () => {
    const post = (taxId: string, rest: object = {}) => staff.post('/admin/companies', body({ taxId, ...rest }));
    const abroad = { timezone: 'America/Lima' };
    for (const taxId of ['hola', '76.086.428-6', '20601234567'])
      expect(faults(await post(taxId).expect(422))[0], taxId).to.match(/^\/taxId RUT_/);
    for (const taxId of ['hola', '1234', 'ABCDEFG-1234', '12345--6', '123456789012345678901'])
      expect(faults(await post(taxId, abroad).expect(422)), taxId).to.deep.equal(['/taxId TAX_ID']);
    const chilean = (await post('76.086.428-5').expect(201)).body as Company;
    expect(chilean).to.include({ taxId: '76086428-5' });
    expect((await post('de 129.273/398', abroad).expect(201)).body).to.include({ taxId: 'DE 129.273/398' });
    const path = `/admin/companies/${chilean.id}`;
    expect(faults(await staff.patch(path, { taxId: '20601234567' }, version(1)).expect(422))).to.deep.equal([
      '/taxId RUT_LENGTH',
    ]);
    const address = { kind: 'legal', street: 'Jr. Uno 1', city: 'Lima', region: null, postalCode: null, country: 'PE' };
    const moved = await staff.patch(path, { taxId: '20601234567', addresses: [address] }, version(1)).expect(200);
    expect(moved.body).to.include({ taxId: '20601234567' });
    expect((await staff.patch(path, { taxId: null }, version(2)).expect(200)).body).to.include({ taxId: null });
    const owner = await clientOf(app, await addPerson(app, { companyId: chilean.id, roles: ['owner'] }));
    await move(chilean.id, 'activate', 3).expect(200);
    expect(
      faults(await owner.patch('/admin/companies/current', { taxId: 'x1' }, version(4)).expect(422)),
    ).to.deep.equal(['/taxId TAX_ID']);
  });

  const linkTo = async (address: string): Promise<string> => {
    await app.idle();
    const mail = app.messages.mails.findLast(({ to }) => to === address);
    return /token=(\S+)/.exec(mail?.text ?? '')?.[1] ?? 'none';
  };
  const reply = (what: 'accept' | 'decline', token: string) =>
    app.http.post(`/angelis/auth/invitation/${what}`).send({ token, ...(what === 'accept' && { password: PASSWORD }) });

  it('are let in with a first owner, who accepts by mail and makes the rest', async () => {
    const { id } = await create();
    const founder = { firstName: 'Rosa', lastName: 'Pinto', email: 'Rosa@Pinto.cl', locale: 'es' };
    await staff.post(`/admin/companies/${id}/owner`, founder).expect(202);
    await move(id, 'activate', 1).expect(200);
    await reply('accept', await linkTo('rosa@pinto.cl')).expect(200);
    const signedIn = await app.http
      .post('/angelis/auth/sign-in')
      .send({ identifier: 'rosa@pinto.cl', password: PASSWORD })
      .expect(200);
    const { accessToken: access } = signedIn.body as { accessToken: string };
    const me = await app.http
      .get('/angelis/auth/me/permissions')
      .set({ authorization: `Bearer ${access}` })
      .expect(200);
    expect(JSON.stringify(me.body)).to.include('owner');
    const database = await app.database.superuser();
    const { rows } = await database.query(
      `select p.status, a.system_role from profile p join role_assignment a on a.profile_id = p.id where p.company_id = $1`,
      [id],
    );
    expect(rows).to.deep.equal([{ status: 'active', system_role: 'owner' }]);
    const log = await database.query<{ action: string; actor_kind: string }>(
      `select action, actor_kind from change where company_id = $1 and action in ('company.activate', 'profile.invite') order by id`,
      [id],
    );
    expect(log.rows.map(({ action, actor_kind: kind }) => `${action} ${kind}`)).to.deep.equal([
      'profile.invite operator',
      'company.activate operator',
    ]);
  });

  it('ask somebody else to own them, one at a time, while nobody who was asked has come', async () => {
    const { id } = await create();
    const ask = (email: string, firstName = 'Rosa') =>
      staff.post(`/admin/companies/${id}/owner`, { firstName, lastName: 'Pinto', email, locale: 'es' });
    const owners = async (): Promise<string[]> => {
      const database = await app.database.superuser();
      const { rows } = await database.query<{ owner: string }>(
        `select concat_ws(' ', p.first_name, p.contact_email, p.status, i.status) as owner
         from role_assignment a join profile p on p.company_id = a.company_id and p.id = a.profile_id
         left join invitation i on i.company_id = a.company_id and i.profile_id = p.id and i.status = 'pending'
         where a.company_id = $1 and a.system_role = 'owner' and a.deleted_at is null order by p.id`,
        [id],
      );
      return rows.map(({ owner }) => owner);
    };
    await ask('rosa@typo.cl').expect(202);
    const mistyped = await linkTo('rosa@typo.cl');
    await ask('rosa@mina.cl', 'Roza').expect(202);
    expect(await owners()).to.deep.equal(['Roza rosa@mina.cl invited pending']);
    await reply('accept', mistyped).expect(410);
    await reply('decline', await linkTo('rosa@mina.cl')).expect(204);
    expect(await owners()).to.deep.equal(['Roza rosa@mina.cl draft']);
    await ask('Rosa@Mina.cl').expect(202);
    expect(await owners()).to.deep.equal(['Rosa rosa@mina.cl invited pending']);
    const answers = await Promise.all(['a@mina.cl', 'b@mina.cl', 'rosa@mina.cl', 'c@mina.cl'].map((to) => ask(to)));
    expect(answers.map(({ status }) => status)).to.deep.equal([202, 202, 202, 202]);
    const [asked, ...others] = await owners();
    expect(others).to.deep.equal([]);
    await reply('accept', await linkTo(asked!.split(' ')[1]!)).expect(200);
    expect(codeOf((await ask('late@mina.cl').expect(409)).body)).to.equal('COMPANY_HAS_OWNER');
    expect((await owners())[0]).to.match(/ active$/);
  });

  it('that are refused while they wait let nobody in any more, and leave nothing but a name that is free', async () => {
    const name = 'Salar Sur';
    const { id } = await create({ name });
    const founder = { firstName: 'Rosa', lastName: 'Pinto', email: 'rosa@salar.cl', locale: 'es' };
    await staff.post(`/admin/companies/${id}/owner`, founder).expect(202);
    const link = await linkTo(founder.email);
    const person = await addPerson(app, { companyId: id, roles: ['owner'] });
    const owner = await clientOf(app, person);
    await owner.get('/admin/site').expect(200);
    await staff.del(`/admin/companies/${id}`, version(1)).expect(204);
    await owner.get('/admin/site').expect(401);
    expect(codeOf((await reply('accept', link).expect(410)).body)).to.equal('LINK_OVER');
    const scope = systemScope(OPERATOR_COMPANY, 'test', 'd'.repeat(32));
    await app.platform.movers.get('company')!.fallDue({ scope }, id, 'begin_purge');
    await app.idle();
    const purged = await read(id);
    expect(purged.status).to.equal('purged');
    const again = await staff.del(`/admin/companies/${id}`, version(purged.version)).expect(409);
    expect(codeOf(again.body)).to.equal('COMPANY_IN_USE');
    const left = await app.database.sql(
      `select p.status, (select count(*)::int from profile f where f.company_id = $2) as profiles from person p where p.id = $1`,
      [person.personId, id],
    );
    expect(left).to.deep.equal([{ status: 'erased', profiles: 0 }]);
    await create({ name });
  });

  it('are read only while suspended, at once, and closed when archived', async () => {
    const companyId = await addCompany(app.database);
    const owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    const admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    for (const client of [owner, admin]) await client.get('/admin/site').expect(200);
    await move(companyId, 'suspend', 1, reason).expect(200);
    await owner.get('/admin/site').expect(200);
    await admin.get('/admin/site').expect(403);
    const founder = { firstName: 'Eva', lastName: 'Soto', email: 'eva@mina.cl', locale: 'es' };
    const late = await staff.post(`/admin/companies/${companyId}/owner`, founder).expect(409);
    expect(codeOf(late.body)).to.equal('COMPANY_NOT_LIVE');
    const site = { code: 'S', name: 'S', timezone: 'Etc/UTC', altitudeM: 0 };
    await owner.post('/admin/site', site).expect(403);
    await move(companyId, 'reactivate', 2, reason).expect(200);
    await owner.post('/admin/site', site).expect(201);
    await admin.get('/admin/site').expect(200);
    const database = await app.database.superuser();
    const { rows } = await database.query<{ action: string; reason: string }>(
      `select action, reason from change where company_id = $1 and entity = 'company' order by id`,
      [companyId],
    );
    expect(rows).to.deep.equal([
      { action: 'company.suspend', reason: 'unpaid' },
      { action: 'company.reactivate', reason: 'unpaid' },
    ]);
    await move(companyId, 'suspend', 3, { ...reason, archiveAfterDays: 2 }).expect(200);
    const mover = app.platform.movers.get('company')!;
    const fallDue = () =>
      mover.fallDue({ scope: systemScope(OPERATOR_COMPANY, 'test', 'c'.repeat(32)) }, companyId, 'archive');
    await fallDue();
    expect((await read(companyId)).status).to.equal('suspended');
    const at = app.clock.now();
    app.clock.set(new Date(at.getTime() + 2 * DAY + 1_000));
    await fallDue();
    app.clock.set(undefined);
    const archived = await read(companyId);
    expect(archived).to.include({ status: 'archived', archiveAt: null });
    expect(Date.parse(archived.purgeAt!) - at.getTime()).to.be.within(91.9 * DAY, 92.1 * DAY);
    await owner.get('/admin/site').expect(401);
  });

  it('move only along their states, whatever is asked', async function run() {
    this.timeout(60_000);
    const next: Record<string, Record<string, string>> = {
      pending: { activate: 'active' },
      active: { suspend: 'suspended' },
      suspended: { reactivate: 'active' },
    };
    const step = fc.constantFrom('activate', 'suspend', 'reactivate');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => {
        let company = await create();
        for (const name of steps) {
          const to = next[company.status]?.[name];
          const answer = await move(company.id, name, company.version, name === 'activate' ? undefined : reason);
          expect(answer.status).to.equal(to === undefined ? 409 : 200);
          if (to === undefined)
            expect((answer.body as { allowed: string[] }).allowed).to.include.members(
              Object.keys(next[company.status]!),
            );
          else expect((answer.body as Company).status).to.equal(to);
          company = await read(company.id);
          expect(company.status).to.equal(to ?? company.status);
          expect(company.archiveAt !== null).to.equal(company.status === 'suspended');
        }
      }),
      { numRuns: 8 },
    );
  });

  it('have a page about themselves for their own people', async () => {
    const companyId = await addCompany(app.database);
    const admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    const own = await admin.get('/admin/companies/current').expect(200);
    expect(own.body).to.include({ id: companyId, status: 'active' });
    const changed = await admin
      .patch('/admin/companies/current', { name: `Own ${companyId}`, timezone: 'America/Punta_Arenas' }, version(1))
      .expect(200);
    expect(changed.body).to.include({ timezone: 'America/Punta_Arenas', version: 2 });
    for (const change of [
      { plan: 'gold' },
      { limits: {} },
      { slug: 'other' },
      { status: 'archived' },
      { parentId: null },
    ])
      await admin.patch('/admin/companies/current', change, version(2)).expect(422);
    await admin.patch('/admin/companies/current', { timezone: 'Nowhere' }, version(2)).expect(422);
    await staff.get('/admin/companies/current').expect(404);
    const renamed = { name: 'Mine' };
    for (const at of [1, 2]) await staff.patch('/admin/companies/current', renamed, version(at)).expect(404);
    const worker = await clientOf(app, await addPerson(app, { companyId, roles: ['worker'] }));
    await worker.get('/admin/companies/current').expect(403);
  });

  it('have whom to call there sealed in the change logs, the operator’s and their own', async () => {
    interface Entry {
      readonly personal: { readonly state: string; readonly changes: readonly { field: string; after: unknown }[] };
    }
    const companyId = await addCompany(app.database);
    const owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner', 'auditor'] }));
    const contacts = [{ name: 'Eva Soto', role: null, email: 'eva@cobre.cl', phone: '+56223456789' }];
    const after = [{ ...contacts[0]!, name: 'Eva Rojas' }];
    await staff.patch(`/admin/companies/${companyId}`, { contacts }, version(1)).expect(200);
    await owner.patch('/admin/companies/current', { contacts: after }, version(2)).expect(200);
    const logged = await app.database.sql('select * from change where entity_id = $1', [companyId]);
    expect(logged).to.have.length(2);
    expect(JSON.stringify(logged)).to.not.match(/Eva|cobre|56223456789/);
    for (const [client, told] of [
      [staff, contacts],
      [owner, after],
    ] as const) {
      const log = await client.get(`/admin/auditLog?entityId=${companyId}&action=company.update`).expect(200);
      const [{ id }] = (log.body as { items: [{ id: string }] }).items;
      const { personal } = (await client.get(`/admin/auditLog/${id}/personal`).expect(200)).body as Entry;
      expect(personal.state).to.equal('open');
      expect(personal.changes.map(({ field, after: value }) => [field, value])).to.deep.equal([['contacts', told]]);
    }
  });

  it('keep to the users their plan allows, ten asked at once', async () => {
    const companyId = await addCompany(app.database);
    const admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    await staff.patch(`/admin/companies/${companyId}`, { limits: { users: 4 } }, version(1)).expect(200);
    const people = await Promise.all(
      Array.from({ length: 10 }, async (_each, n) => {
        const profile = { firstName: 'A', lastName: 'B', kind: 'employee', contactEmail: `u${n}@limit.cl` };
        return (await admin.post('/admin/profile', profile).expect(201)).body as { id: string };
      }),
    );
    const answers = await Promise.all(
      people.map(({ id }) => admin.post(`/admin/profile/${id}/invite`, {}, version(1))),
    );
    expect(answers.filter(({ status }) => status === 200)).to.have.length(3);
    expect(answers.filter((answer) => codeOf(answer.body) === 'USER_LIMIT')).to.have.length(7);
    const usage = await admin.get('/admin/companies/current/usage').expect(200);
    expect(usage.body).to.deep.equal({
      limits: { users: 4 },
      used: { users: 4, workers: 0, residents: 0, storageMb: 0, apiPerDay: 0 },
      days: [],
    });
  });
});
