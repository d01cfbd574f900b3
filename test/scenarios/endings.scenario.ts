import { expect } from 'chai';
import { IdentityProviderError } from '../../src/platform/identity-provider/errors.ts';
import type { IdentityProvider, ProviderEventType, TokenSet } from '../../src/platform/identity-provider/port.ts';
import { openBrowser } from '../support/browser.ts';
import type { Browser } from '../support/browser.ts';
import { addLogin } from '../support/people.ts';
import type { TestSystem } from '../support/system.ts';
import { addStaffMember, CODE, eventually, mailedTo, PASSWORD, signInOnAdmin, visitorsOf } from './people.ts';
import type { Somebody, Tokens } from './people.ts';

const NEW = 'otra clave muy larga';

/** Sessions at the identity provider whose tokens nobody used: of one by a password, and of one at the page, with its cookie. */
interface Unused {
  readonly tokens: TokenSet;
  readonly page: Tokens;
  readonly browser: Browser;
}

/** What ends somebody's sessions ends those too that made no request, so that no row stands for them. */
export const endingsScenario = (name: string, start: () => Promise<TestSystem>): void =>
  void describe(`sessions that asked for nothing yet, on ${name}`, () => {
    let system: TestSystem;
    let companyId: string;
    let chief: string;
    let admin: string;
    const visitors = visitorsOf(() => system);
    const { ask, post, me, refresh, sql } = visitors;

    before(async () => {
      system = await start();
      companyId = await system.addCompany();
      chief = (await addStaffMember(system)).accessToken;
      const { email } = await visitors.addSomebody(companyId, ['owner'], PASSWORD);
      admin = (await signInOnAdmin(system, email)).accessToken;
    });
    after(() => system.stop());

    const addWorker = (): Promise<Somebody> => visitors.addSomebody(companyId, ['worker'], PASSWORD);
    const begin = async (): Promise<{ url: string; cookie: string }> => {
      const away = await ask('get', '/admin/auth/start').expect(302);
      const [cookie] = away.headers['set-cookie'] as unknown as string[];
      return { url: String(away.headers['location']), cookie: cookie!.split(';')[0]! };
    };
    /** Keycloak takes nobody in while it still counts their sign-in before. */
    const grant = async ({ personId }: Somebody, password = PASSWORD): Promise<TokenSet> => {
      const found: TokenSet[] = [];
      const attempt = { username: `u-${personId}`, password, address: '192.0.2.7' };
      await eventually(async () => {
        found.push(
          ...(await system.identityProvider
            .passwordGrant(attempt)
            .then((one) => [one])
            .catch(() => [])),
        );
        return found.length > 0;
      });
      return found[0]!;
    };
    const steal = async (who: Somebody): Promise<Unused> => {
      const tokens = await grant(who);
      const browser = openBrowser(`${system.url}/angelis/admin/auth/callback`);
      const { url, cookie } = await begin();
      const { query } = await browser.signIn(url, who.email, PASSWORD);
      const entered = await ask('get', '/admin/auth/callback')
        .query(Object.fromEntries(query))
        .set({ cookie })
        .expect(200);
      return { tokens, page: entered.body as Tokens, browser };
    };
    const areOver = async ({ tokens, page, browser }: Unused): Promise<void> => {
      await me(tokens.accessToken).expect(401);
      await me(page.accessToken, '/admin/auth').expect(401);
      await refresh(tokens.refreshToken).expect(401);
      await refresh(page.refreshToken, '/admin/auth').expect(401);
      const { url } = await begin();
      expect((await browser.visit(url)).back, 'the cookie of the page').to.equal(false);
    };
    const enter = async ({ email }: Somebody, password = PASSWORD): Promise<Tokens> => {
      const found: Tokens[] = [];
      await eventually(async () => {
        const answer = await post('/auth/sign-in', { identifier: email, password });
        if (answer.status === 200) found.push(answer.body as Tokens);
        return found.length > 0;
      });
      return found[0]!;
    };
    /** One who signed in and goes on. */
    const use = async (who: Somebody): Promise<Tokens> => {
      const tokens = await enter(who);
      await me(tokens.accessToken).expect(200);
      return tokens;
    };
    const goesOn = async ({ accessToken, refreshToken }: Tokens): Promise<void> => {
      await me(accessToken).expect(200);
      const { body } = await refresh(refreshToken).expect(200);
      await me((body as Tokens).accessToken).expect(200);
    };
    const move = async ({ personId }: Somebody, step: string): Promise<void> => {
      const path = `/admin/person/${personId}`;
      const { headers } = await ask('get', path, chief).expect(200);
      const moved = post(`${path}/${step}`, { reason: 'prueba' }, chief).set('if-match', String(headers['etag']));
      await moved.expect(200);
    };
    const reset = async ({ email }: Somebody): Promise<void> => {
      const { body } = await post('/auth/password/forgotten', { identifier: email }).expect(202);
      const code = await mailedTo(system, email, CODE);
      const { requestId } = body as { requestId: string };
      const verified = await post('/otp/verify', { requestId, code }).expect(200);
      const { ticket } = verified.body as { ticket: string };
      await post('/auth/password/reset', { ticket, password: NEW }).expect(204);
    };

    it('end with a password that is reset; whoever signs in at once after it is let in, by their first request too', async () => {
      const who = await addWorker();
      const unused = await steal(who);
      await reset(who);
      const fresh = await grant(who, NEW);
      await me(fresh.accessToken).expect(200);
      await areOver(unused);
      await goesOn(await enter(who, NEW));
    });

    it('end with a password that is changed; the session that changes it goes on', async () => {
      const who = await addWorker();
      const unused = await steal(who);
      const own = await use(who);
      const change = () => post('/auth/me/password', { currentPassword: PASSWORD, newPassword: NEW }, own.accessToken);
      await eventually(async () => (await change()).status === 204);
      await areOver(unused);
      await goesOn(own);
    });

    it('end when their person ends all others', async () => {
      const who = await addWorker();
      const unused = await steal(who);
      const own = await use(who);
      await post('/auth/me/sessions/end-others', undefined, own.accessToken).expect(200);
      await areOver(unused);
      await goesOn(own);
    });

    it('end when the staff end all', async () => {
      const who = await addWorker();
      const unused = await steal(who);
      await post(`/admin/person/${who.personId}/session/end-all`, undefined, chief).expect(200);
      await areOver(unused);
      await goesOn(await enter(who));
    });

    it('end when somebody is shut out, also where they are let in again at once', async () => {
      const who = await addWorker();
      const unused = await steal(who);
      await move(who, 'disable');
      await move(who, 'enable');
      const { users } = system.identityProvider;
      await eventually(async () => (await users.sessions(who.keycloakId)).length === 0);
      await eventually(async () => (await users.find({ id: who.keycloakId }))?.enabled === true);
      await areOver(unused);
      await goesOn(await enter(who));
    });

    it('end when a new password is required', async () => {
      const who = await addWorker();
      const unused = await steal(who);
      await move(who, 'require-new-password');
      await areOver(unused);
    });

    it('end when an admin signs somebody out of their company, and what lives elsewhere goes on', async () => {
      const who = await addWorker();
      const unused = await steal(who);
      await post(`/admin/profile/${who.profileId}/session/end-all`, undefined, admin).expect(200);
      await areOver(unused);
      await goesOn(await enter(who));
    });

    it('end so of somebody too who was in another company before, and of nobody who may act in one', async () => {
      const [left, stays] = [await addWorker(), await addWorker()];
      const second = await system.addCompany();
      for (const person of [left, stays]) {
        const { profileId } = await addLogin(system, { companyId: second, roles: ['worker'], person });
        if (person === left) await sql(`update profile set status = 'ended' where id = $1`, [profileId]);
      }
      const [unused, elsewhere] = [await steal(left), await steal(stays)];
      for (const { profileId } of [left, stays])
        await post(`/admin/profile/${profileId}/session/end-all`, undefined, admin).expect(200);
      await areOver(unused);
      await goesOn(elsewhere.tokens);
    });

    describe('where one of them is named', () => {
      const revoke = (token: string) => ask('post', '/auth/revoke').type('form').send({ token }).expect(204);
      /** Waits until what the provider tells of a session was read, without a request of it. */
      const isHeardOf = (sid: string, type: ProviderEventType, since: Date): Promise<void> =>
        eventually(async () => {
          const { events } = await system.identityProvider.events({ since });
          const ids = events.filter((event) => event.sid === sid && event.type === type).map(({ id }) => id);
          return (await sql('select 1 from provider_event where id = any($1)', [ids])).length > 0;
        });

      it('end with an access token that is revoked, alone', async () => {
        const who = await addWorker();
        const { tokens, page } = await steal(who);
        await revoke(tokens.accessToken);
        await me(tokens.accessToken).expect(401);
        await refresh(tokens.refreshToken).expect(401);
        await me(page.accessToken, '/admin/auth').expect(200);
      });

      it('end with a refresh token that is revoked, at once', async () => {
        const { tokens, page } = await steal(await addWorker());
        await revoke(tokens.refreshToken);
        await me(tokens.accessToken).expect(401);
        await me(page.accessToken, '/admin/auth').expect(200);
      });

      it('end with it at the provider', async () => {
        const { tokens, page } = await steal(await addWorker());
        const { sid } = tokens;
        const since = new Date(Date.now() - 60_000);
        await system.identityProvider.endSession(sid);
        await isHeardOf(sid, 'session_ended', since);
        await me(tokens.accessToken).expect(401);
        await me(page.accessToken, '/admin/auth').expect(200);
      });

      it('end with a refresh token that is used twice', async () => {
        const { tokens } = await steal(await addWorker());
        const client = 'angelis-worker';
        const { refreshToken } = tokens;
        const since = new Date(Date.now() - 60_000);
        const next = await system.identityProvider.refresh({ client, refreshToken });
        await refresh(refreshToken).expect(401);
        await isHeardOf(tokens.sid, 'refresh_failed', since);
        await me(tokens.accessToken).expect(401);
        await me(next.accessToken).expect(401);
      });
    });

    describe('where the provider did not answer', () => {
      /** Calls of users at the provider fail until what is done meanwhile is done. */
      const whileAway = async (
        names: readonly ('sessions' | 'find' | 'requireNewPassword')[],
        work: () => Promise<void>,
      ): Promise<void> => {
        const { users } = system.identityProvider;
        const before = Object.fromEntries(names.map((call) => [call, users[call]]));
        const away = () => Promise.reject(new IdentityProviderError('unavailable', 'away'));
        Object.assign(
          users,
          Object.fromEntries(names.map((call) => [call, away])) as Partial<IdentityProvider['users']>,
        );
        try {
          await work();
        } finally {
          Object.assign(users, before);
        }
      };
      /** As if their sessions had ended a minute ago. */
      const longAfter = ({ personId }: Somebody): Promise<object[]> =>
        sql(`update person set sessions_ended_at = sessions_ended_at - interval '1 minute' where id = $1`, [personId]);
      const waiting = async ({ personId }: Somebody): Promise<number> =>
        (await sql(`select 1 from outbox where payload->>'personId' = $1 and state = 'waiting'`, [personId])).length;

      it('end once it does', async () => {
        const who = await addWorker();
        const { tokens } = await steal(who);
        const { users } = system.identityProvider;
        await whileAway(['sessions'], async () => {
          await post(`/admin/person/${who.personId}/session/end-all`, undefined, chief).expect(200);
        });
        await me(tokens.accessToken).expect(401);
        expect(await users.sessions(who.keycloakId)).to.have.length(2);
        await eventually(async () => (await users.sessions(who.keycloakId)).length === 0);
      });

      it('renew nothing meanwhile, however long ago they were ended here', async () => {
        const who = await addWorker();
        const { tokens } = await steal(who);
        await whileAway(['sessions', 'find'], async () => {
          await move(who, 'disable');
          await move(who, 'enable');
          await longAfter(who);
          const client = 'angelis-worker';
          const { refreshToken, accessToken } = await system.identityProvider.refresh({ client, ...tokens });
          await me(accessToken).expect(401);
          await refresh(refreshToken).expect(401);
        });
        await eventually(async () => (await waiting(who)) === 0);
        await goesOn(await enter(who));
      });

      it('let nobody in by the password that is to be replaced, and leave the one that replaced it', async () => {
        const who = await addWorker();
        const unused = await steal(who);
        const meanwhile: TokenSet[] = [];
        await whileAway(['requireNewPassword'], async () => {
          await move(who, 'require-new-password');
          await areOver(unused);
          await eventually(async () => (await waiting(who)) === 1);
          meanwhile.push(await grant(who));
          await me(meanwhile[0]!.accessToken).expect(401);
          await post('/auth/sign-in', { identifier: who.email, password: PASSWORD }).expect(401);
          await reset(who);
        });
        await eventually(async () => (await waiting(who)) === 0);
        for (const { accessToken, refreshToken } of meanwhile) {
          await me(accessToken).expect(401);
          await refresh(refreshToken).expect(401);
        }
        await goesOn(await enter(who, NEW));
      });

      it('let nobody in who came by the password before it was gone there', async () => {
        const who = await addWorker();
        const meanwhile: TokenSet[] = [];
        await whileAway(['requireNewPassword'], async () => {
          await move(who, 'require-new-password');
          await eventually(async () => (await waiting(who)) === 1);
          await longAfter(who);
          meanwhile.push(await grant(who));
          await me(meanwhile[0]!.accessToken).expect(401);
        });
        await eventually(async () => (await waiting(who)) === 0);
        const { users } = system.identityProvider;
        expect(await users.passwordState(who.keycloakId)).to.include({ isSet: false, isRequired: true });
        await me(meanwhile[0]!.accessToken).expect(401);
        await reset(who);
        await goesOn(await enter(who, NEW));
      });
    });
  });
