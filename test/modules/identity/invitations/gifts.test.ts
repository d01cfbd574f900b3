import { expect } from 'chai';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany, scopeOf } from '../../../support/companies.ts';
import { addDepartment, addPerson, giveWithin } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';

const DAY = 86_400_000;
const base = '/admin/invitation';
const USAGE = '/admin/companies/current/usage';

interface Sent {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly profileId: string;
  readonly features: readonly string[];
  readonly attributes: { readonly pgyLevel?: number };
}

describe('what comes with an invitation', () => {
  let app: TestApp;
  let staff: Client;
  let companyId: string;
  let owner: Client;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    staff = await clientOf(app, await addStaff(app));
  });
  beforeEach(async () => {
    companyId = await addCompany(app.database);
    owner = await as('owner');
  });
  after(() => app.close());

  const as = async (...roles: string[]): Promise<Client> => clientOf(app, await addPerson(app, { companyId, roles }));
  const fresh = (): string => `gift${(n += 1)}@example.cl`;
  const feature = async (values: object = {}, isPlanned = true): Promise<string> => {
    const code = `gift_${(n += 1)}`;
    const names = { es: code, en: code, fr: code };
    await rowOf(staff.post('/admin/feature', { code, names, type: 'permission', onByDefault: false, ...values }), 201);
    const planned = { plan: 'standard', feature: code, byGrant: true };
    if (isPlanned) await rowOf(staff.post('/admin/feature/plan-feature', planned), 201);
    return code;
  };
  const ask = (given: object, email = fresh(), client: Client = owner) =>
    client.post(base, { email, firstName: 'Luz', lastName: 'Vera', ...given });
  const send = (given: object, email = fresh(), client: Client = owner) => rowOf<Sent>(ask(given, email, client), 201);
  const read = (id: string) => rowOf<Sent>(owner.get(`${base}/${id}`));
  const revoke = ({ id, version: at }: Sent) => rowOf(owner.post(`${base}/${id}/revoke`, undefined, version(at)));
  const tokenTo = async (email: string): Promise<string> => {
    await app.idle();
    const text = app.messages.mails.filter(({ to }) => to === email).at(-1)?.text ?? '';
    return /token=(\S+)/.exec(text)?.[1] ?? 'none';
  };
  const accept = async (email: string) =>
    app.http
      .post('/angelis/auth/invitation/accept')
      .send({ token: await tokenTo(email), password: 'grapas y caballos' });
  const effective = async (profileId: string, code: string) => {
    type Item = { feature: string; allowed: boolean; because: string };
    const items = await itemsOf<Item>(owner, `/admin/feature/effective/${profileId}`);
    const { allowed, because } = items.find((item) => item.feature === code)!;
    return `${allowed ? 'on' : 'off'} ${because}`;
  };
  const residentsOf = (profileId: string) =>
    itemsOf<{ id: string; pgyLevel: number; status: string }>(owner, `/admin/resident?profileId=${profileId}`);
  const limit = async (limits: object): Promise<void> => {
    const { version: at } = await rowOf(staff.get(`/admin/companies/${companyId}`));
    await rowOf(staff.patch(`/admin/companies/${companyId}`, { limits }, version(at)));
  };
  const usedResidents = async () => (await rowOf<{ used: { residents: number } }>(owner.get(USAGE))).used.residents;

  it('are features, and a year of residency that begins with the acceptance', async () => {
    const [first, second, email] = [await feature(), await feature(), fresh()];
    const sent = await send({ features: [second, first], attributes: { pgyLevel: 3 } }, email);
    expect(sent.attributes).to.deep.equal({ pgyLevel: 3 });
    expect((await read(sent.id)).features).to.have.members([first, second]);
    expect(await residentsOf(sent.profileId)).to.deep.equal([]);
    expect((await accept(email)).status).to.equal(200);
    for (const code of [first, second]) expect(await effective(sent.profileId, code)).to.equal('on PROFILE');
    const [resident] = await residentsOf(sent.profileId);
    expect(resident).to.include({ pgyLevel: 3, status: 'active' });
    expect((await accept(email)).status, 'again').to.equal(200);
    expect(await residentsOf(sent.profileId)).to.have.length(1);
  });

  it('are what their sender may give, and nothing is left of what is refused', async () => {
    const [given, sold] = [await feature(), await feature({}, false)];
    const email = fresh();
    expect(await codeOf(ask({ features: [given, sold] }, email), 409)).to.equal('FEATURE_NOT_INCLUDED');
    const killable = await feature({ type: 'kill_switch', onByDefault: true }, false);
    const pointers = async (features: readonly string[]) =>
      (await rowOf<{ errors: { pointer: string; code: string }[] }>(ask({ features }, email), 422)).errors.map(
        ({ pointer, code }) => `${pointer} ${code}`,
      );
    expect(await pointers([given, killable])).to.deep.equal(['/features/1 KILL_SWITCH_GIVEN']);
    expect(await pointers(['no_such_feature'])).to.deep.equal(['/features/0 UNKNOWN_REFERENCE']);
    await ask({ features: [given, given] }, email).expect(422);
    for (const pgyLevel of [0, 11, 1.5, '3']) await ask({ attributes: { pgyLevel } }, email).expect(422);
    const inviter = await addPerson(app, { companyId, roles: [] });
    const role = async (code: string, grants: readonly string[]) =>
      (await rowOf(owner.post('/admin/role', { code, name: code, reach: 'company', grants, denies: [] }), 201)).id;
    const giving = ['organization:feature-grant:write', 'organization:resident:write'];
    const inviting = await role('INVITER', ['organization:invitation:*', 'organization:profile:*']);
    const local = await role('GIVER', giving);
    await rowOf(owner.post('/admin/role/assignment', { profileId: inviter.profileId, roleId: inviting }), 201);
    const client = await clientOf(app, inviter);
    const gifts = [{ features: [given] }, { attributes: { pgyLevel: 1 } }];
    for (const gift of gifts) expect(await codeOf(ask(gift, email, client), 403)).to.equal('FORBIDDEN');
    const other = await addPerson(app, { companyId, roles: [] });
    await rowOf(owner.post('/admin/role/assignment', { profileId: other.profileId, roleId: inviting }), 201);
    const departmentId = await addDepartment(app, companyId, [other]);
    await giveWithin(app, other, departmentId, { roleId: local });
    const again = await clientOf(app, other);
    for (const gift of gifts) expect(await codeOf(ask(gift, email, again), 403)).to.equal('OUT_OF_REACH');
    expect(await itemsOf(owner, `/admin/profile?q=${email}`)).to.deep.equal([]);
    expect(await itemsOf(owner, `/admin/feature/grant?feature=${given}`)).to.deep.equal([]);
    await send({ ...gifts[0], ...gifts[1], departmentId }, email, again);
  });

  it('end with it when nobody accepts, and not when somebody did', async () => {
    const [code, email] = [await feature(), fresh()];
    const gifts = { features: [code], attributes: { pgyLevel: 2 } };
    const expire = async ({ id }: Sent): Promise<void> => {
      app.clock.set(new Date(Date.now() + 8 * DAY));
      try {
        await app.platform.movers.get('invitation')!.fallDue({ scope: scopeOf(companyId) }, id, 'expire');
      } finally {
        app.clock.set(undefined);
      }
    };
    const endings: readonly ((sent: Sent) => PromiseLike<unknown>)[] = [
      revoke,
      expire,
      async () =>
        app.http
          .post('/angelis/auth/invitation/decline')
          .send({ token: await tokenTo(email) })
          .expect(204),
    ];
    for (const end of endings) {
      const sent = await send(gifts, email);
      expect(await effective(sent.profileId, code)).to.equal('on PROFILE');
      await end(sent);
      expect(await effective(sent.profileId, code)).to.equal('off NOT_GRANTED');
      expect(await residentsOf(sent.profileId)).to.deep.equal([]);
    }
    const sent = await send(gifts, email);
    const [grant] = await itemsOf(owner, `/admin/feature/grant?profileId=${sent.profileId}&status=active`);
    await rowOf(owner.post(`/admin/feature/grant/${grant!.id}/revoke`, { reason: 'Mistake' }, version(grant!.version)));
    expect((await accept(email)).status).to.equal(200);
    expect(await effective(sent.profileId, code)).to.equal('off NOT_GRANTED');
    expect(await residentsOf(sent.profileId)).to.have.length(1);
  });

  it('make nobody a resident who is one', async () => {
    const departmentId = await addDepartment(app, companyId, []);
    const draft = { firstName: 'Eva', lastName: 'Vera', kind: 'employee', contactEmail: fresh(), departmentId };
    const { id: profileId } = await rowOf(owner.post('/admin/profile', draft), 201);
    await rowOf(owner.post('/admin/resident', { profileId, pgyLevel: 4 }), 201);
    const asked = ask({ departmentId, attributes: { pgyLevel: 5 } }, draft.contactEmail);
    const { code, errors } = await rowOf<{ code: string; errors: { pointer: string }[] }>(asked, 409);
    expect([code, errors[0]!.pointer]).to.deep.equal(['DUPLICATE', '/attributes/pgyLevel']);
    const email = fresh();
    const sent = await send({ attributes: { pgyLevel: 1 } }, email);
    await rowOf(owner.post('/admin/resident', { profileId: sent.profileId, pgyLevel: 6 }), 201);
    expect(await usedResidents()).to.equal(2);
    expect((await accept(email)).status).to.equal(200);
    expect((await residentsOf(sent.profileId)).map(({ pgyLevel }) => pgyLevel)).to.deep.equal([6]);
  });

  it('hold a place among the plan’s residents from the sending on', async () => {
    const person = await addPerson(app, { companyId, roles: [] });
    await limit({ residents: 2 });
    const attributes = { pgyLevel: 1 };
    const emails = [fresh(), fresh(), fresh()];
    const answers = await Promise.all(emails.map((email) => ask({ attributes }, email)));
    expect(answers.map(({ status }) => status)).to.have.members([201, 201, 409]);
    expect((answers.find(({ status }) => status === 409)!.body as { code: string }).code).to.equal('RESIDENT_LIMIT');
    expect(await usedResidents()).to.equal(2);
    const byHand = { profileId: person.profileId, pgyLevel: 1 };
    expect(await codeOf(owner.post('/admin/resident', byHand), 409)).to.equal('RESIDENT_LIMIT');
    const [first, second] = answers
      .flatMap(({ status, body }) => (status === 201 ? [body as Sent] : []))
      .map((sent) => ({ sent, email: emails[answers.findIndex(({ body }) => (body as Sent).id === sent.id)]! }));
    await limit({ residents: 1 });
    expect(((await accept(first!.email)).body as { code: string }).code).to.equal('RESIDENT_LIMIT');
    await limit({ residents: 1, users: 1 });
    await revoke(second!.sent);
    expect(((await accept(first!.email)).body as { code: string }).code).to.equal('USER_LIMIT');
    await limit({ residents: 1 });
    expect((await accept(first!.email)).status).to.equal(200);
    expect(await usedResidents()).to.equal(1);
  });

  it('are told of as a plan fills up with residents', async () => {
    const told = async () =>
      (
        await app.database.sql<{ text: string }>(
          `select text from notification where company_id = $1 and text like 'limit_residents%' order by id`,
          [companyId],
        )
      ).map(({ text }) => text);
    await limit({ residents: 5 });
    for (let count = 1; count <= 3; count += 1) await send({ attributes: { pgyLevel: 1 } });
    expect(await told()).to.deep.equal([]);
    const last = fresh();
    await send({ attributes: { pgyLevel: 1 } }, last);
    expect(await told()).to.deep.equal(['limit_residents_80']);
    expect((await accept(last)).status).to.equal(200);
    const { profileId } = await addPerson(app, { companyId, roles: [] });
    await rowOf(owner.post('/admin/resident', { profileId, pgyLevel: 1 }), 201);
    expect(await told()).to.deep.equal(['limit_residents_80', 'limit_residents_100']);
  });
});
