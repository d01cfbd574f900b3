import { Readable } from 'node:stream';
import { expect } from 'chai';
import { levelOf } from '../../../src/modules/organization/companies/limits.ts';
import { companyKey } from '../../../src/platform/storage/company-files.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { photo } from '../../support/pictures.ts';
import { addStaff } from '../../support/staff.ts';
import { openMine, tick } from '../../support/workforce.ts';

const MB = 1024 * 1024;
const DAY = 86_400_000;
const SNAPSHOT = 'organization.usage.snapshot';
const TRIM = 'organization.usage.trim';
const CURRENT = '/admin/companies/current/usage';
const codeOf = ({ body }: { body: unknown }): string => (body as { code: string }).code;

interface Usage {
  limits: object;
  used: { users: number; workers: number; residents: number; storageMb: number; apiPerDay: number };
  days: { day: string; used: object }[];
}

describe('what a plan allows', () => {
  let app: TestApp;
  let staff: Client;

  before(async () => {
    app = await startApp();
    staff = await clientOf(app, await addStaff(app, 'superadmin'));
  });
  afterEach(() => app.clock.set(undefined));
  after(() => app.close());

  const open = async (limits: object): Promise<{ companyId: string; person: TestPerson; admin: Client }> => {
    const companyId = await addCompany(app.database);
    const person = await addPerson(app, { companyId, roles: ['admin'] });
    if (Object.keys(limits).length > 0)
      await staff.patch(`/admin/companies/${companyId}`, { limits }, version(1)).expect(200);
    return { companyId, person, admin: await clientOf(app, person) };
  };
  const usageOf = async (client: Client): Promise<Usage> => (await client.get(CURRENT).expect(200)).body as Usage;
  const invite = async (admin: Client, n: number) => {
    const profile = { firstName: 'A', lastName: 'B', kind: 'employee', contactEmail: `p${n}@plan.cl` };
    const { id } = (await admin.post('/admin/profile', profile).expect(201)).body as { id: string };
    return admin.post(`/admin/profile/${id}/invite`, {}, version(1));
  };
  const storedBytes = async (companyId: string): Promise<number> =>
    Number(
      (
        await app.database.sql<{ bytes: string }>('select bytes from company_storage where company_id = $1', [
          companyId,
        ])
      )[0]?.bytes,
    );
  const store = (companyId: string, bytes: number) =>
    app.database.sql(
      `insert into company_storage (company_id, bytes) values ($1, $2) on conflict (company_id) do update set bytes = $2`,
      [companyId, bytes],
    );
  const told = async ({ profileId }: TestPerson): Promise<string[]> =>
    (
      await app.database.sql<{ text: string }>('select text from notification where profile_id = $1 order by id', [
        profileId,
      ])
    ).map(({ text }) => text);

  it('is told of at 80 and at 100 percent', () => {
    const levels = [
      [0, 5],
      [3, 5],
      [4, 5],
      [5, 5],
      [6, 5],
      [0, 0],
      [79.9, 100],
    ] as const;
    expect(levels.map(([used, limit]) => levelOf(used, limit))).to.deep.equal([0, 0, 80, 100, 100, 100, 0]);
  });

  it('holds the users, and those who look after the company hear of it once a level', async () => {
    const { admin, person, companyId } = await open({ users: 5 });
    const worker = await addPerson(app, { companyId, roles: ['worker'] });
    await invite(admin, 1);
    expect(await told(person)).to.deep.equal([]);
    await invite(admin, 2);
    expect(await told(person)).to.deep.equal(['limit_users_80']);
    await invite(admin, 3);
    expect(codeOf(await invite(admin, 4))).to.equal('USER_LIMIT');
    expect(await told(person)).to.deep.equal(['limit_users_80', 'limit_users_100']);
    expect(await told(worker)).to.deep.equal([]);
    expect((await usageOf(admin)).used).to.deep.equal({
      users: 5,
      workers: 0,
      residents: 0,
      storageMb: 0,
      apiPerDay: 0,
    });
  });

  it('holds the people with active work: each counts once', async () => {
    const mine = await openMine(app);
    const [row] = await app.database.sql<{ version: number }>('select version from company where id = $1', [
      mine.companyId,
    ]);
    await staff
      .patch(`/admin/companies/${mine.companyId}`, { limits: { workers: 1 } }, version(row!.version))
      .expect(200);
    const first = await mine.assign();
    await mine.assign({ projectId: await mine.addProject('P-2') });
    const other = await mine.draft({ profileId: (await mine.addWorker()).profileId });
    const activate = () => mine.admin.post(`/admin/assignment/${other.id}/activate`, undefined, version(1));
    expect(codeOf(await activate().expect(409))).to.equal('WORKER_LIMIT');
    expect((await usageOf(mine.admin)).used.workers).to.equal(1);
    await mine.admin.post(`/admin/assignment/${first.id}/end`, undefined, version(first.version)).expect(200);
    expect(codeOf(await activate().expect(409))).to.equal('WORKER_LIMIT');
    await staff
      .patch(`/admin/companies/${mine.companyId}`, { limits: { workers: 2 } }, version(row!.version + 1))
      .expect(200);
    await activate().expect(200);
  });

  it('holds the files, six sent at once', async () => {
    const { admin, companyId } = await open({ storageMb: 1 });
    const picture = await photo(90);
    const path = async () =>
      `/angelis/admin/profile/${(await addPerson(app, { companyId, roles: ['worker'] })).profileId}/photo`;
    const { person } = { person: await addPerson(app, { companyId, roles: ['admin'] }) };
    const authorization = await person.bearer();
    const send = (to: string) => app.http.put(to).set({ authorization, 'content-type': 'image/jpeg' }).send(picture);
    await send(await path()).expect(200);
    const size = await storedBytes(companyId);
    expect(size).to.be.greaterThan(100);
    await store(companyId, MB - 3 * size - 1);
    const paths = await Promise.all(Array.from({ length: 6 }, path));
    const answers = await Promise.all(paths.map((to) => send(to)));
    expect(answers.map(({ status }) => status)).to.have.members([200, 200, 200, 409, 409, 409]);
    expect(codeOf(answers.find(({ status }) => status === 409)!)).to.equal('STORAGE_LIMIT');
    expect(await storedBytes(companyId)).to.equal(MB - 1);
    await store(companyId, MB + 1);
    const wish = { kind: 'people', format: 'csv' };
    expect(codeOf(await admin.post('/admin/export', wish, { 'idempotency-key': companyId }).expect(409))).to.equal(
      'STORAGE_LIMIT',
    );
    const form = await app.http
      .post('/angelis/admin/profile/batch')
      .set({ authorization })
      .attach('file', Buffer.from('firstName;lastName\n'), 'people.csv');
    expect([form.status, codeOf(form)]).to.deep.equal([409, 'STORAGE_LIMIT']);
    expect((await usageOf(admin)).used.storageMb).to.equal(2);
  });

  it('is measured and written down once a day, for the company and for the staff', async () => {
    const { admin, person, companyId } = await open({ storageMb: 5 });
    const put = (key: string, bytes: number) =>
      app.platform.files.put(key, Readable.from([Buffer.alloc(bytes)]), { contentType: 'text/csv', maxBytes: 9 * MB });
    await put(companyKey('batch', companyId, 'left.csv'), 3 * MB);
    await put(companyKey('exports', companyId, 'x/y.csv'), MB + 1);
    await put(companyKey('photos', (await open({})).companyId, 'other.jpg'), MB);
    await store(companyId, 77 * MB);
    await tick(app, companyId, SNAPSHOT);
    await tick(app, companyId, SNAPSHOT);
    expect(await storedBytes(companyId)).to.equal(4 * MB + 1);
    const used = { users: 1, workers: 0, residents: 0, storageMb: 5, apiPerDay: 0 };
    const today = app.clock.now().toISOString().slice(0, 10);
    const usage = { limits: { storageMb: 5 }, used, days: [{ day: today, used }] };
    expect(await usageOf(admin)).to.deep.equal(usage);
    expect((await staff.get(`/admin/companies/${companyId}/usage`).expect(200)).body).to.deep.equal(usage);
    await staff.get(`/admin/companies/${person.profileId}/usage`).expect(404);
    await admin.get(`/admin/companies/${companyId}/usage`).expect(403);
    expect(await told(person)).to.deep.equal(['limit_storage_100']);
    app.clock.set(new Date(Date.now() + DAY));
    await tick(app, companyId, SNAPSHOT);
    app.clock.set(undefined);
    expect(await told(person)).to.deep.equal(['limit_storage_100']);
    expect((await usageOf(admin)).days.map(({ day }) => day)).to.deep.equal([
      new Date(Date.now() + DAY).toISOString().slice(0, 10),
      today,
    ]);
  });

  it('is forgotten day by day once it is long past, also where the company is suspended', async () => {
    const { companyId } = await open({});
    const start = Date.now();
    const days = async (table: 'company_usage' | 'api_requests'): Promise<string[]> =>
      (
        await app.database.sql<{ day: string }>(`select day::text from ${table} where company_id = $1 order by 1`, [
          companyId,
        ])
      ).map(({ day }) => day);
    const dayIn = (n: number): string => new Date(start + n * DAY).toISOString().slice(0, 10);
    const written = [dayIn(0), dayIn(3)];
    for (const n of [0, 3]) {
      app.clock.set(new Date(start + n * DAY));
      await tick(app, companyId, SNAPSHOT);
      await app.database.sql('insert into api_requests (company_id, day, used) values ($1, $2, 5)', [
        companyId,
        dayIn(n),
      ]);
    }
    await app.database.sql(`update company set status = 'suspended' where id = $1`, [companyId]);
    const found = app.modules.flatMap(({ ticks = [] }) => ticks).find(({ name }) => name === TRIM);
    expect([found?.every, found?.for]).to.deep.equal([86_400, 'each-company']);
    for (const [n, left] of [
      [400, written],
      [402, written.slice(1)],
    ] as const) {
      app.clock.set(new Date(start + n * DAY));
      await tick(app, companyId, TRIM);
      expect(await days('company_usage')).to.deep.equal(left);
      expect(await days('api_requests')).to.deep.equal(left);
    }
  });

  it('is told of each night by the limits of then and of now', async () => {
    const { admin, person, companyId } = await open({ users: 10 });
    const night = async (n: number): Promise<string[]> => {
      app.clock.set(new Date(Date.now() + n * DAY));
      await tick(app, companyId, SNAPSHOT);
      app.clock.set(undefined);
      return told(person);
    };
    const allow = async (limits: object): Promise<void> => {
      const [row] = await app.database.sql<{ version: number }>('select version from company where id = $1', [
        companyId,
      ]);
      await staff.patch(`/admin/companies/${companyId}`, { limits }, version(row!.version)).expect(200);
    };
    for (const n of [11, 12, 13]) expect((await invite(admin, n)).status).to.equal(200);
    expect(await night(0)).to.deep.equal([]);
    await allow({ users: 5 });
    expect(await night(1)).to.deep.equal(['limit_users_80']);
    expect(await night(2)).to.deep.equal(['limit_users_80']);
    await allow({ users: 4 });
    expect(await night(3)).to.deep.equal(['limit_users_80', 'limit_users_100']);
    await allow({});
    await night(4);
    await allow({ users: 3 });
    expect(await night(5)).to.deep.equal(['limit_users_80', 'limit_users_100', 'limit_users_100']);
    await allow({ users: 100 });
    expect(await night(6)).to.have.length(3);
  });
});
