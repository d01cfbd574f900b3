import { expect } from 'chai';
import Type from 'typebox';
import { setting } from '../../../src/platform/configuration.ts';
import { CompanySetting } from '../../../src/modules/organization/appconfig/appconfig.repository.ts';
import { BRANDING_SETTING, RUT_SETTING } from '../../../src/modules/organization/appconfig/settings.ts';
import { startApp } from '../../support/app.ts';
import type { TestApp } from '../../support/app.ts';
import { clientOf, version } from '../../support/client.ts';
import type { Client } from '../../support/client.ts';
import { addCompany, scopeOf } from '../../support/companies.ts';
import { addPerson } from '../../support/people.ts';

const RUT = '/admin/appconfig/organization.rut';
const BRANDING = '/admin/appconfig/organization.branding';
const blue = { displayName: 'Minera Norte', logoUrl: null, primaryColor: '#00558C' };

describe('company configuration', () => {
  let app: TestApp;
  let companyId: string;
  let admin: Client;
  let other: Client;

  before(async () => {
    app = await startApp();
    companyId = await addCompany(app.database);
    admin = await clientOf(app, await addPerson(app, { companyId, roles: ['admin'] }));
    other = await clientOf(app, await addPerson(app, { companyId: await addCompany(app.database), roles: ['admin'] }));
  });
  after(() => app.close());

  it('shows every setting of every module with its default', async () => {
    const { items } = (await admin.get('/admin/appconfig').expect(200)).body as { items: { key: string }[] };
    const declared = app.modules.flatMap(({ settings = [] }) => settings.map(({ key }) => key));
    expect(items.map(({ key }) => key)).to.have.members(declared);
    const answer = await admin.get(RUT).expect(200);
    expect(answer.headers['etag']).to.equal('"0"');
    expect(answer.body).to.deep.include({ value: { minBody: 7, maxBody: 8 }, version: 0, public: false });
  });

  it('takes what fits, at the version that was read, and logs it', async () => {
    const value = { minBody: 6, maxBody: 8 };
    await admin.put(RUT, { value }).expect(428);
    await admin.put(RUT, { value }, version(3)).expect(412);
    const set = await admin.put(RUT, { value }, version(0)).expect(200);
    expect(set.body).to.deep.include({ value, version: 1, default: { minBody: 7, maxBody: 8 } });
    await admin.put(RUT, { value }, version(0)).expect(412);
    await admin.put(RUT, { value: { minBody: 7, maxBody: 8 } }, version(1)).expect(200);
    const client = await app.database.superuser();
    const { rows } = await client.query(
      `select action, before, after from change where company_id = $1 and entity = 'company_setting' order by id`,
      [companyId],
    );
    expect(rows).to.deep.equal([
      { action: 'company_setting.set', before: null, after: { key: 'organization.rut', value } },
      {
        action: 'company_setting.set',
        before: { value },
        after: { value: { minBody: 7, maxBody: 8 } },
      },
    ]);
  });

  it('refuses what does not fit, pointing at it', async () => {
    const wrong = await admin.put(RUT, { value: { minBody: '7', maxBody: 8 } }, version(2)).expect(422);
    const { errors } = wrong.body as { errors: { pointer: string; code: string }[] };
    expect(errors.map(({ pointer, code }) => [pointer, code])).to.deep.equal([['/value/minBody', 'type']]);
    await admin.put(RUT, { value: null }, version(2)).expect(422);
    await admin.get('/admin/appconfig/no.such').expect(404);
    await admin.put('/admin/appconfig/no.such', { value: 1 }, version(0)).expect(404);
  });

  it("is one company's own", async () => {
    await admin.put(BRANDING, { value: blue }, version(0)).expect(200);
    expect((await other.get(BRANDING).expect(200)).body).to.deep.include({
      value: BRANDING_SETTING.default,
      version: 0,
    });
  });

  it('lets one of eight writers win', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => other.put(RUT, { value: { minBody: 6, maxBody: 9 } }, version(0))),
    );
    expect(answers.map(({ status }) => status)).to.have.members([200, 412, 412, 412, 412, 412, 412, 412]);
  });

  it('shows frontends the public part of the company that the request names, and nothing else', async () => {
    const client = await app.database.superuser();
    const { rows } = await client.query<{ slug: string }>('select slug from company where id = $1', [companyId]);
    const { slug } = rows[0]!;
    const ask = (headers: Record<string, string>) => app.http.get('/angelis/appconfig').set(headers);
    const answer = await ask({ 'x-company-slug': slug }).expect(200);
    const { company, settings } = answer.body as { company: object; settings: Record<string, unknown> };
    expect(company).to.deep.equal({ slug, name: slug, locale: 'es', timezone: 'America/Santiago' });
    const open = app.modules.flatMap(({ settings: own = [] }) => own).filter((wanted) => wanted.public === true);
    expect(Object.keys(settings)).to.have.members(open.map(({ key }) => key));
    expect(settings['organization.branding']).to.deep.equal(blue);
    expect((await ask({ 'x-company-id': companyId }).expect(200)).body).to.deep.equal(answer.body);
    expect((await app.http.get(`/angelis/c/${slug}/appconfig`).expect(200)).body).to.deep.equal(answer.body);
    await ask({}).expect(404);
    await ask({ 'x-company-slug': 'nobody-has-this' }).expect(404);
    await ask({ 'x-company-slug': slug, 'x-company-id': '0198c2f0-7b3a-7cc1-9f4e-3a5b8c7d6e1f' }).expect(400);
    await ask({ 'x-company-slug': 'operator' }).expect(404);
  });

  it('is read by modules as it is in their transaction', async () => {
    const scope = scopeOf(companyId);
    const { db, configuration } = app.platform;
    const changed = { minBody: 5, maxBody: 5 };
    const read = () => db.read(scope, (reader) => configuration.get(reader, RUT_SETTING));
    expect(await read()).to.deep.equal({ minBody: 7, maxBody: 8 });
    const client = await app.database.superuser();
    await client.query(`update company_setting set value = $2 where company_id = $1 and key = 'organization.rut'`, [
      companyId,
      JSON.stringify(changed),
    ]);
    expect(await read()).to.deep.equal(changed);
  });

  it('falls back to the default where a stored value no longer fits, and keeps plain values', async () => {
    const { db, configuration, repository } = app.platform;
    const made = repository(CompanySetting);
    const number = setting({ key: 'test.number', schema: Type.Integer(), default: 1 });
    const text = setting({ key: 'test.text', schema: Type.String(), default: 'a' });
    const list = setting({ key: 'test.list', schema: Type.Array(Type.String()), default: ['a'] });
    const flag = setting({ key: 'test.flag', schema: Type.Boolean(), default: true });
    await db.write(scopeOf(companyId), async (tx) => {
      for (const [key, value] of [
        ['test.number', 'seven'],
        ['test.text', 'b'],
        ['test.list', ['c', 'd']],
        ['test.flag', false],
      ])
        await made.insert(tx, { key: key as string, value });
    });
    const values = await db.read(scopeOf(companyId), async (reader) => [
      await configuration.get(reader, number),
      await configuration.get(reader, text),
      await configuration.get(reader, list),
      await configuration.get(reader, flag),
    ]);
    expect(values).to.deep.equal([1, 'b', ['c', 'd'], false]);
  });
});
