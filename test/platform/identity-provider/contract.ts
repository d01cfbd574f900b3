import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { IdentityProvider, StaffRole, User } from '../../../src/platform/identity-provider/port.ts';
import { signInByBrowser } from './browser.ts';
import { administrationContract } from './contract-administration.ts';
import { ADDRESS, callsOf, codeOf, PASSWORD } from './support.ts';

/** A running provider: reachable over HTTP at its own issuer URL. */
export interface ProviderUnderTest {
  provider: IdentityProvider;
  redirectUri: string;
  /** Resolves once back-channel notices sent so far have arrived; the session ids they named. */
  loggedOut: () => Promise<readonly string[]>;
  stop: () => Promise<void>;
}

/** What every identity provider does, whichever it is. */
export function identityProviderContract(name: string, start: () => Promise<ProviderUnderTest>): void {
  describe(`identity provider contract: ${name}`, () => {
    let running: ProviderUnderTest;
    let provider: IdentityProvider;

    before(async () => {
      running = await start();
      ({ provider } = running);
    });
    after(() => running.stop());

    const calls = callsOf(() => provider);
    const { newUser, signIn, signInTwice, refresh, isActive } = calls;

    describe('password', () => {
      it('signs in with a token for this system that the published keys verify', async () => {
        const { id, accessToken, expiresIn, refreshExpiresIn, sid, userId } = await signIn();
        const keys = createRemoteJWKSet(new URL(provider.jwksUri));
        const { payload } = await jwtVerify(accessToken, keys, {
          issuer: provider.issuer,
          audience: 'angelis-api',
          algorithms: ['RS256'],
        });
        expect(payload).to.include({ sub: id, typ: 'Bearer', azp: 'angelis-worker', sid });
        expect(userId).to.equal(id);
        // Whole seconds left, here too.
        expect(expiresIn).to.be.within(240, 300);
        expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.equal(300);
        // Whole seconds left when the answer was made.
        expect(refreshExpiresIn).to.be.within(8 * 3600 - 60, 8 * 3600);
      });

      it('keeps names and email out of the token', async () => {
        const user = await newUser({ firstName: 'Rosa', lastName: 'Quispe' });
        const { accessToken } = await signIn(user);
        expect(JSON.stringify(decodeJwt(accessToken))).to.not.match(/Rosa|Quispe|example\.test/);
      });

      it('knows the person by email too, in any case', async () => {
        const user = await newUser();
        const username = (user.email ?? '').toUpperCase();
        const tokens = await provider.passwordGrant({ username, password: PASSWORD, address: ADDRESS });
        expect(tokens.userId).to.equal(user.id);
      });

      it('answers a wrong password, an unknown account and one without a password alike', async () => {
        const [known, bare] = [await newUser(), await newUser({ password: undefined })];
        for (const username of [known.username, bare.username, randomUUID()]) {
          const attempt = provider.passwordGrant({ username, password: 'wrong-password', address: ADDRESS });
          expect(await codeOf(attempt)).to.equal('invalid_credentials');
        }
      });

      it('tells a disabled account only to who knows its password', async () => {
        const { id, username } = await newUser();
        await provider.users.update(id, { enabled: false });
        const right = provider.passwordGrant({ username, password: PASSWORD, address: ADDRESS });
        expect(await codeOf(right)).to.equal('account_disabled');
        const wrong = provider.passwordGrant({ username, password: 'wrong-password', address: ADDRESS });
        expect(await codeOf(wrong)).to.equal('invalid_credentials');
        await provider.users.update(id, { enabled: true });
      });

      it('locks after two failures at once, answers as for a wrong password, and opens with a new password', async () => {
        const user = await newUser();
        const { id, username } = user;
        const attempt = (password: string) => provider.passwordGrant({ username, password, address: ADDRESS });
        expect(await codeOf(attempt('wrong-password'))).to.equal('invalid_credentials');
        expect(await codeOf(attempt('wrong-password'))).to.equal('invalid_credentials');
        expect(await codeOf(attempt(PASSWORD))).to.equal('invalid_credentials');
        expect(await codeOf(provider.otpGrant({ username, address: ADDRESS }))).to.equal('invalid_credentials');
        const locked = { isSet: true, isRequired: false, isLocked: true };
        expect(await provider.users.passwordState(id)).to.deep.equal(locked);
        await provider.users.setPassword(id, PASSWORD);
        expect(await provider.users.passwordState(id)).to.deep.equal({ ...locked, isLocked: false });
        expect((await attempt(PASSWORD)).userId).to.equal(id);
      });

      it('is verified without leaving a session', async () => {
        const { username } = await newUser();
        const verify = (password: string) => provider.verifyPassword({ username, password, address: ADDRESS });
        const since = new Date(Date.now() - 1000);
        expect(await verify(PASSWORD)).to.equal(true);
        const signIns = (await provider.events({ since })).events.filter(({ type }) => type === 'sign_in');
        const ended = (await provider.events({ since })).events.filter(({ type }) => type === 'session_ended');
        expect(ended.map(({ sid }) => sid)).to.include(signIns.at(-1)?.sid);
        expect(await verify('wrong-password')).to.equal(false);
      });
    });

    describe('our own one-time password', () => {
      it('opens a session of its own client, which refreshes and ends', async () => {
        const { id, username } = await newUser({ password: undefined });
        const tokens = await provider.otpGrant({ username, address: ADDRESS });
        expect(decodeJwt(tokens.accessToken)).to.include({ sub: id, azp: 'angelis-otp', aud: 'angelis-api' });
        const client = 'angelis-otp' as const;
        const next = await provider.refresh({ client, refreshToken: tokens.refreshToken });
        expect(next.sid).to.equal(tokens.sid);
        await provider.logout({ client, refreshToken: next.refreshToken });
        expect(await codeOf(provider.refresh({ client, refreshToken: next.refreshToken }))).to.equal(
          'token_not_active',
        );
      });

      it('opens nothing for an unknown or disabled account', async () => {
        const { username } = await newUser({ enabled: false });
        expect(await codeOf(provider.otpGrant({ username, address: ADDRESS }))).to.equal('invalid_credentials');
        const unknown = provider.otpGrant({ username: randomUUID(), address: ADDRESS });
        expect(await codeOf(unknown)).to.equal('invalid_credentials');
      });

      it('never carries staff roles, and neither does a password', async () => {
        const [one, other] = [await newUser(), await newUser()];
        const byOtp = await provider.otpGrant({ username: one.username, address: ADDRESS });
        const byPassword = await signIn(other);
        for (const { id } of [one, other]) await provider.users.setRoles(id, ['operator-superadmin']);
        const answers = [
          [one.id, await provider.refresh({ client: 'angelis-otp', refreshToken: byOtp.refreshToken })],
          [other.id, await refresh(byPassword.refreshToken)],
        ] as const;
        for (const [sub, { accessToken }] of answers) {
          expect(decodeJwt(accessToken)).to.include({ sub }).and.not.have.property('realm_access');
        }
      });
    });

    describe('code and PKCE', () => {
      const browse = async (user: User, nonce = 'n-1') => {
        const verifier = randomBytes(32).toString('base64url');
        const challenge = createHash('sha256').update(verifier).digest('base64url');
        const { redirectUri } = running;
        const url = provider.authorizationUrl({ state: 'st&<>"', nonce, challenge, redirectUri });
        const back = await signInByBrowser(url, user.username, PASSWORD);
        expect(back.get('state')).to.equal('st&<>"');
        expect(back.get('iss')).to.equal(provider.issuer);
        return { code: back.get('code') ?? '', verifier, redirectUri, nonce };
      };

      it('signs in on the admin client', async () => {
        const user = await newUser();
        const tokens = await provider.exchangeCode(await browse(user));
        expect(decodeJwt(tokens.accessToken)).to.include({ sub: user.id, azp: 'angelis-admin', sid: tokens.sid });
        expect(tokens.idToken).to.be.a('string');
        const next = await provider.refresh({ client: 'angelis-admin', refreshToken: tokens.refreshToken });
        expect(next.sid).to.equal(tokens.sid);
      });

      it('a code used twice ends what it opened', async () => {
        const redeem = await browse(await newUser());
        const tokens = await provider.exchangeCode(redeem);
        expect(await codeOf(provider.exchangeCode(redeem))).to.equal('token_not_active');
        const next = provider.refresh({ client: 'angelis-admin', refreshToken: tokens.refreshToken });
        expect(await codeOf(next)).to.equal('token_not_active');
        expect(await isActive(tokens.accessToken)).to.equal(false);
      });

      it('refuses another verifier, redirect or nonce, and spends the code', async () => {
        // A person each: Keycloak takes nobody in while it still counts their sign-in before.
        const first = await browse(await newUser());
        const other = { ...first, verifier: randomBytes(32).toString('base64url') };
        expect(await codeOf(provider.exchangeCode(other))).to.equal('token_not_active');
        expect(await codeOf(provider.exchangeCode(first))).to.equal('token_not_active');
        const second = await browse(await newUser());
        const elsewhere = { ...second, redirectUri: 'https://elsewhere.example/' };
        expect(await codeOf(provider.exchangeCode(elsewhere))).to.equal('token_not_active');
        const third = { ...(await browse(await newUser())), nonce: 'another' };
        expect(await codeOf(provider.exchangeCode(third))).to.equal('token_not_active');
      });

      it('leads back with an error when there is no PKCE, and nowhere for another redirect', async () => {
        const url = new URL(
          provider.authorizationUrl({
            state: 's',
            nonce: 'n',
            challenge: 'c'.repeat(43),
            redirectUri: running.redirectUri,
          }),
        );
        url.searchParams.delete('code_challenge_method');
        url.searchParams.delete('code_challenge');
        const missing = await fetch(url, { redirect: 'manual' });
        expect(missing.status).to.equal(302);
        const back = new URL(missing.headers.get('location') ?? '');
        expect(back.searchParams.get('error')).to.equal('invalid_request');
        expect(back.searchParams.get('state')).to.equal('s');
        url.searchParams.set('redirect_uri', 'https://elsewhere.example/');
        const elsewhere = await fetch(url, { redirect: 'manual' });
        expect(elsewhere.status).to.equal(400);
        expect(elsewhere.headers.get('location')).to.equal(null);
      });

      it('carries staff roles, and no others', async () => {
        const user = await newUser();
        const roles: StaffRole[] = ['operator-auditor', 'operator-support'];
        await provider.users.setRoles(user.id, roles);
        expect((await provider.users.roles(user.id)).toSorted()).to.deep.equal(roles);
        await provider.users.setRoles(user.id, ['operator-support']);
        expect(await provider.users.roles(user.id)).to.deep.equal(['operator-support']);
        await provider.users.setRoles(user.id, []);
        expect(await provider.users.roles(user.id)).to.deep.equal([]);
      });
    });

    describe('refresh', () => {
      it('rotates inside the session', async () => {
        const first = await signIn();
        const second = await refresh(first.refreshToken);
        expect(second.sid).to.equal(first.sid);
        expect(second.refreshToken).to.not.equal(first.refreshToken);
        expect((await refresh(second.refreshToken)).sid).to.equal(first.sid);
      });

      it('kills the family when a token is used twice', async () => {
        const first = await signIn();
        const second = await refresh(first.refreshToken);
        expect(await codeOf(refresh(first.refreshToken))).to.equal('token_not_active');
        expect(await codeOf(refresh(second.refreshToken))).to.equal('token_not_active');
        expect(await isActive(second.accessToken)).to.equal(false);
      });

      it('refuses rubbish, an access token and another client’s token', async () => {
        const { accessToken, refreshToken } = await signIn();
        for (const rubbish of ['rubbish', 'x'.repeat(4_000), 'x'.repeat(4_001), 'x'.repeat(8_192)])
          expect(await codeOf(refresh(rubbish))).to.equal('token_not_active');
        expect(await codeOf(refresh(accessToken))).to.equal('token_not_active');
        expect(await codeOf(provider.refresh({ client: 'angelis-admin', refreshToken }))).to.equal('token_not_active');
        expect(await codeOf(provider.refresh({ client: 'angelis-otp', refreshToken }))).to.equal('token_not_active');
      });

      it('stops while the account is disabled', async () => {
        const { id, accessToken, refreshToken } = await signIn();
        await provider.users.update(id, { enabled: false });
        expect(await codeOf(refresh(refreshToken))).to.equal('account_disabled');
        expect(await isActive(accessToken)).to.equal(false);
      });
    });

    describe('ending', () => {
      it('logs out one session, twice without complaint, and tells the service', async () => {
        const user = await newUser();
        const [one, other] = await signInTwice(user);
        const logout = () => provider.logout({ client: 'angelis-worker', refreshToken: one.refreshToken });
        expect(await logout()).to.equal(one.sid);
        expect(await isActive(one.accessToken)).to.equal(false);
        expect(await codeOf(refresh(one.refreshToken))).to.equal('token_not_active');
        await logout();
        expect(await isActive(other.accessToken)).to.equal(true);
        expect(await running.loggedOut())
          .to.include(one.sid)
          .and.not.include(other.sid);
      });

      it('leaves a session be when another client, or rubbish, asks', async () => {
        const { accessToken, refreshToken } = await signIn();
        for (const client of ['angelis-admin', 'angelis-otp'] as const)
          expect(await provider.logout({ client, refreshToken })).to.equal(undefined);
        expect(await provider.logout({ client: 'angelis-worker', refreshToken: 'rubbish' })).to.equal(undefined);
        expect(await isActive(accessToken)).to.equal(true);
      });

      it('ends a session by its id, twice without complaint, and tells the service', async () => {
        const { sid, accessToken, refreshToken } = await signIn();
        await provider.endSession(sid);
        expect(await isActive(accessToken)).to.equal(false);
        expect(await codeOf(refresh(refreshToken))).to.equal('token_not_active');
        await provider.endSession(sid);
        expect(await running.loggedOut()).to.include(sid);
      });

      it('ends all sessions of a person', async () => {
        const [user, bystander] = [await newUser(), await signIn()];
        const [one, other] = await signInTwice(user);
        await provider.logoutAll(user.id);
        expect(await codeOf(refresh(one.refreshToken))).to.equal('token_not_active');
        expect(await codeOf(refresh(other.refreshToken))).to.equal('token_not_active');
        expect(await isActive(bystander.accessToken)).to.equal(true);
        expect(await codeOf(provider.logoutAll(randomUUID()))).to.equal('not_found');
      });

      it('lists those of a person that live, used or not', async () => {
        const [user, bystander] = [await newUser(), await signIn()];
        const since = Math.floor(Date.now() / 1000) * 1000;
        const [one, other] = await signInTwice(user);
        const found = await provider.users.sessions(user.id);
        expect(found.map(({ sid }) => sid)).to.have.members([one.sid, other.sid]);
        for (const { startedAt } of found) expect(startedAt.getTime()).to.be.within(since, Date.now());
        await provider.endSession(one.sid);
        expect((await provider.users.sessions(user.id)).map(({ sid }) => sid)).to.deep.equal([other.sid]);
        expect((await provider.users.sessions(bystander.id)).map(({ sid }) => sid)).to.deep.equal([bystander.sid]);
        expect(await provider.users.sessions(randomUUID())).to.deep.equal([]);
      });

      it('a new password leaves sessions be: the caller ends them', async () => {
        const { id, refreshToken } = await signIn();
        await provider.users.setPassword(id, 'another-long-password');
        expect(await codeOf(refresh(refreshToken))).to.equal('no error');
      });
    });

    describe('introspection', () => {
      it('names person, client and session of a live token', async () => {
        const { id, accessToken, sid } = await signIn();
        const answer = await provider.introspect(accessToken);
        expect(answer).to.include({ active: true, userId: id, clientId: 'angelis-worker', sid });
      });

      it('says no more than inactive of anything else', async () => {
        const { refreshToken } = await signIn();
        expect(await provider.introspect('rubbish')).to.deep.equal({ active: false });
        expect(await provider.introspect(refreshToken)).to.deep.equal({ active: false });
      });
    });

    administrationContract(() => provider, calls);
  });
}
