import { expect } from 'chai';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { createLocalIdentityProvider } from '../../../src/platform/identity-provider/local.ts';
import type { LocalIdentityProvider } from '../../../src/platform/identity-provider/local.ts';

import { ADDRESS, codeOf, PASSWORD } from './support.ts';

const ISSUER = 'http://127.0.0.1:3000/realms/angelis';
const MINUTE = 60_000;

describe('development issuer', () => {
  let clock: Date;
  const now = (): Date => clock;
  const pass = (milliseconds: number): void => {
    clock = new Date(clock.getTime() + milliseconds);
  };
  const open = (folder?: string): Promise<LocalIdentityProvider> =>
    createLocalIdentityProvider({
      issuer: ISSUER,
      now,
      environment: { nodeEnv: 'test', appEnv: 'development' },
      redirectUris: [],
      ...(folder === undefined ? {} : { folder }),
    });
  const rosa = (provider: LocalIdentityProvider) =>
    provider.users.create({
      username: 'rosa',
      email: 'rosa@example.test',
      enabled: true,
      emailVerified: true,
      password: PASSWORD,
    });
  const attempt = (provider: LocalIdentityProvider, password = PASSWORD, username = 'rosa') =>
    provider.passwordGrant({ username, password, address: ADDRESS });

  beforeEach(() => {
    clock = new Date('2026-03-01T12:00:00Z');
  });

  it('does not run in production', async () => {
    for (const environment of [{ nodeEnv: 'production' }, { appEnv: 'production' }]) {
      const error = await createLocalIdentityProvider({ issuer: ISSUER, now, environment, redirectUris: [] }).catch(
        (caught: unknown) => caught,
      );
      expect(error)
        .to.be.instanceOf(Error)
        .with.property('message')
        .match(/does not run in production/);
    }
  });

  describe('brute-force protection', () => {
    let provider: LocalIdentityProvider;
    beforeEach(async () => {
      provider = await open();
      await rosa(provider);
    });
    afterEach(() => provider.close());

    const fail = async (times: number, apart: number): Promise<void> => {
      for (let count = 0; count < times; count += 1) {
        expect(await codeOf(attempt(provider, 'wrong-password'))).to.equal('invalid_credentials');
        pass(apart);
      }
    };

    it('locks for 5 minutes at the fifth failure', async () => {
      await fail(4, 2000);
      expect(await codeOf(attempt(provider))).to.equal('no error');
      await fail(4, 2000);
      await fail(1, 0);
      expect(await codeOf(attempt(provider)), 'locked').to.equal('invalid_credentials');
      pass(5 * MINUTE - 1);
      expect(await codeOf(attempt(provider)), 'still locked').to.equal('invalid_credentials');
      pass(1);
      expect(await codeOf(attempt(provider)), 'open').to.equal('no error');
    });

    it('waits longer with every five failures, at most 40 minutes', async () => {
      const waits: number[] = [];
      for (let fives = 1; fives <= 10; fives += 1) {
        await fail(5, 41 * MINUTE);
        pass(-41 * MINUTE);
        let minutes = 0;
        while (
          minutes < 60 &&
          (await codeOf(provider.otpGrant({ username: 'rosa', address: ADDRESS }))) !== 'no error'
        ) {
          pass(MINUTE);
          minutes += 1;
        }
        waits.push(minutes);
        // The sign-in that found the lock open has cleared the count: fail up to where it was.
        await fail(fives * 5, 41 * MINUTE);
      }
      expect(waits).to.deep.equal([5, 10, 15, 20, 25, 30, 35, 40, 40, 40]);
    });

    it('locks for a minute after two failures within a second', async () => {
      await fail(2, 999);
      expect(await codeOf(attempt(provider))).to.equal('invalid_credentials');
      pass(MINUTE);
      expect(await codeOf(attempt(provider))).to.equal('no error');
    });

    it('forgets failures after twelve quiet hours', async () => {
      await fail(4, 2000);
      pass(12 * 60 * MINUTE);
      await fail(1, 2000);
      expect(await codeOf(attempt(provider))).to.equal('no error');
    });

    it('counts parallel guesses one by one', async () => {
      const guesses = Array.from({ length: 40 }, (_none, count) => attempt(provider, `wrong-password-${count}`));
      const codes = await Promise.all([...guesses, attempt(provider)].map(codeOf));
      expect(new Set(codes)).to.deep.equal(new Set(['invalid_credentials']));
      const failures = (await provider.events({ since: new Date(0) })).events.filter(
        ({ type }) => type === 'sign_in_failed',
      );
      expect(failures.filter(({ error }) => error === 'invalid_user_credentials')).to.have.length(2);
      expect(failures.filter(({ error }) => error === 'user_temporarily_disabled')).to.have.length(39);
    });

    it('counts per person', async () => {
      await provider.addUsers([{ username: 'juan', enabled: true, emailVerified: true }], PASSWORD);
      await fail(5, 0);
      expect(await codeOf(attempt(provider, PASSWORD, 'juan'))).to.equal('no error');
    });
  });

  describe('lifetimes', () => {
    let provider: LocalIdentityProvider;
    beforeEach(async () => {
      provider = await open();
      await rosa(provider);
    });
    afterEach(() => provider.close());

    it('ends a session after 8 idle hours', async () => {
      const first = await attempt(provider);
      pass(8 * 60 * MINUTE - 1000);
      const second = await provider.refresh({ client: 'angelis-worker', refreshToken: first.refreshToken });
      pass(8 * 60 * MINUTE);
      const late = provider.refresh({ client: 'angelis-worker', refreshToken: second.refreshToken });
      expect(await codeOf(late)).to.equal('token_not_active');
    });

    it('ends a session after 30 days, however busy', async () => {
      let tokens = await attempt(provider);
      for (let hours = 0; hours < 30 * 24 - 6; hours += 6) {
        pass(6 * 60 * MINUTE);
        tokens = await provider.refresh({ client: 'angelis-worker', refreshToken: tokens.refreshToken });
      }
      expect(tokens.refreshExpiresIn).to.equal(6 * 3600);
      pass(6 * 60 * MINUTE);
      const late = provider.refresh({ client: 'angelis-worker', refreshToken: tokens.refreshToken });
      expect(await codeOf(late)).to.equal('token_not_active');
    });

    it('keeps an access token good for 5 minutes', async () => {
      const { accessToken } = await attempt(provider);
      pass(5 * MINUTE - 1000);
      expect(await provider.introspect(accessToken)).to.have.property('active', true);
      pass(1000);
      expect(await provider.introspect(accessToken)).to.deep.equal({ active: false });
    });
  });

  describe('its data', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'angelis-issuer-'));
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it('survives a restart: users, sessions, families, keys, locks, machine clients, events', async () => {
      const first = await open(folder);
      const { id } = await rosa(first);
      await first.users.setRoles(id, ['operator-auditor']);
      const machine = await first.machineClients.create({ clientId: 'angelis-machine-1', name: 'Payroll' });
      const [one, two] = [await attempt(first), await attempt(first)];
      const next = await first.refresh({ client: 'angelis-worker', refreshToken: two.refreshToken });
      for (let count = 0; count < 5; count += 1) await codeOf(attempt(first, 'wrong-password'));
      const { events } = await first.events({ since: new Date(0) });
      await first.close();

      const second = await open(folder);
      expect(await second.users.roles(id)).to.deep.equal(['operator-auditor']);
      expect(await second.introspect(one.accessToken)).to.have.property('active', true);
      const refresh = (refreshToken: string) => second.refresh({ client: 'angelis-worker', refreshToken });
      expect((await refresh(one.refreshToken)).sid).to.equal(one.sid);
      expect(await codeOf(refresh(two.refreshToken)), 'spent before the restart').to.equal('token_not_active');
      expect(await codeOf(refresh(next.refreshToken))).to.equal('token_not_active');
      expect(await codeOf(attempt(second)), 'locked before the restart').to.equal('invalid_credentials');
      const signedIn = second.clientCredentials({ clientId: 'angelis-machine-1', clientSecret: machine.secret });
      expect(await codeOf(signedIn)).to.equal('no error');
      expect((await second.events({ since: new Date(0) })).events.slice(0, events.length)).to.deep.equal(events);
      await second.close();
    });

    it('stands on disk before a new user is answered, whatever becomes of the process', async () => {
      const first = await open(folder);
      const { id } = await rosa(first);
      const second = await open(folder);
      expect(await second.users.find({ id })).to.have.property('username', 'rosa');
      await Promise.all([first.close(), second.close()]);
    });

    it('is one file that only its owner reads, without secrets in clear', async () => {
      const provider = await open(folder);
      await rosa(provider);
      const { secret } = await provider.machineClients.create({ clientId: 'angelis-machine-1', name: 'Payroll' });
      const { refreshToken } = await attempt(provider);
      await provider.close();
      expect(await readdir(folder)).to.deep.equal(['development-issuer.json']);
      const path = join(folder, 'development-issuer.json');
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      const text = await readFile(path, 'utf8');
      for (const hidden of [PASSWORD, secret, refreshToken]) expect(text).to.not.include(hidden);
    });

    it('lets another process mint tokens without writing', async () => {
      const first = await open(folder);
      await rosa(first);
      await first.close();
      const path = join(folder, 'development-issuer.json');
      const before = await stat(path);
      const second = await open(folder);
      const token = await second.mint({ user: { username: 'rosa' }, client: 'angelis-worker' });
      await second.close();
      expect(decodeJwt(token)).to.have.property('azp', 'angelis-worker');
      expect((await stat(path)).ino).to.equal(before.ino);
    });

    it('drops ended sessions and events older than a week', async () => {
      const provider = await open(folder);
      await rosa(provider);
      await attempt(provider);
      pass(8 * 24 * 60 * MINUTE);
      await provider.users.setPassword((await provider.users.find({ username: 'rosa' }))?.id ?? '', PASSWORD);
      await provider.close();
      const reopened = await open(folder);
      const types = (await reopened.events({ since: new Date(0) })).events.map(({ type }) => type);
      expect(types).to.deep.equal(['credential_changed']);
      expect(await readFile(join(folder, 'development-issuer.json'), 'utf8')).to.include('"sessions":{}');
      await reopened.close();
    });

    it('of another version is refused with a way out', async () => {
      const provider = await open(folder);
      await provider.close();
      const path = join(folder, 'development-issuer.json');
      await writeFile(path, '{"version":99}');
      const error = await open(folder).catch((caught: unknown) => caught);
      expect(error)
        .to.be.instanceOf(Error)
        .with.property('message')
        .match(/--fresh/);
    });
  });

  describe('seeding', () => {
    it('makes 400 users with one password, and leaves those that exist', async () => {
      const provider = await open();
      const seeds = Array.from({ length: 400 }, (_none, count) => ({
        id: `id-${count}`,
        username: `worker-${count}`,
        email: `worker-${count}@example.test`,
        enabled: true,
        emailVerified: true,
        roles: count === 0 ? (['operator-superadmin'] as const) : [],
      }));
      const users = await provider.addUsers(seeds, PASSWORD);
      expect(users).to.have.length(400);
      expect(users[399]).to.include({ id: 'id-399', username: 'worker-399' });
      expect((await attempt(provider, PASSWORD, 'worker-399')).userId).to.equal('id-399');
      expect(await provider.users.roles('id-0')).to.deep.equal(['operator-superadmin']);
      await provider.users.setPassword('id-7', 'a-password-of-her-own');
      await provider.addUsers(seeds, PASSWORD);
      expect(await codeOf(attempt(provider, 'a-password-of-her-own', 'worker-7'))).to.equal('no error');
      await provider.close();
    });

    it('takes a name in capitals for the same, and refuses an email that another has, before it or beside it', async () => {
      const provider = await open();
      const seed = (username: string, email: string) => ({ username, email, enabled: true, emailVerified: true });
      const [ana] = await provider.addUsers([seed('ana', 'ana@example.test')], PASSWORD);
      const again = await provider.addUsers([seed('Ana', 'x@example.test'), seed('luis', 'l@example.test')], PASSWORD);
      expect(again.map(({ id, username }) => [id === ana!.id, username])).to.deep.equal([
        [true, 'ana'],
        [false, 'luis'],
      ]);
      const two = [seed('eva', 'e@example.test'), seed('eve', 'E@example.test')];
      for (const taken of [[seed('eva', 'ANA@example.test')], two])
        expect(await codeOf(provider.addUsers(taken, PASSWORD))).to.equal('conflict');
      await provider.close();
    });
  });
});
