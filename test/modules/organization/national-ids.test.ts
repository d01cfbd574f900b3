import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { createKeyRing } from '../../../src/platform/crypto/key-ring.ts';
import { rutCheckDigit } from '../../../src/platform/text/rut.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { openDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { addDepartmentHead, addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { until } from '../../support/until.ts';
import { codeOf, rowOf } from '../../support/workforce.ts';
import type { Row } from '../../support/workforce.ts';

const [OLD, NEW] = ['old', 'new'].map((id) => ({ id, bytes: randomBytes(32) })) as [
  { id: string; bytes: Buffer },
  { id: string; bytes: Buffer },
];

let bodies = 21_000_000;
const freshRut = (): string => {
  bodies += 1;
  return `${bodies}-${rutCheckDigit(String(bodies))}`;
};

/** The database of another application, which is not dropped with this one. */
const shared = (name: string): TestDatabase => {
  const opened = openDatabase(name);
  const pools: pg.Pool[] = [];
  return {
    ...opened,
    pool: (...args) => {
      const pool = opened.pool(...args);
      pools.push(pool);
      return pool;
    },
    drop: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
};

/** Two processes while the key of look-ups is replaced: both know both keys, and each writes with another. */
describe('national ids while their key is replaced', function nationalIds() {
  this.timeout(120_000);
  let first: TestApp;
  let second: TestApp;
  let companyId: string;
  let person: TestPerson;
  let writesOld: Client;
  let writesNew: Client;

  before(async () => {
    first = await startApp({
      background: true,
      replace: ({ keys }) => ({ keys: { ...keys, lookup: createKeyRing([OLD, NEW]) } }),
    });
    second = await startApp({
      database: shared(first.database.name),
      replace: () => ({ keys: { ...first.platform.keys, lookup: createKeyRing([NEW, OLD]) } }),
    });
    companyId = await addCompany(first.database);
    person = await addPerson(first, { companyId, roles: ['admin'] });
    writesOld = await clientOf(first, person);
    writesNew = await clientOf(second, await addPerson(second, { companyId, roles: ['admin'] }));
  });
  after(async () => {
    await second.close();
    await first.close();
  });

  const add = (client: Client, value: string) =>
    client.post('/admin/profile', {
      firstName: value,
      lastName: 'Soto',
      kind: 'employee',
      nationalId: { kind: 'RUT', value },
    });
  const idOf = async (id: string): Promise<string | null> =>
    (await rowOf<{ value: string | null }>(writesOld.get(`/admin/profile/${id}/national-id`))).value;
  /** The ids, by which people are called here, that more than one of them has. */
  const twice = async (): Promise<string[]> =>
    (
      await first.database.sql<{ name: string }>(
        `select first_name as name from profile where company_id = $1 and national_id_hash is not null
           and deleted_at is null group by first_name having count(*) > 1`,
        [companyId],
      )
    ).map(({ name }) => name);

  it('are taken once, whichever process is asked', async () => {
    const ruts = Array.from({ length: 6 }, freshRut);
    const asked = ruts.flatMap((value) =>
      [writesOld, writesNew, writesOld, writesNew].map((client) => add(client, value)),
    );
    const answers = await Promise.all(asked);
    expect(await twice()).to.deep.equal([]);
    expect(answers.filter(({ status }) => status === 201)).to.have.length(ruts.length);
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([201, 409]));
  });

  it('are changed and exchanged at once without two who have the same, or a deadlock', async () => {
    const made = await Promise.all(Array.from({ length: 6 }, () => rowOf(add(writesOld, freshRut()), 201)));
    const wanted = [...(await Promise.all(made.map(({ id }) => idOf(id)))), freshRut(), freshRut()] as string[];
    for (let round = 0; round < 6; round += 1) {
      const tried = made.flatMap(({ id }, n) =>
        [writesOld, writesNew].map(async (client, side) => {
          const { body } = await client.get(`/admin/profile/${id}`).expect(200);
          const value = wanted[(n + round + side) % wanted.length]!;
          const at = version((body as Row).version);
          return (await client.patch(`/admin/profile/${id}`, { nationalId: { kind: 'RUT', value } }, at)).status;
        }),
      );
      for (const status of await Promise.all(tried)) expect([200, 409, 412]).to.include(status);
      const held = await Promise.all(made.map(({ id }) => idOf(id)));
      expect(new Set(held).size, held.join()).to.equal(made.length);
    }
  });

  it('come back with who was deleted only where nobody has them meanwhile', async () => {
    const value = freshRut();
    const { id } = await rowOf(add(writesOld, value), 201);
    await writesOld.del(`/admin/profile/${id}`, version(1)).expect(204);
    const other = await rowOf(add(writesNew, value), 201);
    const back = (at: number) => writesOld.post(`/admin/profile/${id}/restore`, undefined, version(at));
    expect(await codeOf(back(2), 409)).to.equal('DUPLICATE');
    await writesNew.del(`/admin/profile/${other.id}`, version(1)).expect(204);
    await back(2).expect(200);
    expect(await idOf(id)).to.equal(value);
    expect(await codeOf(add(writesNew, value), 409)).to.equal('DUPLICATE');
  });

  it('of a file are taken by nobody while it is committed', async () => {
    const ruts = Array.from({ length: 3_000 }, freshRut);
    const text = ['first_name,last_name,rut', ...ruts.map((rut) => `${rut},Soto,${rut}`)].join('\n');
    const sent = first.http
      .post('/angelis/admin/profile/batch')
      .set({ authorization: await person.bearer() })
      .attach('file', Buffer.from(text), { filename: 'people.csv', contentType: 'text/csv' });
    const { id } = await rowOf(sent, 202);
    const path = `/admin/profile/batch/${id}`;
    const read = () => rowOf<Row & { progress: number }>(writesOld.get(path));
    await until(async () => (await read()).status === 'validated');
    await writesOld.post(`${path}/commit`, {}, version((await read()).version)).expect(200);
    // Somebody adds the last people of the file while the first of them are written.
    await until(async () => {
      const { status, progress } = await read();
      return status === 'committed' || progress > 0;
    });
    const answers = await Promise.all(ruts.slice(-5).map((value) => add(writesNew, value)));
    await until(async () => ['committed', 'failed'].includes((await read()).status));
    expect(await twice()).to.deep.equal([]);
    for (const { status } of answers) expect([201, 409]).to.include(status);
  });
});

describe('the national id of somebody who left', () => {
  let app: TestApp;
  let companyId: string;
  let admin: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
  });
  after(() => app.close());

  const left = async (value: string): Promise<string> => {
    const { profileId } = await addPerson(app, { companyId, roles: [], login: { rut: value } });
    await admin.post(`/admin/profile/${profileId}/end`, { reason: 'x' }, version(1)).expect(200);
    return profileId;
  };
  const body = (value: string, given: object = {}) => ({
    firstName: 'Luis',
    lastName: 'Soto',
    kind: 'employee',
    nationalId: { kind: 'RUT', value },
    ...given,
  });
  type Refusal = { code: string; profileId?: string; errors: { pointer: string; code: string }[] };

  it('is said to be theirs, and who they are to whoever may see them', async () => {
    const value = freshRut();
    const profileId = await left(value);
    const refusal = await rowOf<Refusal>(admin.post('/admin/profile', body(value)), 409);
    expect(refusal).to.include({ code: 'PROFILE_ENDED', profileId });
    expect(refusal.errors.map(({ pointer, code }) => `${pointer} ${code}`)).to.deep.equal(['/nationalId DUPLICATE']);
    const { id } = await rowOf(admin.post('/admin/profile', body(freshRut())), 201);
    const edited = admin.patch(`/admin/profile/${id}`, { nationalId: { kind: 'RUT', value } }, version(1));
    expect(await rowOf<Refusal>(edited, 409)).to.include({ code: 'PROFILE_ENDED', profileId });
  });

  it('names nobody to whoever may not see them', async () => {
    const value = freshRut();
    await left(value);
    const head = await addDepartmentHead(app, companyId);
    const [{ departmentId }] = (await app.database.sql<{ departmentId: string }>(
      'select department_id as "departmentId" from profile where id = $1',
      [head.profileId],
    )) as [{ departmentId: string }];
    const local = await clientOf(app, head);
    const refusal = await rowOf<Refusal>(local.post('/admin/profile', body(value, { departmentId })), 409);
    expect(refusal.code).to.equal('PROFILE_ENDED');
    expect(refusal).not.to.have.property('profileId');
  });
});
