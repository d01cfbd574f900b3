import { expect } from 'chai';
import { CODE, eventually, mailedTo, PASSWORD, addStaffMember, visitorsOf } from '../scenarios/people.ts';
import type { Somebody, Tokens } from '../scenarios/people.ts';
import { openBrowser } from '../support/browser.ts';
import type { Browser, Seen } from '../support/browser.ts';
import { systemOnServers } from '../support/servers/system.ts';
import type { TestSystem } from '../support/system.ts';

const NEW = 'otra clave muy larga';
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
  const { ask, post } = visitors;

  before(async () => {
    system = await systemOnServers(13)();
    companyId = await system.addCompany();
    chief = (await addStaffMember(system)).accessToken;
  });
  after(() => system.stop());

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
});
