import { expect } from 'chai';
import { createApiRequests } from '../../../src/modules/organization/companies/api-requests.service.ts';
import type { MachineRequests } from '../../../src/platform/http/serve.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import { addStaff } from '../../support/staff.ts';
import { rowOf, tick } from '../../support/workforce.ts';

const USAGE = '/admin/companies/current/usage';

interface Usage {
  readonly used: { readonly apiPerDay: number };
  readonly days: readonly { readonly day: string; readonly used: { readonly apiPerDay: number } }[];
}

describe('requests of machine clients', () => {
  let app: TestApp;
  let staff: Client;
  let companyId: string;
  let admin: Client;

  before(async () => {
    app = await startApp();
  });
  beforeEach(async () => {
    // Two in the afternoon in Santiago.
    app.clock.set(new Date('2027-01-04T17:00:00Z'));
    staff = await clientOf(app, await addStaff(app, 'superadmin'));
    companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
  });
  afterEach(() => app.clock.set(undefined));
  after(() => app.close());

  const limit = async (limits: object): Promise<void> => {
    const { version: at } = await rowOf(staff.get(`/admin/companies/${companyId}`));
    await rowOf(staff.patch(`/admin/companies/${companyId}`, { limits }, version(at)));
  };
  const machine = async () => {
    const wish = { name: 'Reloj', scopes: ['workforce:project:read'] };
    const made = await rowOf<{ clientId: string; secret: string }>(admin.post('/admin/api-client', wish), 201);
    const form = { grant_type: 'client_credentials', client_id: made.clientId, client_secret: made.secret };
    const renew = async (): Promise<string> => {
      const { body } = await app.http.post('/angelis/auth/token').type('form').send(form).expect(200);
      return `Bearer ${(body as { access_token: string }).access_token}`;
    };
    let authorization = await renew();
    const ask = () => app.http.get('/angelis/auth/me/permissions').set({ authorization, 'accept-language': 'en' });
    return {
      ask,
      many: async (count: number): Promise<number[]> => {
        const statuses: number[] = [];
        for (let index = 0; index < count; index += 1) statuses.push((await ask()).status);
        return statuses;
      },
      renew: async () => {
        authorization = await renew();
      },
    };
  };
  const usage = async (client: Client = admin): Promise<Usage> => rowOf<Usage>(client.get(USAGE));
  const told = async (): Promise<string[]> =>
    (
      await app.database.sql<{ text: string }>(
        `select text from notification where company_id = $1 and text like 'limit_api%' order by id`,
        [companyId],
      )
    ).map(({ text }) => text);

  it('are counted by the company’s day, and refused beyond what its plan allows until the next', async () => {
    await limit({ apiPerDay: 5 });
    const [one, other] = [await machine(), await machine()];
    expect([...(await one.many(2)), ...(await other.many(1))]).to.deep.equal([200, 200, 200]);
    expect(await told()).to.deep.equal([]);
    expect((await usage()).used.apiPerDay).to.equal(3);
    expect(await other.many(1)).to.deep.equal([200]);
    expect(await told()).to.deep.equal(['limit_api_80']);
    expect(await one.many(1)).to.deep.equal([200]);
    expect(await told()).to.deep.equal(['limit_api_80', 'limit_api_100']);
    const refused = await one.ask().expect(429);
    expect(refused.body).to.include({ code: 'API_LIMIT', title: 'The requests of today are used up' });
    expect((refused.body as { detail: string }).detail).to.include('5 requests');
    // Midnight in Santiago is at three in the morning.
    expect(refused.headers['retry-after']).to.equal(String(10 * 3_600));
    await other.ask().expect(429);
    expect((await usage()).used.apiPerDay).to.equal(5);
    await limit({ apiPerDay: 6 });
    app.clock.set(new Date('2027-01-04T17:00:01Z'));
    expect(await one.many(2)).to.deep.equal([200, 429]);
    app.clock.set(new Date('2027-01-05T03:00:01Z'));
    await one.renew();
    expect(await one.many(1)).to.deep.equal([200]);
    const again = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    expect((await usage(again)).used.apiPerDay).to.equal(1);
    await tick(app, companyId, 'organization.usage.snapshot');
    const [today] = (await usage(again)).days;
    expect(today).to.deep.include({ day: '2027-01-05' });
    expect(today!.used.apiPerDay).to.equal(1);
  });

  it('hold up no people, and nobody of another company', async () => {
    await limit({ apiPerDay: 0 });
    const mine = await machine();
    await mine.ask().expect(429);
    await admin.get('/auth/me/permissions').expect(200);
    expect((await usage()).used.apiPerDay).to.equal(0);
    companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    const theirs = await machine();
    await theirs.ask().expect(200);
    expect((await usage()).used.apiPerDay).to.equal(1);
  });

  it('are let through as often as the plan allows and no more, by several processes at once', async () => {
    const notices = { tell: () => Promise.resolve() };
    let writes = 0;
    const process = (): MachineRequests =>
      createApiRequests({
        db: {
          write: (scope, work) => {
            writes += 1;
            return app.platform.db.write(scope, work);
          },
        },
        limits: notices,
        now: app.clock.now,
      });
    const processes = [process(), process(), process()];
    await limit({ apiPerDay: 1_500 });
    const principal = { companyId, timezone: 'America/Santiago' };
    const ask = async (index: number): Promise<string> =>
      processes[index % processes.length]!.count(principal, { traceId: 'a'.repeat(32) }).then(
        () => 'through',
        (error: unknown) => (error instanceof Problem ? error.code : 'broken'),
      );
    const answers: string[] = [];
    for (let round = 0; round < 20; round += 1)
      answers.push(...(await Promise.all(Array.from({ length: 100 }, (_, index) => ask(index)))));
    const through = answers.filter((answer) => answer === 'through').length;
    expect(new Set(answers)).to.deep.equal(new Set(['through', 'API_LIMIT']));
    expect(through).to.be.within(1_500 - 3 * 15, 1_500);
    expect(writes).to.be.lessThan(500);
    expect((await usage()).used.apiPerDay).to.equal(1_500);
  });
});
