import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';

const RUT = '12345678-5';
const UNKNOWN_RUT = '22.222.222-2';
const PASSWORD = 'una clave larga y rara';
const OTHER = 'otra clave larga y rara';

/** A RUT names a profile of a company: two companies may have it of two people, and neither knows. */
describe('a RUT that two companies have', () => {
  let app: TestApp;
  let mine: string;
  let theirs: string;
  let here: TestPerson;
  let there: TestPerson;

  before(async () => {
    app = await startApp();
    [mine, theirs] = [await addCompany(app.database), await addCompany(app.database)];
    const add = (companyId: string, email: string, password: string) =>
      addPerson(app, { companyId, roles: ['worker'], login: { email, rut: RUT, password } });
    here = await add(mine, 'here@example.cl', PASSWORD);
    there = await add(theirs, 'there@example.cl', OTHER);
    await app.database.sql(`update company set custom_domain = 'turnos.otra.example' where id = $1`, [theirs]);
  });
  after(() => app.close());

  const signIn = (identifier: string, password: string, headers: Record<string, string> = {}) =>
    app.http
      .post('/angelis/auth/sign-in')
      .set({ 'accept-language': 'en', ...headers })
      .send({ identifier, password });
  const entered = async (password: string, headers: Record<string, string>): Promise<string> => {
    const { accessToken } = (await signIn(RUT, password, headers).expect(200)).body as { accessToken: string };
    const me = await app.http.get('/angelis/auth/me').set({ authorization: `Bearer ${accessToken}` });
    return (me.body as { id: string }).id;
  };

  it('opens to whoever has it in the one that is named, by every name of it, and to nobody else', async () => {
    const slug = `c-${theirs.slice(-12)}`;
    expect(await entered(PASSWORD, { 'x-company-id': mine })).to.equal(here.personId);
    const names: Record<string, string>[] = [
      { 'x-company-id': theirs },
      { 'x-company-slug': slug },
      { host: `${slug}.127.0.0.1` },
      { host: 'turnos.otra.example' },
    ];
    for (const headers of names) {
      expect(await entered(OTHER, headers)).to.equal(there.personId);
      await signIn(RUT, PASSWORD, headers).expect(401);
    }
    await signIn(RUT, OTHER, { 'x-company-id': mine }).expect(401);
    const third = { 'x-company-id': await addCompany(app.database) };
    for (const password of [PASSWORD, OTHER]) await signIn(RUT, password, third).expect(401);
  });

  it('locks the one whose company was named, and not the other', async () => {
    for (let failed = 0; failed < 6; failed += 1) await signIn(RUT, 'wrong password', { 'x-company-id': theirs });
    await signIn(RUT, OTHER, { 'x-company-id': theirs }).expect(401);
    expect(await entered(PASSWORD, { 'x-company-id': mine })).to.equal(here.personId);
  });

  it('is counted in the company that is named, by whatever name, and not in the other', async () => {
    const counted: string[] = [];
    const { rates } = app.platform;
    const count = rates.count.bind(rates);
    rates.count = (name, key) => {
      counted.push(`${name} ${key}`);
      return count(name, key);
    };
    try {
      const names: Record<string, string>[] = [
        { 'x-company-id': mine },
        { 'x-company-slug': `c-${mine.slice(-12)}` },
        { 'x-company-id': theirs },
      ];
      for (const headers of names) await signIn(RUT, 'wrong password', headers).expect(401);
    } finally {
      rates.count = count;
    }
    const [byId, bySlug, elsewhere] = counted.filter((key) => key.startsWith('signIn account:'));
    expect(bySlug).to.equal(byId);
    expect(elsewhere).to.not.equal(byId);
    const whose = counted.filter((key) => key.startsWith('signIn person:'));
    expect(whose).to.deep.equal([here, here, there].map(({ personId }) => `signIn person:${personId}`));
    expect(counted.join(' ')).to.not.include('12345678');
  });

  it('without a company is one answer, as for one that nobody has, before any password is tried', async () => {
    const asked: string[] = [];
    const { passwordGrant } = app.identityProvider;
    app.identityProvider.passwordGrant = (request) => {
      asked.push(request.username);
      return passwordGrant(request);
    };
    const answers = [await signIn(RUT, PASSWORD), await signIn(UNKNOWN_RUT, PASSWORD)];
    app.identityProvider.passwordGrant = passwordGrant;
    const [known, unknown] = answers.map(({ status, body }) => {
      const { timestamp: _at, traceId: _trace, ...rest } = body as Record<string, unknown>;
      return { status, ...rest };
    });
    expect(known).to.include({ status: 400, code: 'COMPANY_NEEDED' });
    expect(unknown).to.deep.equal(known);
    expect(asked).to.deep.equal([]);
  });

  it('is found by the staff in the company that they name', async () => {
    const staff = await clientOf(app, await addStaff(app));
    const find = (identifier: string, companyId?: string) =>
      staff.get(`/admin/person?identifier=${identifier}${companyId === undefined ? '' : `&companyId=${companyId}`}`);
    for (const [companyId, { personId }] of [
      [mine, here],
      [theirs, there],
    ] as const)
      expect((await find(RUT, companyId).expect(200)).body).to.include({ id: personId });
    expect((await find('here@example.cl').expect(200)).body).to.include({ id: here.personId });
    await find('22222222-2', mine).expect(404);
    const { body } = await find(RUT).expect(400);
    expect((body as { code: string }).code).to.equal('COMPANY_NEEDED');
  });
});
