import { randomInt, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { addLogin } from '../support/people.ts';
import { openBrowser } from '../support/browser.ts';
import type { TestSystem } from '../support/system.ts';
import { addStaffMember, CODE, eventually, mailedTo, PASSWORD, signInOnAdmin, visitorsOf } from './people.ts';
import type { Somebody, Tokens } from './people.ts';

const NEW = 'otra clave muy larga';

interface Receipt {
  readonly requestId: string;
}

/** How what people have is taken from them, changed and given back, on a whole system, whatever parts it stands on. */
export const accessScenario = (name: string, start: () => Promise<TestSystem>): void =>
  void describe(`sessions, passwords and addresses on ${name}`, () => {
    let system: TestSystem;
    let companyId: string;
    /** Tokens of one of the staff, and of an admin of the company. */
    let chief: string;
    let admin: string;
    const visitors = visitorsOf(() => system);
    const { ask, post, me, refresh, signIn } = visitors;

    before(async () => {
      system = await start();
      companyId = await system.addCompany();
      chief = (await addStaffMember(system)).accessToken;
      const { email } = await visitors.addSomebody(companyId, ['admin'], PASSWORD);
      admin = (await signInOnAdmin(system, email)).accessToken;
    });
    after(() => system.stop());

    const addWorker = (): Promise<Somebody> => visitors.addSomebody(companyId, ['worker'], PASSWORD);
    const refuse = ({ email }: Pick<Somebody, 'email'>, password = PASSWORD) =>
      post('/auth/sign-in', { identifier: email, password }).expect(401);
    const enter = async (email: string, password: string): Promise<Tokens> =>
      (await post('/auth/sign-in', { identifier: email, password }).expect(200)).body as Tokens;
    /** Keycloak takes nobody in while it still counts their sign-in before. */
    const signInAgain = async ({ email }: Pick<Somebody, 'email'>): Promise<Tokens> => {
      const tokens: Tokens[] = [];
      await eventually(async () => {
        const answer = await post('/auth/sign-in', { identifier: email, password: PASSWORD });
        if (answer.status === 200) tokens.push(answer.body as Tokens);
        return tokens.length > 0;
      });
      return tokens[0]!;
    };
    const isOver = async ({ accessToken, refreshToken }: Tokens): Promise<void> => {
      await me(accessToken).expect(401);
      await eventually(async () => !(await system.identityProvider.introspect(accessToken)).active);
      await refresh(refreshToken).expect(401);
    };
    /** One of the staff moves a person as they are now. */
    const move = async ({ personId }: Somebody, step: string): Promise<void> => {
      const path = `/admin/person/${personId}`;
      const { headers } = await ask('get', path, chief).expect(200);
      const moved = post(`${path}/${step}`, { reason: 'prueba' }, chief).set('if-match', String(headers['etag']));
      await moved.expect(200);
    };
    const ticketOf = async ({ requestId }: Receipt, address: string): Promise<string> => {
      const code = await mailedTo(system, address, CODE);
      const verified = await post('/otp/verify', { requestId, code }).expect(200);
      return (verified.body as { ticket: string }).ticket;
    };

    it('shuts out at once whom the staff disable, here and at the provider, until they let them in again', async () => {
      const worker = await addWorker();
      const tokens = await signIn(worker);
      await me(tokens.accessToken).expect(200);
      await move(worker, 'disable');
      await isOver(tokens);
      await refuse(worker);
      const isEnabled = async () => (await system.identityProvider.users.find({ id: worker.keycloakId }))!.enabled;
      await eventually(async () => !(await isEnabled()));
      await move(worker, 'enable');
      await eventually(isEnabled);
      await signInAgain(worker);
    });

    it('gives no tokens for a code of somebody who was disabled after it was given, here or at the provider', async () => {
      const { users } = system.identityProvider;
      const endings: readonly [string, (who: Somebody) => Promise<unknown>][] = [
        ['here', ({ personId }) => visitors.sql(`update person set status = 'disabled' where id = $1`, [personId])],
        ['at the provider', ({ keycloakId }) => users.update(keycloakId, { enabled: false })],
      ];
      for (const [where, disable] of endings) {
        const who = await visitors.addSomebody(companyId, ['admin'], PASSWORD);
        const away = await ask('get', '/admin/auth/start').expect(302);
        const [cookie] = away.headers['set-cookie'] as unknown as string[];
        const browser = openBrowser(`${system.url}/angelis/admin/auth/callback`);
        const { query } = await browser.signIn(String(away.headers['location']), who.email, PASSWORD);
        await disable(who);
        const entered = await ask('get', '/admin/auth/callback')
          .query(Object.fromEntries(query))
          .set({ cookie: cookie!.split(';')[0]! });
        expect([entered.status, (entered.body as { code: string }).code], where).to.deep.equal([403, 'NOT_ADMITTED']);
      }
    });

    it('renews no tokens of staff whose role of the realm is gone, or who are disabled in our rows', async () => {
      const gone: readonly [string, (keycloakId: string) => Promise<unknown>][] = [
        ['the role', (id) => system.identityProvider.users.setRoles(id, [])],
        [
          'the row',
          (id) =>
            visitors.sql(
              `update operator_user set status = 'disabled' where person_id = (select id from person where keycloak_id = $1)`,
              [id],
            ),
        ],
      ];
      for (const [what, take] of gone) {
        const first = await addStaffMember(system);
        await ask('get', '/admin/internal_user', first.accessToken).expect(200);
        const renewed = (await refresh(first.refreshToken, '/admin/auth').expect(200)).body as Tokens;
        await take(decodeJwt(first.accessToken).sub!);
        const answer = await refresh(renewed.refreshToken, '/admin/auth');
        expect([answer.status, (answer.body as { code: string }).code], what).to.deep.equal([401, 'INVALID_TOKEN']);
        expect(await system.identityProvider.introspect(renewed.accessToken), what).to.deep.equal({ active: false });
      }
    });

    it('has whom the staff ask choose another password, by a code that is mailed to them', async () => {
      const worker = await addWorker();
      const tokens = await signIn(worker);
      await me(tokens.accessToken).expect(200);
      await move(worker, 'require-new-password');
      await eventually(async () => (await me(tokens.accessToken)).status === 401);
      await isOver(tokens);
      await eventually(async () => (await system.identityProvider.users.passwordState(worker.keycloakId)).isRequired);
      await refuse(worker);
      const forgotten = await post('/auth/password/forgotten', { identifier: worker.email }).expect(202);
      const ticket = await ticketOf(forgotten.body as Receipt, worker.email);
      await post('/auth/password/reset', { ticket, password: NEW }).expect(204);
      await enter(worker.email, NEW);
      await refuse(worker);
    });

    it('changes a password for who knows it: the other sessions end, and this one goes on', async () => {
      const worker = await addWorker();
      const there = await signIn(worker);
      const here = await signInAgain(worker);
      for (const { accessToken } of [there, here]) await me(accessToken).expect(200);
      const change = (currentPassword: string) =>
        post('/auth/me/password', { currentPassword, newPassword: NEW }, here.accessToken);
      await change('not the password').expect(422);
      await eventually(async () => (await change(PASSWORD)).status === 204);
      await isOver(there);
      await me(here.accessToken).expect(200);
      await refresh(here.refreshToken).expect(200);
    });

    it('moves an address once the one before and the new one are proven, at the provider too', async () => {
      const worker = await addWorker();
      const { accessToken } = await signIn(worker);
      const fresh = `${randomUUID()}@example.cl`;
      const begun = await post('/auth/me/email', { email: fresh }, accessToken).expect(202);
      const receipts = begun.body as { current: Receipt; fresh: Receipt };
      const tickets = {
        current: await ticketOf(receipts.current, worker.email),
        fresh: await ticketOf(receipts.fresh, fresh),
      };
      await post('/auth/me/email/confirm', { ...tickets, fresh: 'made up' }, accessToken).expect(422);
      await post('/auth/me/email/confirm', tickets, accessToken).expect(204);
      const { users } = system.identityProvider;
      await eventually(async () => (await users.find({ email: fresh }))?.id === worker.keycloakId);
      expect(await users.find({ email: worker.email })).to.equal(undefined);
      await refuse(worker);
      await signInAgain({ email: fresh });
    });

    it('moves a phone once the one before and the new one are proven; the provider keeps who it is, and no number', async () => {
      const number = (): string => `+569${randomInt(10_000_000, 100_000_000)}`;
      const [phone, fresh, email] = [number(), number(), `${randomUUID()}@example.cl`];
      const login = { email, phone, password: PASSWORD };
      const worker = { ...(await addLogin(system, { companyId, roles: ['worker'], login })), email };
      const { accessToken, refreshToken } = await signIn(worker);
      const phoneNow = async () => ((await me(accessToken).expect(200)).body as { phone: string | null }).phone;
      const ticketBy = async ({ requestId }: Receipt, to: string): Promise<string> => {
        await eventually(() => Promise.resolve(system.textsOf(to).length > 0));
        const [text = ''] = system.textsOf(to);
        const verified = await post('/otp/verify', { requestId, code: CODE.exec(text)?.[1] }).expect(200);
        return (verified.body as { ticket: string }).ticket;
      };
      const { users } = system.identityProvider;
      const before = await users.find({ id: worker.keycloakId });

      const begun = await post('/auth/me/phone', { phone: fresh }, accessToken).expect(202);
      const receipts = begun.body as { current: Receipt; fresh: Receipt };
      const tickets = {
        current: await ticketBy(receipts.current, phone),
        fresh: await ticketBy(receipts.fresh, fresh),
      };
      const confirm = (sent: object) => post('/auth/me/phone/confirm', sent, accessToken);
      await confirm({ ...tickets, fresh: 'made up' }).expect(422);
      await confirm({ current: tickets.fresh, fresh: tickets.current }).expect(422);
      expect(await phoneNow()).to.equal(phone);
      await confirm(tickets).expect(204);
      expect(await phoneNow()).to.equal(fresh);
      await confirm(tickets).expect(422);

      await eventually(async () => (await system.mailsOf(email)).length > 0);
      expect(await users.find({ id: worker.keycloakId })).to.deep.equal(before);
      await refresh(refreshToken).expect(200);
    });

    it('lists where somebody is signed in; they end one of it, and an admin the rest', async () => {
      const worker = await addWorker();
      const there = await signIn(worker);
      const here = await signInAgain(worker);
      for (const { accessToken } of [there, here]) await me(accessToken).expect(200);
      type Listed = { items: { id: string; current: boolean }[] };
      const mine = (await ask('get', '/auth/me/sessions', here.accessToken).expect(200)).body as Listed;
      expect(mine.items.map(({ current }) => current)).to.have.members([true, false]);
      const other = mine.items.find(({ current }) => !current)!;
      await ask('delete', `/auth/me/sessions/${other.id}`, here.accessToken).expect(204);
      await isOver(there);
      await me(here.accessToken).expect(200);
      const path = `/admin/profile/${worker.profileId}/session`;
      const shown = (await ask('get', path, admin).expect(200)).body as Listed;
      expect(shown.items).to.have.length(1);
      expect((await post(`${path}/end-all`, undefined, admin).expect(200)).body).to.deep.equal({ ended: 1 });
      await isOver(here);
    });

    it('tells within a company whether a token is active, and ends the session of one that is revoked', async () => {
      const [asking, one, other] = [await addWorker(), await addWorker(), await addWorker()];
      const { accessToken: bearer } = await signIn(asking);
      const [first, second] = [await signIn(one), await signIn(other)];
      for (const { accessToken } of [first, second]) await me(accessToken).expect(200);
      const introspect = async (token: string): Promise<object> =>
        (await ask('post', '/auth/introspect', bearer).type('form').send({ token }).expect(200)).body as object;
      const revoke = (token: string) => ask('post', '/auth/revoke').type('form').send({ token }).expect(204);
      const seen = await introspect(first.accessToken);
      expect(seen).to.include({ active: true, sub: one.keycloakId, client_id: 'angelis-worker' });
      const stranger = await visitors.addSomebody(await system.addCompany(), ['worker'], PASSWORD);
      const theirs = await signIn(stranger);
      await me(theirs.accessToken).expect(200);
      for (const token of [theirs.accessToken, 'rubbish'])
        expect(await introspect(token)).to.deep.equal({ active: false });

      await revoke(first.accessToken);
      expect(await introspect(first.accessToken)).to.deep.equal({ active: false });
      await isOver(first);
      await revoke(second.refreshToken);
      await refresh(second.refreshToken).expect(401);
      await eventually(async () => (await me(second.accessToken)).status === 401);
      await revoke('rubbish');
    });
  });
