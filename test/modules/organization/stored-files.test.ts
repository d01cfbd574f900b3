import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { rutCheckDigit } from '../../../src/platform/text/rut.ts';
import { StorageError } from '../../../src/platform/storage/file-store.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { photo } from '../../support/pictures.ts';
import { rowOf } from '../../support/workforce.ts';
import type { Row } from '../../support/workforce.ts';

const MINUTE = 60_000;
const BATCH = '/admin/profile/batch';

describe('the room that files take', () => {
  let app: TestApp;
  let companyId: string;
  let person: TestPerson;
  let admin: Client;

  before(async () => {
    app = await startApp({ background: true });
  });
  beforeEach(async () => {
    companyId = await addCompany(app.database);
    person = await addPerson(app, { companyId, roles: ['admin'] });
    admin = await clientOf(app, person);
  });
  afterEach(() => app.clock.set(undefined));
  after(() => app.close());

  const bytes = async (): Promise<number> =>
    Number(
      (
        await app.database.sql<{ bytes: string }>('select bytes from company_storage where company_id = $1', [
          companyId,
        ])
      )[0]?.bytes ?? 0,
    );
  const later = async (milliseconds: number): Promise<void> => {
    app.clock.set(new Date(Date.now() + milliseconds));
    await app.idle();
    app.clock.set(undefined);
  };
  const put = async (profileId: string, shade: number) =>
    app.http
      .put(`/angelis/admin/profile/${profileId}/photo`)
      .set({ authorization: await person.bearer(), 'content-type': 'image/jpeg' })
      .send(await photo(shade));
  const draft = (): Promise<Row> =>
    rowOf(admin.post('/admin/profile', { firstName: 'Con', lastName: 'Foto', kind: 'employee' }), 201);

  it('is given back with a photo that is replaced, taken away, or deleted with its profile', async () => {
    const { id } = await draft();
    await rowOf(put(id, 10));
    const first = await bytes();
    await rowOf(put(id, 200));
    const both = await bytes();
    expect(both).to.be.greaterThan(first);
    await later(2 * MINUTE);
    const second = both - first;
    expect(await bytes()).to.equal(second);
    await later(62 * MINUTE);
    expect(await bytes()).to.equal(second);
    await admin.del(`/admin/profile/${id}/photo`).expect(204);
    await later(2 * MINUTE);
    expect(await bytes()).to.equal(0);
    await rowOf(put(id, 90));
    expect(await bytes()).to.be.greaterThan(0);
    const { version: at } = await rowOf(admin.get(`/admin/profile/${id}`));
    await admin.del(`/admin/profile/${id}`, version(at)).expect(204);
    await later(MINUTE);
    expect(await bytes()).to.equal(0);
    await later(62 * MINUTE);
    expect(await bytes()).to.equal(0);
  });

  it('is given back where the store takes no file', async () => {
    const { id } = await draft();
    const { files } = app.platform;
    const { put: store } = files;
    Object.assign(files, { put: () => Promise.reject(new StorageError('unavailable', 'the store is away')) });
    try {
      expect((await put(id, 10)).status).to.be.greaterThan(499);
    } finally {
      Object.assign(files, { put: store });
    }
    expect(await bytes()).to.equal(0);
  });

  it('is given back with the file of an upload, once it is read', async () => {
    const text = `first_name,last_name,rut\nLuz,Leída,11111111-${rutCheckDigit('11111111')}\n`;
    const upload = async (content: string): Promise<Row> =>
      rowOf(
        app.http
          .post(`/angelis${BATCH}`)
          .set({ authorization: await person.bearer() })
          .attach('file', Buffer.from(content), 'people.csv'),
        202,
      );
    const { get } = app.platform.files;
    let free: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    Object.assign(app.platform.files, { get: (key: string) => held.then(() => get(key)) });
    const row = await upload(text);
    expect(await bytes()).to.equal(Buffer.byteLength(text));
    free();
    Object.assign(app.platform.files, { get });
    await app.idle();
    expect(await rowOf(admin.get(`${BATCH}/${row.id}`))).to.include({ status: 'validated' });
    expect(await bytes()).to.equal(0);
    await upload('no headings that anybody knows\nx\n');
    await app.idle();
    expect(await bytes()).to.equal(0);
    expect(await readdir(`${app.folder}/batch/${companyId}`)).to.deep.equal([]);
  });
});
