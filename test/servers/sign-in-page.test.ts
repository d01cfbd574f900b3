import { expect } from 'chai';
import { decodeJwt } from 'jose';
import {
  CODE,
  eventually,
  mailedTo,
  PASSWORD,
  addStaffMember,
  signInOnAdmin,
  visitorsOf,
} from '../scenarios/people.ts';
import type { Somebody, Tokens } from '../scenarios/people.ts';
import { codeOf, openBrowser, totpSecretOf } from '../support/browser.ts';
import type { Browser, Seen } from '../support/browser.ts';
import { giveSecondFactor } from '../support/servers/second-factor.ts';
import { systemOnServers } from '../support/servers/system.ts';
import type { TestSystem } from '../support/system.ts';

const NEW = 'otra clave muy larga';
const SECRET = 'abcdefghijklmnopqrst';
/** All that Keycloak 26.7 can be asked to begin by `kc_action`, but the second factor. */
const ACTIONS = [
  'UPDATE_PASSWORD',
  'UPDATE_PROFILE',
  'UPDATE_EMAIL',
  'VERIFY_EMAIL',
  'VERIFY_PROFILE',
  'CONFIGURE_RECOVERY_AUTHN_CODES',
  'TERMS_AND_CONDITIONS',
  'delete_account',
  'delete_credential',
  'idp_link',
  'update_user_locale',
  'webauthn-register',
  'webauthn-register-passwordless',
];

/** A browser at the page, with what it needs to come back. */
interface Visit {
  readonly browser: Browser;
  readonly seen: Seen;
  readonly cookie: string;
}

describe('what somebody can do at Keycloak’s page, on real servers', () => {
  let system: TestSystem;
  let companyId: string;
  let chief: string;
  const visitors = visitorsOf(() => system);
  const { ask, post, me, sql } = visitors;

  before(async () => {
    system = await systemOnServers(13)();
    companyId = await system.addCompany();
    chief = (await addStaffMember(system)).accessToken;
  });
  after(() => system.stop());

  const addWorker = (): Promise<Somebody> => visitors.addSomebody(companyId, ['worker'], PASSWORD);
  const addOwner = (): Promise<Somebody> => visitors.addSomebody(companyId, ['owner'], PASSWORD);
  /** Goes to the page, there as somebody may who writes into the address what they like, and gives name and password. */
  const visit = async (email: string, password: string, action?: string): Promise<Visit> => {
    const away = await ask('get', '/admin/auth/start').expect(302);
    const [cookie] = away.headers['set-cookie'] as unknown as string[];
    const browser = openBrowser(`${system.url}/angelis/admin/auth/callback`);
    const asked = action === undefined ? '' : `&kc_action=${action}`;
    const seen = await browser.signIn(`${String(away.headers['location'])}${asked}`, email, password);
    return { browser, seen, cookie: cookie!.split(';')[0]! };
  };
  const callback = ({ cookie }: Visit, { query }: Seen) =>
    ask('get', '/admin/auth/callback').query(Object.fromEntries(query)).set({ cookie });
  const signIn = (email: string, password = PASSWORD, totp?: string) =>
    post('/auth/sign-in', { identifier: email, password, ...(totp !== undefined && { totp }) });
  /** Keycloak takes nobody in while it still counts their try before. */
  const enter = async (email: string, password = PASSWORD): Promise<Tokens> => {
    const tokens: Tokens[] = [];
    await eventually(async () => {
      const { status, body } = await signIn(email, password);
      if (status === 200) tokens.push(body as Tokens);
      return status === 200;
    });
    return tokens[0]!;
  };
  /** One of the staff does something about a person as they are now. */
  const move = async ({ personId }: Pick<Somebody, 'personId'>, step: string, token = chief) => {
    const path = `/admin/person/${personId}`;
    const { headers } = await ask('get', path, token).expect(200);
    return post(`${path}/${step}`, { reason: 'prueba' }, token).set('if-match', String(headers['etag']));
  };
  const resetPassword = async (email: string): Promise<void> => {
    const asked = await post('/auth/password/forgotten', { identifier: email }).expect(202);
    const code = await mailedTo(system, email, CODE);
    const { requestId } = asked.body as { requestId: string };
    const { ticket } = (await post('/otp/verify', { requestId, code }).expect(200)).body as { ticket: string };
    await post('/auth/password/reset', { ticket, password: NEW }).expect(204);
  };
  const isTold = (email: string, subject: RegExp): Promise<void> =>
    eventually(async () => (await system.mailsOf(email)).some((mail) => subject.test(mail.subject)));
  const actionsOf = async (personId: string): Promise<string[]> =>
    (await sql<{ action: string }>('select action from change where entity_id = $1 order by id', [personId])).map(
      ({ action }) => action,
    );
  const hasFactor = async ({ personId }: Pick<Somebody, 'personId'>): Promise<boolean> =>
    system.identityProvider.users.hasSecondFactor(`u-${personId}`);
  /** Sets a second factor up on the page that asks for one. */
  const setUp = ({ browser, seen }: Visit): Promise<Seen> => {
    const totpSecret = totpSecretOf(seen.html)!;
    expect(totpSecret).to.be.a('string');
    return browser.send(seen.html, { totpSecret, userLabel: 'thief', totp: codeOf(totpSecret) });
  };
  /** Without what the page says of an action that was asked for in its address, which our own page never does. */
  const withoutStatus = (seen: Seen): Seen => {
    for (const name of ['kc_action', 'kc_action_status']) seen.query.delete(name);
    return seen;
  };
  const staffOf = async ({ accessToken }: Tokens): Promise<{ personId: string; email: string }> => {
    const personId = (
      await sql<{ id: string }>('select id from person where keycloak_id = $1', [decodeJwt(accessToken).sub!])
    )[0]!.id;
    const { email } = (await system.identityProvider.users.find({ username: `u-${personId}` }))!;
    return { personId, email: email! };
  };

  it('whoever knows a password that is to be replaced replaces it nowhere: its owner does, by a mailed code', async () => {
    const owner = await addOwner();
    const open = await visit(owner.email, PASSWORD);
    expect(open.seen.back).to.equal(true);
    expect((await move(owner, 'require-new-password')).status).to.equal(200);
    await eventually(async () => (await system.identityProvider.users.passwordState(owner.keycloakId)).isRequired);
    expect((await callback(open, open.seen)).status, 'a code of before').to.be.oneOf([400, 403]);
    const { seen } = await visit(owner.email, PASSWORD);
    expect([seen.back, /password-new/.test(seen.html)]).to.deep.equal([false, false]);
    expect((await signIn(owner.email)).status).to.equal(401);
    await isTold(owner.email, /ya no sirve|good no more/);
    await resetPassword(owner.email);
    await enter(owner.email, NEW);
    expect((await signIn(owner.email)).status).to.equal(401);
    const again = await visit(owner.email, NEW);
    expect((await callback(again, again.seen)).status).to.equal(200);
  });

  it('begins nothing there that is this service’s to do', async () => {
    const owner = await addOwner();
    for (const action of ACTIONS) {
      const there = await visit(owner.email, PASSWORD, action);
      expect([there.seen.back, there.seen.html], action).to.deep.equal([true, '']);
      expect(there.seen.query.get('kc_action_status'), action).to.be.oneOf(['error', null]);
    }
    await enter(owner.email);
  });

  it('lets nobody on who was there already when a new password was required of them', async () => {
    const owner = await addOwner();
    const there = await visit(owner.email, PASSWORD, 'CONFIGURE_TOTP');
    expect((await move(owner, 'require-new-password')).status).to.equal(200);
    await eventually(async () => (await system.identityProvider.users.passwordState(owner.keycloakId)).isRequired);
    const seen = await setUp(there);
    expect(seen.back).to.equal(true);
    const { status, body } = await callback(there, withoutStatus(seen));
    expect([status, (body as { code: string }).code]).to.deep.equal([403, 'NOT_ADMITTED']);
  });

  it('takes away a second factor that somebody sets up who needs none, with their session, and tells the owner', async () => {
    const owner = await addOwner();
    const own = await enter(owner.email);
    await me(own.accessToken).expect(200);
    const thief = await visit(owner.email, PASSWORD, 'CONFIGURE_TOTP');
    const back = await setUp(thief);
    expect(back.back).to.equal(true);
    const entered = (await callback(thief, withoutStatus(back))).body as Tokens;
    await eventually(async () => !(await hasFactor(owner)));
    await isTold(owner.email, /se quitó|taken away/);
    await eventually(async () => !(await system.identityProvider.introspect(entered.accessToken)).active);
    await me(entered.accessToken, '/admin/auth').expect(401);
    await me(own.accessToken).expect(200);
    expect(await actionsOf(owner.personId)).to.include('person.refuse_second_factor');
    await enter(owner.email);
  });

  it('tells whoever needs one that it was set up, and ends their other sessions', async () => {
    const staff = await addStaffMember(system);
    const { personId, email } = await staffOf(staff);
    await isTold(email, /segundo factor|second factor/);
    await me(staff.accessToken, '/admin/auth').expect(200);
    expect(await actionsOf(personId)).to.include('person.set_up_second_factor');
    expect(await hasFactor({ personId })).to.equal(true);
  });

  it('gives way to whoever proves their mailbox: a second factor that they do not need goes with the password', async () => {
    const worker = await addWorker();
    await giveSecondFactor(system, worker, SECRET, PASSWORD);
    expect([await hasFactor(worker), (await signIn(worker.email)).status]).to.deep.equal([true, 401]);
    await resetPassword(worker.email);
    await enter(worker.email, NEW);
    expect(await hasFactor(worker)).to.equal(false);
    expect(await actionsOf(worker.personId)).to.include('person.remove_second_factor');
    await isTold(worker.email, /Se quitó su segundo factor|Your second factor was removed/);
  });

  it('is begun anew by staff who lost theirs, once a superadmin takes the old one away', async () => {
    const staff = await addStaffMember(system);
    const { personId, email } = await staffOf(staff);
    await me(staff.accessToken, '/admin/auth').expect(200);
    expect((await move({ personId }, 'reset-second-factor')).status).to.equal(200);
    await me(staff.accessToken, '/admin/auth').expect(401);
    await eventually(async () => !(await hasFactor({ personId })));
    await isTold(email, /Se quitó su segundo factor|Your second factor was removed/);
    expect((await signIn(email)).status, 'a password alone').to.equal(401);
    const again = await signInOnAdmin(system, email);
    await me(again.accessToken, '/admin/auth').expect(200);
    expect(await hasFactor({ personId })).to.equal(true);
  });
});
