import { expect } from 'chai';
import { LIMITS } from '../../../src/platform/settings/rates.ts';
import type { Limits } from '../../../src/platform/settings/rates.ts';
import { isZone } from '../../../src/platform/time/zone.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

interface Labeled {
  value: string;
  label: string;
}

const LOOKUPS = 8;
const limits: Limits = { ...LIMITS, anonymous: { points: 1_000, per: 60 }, lookup: { points: LOOKUPS, per: 600 } };

describe('common', () => {
  let app: TestApp;
  let admin: Client;
  let companyId: string;

  before(async () => {
    app = await startApp({ limits });
    companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
  });
  after(() => app.close());

  const open = async <Body>(path: string, language = 'en'): Promise<Body> =>
    (await app.http.get(`/angelis/common${path}`).set({ 'accept-language': language }).expect(200)).body as Body;

  it('says whether a text is a RUT, to anybody', async () => {
    const ask = async (rut: string): Promise<object> =>
      (await app.http.post('/angelis/common/rut').send({ rut }).expect(200)).body as object;
    expect(await ask('12345678 5')).to.deep.equal({ valid: true, formatted: '12.345.678-5', problem: null });
    expect(await ask('12.345.678-4')).to.deep.equal({ valid: false, formatted: null, problem: 'RUT_CHECK_DIGIT' });
    expect(await ask('12.345.678')).to.deep.equal({ valid: false, formatted: null, problem: 'RUT_NO_CHECK_DIGIT' });
  });

  it('lists countries in each language, and zones with their offset', async () => {
    const countries = await open<{ items: { code: string; name: string; callingCode: string }[] }>('/countries', 'es');
    expect(countries.items).to.deep.include({ code: 'DE', name: 'Alemania', callingCode: '+49' });
    const french = await open<typeof countries>('/countries', 'fr');
    expect(french.items).to.deep.include({ code: 'DE', name: 'Allemagne', callingCode: '+49' });
    app.clock.set(new Date('2026-07-01T00:00:00Z'));
    const zones = await open<{ items: { name: string; offset: number }[] }>('/zones');
    app.clock.set(undefined);
    expect(zones.items).to.deep.include({ name: 'America/Santiago', offset: -240 });
    expect(zones.items).to.deep.include({ name: 'Etc/UTC', offset: 0 });
    expect(zones.items.find(({ name }) => /Kolkata|Calcutta/.test(name))?.offset).to.equal(330);
    expect(zones.items.filter(({ name }) => !isZone(name))).to.deep.equal([]);
  });

  it('lists the countries that addresses take, and they take no other', async () => {
    const owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    const current = '/admin/companies/current';
    const save = async (codes: readonly string[]) => {
      const { version: at } = (await owner.get(current).expect(200)).body as { version: number };
      const addresses = codes.map((country) => ({
        kind: 'other',
        street: 'Calle Uno 1',
        city: 'Uno',
        region: null,
        postalCode: null,
        country,
      }));
      return owner.patch(current, { addresses }, version(at));
    };
    const countries = await open<{ items: { code: string; name: string }[] }>('/countries');
    const codes = countries.items.map(({ code }) => code);
    expect(new Set(codes).size).to.equal(249);
    expect(countries.items.filter(({ code, name }) => code === name)).to.deep.equal([]);
    // So many addresses has a company at the most.
    for (let from = 0; from < codes.length; from += 20)
      expect((await save(codes.slice(from, from + 20))).status).to.equal(200);
    for (const code of ['ZZ', 'XK', 'AC', 'EU', 'UK', 'AN', 'AA', 'cl', 'CHL', '']) {
      const refused = await save(['CL', code]);
      expect([code, refused.status]).to.deep.equal([code, 422]);
      expect((refused.body as { errors: object[] }).errors[0]).to.deep.include({
        pointer: '/addresses/1/country',
        code: 'format',
        message: 'Is no country of ISO 3166-1, like CL',
      });
    }
  });

  it('lists zones that the database knows too; companies and sites take none that it reads otherwise', async () => {
    const owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    const zones = await open<{ items: { name: string }[] }>('/zones');
    const older = ['UTC', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires', 'Europe/Kyiv', 'Chile/Continental'];
    const names = [...zones.items.map(({ name }) => name), ...older];
    expect(names.filter((name) => !isZone(name))).to.deep.equal([]);
    const unknown = await app.database.sql(
      'select wanted from unnest($1::text[]) wanted except select name from pg_timezone_names',
      [names],
    );
    expect(unknown).to.deep.equal([]);
    const { version: at } = (await owner.get('/admin/companies/current').expect(200)).body as { version: number };
    for (const timezone of [
      'america/santiago',
      'AMERICA/SANTIAGO',
      'IST',
      'AET',
      'est',
      'SystemV/EST5',
      'GMT0',
      'ZZ',
    ]) {
      const faults = (answer: { body: unknown }) => (answer.body as { errors: { code: string }[] }).errors[0]?.code;
      const site = { code: 'Z', name: 'Z', timezone, altitudeM: 0 };
      expect(faults(await owner.post('/admin/site', site).expect(422)), timezone).to.equal('TIME_ZONE');
      expect(faults(await owner.patch('/admin/companies/current', { timezone }, version(at)).expect(422))).to.equal(
        'TIME_ZONE',
      );
    }
  });

  it('names the languages that companies and people speak, and they speak no other', async () => {
    const owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    const { locale = [] } = await open<Record<string, Labeled[]>>('/enums');
    expect(locale.map(({ value }) => value)).to.deep.equal(['es', 'en', 'fr']);
    for (const path of ['/admin/companies/current', '/auth/me']) {
      for (const value of ['de', 'ES', 'es-CL', 'xx']) {
        const { version: at } = (await owner.get(path).expect(200)).body as { version: number };
        await owner.patch(path, { locale: value }, version(at)).expect(422);
      }
      for (const { value } of locale) {
        const { version: at } = (await owner.get(path).expect(200)).body as { version: number };
        await owner.patch(path, { locale: value }, version(at)).expect(200);
      }
    }
  });

  it('labels the values of the API in each language', async () => {
    const sets = await open<Record<string, Labeled[]>>('/enums', 'es');
    expect(sets['profileStatus']).to.deep.include({ value: 'suspended', label: 'Suspendido' });
    for (const language of ['en', 'fr']) {
      const other = await open<Record<string, Labeled[]>>('/enums', language);
      expect(Object.keys(other)).to.deep.equal(Object.keys(sets));
      expect(Object.values(other).flat()).to.have.length(Object.values(sets).flat().length);
    }
  });

  it('says what is free in the caller’s own company only, a few times a minute', async () => {
    const body = { firstName: 'A', lastName: 'B', kind: 'employee', contactEmail: 'taken@mine.cl' };
    await admin.post('/admin/profile', { ...body, nationalId: { kind: 'RUT', value: '12.345.678-5' } }).expect(201);
    const other = await clientOf(
      app,
      await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] }),
    );
    const free = async (by: Client, path: string, question: object): Promise<boolean> =>
      ((await by.post(`/common/${path}`, question).expect(200)).body as { free: boolean }).free;
    const rut = { kind: 'RUT', value: '12345678-5' };
    expect(await free(admin, 'national-id/free', rut)).to.equal(false);
    expect(await free(admin, 'national-id/free', { ...rut, value: '7654321-6' })).to.equal(true);
    expect(await free(admin, 'email/free', { email: 'Taken@Mine.CL' })).to.equal(false);
    expect(await free(other, 'national-id/free', rut)).to.equal(true);
    expect(await free(other, 'email/free', { email: 'taken@mine.cl' })).to.equal(true);
    await admin.post('/common/national-id/free', { kind: 'RUT', value: '12345678-4' }).expect(422);
    const worker = await clientOf(app, await addPerson(app, { companyId, roles: ['worker'] }));
    await worker.post('/common/national-id/free', rut).expect(403);
    const rest = await Promise.all(
      Array.from({ length: LOOKUPS }, () => admin.post('/common/email/free', { email: 'x@y.cl' })),
    );
    expect(rest.filter(({ status }) => status === 429)).to.have.length(4);
    // Whose a RUT is may be asked no oftener; who may not know is not even counted.
    await admin.get('/admin/profile?q=12.345.678-5').expect(429);
    await admin.get('/admin/profile?q=taken').expect(200);
    const manager = await clientOf(app, await addPerson(app, { companyId, roles: ['manager'] }));
    for (let count = 0; count <= LOOKUPS; count += 1) await manager.get('/admin/profile?q=12.345.678-5').expect(200);
  });
});
