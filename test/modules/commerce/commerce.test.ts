import { expect } from 'chai';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { codeOf, itemsOf, openMine, rowOf, sweep } from '../../support/workforce.ts';
import type { Mine, Row } from '../../support/workforce.ts';

interface License extends Row {
  readonly holders: string[];
  readonly byHand: boolean;
}

describe('offerings, subscriptions and licenses', () => {
  let app: TestApp;
  let mine: Mine;
  let staff: Client;

  before(async () => {
    app = await startApp();
  });
  after(() => app.close());
  beforeEach(async () => {
    app.clock.set(new Date('2027-01-04T12:00:00Z'));
    mine = await openMine(app);
    staff = await supportOf(mine.companyId);
  });

  /** Operator staff inside the company, by a support session that outlasts the test's moves of the clock. */
  const supportOf = async (companyId: string): Promise<Client> => {
    const person = await addStaff(app);
    const client = await clientOf(app, person);
    await client.post('/admin/internal_user/support-session', { companyId, reason: 'Sells seats' }).expect(200);
    const database = await app.database.superuser();
    await database.query(`update session set expires_at = '2030-01-01' where kind = 'support' and person_id = $1`, [
      person.personId,
    ]);
    return client;
  };
  const sell = (values: object = {}) =>
    rowOf(
      staff.post('/admin/subscription', {
        offering: 'SAFER',
        seats: 2,
        startsOn: '2027-01-01',
        paymentState: 'paid',
        ...values,
      }),
      201,
    );
  const move = (row: Row, name: string, body?: object) =>
    staff.post(`/admin/subscription/${row.id}/${name}`, body, version(row.version));
  const read = (row: Row) => rowOf<Row & { seatsUsed: number }>(mine.admin.get(`/admin/subscription/${row.id}`));
  const give = async (client = mine.admin) => {
    const { profileId } = await mine.addWorker();
    return { profileId, call: client.post('/admin/license', { offering: 'SAFER', profileId }) };
  };
  const licenses = async () =>
    (await itemsOf<License>(mine.admin, '/admin/license')).map(({ status }) => status).toSorted();

  it('the catalogue is shown in the caller’s language', async () => {
    const names = async (language: string) => {
      const answer = await mine.admin.get('/admin/offering', { 'accept-language': language }).expect(200);
      return (answer.body as { items: { code: string; name: string }[] }).items.map(
        ({ code, name }) => `${code} ${name}`,
      );
    };
    expect(await names('en')).to.include('SAFER SaferApp reaction test');
    expect(await names('fr')).to.include('SAFER SaferApp, test de réaction');
    expect(await names('es')).to.include('SAFER SaferApp, prueba de reacción');
  });

  it('the catalogue is kept by the operator’s staff: what is withdrawn is not sold, and goes on where it was', async () => {
    const home = await clientOf(app, await addStaff(app));
    const names = { es: 'Todo', en: 'All', fr: 'Tout' };
    const body = { code: 'ALL', names, features: ['fitness'], unit: 'company_month', priceMinor: 1, currency: 'CLP' };
    const make = (client: Client, values: object = {}) =>
      client.post('/admin/offering', { ...body, offered: true, ...values });
    for (const client of [mine.admin, staff]) await make(client).expect(403);
    expect(await codeOf(make(home, { features: ['fitness', 'nothing'] }), 422)).to.equal('INVALID');
    const made = await rowOf(make(home), 201);
    expect(await codeOf(make(home), 409)).to.equal('DUPLICATE');
    const path = `/admin/offering/${made.id}`;
    expect(await rowOf(home.get(path))).to.deep.include({ code: 'ALL', features: ['fitness'] });
    await mine.admin.get(path).expect(403);
    await sell({ offering: 'ALL' });
    expect(await codeOf(home.patch(path, { features: ['nothing'] }, version(1)), 422)).to.equal('INVALID');
    await rowOf(home.patch(path, { offered: false }, version(made.version)));
    const other = await openMine(app);
    const seller = await supportOf(other.companyId);
    const sale = { offering: 'ALL', seats: 0, startsOn: '2027-01-01', paymentState: 'paid' };
    expect(await codeOf(seller.post('/admin/subscription', sale), 409)).to.equal('OFFERING_WITHDRAWN');
    expect(await itemsOf(mine.admin, '/admin/subscription')).to.have.length(1);
    const items = await itemsOf<{ code: string; offered: boolean }>(mine.admin, '/admin/offering');
    expect(items.find(({ code }) => code === 'ALL')!.offered).to.equal(false);
  });

  it('subscriptions are changed by operator staff only, not even by the owner', async () => {
    const owner = await clientOf(app, await addPerson(app, { companyId: mine.companyId, roles: ['owner'] }));
    const row = await sell();
    for (const client of [owner, mine.admin, mine.manager]) {
      await client.post('/admin/subscription', {}).expect(403);
      await client.patch(`/admin/subscription/${row.id}`, { seats: 9 }, version(1)).expect(403);
      await client.post(`/admin/subscription/${row.id}/activate`, undefined, version(1)).expect(403);
    }
    expect(
      await codeOf(
        staff.post('/admin/subscription', {
          offering: 'SAFER',
          seats: 1,
          startsOn: '2027-01-01',
          paymentState: 'paid',
        }),
        409,
      ),
    ).to.equal('DUPLICATE');
    expect(
      await codeOf(
        staff.post('/admin/subscription', { offering: 'NONE', seats: 1, startsOn: '2027-01-01', paymentState: 'paid' }),
        422,
      ),
    ).to.equal('UNKNOWN_REFERENCE');
  });

  it('licenses follow their subscription: suspended with it, back with it, over with it', async () => {
    let row = await rowOf(move(await sell(), 'activate'));
    await rowOf((await give()).call, 201);
    const second = await rowOf((await give()).call, 201);
    await rowOf(mine.admin.post(`/admin/license/${second.id}/release`, undefined, version(second.version)));
    row = await rowOf(move(row, 'mark-past-due'));
    expect(await codeOf(move(row, 'suspend', {}), 422)).to.equal('INVALID');
    row = await rowOf(move(row, 'suspend', { reason: 'unpaid' }));
    expect(await licenses()).to.deep.equal(['released', 'suspended']);
    expect(await codeOf((await give()).call, 409)).to.equal('NO_SUBSCRIPTION');
    row = await rowOf(move(row, 'activate'));
    expect(await licenses()).to.deep.equal(['active', 'released']);
    const { call } = {
      call: staff.post(`/admin/subscription/${row.id}/cancel`, { reason: 'closed' }, version(row.version)),
    };
    expect((await rowOf(call)).status).to.equal('cancelled');
    expect(await licenses()).to.deep.equal(['expired', 'released']);
  });

  it('subscriptions refuse every move that their state does not list', async () => {
    const refused = async (row: Row, ...moves: string[]) => {
      for (const name of moves)
        expect(await codeOf(move(row, name, name === 'suspend' ? { reason: 'x' } : undefined), 409)).to.equal(
          'INVALID_TRANSITION',
        );
    };
    let row = await sell();
    await refused(row, 'suspend', 'mark-past-due');
    row = await rowOf(move(row, 'activate'));
    await refused(row, 'activate', 'suspend');
    row = await rowOf(move(row, 'mark-past-due'));
    await refused(row, 'mark-past-due');
    row = await rowOf(move(row, 'suspend', { reason: 'unpaid' }));
    await refused(row, 'suspend', 'mark-past-due');
    row = await rowOf(staff.post(`/admin/subscription/${row.id}/cancel`, { reason: 'x' }, version(row.version)));
    await refused(row, 'activate', 'suspend', 'mark-past-due');
    const again = staff.post(`/admin/subscription/${row.id}/cancel`, { reason: 'x' }, version(row.version));
    expect(await codeOf(again, 409)).to.equal('SUBSCRIPTION_OVER');
  });

  it('a cancellation takes effect at the end of the period; without one the subscription expires', async () => {
    const row = await sell({ endsOn: '2027-01-10' });
    await rowOf((await give()).call, 201);
    const asked = await rowOf<Row & { cancelsAt: string }>(
      staff.post(`/admin/subscription/${row.id}/cancel`, { reason: 'x' }, version(1)),
    );
    expect(asked).to.include({ status: 'trial', cancelsAt: '2027-01-11T03:00:00.000Z' });
    await mine.at('2027-01-11T03:00:00Z');
    await sweep(app, mine.companyId, 'subscription', row.id, 'expire');
    expect((await read(row)).status).to.equal('trial');
    await sweep(app, mine.companyId, 'subscription', row.id, 'cancel');
    expect((await read(row)).status).to.equal('cancelled');
    expect(await licenses()).to.deep.equal(['expired']);

    staff = await supportOf(mine.companyId);
    const next = await sell({ startsOn: '2027-01-11', endsOn: '2027-01-12' });
    await mine.at('2027-01-13T02:59:59Z');
    await sweep(app, mine.companyId, 'subscription', next.id, 'expire');
    expect((await read(next)).status).to.equal('trial');
    await mine.at('2027-01-13T03:00:00Z');
    await sweep(app, mine.companyId, 'subscription', next.id, 'expire');
    expect((await read(next)).status).to.equal('expired');
  });

  it('seats are never lowered below those in use', async () => {
    const row = await sell();
    await rowOf((await give()).call, 201);
    await rowOf((await give()).call, 201);
    expect((await read(row)).seatsUsed).to.equal(2);
    expect(await codeOf(staff.patch(`/admin/subscription/${row.id}`, { seats: 1 }, version(1)), 409)).to.equal(
      'SEATS_IN_USE',
    );
    expect(await codeOf((await give()).call, 409)).to.equal('NO_SEAT');
    const [one] = await itemsOf<License>(mine.admin, '/admin/license');
    await rowOf(mine.admin.post(`/admin/license/${one!.id}/release`, undefined, version(one!.version)));
    expect((await read(row)).seatsUsed).to.equal(1);
    await rowOf((await give()).call, 201);
  });

  it('of thirty who ask at once for the last seat, one has it', async () => {
    await sell({ seats: 1 });
    const people = await Promise.all(Array.from({ length: 30 }, () => mine.addWorker()));
    const answers = await Promise.all(
      people.map(({ profileId }) => mine.admin.post('/admin/license', { offering: 'SAFER', profileId })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).to.deep.equal([
      201,
      ...Array<number>(29).fill(409),
    ]);
  });

  it('one person has one license of an offering, however often it is asked for', async () => {
    const row = await sell();
    const { profileId } = await mine.addWorker();
    const ask = () => mine.admin.post('/admin/license', { offering: 'SAFER', profileId });
    const answers = await Promise.all(Array.from({ length: 10 }, ask));
    expect(new Set(answers.map(({ body }) => (body as Row).id)).size).to.equal(1);
    expect((await read(row)).seatsUsed).to.equal(1);
  });

  it('a license links its person to the system it is for, by the number given, else the employee’s, once', async () => {
    await sell({ seats: 9 });
    const client = await app.database.superuser();
    const linked = async (profileId: string) => {
      const text = 'select system, external_id from system_link where profile_id = $1 order by created_at';
      const { rows } = await client.query<{ system: string; external_id: string }>(text, [profileId]);
      return rows.map((row) => `${row.system} ${row.external_id}`);
    };
    const [named, employee, bare] = [await mine.addWorker(), await mine.addWorker(), await mine.addWorker()];
    await client.query(`update profile set employee_number = 'E-7' where id = $1`, [employee.profileId]);
    const body = { offering: 'SAFER', profileId: named.profileId, externalId: 'S-77' };
    const first = await rowOf(mine.admin.post('/admin/license', body), 201);
    for (const { profileId } of [employee, bare])
      await rowOf(mine.admin.post('/admin/license', { offering: 'SAFER', profileId }), 201);
    expect(await linked(named.profileId)).to.deep.equal(['SAFER S-77']);
    expect(await linked(employee.profileId)).to.deep.equal(['SAFER E-7']);
    expect(await linked(bare.profileId)).to.deep.equal([`SAFER ${bare.profileId}`]);
    await rowOf(mine.admin.post(`/admin/license/${first.id}/release`, undefined, version(first.version)));
    await rowOf(mine.admin.post('/admin/license', { offering: 'SAFER', profileId: named.profileId }), 201);
    expect(await linked(named.profileId)).to.deep.equal(['SAFER S-77']);
  });

  it('nobody whose time is over is given a license, or linked again by one', async () => {
    await sell({ seats: 9 });
    const [left, erased] = [await mine.addWorker(), await mine.addWorker()];
    for (const { profileId } of [left, erased])
      await mine.admin.post(`/admin/profile/${profileId}/end`, { reason: 'gone' }, version(1)).expect(200);
    await mine.admin.post(`/admin/profile/${erased.profileId}/erase`, { reason: 'asked' }, version(2)).expect(200);
    for (const { profileId } of [left, erased]) {
      const body = { offering: 'SAFER', profileId, externalId: `S-${profileId}` };
      expect(await codeOf(mine.admin.post('/admin/license', body), 409)).to.equal('PROFILE_ENDED');
    }
    const client = await app.database.superuser();
    const links = 'select 1 from system_link where profile_id = any($1) and deleted_at is null';
    expect((await client.query(links, [[left.profileId, erased.profileId]])).rows).to.deep.equal([]);
  });

  it('a number that cannot be linked is refused where it was given, whatever the person has already', async () => {
    await sell({ seats: 9 });
    const fieldService = { offering: 'FIELD_SERVICE', seats: 9 };
    await sell(fieldService);
    const [first, second, third] = [await mine.addWorker(), await mine.addWorker(), await mine.addWorker()];
    const ask = (profileId: string, externalId?: string, offering = 'SAFER') =>
      mine.admin.post('/admin/license', { offering, profileId, ...(externalId !== undefined && { externalId }) });
    const refuse = async (call: ReturnType<typeof ask>, status: number) => {
      const { code, errors } = (await call.expect(status)).body as {
        code: string;
        errors: { pointer: string; code: string }[];
      };
      return [code, ...errors.map((fault) => `${fault.pointer} ${fault.code}`)];
    };
    await rowOf(ask(first.profileId, 'S-1'), 201);
    await rowOf(ask(second.profileId, 'S-2'), 201);
    await mine.admin
      .post(`/admin/profile/${third.profileId}/system-link`, { system: 'SAFER', externalId: 'S-3' })
      .expect(201);
    // Without a link, with one and a license, with a link alone.
    for (const { profileId } of [await mine.addWorker(), second, third]) {
      expect(await refuse(ask(profileId, 'S-1'), 409)).to.deep.equal(['DUPLICATE', '/externalId DUPLICATE']);
    }
    for (const { profileId } of [second, third])
      expect(await refuse(ask(profileId, 'S-9'), 422)).to.deep.equal(['INVALID', '/externalId LINKED_OTHERWISE']);
    expect(await refuse(ask(first.profileId, 'S-1', 'FIELD_SERVICE'), 422)).to.deep.equal([
      'INVALID',
      '/externalId NOT_LINKED',
    ]);
    // The person's own number, and none, are as good as ever.
    await rowOf(ask(second.profileId, 'S-2'), 201);
    await rowOf(ask(third.profileId, 'S-3'), 201);
    expect(await itemsOf<License>(mine.admin, '/admin/license')).to.have.length(3);
  });

  it('a license given by hand outlives the assignments that share it', async () => {
    await sell();
    const { profileId, call } = await give();
    await rowOf(call, 201);
    const taskKindIds = [await mine.addTaskKind({ requiredTests: ['SAFER'] })];
    const assignment = await mine.assign({ profileId, taskKindIds });
    const [held] = await itemsOf<License>(mine.admin, '/admin/license');
    expect(held).to.deep.include({ holders: [assignment.id], byHand: true });
    await rowOf(mine.admin.post(`/admin/assignment/${assignment.id}/end`, undefined, version(assignment.version)));
    expect(await licenses()).to.deep.equal(['active']);
  });

  it('licenses are within reach: own for a worker, the company’s for an admin, nobody else’s', async () => {
    await sell();
    await rowOf(mine.admin.post('/admin/license', { offering: 'SAFER', profileId: mine.people.worker.profileId }), 201);
    await rowOf((await give()).call, 201);
    expect(await itemsOf(mine.worker, '/admin/license')).to.have.length(1);
    expect(await itemsOf(mine.admin, '/admin/license')).to.have.length(2);
    const other = await openMine(app);
    expect(await itemsOf(other.admin, '/admin/license')).to.have.length(0);
    const foreign = { offering: 'SAFER', profileId: other.people.worker.profileId };
    expect(await codeOf(mine.admin.post('/admin/license', foreign), 422)).to.equal('INVALID');
    await mine.manager.post('/admin/license', foreign).expect(403);
  });
});
