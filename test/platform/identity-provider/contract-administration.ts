import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import type { IdentityProvider, ProviderEventType, User } from '../../../src/platform/identity-provider/port.ts';
import { BRUTE_FORCE, plainName } from '../../../src/platform/identity-provider/realm.ts';
import { ADDRESS, codeOf, PASSWORD } from './support.ts';
import type { ProviderCalls } from './support.ts';

/** The contract's part about users, machine clients and events; `get` gives the provider once it runs. */
export function administrationContract(get: () => IdentityProvider, calls: ProviderCalls): void {
  const { newUser, signIn, refresh, isActive } = calls;
  let provider: IdentityProvider;
  before(() => {
    provider = get();
  });

  describe('users', () => {
    it('are made, found, changed and removed', async () => {
      const username = randomUUID();
      const email = `${username}@example.test`;
      const names = { firstName: 'Inés', lastName: 'Ñancupil' };
      const created = await newUser({ username, email, ...names, emailVerified: false });
      const expected = { id: created.id, username, email, ...names, enabled: true, emailVerified: false };
      expect(created).to.deep.equal(expected);
      for (const query of [{ id: created.id }, { username }, { email }]) {
        expect(await provider.users.find(query)).to.deep.equal(expected);
      }
      const change = { email: `new-${email}`, emailVerified: true, firstName: 'Ana', enabled: false };
      await provider.users.update(created.id, change);
      expect(await provider.users.find({ id: created.id })).to.deep.equal({ ...expected, ...change });
      expect(await provider.users.find({ email })).to.equal(undefined);
      await provider.users.remove(created.id);
      expect(await provider.users.find({ id: created.id })).to.equal(undefined);
      expect(await codeOf(provider.users.remove(created.id))).to.equal('not_found');
    });

    it('say when their password was set', async () => {
      const { id } = await newUser({ password: undefined });
      expect(await provider.users.passwordSetAt(id)).to.equal(undefined);
      await provider.users.setPassword(id, PASSWORD);
      const first = (await provider.users.passwordSetAt(id))!;
      await sleep(20);
      await provider.users.setPassword(id, `${PASSWORD} too`);
      expect(await provider.users.passwordSetAt(id)).to.be.above(first);
    });

    it('need neither email nor names', async () => {
      const user = await newUser({ email: undefined });
      expect((await signIn(user)).userId).to.equal(user.id);
    });

    it('have names as they are sent, without what the provider refuses', async () => {
      const names = {
        firstName: plainName('Ana (la otra) <&> "x" $%!#?§;*~/\\|^=[]{}'),
        lastName: plainName('¡O’Higgins-Ñu!'),
      };
      expect(names).to.deep.equal({ firstName: 'Ana la otra x', lastName: '¡O’Higgins-Ñu' });
      const { id } = await newUser(names);
      expect(await provider.users.find({ id })).to.include(names);
    });

    it('are read in pages, in the order of their usernames, and by role', async () => {
      const made = [await newUser(), await newUser(), await newUser()];
      const [first] = made.toSorted((one, other) => (one.username < other.username ? -1 : 1));
      await provider.users.setRoles(first!.id, ['operator-auditor']);
      const all: User[] = [];
      for (let size = 2; size === 2;) {
        const page = await provider.users.page({ first: all.length, max: 2 });
        all.push(...page);
        size = page.length;
      }
      const ids = new Set(made.map(({ id }) => id));
      const mine = all.filter(({ id }) => ids.has(id));
      expect(mine).to.deep.equal(made.toSorted((one, other) => (one.username < other.username ? -1 : 1)));
      expect(await provider.users.holders('operator-auditor')).to.include(first!.id);
      expect(await provider.users.holders('operator-support')).to.not.include(first!.id);
    });

    it('have usernames and emails of their own', async () => {
      const [one, other] = [await newUser(), await newUser()];
      const email = one.email?.toUpperCase() ?? '';
      expect(await codeOf(newUser({ username: one.username }))).to.equal('conflict');
      expect(await codeOf(newUser({ email }))).to.equal('conflict');
      expect(await codeOf(provider.users.update(other.id, { email }))).to.equal('conflict');
      expect(await codeOf(provider.users.update(one.id, { email }))).to.equal('no error');
    });

    it('have passwords of 10 to 128 characters, whatever they take', async () => {
      const { id } = await newUser();
      const refused = ['too-short', 'x'.repeat(257)];
      for (const password of refused) {
        expect(await codeOf(newUser({ password }))).to.equal('password_refused');
        expect(await codeOf(provider.users.setPassword(id, password))).to.equal('password_refused');
      }
      for (const password of ['x'.repeat(128), '🔑'.repeat(128)])
        expect(await codeOf(provider.users.setPassword(id, password))).to.equal('no error');
    });

    it('of whom a new password is required sign in with that only', async () => {
      const user = await newUser();
      const { id, username } = user;
      await provider.users.requireNewPassword(id);
      expect(await provider.users.passwordState(id)).to.include({ isSet: false, isRequired: true });
      expect(await provider.users.passwordSetAt(id)).to.equal(undefined);
      expect(await codeOf(signIn(user))).to.equal('invalid_credentials');
      expect(await provider.verifyPassword({ username, password: PASSWORD, address: ADDRESS })).to.equal(false);
      expect(await codeOf(provider.otpGrant({ username, address: ADDRESS }))).to.equal('invalid_credentials');
      await provider.users.setPassword(id, PASSWORD);
      expect(await provider.users.passwordState(id)).to.include({ isSet: true, isRequired: false });
      expect(await codeOf(signIn(user))).to.equal('no error');
      expect(await codeOf(provider.users.requireNewPassword(randomUUID()))).to.equal('not_found');
    });

    it('have no second factor that could be taken away, unless they set one up', async () => {
      const { id, username } = await newUser();
      expect(await provider.users.hasSecondFactor(username)).to.equal(false);
      expect(await provider.users.removeSecondFactor(id)).to.equal(false);
      expect(await codeOf(provider.users.removeSecondFactor(randomUUID()))).to.equal('not_found');
    });

    it('without a password fail and are locked as others are, until they get their first', async () => {
      const user = await newUser({ password: undefined });
      const { id, username } = user;
      const none = { isSet: false, isRequired: false, isLocked: false };
      expect(await provider.users.passwordState(id)).to.deep.equal(none);
      for (let failure = 1; failure <= BRUTE_FORCE.failures; failure++)
        expect(await codeOf(provider.passwordGrant({ username, password: PASSWORD, address: ADDRESS }))).to.equal(
          'invalid_credentials',
        );
      expect(await provider.users.passwordState(id)).to.deep.equal({ ...none, isLocked: true });
      await provider.users.setPassword(id, PASSWORD);
      expect(await codeOf(signIn(user))).to.equal('no error');
    });

    it('that do not exist are not found', async () => {
      const id = randomUUID();
      expect(await provider.users.find({ username: id })).to.equal(undefined);
      expect(await codeOf(provider.users.update(id, { enabled: false }))).to.equal('not_found');
      expect(await codeOf(provider.users.setPassword(id, PASSWORD))).to.equal('not_found');
      expect(await codeOf(provider.users.passwordState(id))).to.equal('not_found');
      expect(await codeOf(provider.users.roles(id))).to.equal('not_found');
      expect(await codeOf(provider.users.setRoles(id, []))).to.equal('not_found');
    });

    it('removed, are signed out', async () => {
      const { id, accessToken, refreshToken } = await signIn();
      await provider.users.remove(id);
      expect(await isActive(accessToken)).to.equal(false);
      expect(await codeOf(refresh(refreshToken))).to.equal('token_not_active');
    });
  });

  describe('machine clients', () => {
    it('get a token for this system with their secret, until it is rotated, disabled or removed', async () => {
      const clientId = `angelis-machine-${randomUUID()}`;
      const created = await provider.machineClients.create({ clientId, name: 'Payroll' });
      const sign = (clientSecret: string) => provider.clientCredentials({ clientId, clientSecret });
      const token = await sign(created.secret);
      expect(decodeJwt(token.accessToken)).to.include({ azp: clientId, aud: 'angelis-api', typ: 'Bearer' });
      expect(decodeJwt(token.accessToken)).to.not.have.property('sid');
      expect(token.expiresIn).to.equal(300);
      expect(await isActive(token.accessToken)).to.equal(true);

      const { secret } = await provider.machineClients.rotateSecret(clientId);
      expect(await codeOf(sign(created.secret))).to.equal('invalid_credentials');
      expect(await codeOf(sign(secret))).to.equal('no error');
      await provider.machineClients.setEnabled(clientId, false);
      expect(await provider.machineClients.list()).to.deep.include({ clientId, enabled: false });
      expect(await codeOf(sign(secret))).to.equal('invalid_credentials');
      expect(await isActive(token.accessToken)).to.equal(false);
      await provider.machineClients.setEnabled(clientId, true);
      expect(await codeOf(sign(secret))).to.equal('no error');
      await provider.machineClients.remove(clientId);
      expect(await codeOf(sign(secret))).to.equal('invalid_credentials');
    });

    it('get tokens that name the scopes they ask for, and no others', async () => {
      const clientId = `angelis-machine-${randomUUID()}`;
      const { secret: clientSecret } = await provider.machineClients.create({ clientId, name: 'Gate' });
      const scopeOf = async (scopes?: readonly string[]): Promise<string[]> => {
        const { accessToken } = await provider.clientCredentials({
          clientId,
          clientSecret,
          ...(scopes && { scopes }),
        });
        const { scope = '' } = decodeJwt<{ scope?: string }>(accessToken);
        return scope.split(' ').filter((word) => word.includes(':'));
      };
      const [first, second] = ['gate:decision:ask', `test:${randomUUID()}:read`];
      expect(await scopeOf()).to.deep.equal([]);
      expect(await scopeOf([first])).to.deep.equal([first]);
      expect(await scopeOf([first, second])).to.have.members([first, second]);
      expect(await scopeOf([first])).to.deep.equal([first]);
      expect(await scopeOf()).to.deep.equal([]);
      const guess = provider.clientCredentials({ clientId, clientSecret: 'wrong', scopes: ['gate:decision:read'] });
      expect(await codeOf(guess)).to.equal('invalid_credentials');
      await provider.machineClients.remove(clientId);
    });

    it('have ids of their own, and exist before they are changed', async () => {
      const clientId = `angelis-machine-${randomUUID()}`;
      await provider.machineClients.create({ clientId, name: 'One' });
      expect(await codeOf(provider.machineClients.create({ clientId, name: 'Two' }))).to.equal('conflict');
      await provider.machineClients.remove(clientId);
      expect(await codeOf(provider.machineClients.rotateSecret(clientId))).to.equal('not_found');
      expect(await codeOf(provider.machineClients.setEnabled(clientId, true))).to.equal('not_found');
      expect(await codeOf(provider.machineClients.remove(clientId))).to.equal('not_found');
    });
  });

  describe('events', () => {
    it('tell what happened to a person, in order, with address and session, under lasting ids', async () => {
      const since = new Date(Date.now() - 1000);
      const user = await newUser();
      const { id, username } = user;
      const tokens = await signIn(user);
      // As many as lock an account however far apart they come; two in one second lock it at once.
      for (let failure = 1; failure <= BRUTE_FORCE.failures; failure++)
        await codeOf(provider.passwordGrant({ username, password: 'wrong-password', address: ADDRESS }));
      await provider.users.setPassword(id, PASSWORD);
      await provider.users.update(id, { firstName: 'Ana' });
      await provider.logout({ client: 'angelis-worker', refreshToken: tokens.refreshToken });
      await codeOf(refresh(tokens.refreshToken));
      await provider.logoutAll(id);
      await provider.users.remove(id);

      const events = (await provider.events({ since })).events.filter(({ userId }) => userId === id);
      const types = events.map(({ type }) => type);
      const once = (type: ProviderEventType) => events.find((event) => event.type === type);
      expect(once('sign_in')).to.include({ sid: tokens.sid, clientId: 'angelis-worker', address: ADDRESS });
      expect(once('sign_in_failed')).to.include({ clientId: 'angelis-worker', address: ADDRESS });
      expect(once('sign_in_failed')?.error).to.be.oneOf(['invalid_user_credentials', 'user_temporarily_disabled']);
      expect(once('session_ended')).to.include({ sid: tokens.sid });
      expect(types).to.include.members(['locked', 'credential_changed', 'user_changed', 'sessions_ended']);
      expect(types.at(-1)).to.equal('user_removed');
      const times = events.map(({ at }) => at.getTime());
      expect(times).to.deep.equal(times.toSorted((one, other) => one - other));
      const again = (await provider.events({ since })).events.filter(({ userId }) => userId === id);
      expect(again.map((event) => event.id)).to.deep.equal(events.map((event) => event.id));
      expect(new Set(events.map((event) => event.id)).size).to.equal(events.length);
    });

    it('name a session that an administrator ended, and a refresh that was refused', async () => {
      const since = new Date(Date.now() - 1000);
      const first = await signIn();
      await refresh(first.refreshToken);
      await codeOf(refresh(first.refreshToken));
      const second = await signIn();
      await provider.endSession(second.sid);
      const { events } = await provider.events({ since });
      expect(events.find(({ type, sid }) => type === 'refresh_failed' && sid === first.sid)).to.not.equal(undefined);
      expect(events.find(({ type, sid }) => type === 'session_ended' && sid === second.sid)).to.not.equal(undefined);
    });
  });
}
