import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import sharp from 'sharp';
import type { Response } from 'supertest';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson, addReportingLine } from '../../support/people.ts';
import type { TestPerson } from '../../support/people.ts';
import { hostilePhotos } from '../../support/hostile-photos.ts';
import { bomb, notPictures, photo } from '../../support/pictures.ts';
import { sendUpload } from '../../support/upload-driver.ts';

const MINUTE = 60_000;
const OWN = '/auth/me/photo';
const codeOf = ({ body }: Response): string => (body as { code: string }).code;

describe('photos of people', () => {
  let app: TestApp;
  let companyId: string;
  let admin: TestPerson;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    admin = await addPerson(app, { companyId, roles: ['admin'], lastName: 'Admin' });
  });
  afterEach(() => app.clock.set(undefined));
  after(() => app.close());

  const pathOf = ({ profileId }: Pick<TestPerson, 'profileId'>): string => `/admin/profile/${profileId}/photo`;
  const ask = async (method: 'get' | 'put' | 'delete', path: string, by: TestPerson) =>
    app.http[method](`/angelis${path}`).set({ authorization: await by.bearer(), 'accept-language': 'en' });
  const put = async (path: string, bytes: Buffer, by: TestPerson, headers: Record<string, string> = {}) =>
    app.http
      .put(`/angelis${path}`)
      .set({ authorization: await by.bearer(), 'content-type': 'image/jpeg', 'accept-language': 'en', ...headers })
      .send(bytes);
  const set = async (path: string, shade: number, by: TestPerson): Promise<string> => {
    const answer = await put(path, await photo(shade), by);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    return (answer.body as { photoId: string }).photoId;
  };
  /** How light the photo is that is answered, about. */
  const shadeOf = async ({ status, body }: Response): Promise<number> => {
    expect(status).to.equal(200);
    const { channels } = await sharp(body as Buffer).stats();
    return Math.round(channels[0]!.mean / 10) * 10;
  };
  const shown = async (path: string, by: TestPerson): Promise<number> => shadeOf(await ask('get', path, by));
  const worker = (lastName: string): Promise<TestPerson> => addPerson(app, { companyId, roles: ['worker'], lastName });
  /** The files of a profile's photos. */
  const files = async ({ profileId }: Pick<TestPerson, 'profileId'>): Promise<string[]> =>
    (await readdir(join(app.folder, 'photos', companyId, profileId)).catch((): string[] => [])).toSorted();
  const later = async (milliseconds: number): Promise<void> => {
    app.clock.set(new Date(Date.now() + milliseconds));
    await app.idle();
    app.clock.set(undefined);
  };

  it('are set, shown with an id that changes, replaced and taken away; the file before goes a minute later', async () => {
    const person = await worker('Retrato');
    const path = pathOf(person);
    expect((await ask('get', path, admin)).status).to.equal(404);
    const first = await set(path, 60, admin);
    const answer = await ask('get', path, admin);
    expect(answer.headers).to.include({
      'content-type': 'image/jpeg',
      'cache-control': 'private, no-cache',
      etag: `"${first}"`,
      'x-content-type-options': 'nosniff',
    });
    expect(await shadeOf(answer)).to.equal(60);
    const known = await app.http
      .get(`/angelis${path}`)
      .set({ authorization: await admin.bearer(), 'if-none-match': `"${first}"` });
    expect([known.status, known.headers['etag'], known.headers['content-length']]).to.deep.equal([
      304,
      `"${first}"`,
      undefined,
    ]);
    const client = await clientOf(app, admin);
    const { body: profile } = await client.get(`/admin/profile/${person.profileId}`).expect(200);
    expect(profile).to.include({ photoId: first });

    const second = await set(path, 200, admin);
    expect(second).not.to.equal(first);
    expect(await shown(path, admin)).to.equal(200);
    await app.idle();
    expect(await files(person)).to.deep.equal([`${first}.jpg`, `${second}.jpg`]);
    await later(2 * MINUTE);
    expect(await files(person)).to.deep.equal([`${second}.jpg`]);
    await later(61 * MINUTE);
    expect(await files(person)).to.deep.equal([`${second}.jpg`]);

    expect((await ask('delete', path, admin)).status).to.equal(204);
    expect((await ask('get', path, admin)).status).to.equal(404);
    expect((await ask('delete', path, admin)).status).to.equal(404);
    await later(2 * MINUTE);
    expect(await files(person)).to.deep.equal([]);
    const log = await app.database.superuser();
    const { rows } = await log.query(
      `select action, before, after from change where entity_id = $1 and action like '%photo' order by id`,
      [person.profileId],
    );
    expect(rows).to.deep.equal([
      { action: 'profile.set_photo', before: { photoId: null }, after: { photoId: first } },
      { action: 'profile.set_photo', before: { photoId: first }, after: { photoId: second } },
      { action: 'profile.remove_photo', before: { photoId: second }, after: { photoId: null } },
    ]);
  });

  it('are one of those that twelve set at once, and no other file stays', async () => {
    const person = await worker('Muchas');
    const image = await photo(120);
    const answers = await Promise.all(Array.from({ length: 12 }, () => put(pathOf(person), image, admin)));
    const ids = answers.map(({ status, body }) => (status === 200 ? (body as { photoId: string }).photoId : status));
    const { etag } = (await ask('get', pathOf(person), admin)).headers;
    expect(ids).to.include(JSON.parse(etag!));
    await later(61 * MINUTE);
    expect(await files(person)).to.deep.equal([`${JSON.parse(etag!)}.jpg`]);
  });

  it('that nothing comes of leave no file behind', async () => {
    const person = await worker('Fuera');
    const client = await app.database.superuser();
    await client.query(`update profile set status = 'ended' where id = $1`, [person.profileId]);
    expect(codeOf(await put(pathOf(person), await photo(9), admin))).to.equal('PROFILE_ENDED');
    expect(await files(person)).to.have.length(1);
    await later(2 * MINUTE);
    expect(await files(person)).to.have.length(1);
    await later(61 * MINUTE);
    expect(await files(person)).to.deep.equal([]);

    const by = await clientOf(app, admin);
    const draft = (
      await by.post('/admin/profile', { firstName: 'A', lastName: 'Borrador', kind: 'employee' }).expect(201)
    ).body as { id: string };
    const drafted = { profileId: draft.id };
    await set(pathOf(drafted), 30, admin);
    await by.del(`/admin/profile/${draft.id}`, version(2)).expect(204);
    await app.idle();
    expect(await files(drafted)).to.deep.equal([]);
  });

  it('are refused as what they are, and nothing is stored', async () => {
    const person = await worker('Nada');
    const path = pathOf(person);
    const answers = async (bytes: Buffer, headers = {}): Promise<string> => {
      const answer = await put(path, bytes, admin, headers);
      return `${answer.status} ${codeOf(answer)}`;
    };
    const { SVG } = await notPictures();
    const url = new URL(`/angelis${path}`, app.url);
    for (const upload of await hostilePhotos()) {
      const { status, body } = await sendUpload(url, await admin.bearer(), upload);
      if (upload.fate === 'refused') expect(status, `${upload.name}: ${body}`).to.be.within(400, 499);
    }
    expect(await answers(SVG!)).to.equal('415 IMAGE_TYPE');
    expect(await answers(bomb(30_000, 30_000))).to.equal('422 IMAGE_TOO_MANY_PIXELS');
    expect(await answers((await photo(10, 400)).subarray(0, 700))).to.equal('422 IMAGE_UNREADABLE');
    expect(await answers(Buffer.alloc(0))).to.equal('400 BODY_REQUIRED');
    expect(await answers(Buffer.alloc(5 * 1024 * 1024 + 1))).to.equal('413 FILE_TOO_LARGE');
    expect(await answers(gzipSync(await photo(10)), { 'content-encoding': 'gzip' })).to.equal(
      '415 UNSUPPORTED_MEDIA_TYPE',
    );
    const spanish = await put(path, SVG!, admin, { 'accept-language': 'es' });
    expect((spanish.body as { detail: string }).detail).to.match(/JPEG, PNG o WebP/);
    expect(await files(person)).to.deep.equal([]);
    // Told by its content: what it is called does not matter.
    expect(await put(path, await photo(10), admin, { 'content-type': 'text/plain' })).to.have.property('status', 200);
  });

  it('are seen by whom the profile is, and set by whoever may change it', async () => {
    const person = await worker('Vista');
    const stranger = await worker('Lejana');
    const supervisor = await addPerson(app, { companyId, roles: ['supervisor'], lastName: 'Jefa' });
    await addReportingLine(app, supervisor, person);
    const foreign = await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] });
    const owner = await addPerson(app, { companyId, roles: ['owner'], lastName: 'Dueña' });
    for (const one of [person, stranger]) await set(pathOf(one), 60, admin);
    expect(await shown(pathOf(person), supervisor)).to.equal(60);
    const statuses = async (one: TestPerson, by: TestPerson): Promise<number[]> => [
      (await ask('get', pathOf(one), by)).status,
      (await put(pathOf(one), await photo(1), by)).status,
      (await ask('delete', pathOf(one), by)).status,
    ];
    expect(await statuses(stranger, supervisor)).to.deep.equal([404, 403, 403]);
    expect(await statuses(person, supervisor)).to.deep.equal([200, 403, 403]);
    expect(await statuses(person, foreign)).to.deep.equal([404, 404, 404]);
    expect(await statuses(person, stranger)).to.deep.equal([403, 403, 403]);
    await set(pathOf(owner), 60, owner);
    expect(await statuses(owner, admin)).to.deep.equal([200, 403, 403]);
    expect(await shown(pathOf(owner), owner)).to.equal(60);
    expect(await shown(pathOf(person), admin)).to.equal(60);
  });

  it('of oneself are one’s own to set, in each company', async () => {
    const person = await worker('Propia');
    expect((await ask('get', OWN, person)).status).to.equal(404);
    await set(OWN, 80, person);
    expect(await shown(OWN, person)).to.equal(80);
    expect(await shown(pathOf(person), admin)).to.equal(80);
    const secondCompany = await addCompany(app.database);
    const there = await addPerson(app, { companyId: secondCompany, roles: ['worker'], person });
    await app.http
      .post('/angelis/auth/me/companies/switch')
      .set({ authorization: await person.bearer() })
      .send({ companyId: secondCompany })
      .expect(204);
    expect((await ask('get', OWN, person)).status).to.equal(404);
    await set(OWN, 160, person);
    expect(await shown(OWN, person)).to.equal(160);
    expect(await shown(pathOf(person), admin)).to.equal(80);
    expect(await files(there)).to.deep.equal([]);
    expect((await ask('delete', OWN, person)).status).to.equal(204);
    expect((await ask('get', OWN, person)).status).to.equal(404);
    expect(await shown(pathOf(person), admin)).to.equal(80);
  });

  it('of oneself wait while the company may only be read', async () => {
    const suspended = await addCompany(app.database);
    const [owner, person] = await Promise.all(
      ['owner', 'worker'].map((role) => addPerson(app, { companyId: suspended, roles: [role] })),
    );
    await set(OWN, 80, owner!);
    await app.database.sql(`update company set status = 'suspended', access_epoch = access_epoch + 1 where id = $1`, [
      suspended,
    ]);
    for (const refused of [
      await put(OWN, await photo(160), owner!),
      await put(OWN, await photo(160), person!),
      await ask('delete', OWN, owner!),
    ])
      expect([refused.status, codeOf(refused)]).to.deep.equal([403, 'COMPANY_SUSPENDED']);
    expect(await shown(OWN, owner!)).to.equal(80);
    expect(await files(person!)).to.deep.equal([]);
  });
});
