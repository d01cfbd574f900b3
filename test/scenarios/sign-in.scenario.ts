import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { BRUTE_FORCE } from '../../src/platform/identity-provider/realm.ts';
import { addLegacyPassword, hasLegacyPassword } from '../support/legacy.ts';
import type { TestSystem } from '../support/system.ts';
import { CODE, eventually, mailedTo, PASSWORD, signInOnAdmin, visitorsOf } from './people.ts';
import type { Somebody, Tokens } from './people.ts';

/** How people come in, stay and go, on a whole system, whatever parts it stands on. */
export const signInScenario = (name: string, start: () => Promise<TestSystem>): void =>
  void describe(`signing in on ${name}`, () => {
    let system: TestSystem;
    let companyId: string;

    before(async () => {
      system = await start();
      companyId = await system.addCompany();
      const client = await system.database.superuser();
      await client.query(
        `insert into company_setting (company_id, id, key, value, created_at, updated_at)
         values ($1, $2, 'identity.otpSignIn', '{"email": true, "sms": false}', $3, $3)`,
        [companyId, uuidv7(), new Date()],
      );
    });
    after(() => system.stop());

    const visitors = visitorsOf(() => system);
    const { ask, post, me, refresh, signIn, sql } = visitors;
    const addSomebody = (role: string): Promise<Somebody> => visitors.addSomebody(companyId, [role], PASSWORD);
    const addWorker = (): Promise<Somebody> => addSomebody('worker');
    const refused = (token: string) => eventually(async () => (await me(token)).status === 401);

    it('takes a worker’s password, rotates what was given, and ends the session when a spent token comes back', async () => {
      const worker = await addWorker();
      const first = await signIn(worker);
      expect((await me(first.accessToken).expect(200)).body).to.include({ id: worker.personId, email: worker.email });
      const second = (await refresh(first.refreshToken).expect(200)).body as Tokens;
      await me(second.accessToken).expect(200);
      await refresh(first.refreshToken).expect(401);
      await refresh(second.refreshToken).expect(401);
      await refused(second.accessToken);
    });

    it('sends a code by mail, which opens a session that refreshes and ends, and is good once', async () => {
      const worker = await addWorker();
      const asked = await post('/otp/request', { identifier: worker.email, purpose: 'login', channel: 'email' });
      expect(asked.status).to.equal(202);
      const { requestId } = asked.body as { requestId: string };
      const code = await mailedTo(system, worker.email, CODE);
      expect(await system.mailsOf(worker.email)).to.have.length(1);
      const verified = await post('/otp/verify', { requestId, code }).expect(200);
      const { signedIn } = verified.body as { signedIn: Tokens };
      expect((await me(signedIn.accessToken).expect(200)).body).to.include({ id: worker.personId });
      const next = (await refresh(signedIn.refreshToken).expect(200)).body as Tokens;
      await post('/auth/logout', undefined, next.accessToken).expect(204);
      await me(next.accessToken).expect(401);
      await refresh(next.refreshToken).expect(401);
      await post('/otp/verify', { requestId, code }).expect(422);
    });

    it('leads an administrator through the provider’s page and back, by code and PKCE', async () => {
      const { email } = await addSomebody('admin');
      const tokens = await signInOnAdmin(system, email);
      expect((await me(tokens.accessToken, '/admin/auth').expect(200)).body).to.deep.include({ roles: ['admin'] });
      await refresh(tokens.refreshToken).expect(401);
      const again = (await refresh(tokens.refreshToken, '/admin/auth').expect(200)).body as Tokens;
      await post('/admin/auth/logout', undefined, again.accessToken).expect(204);
      await me(again.accessToken, '/admin/auth').expect(401);
      await refresh(again.refreshToken, '/admin/auth').expect(401);
    });

    it('refuses a session that was ended at the provider: one that tells, all of a person, and a person who is gone', async () => {
      const { identityProvider } = system;
      const endings: ((worker: Somebody) => Promise<void>)[] = [
        async ({ keycloakId }) => {
          const since = new Date(Date.now() - 60_000);
          const opened = (await identityProvider.events({ since })).events.findLast(
            ({ type, userId }) => type === 'sign_in' && userId === keycloakId,
          );
          await identityProvider.endSession(opened!.sid!);
        },
        ({ keycloakId }) => identityProvider.logoutAll(keycloakId),
        ({ keycloakId }) => identityProvider.users.remove(keycloakId),
      ];
      for (const end of endings) {
        const worker = await addWorker();
        const { accessToken } = await signIn(worker);
        const bystander = await signIn(await addWorker());
        await me(accessToken).expect(200);
        await end(worker);
        await refused(accessToken);
        await me(bystander.accessToken).expect(200);
      }
    });

    it('lets a machine of the company in by its secret, as far as its scopes go and until it expires or is revoked, and says when it was used', async () => {
      const { email } = await addSomebody('owner');
      const { accessToken } = await signInOnAdmin(system, email);
      const { profileId } = await addWorker();
      const body = { name: 'Cabina', scopes: ['fitness:signal:write', 'workforce:project:read'] };
      const made = await post('/admin/api-client', body, accessToken).expect(201);
      const machine = made.body as { id: string; clientId: string; secret: string; version: number };
      const grant = (client_secret: string, asked: object = {}) =>
        system.http
          .post('/angelis/auth/token')
          .type('form')
          .send({ grant_type: 'client_credentials', client_id: machine.clientId, client_secret, ...asked });
      const enter = async (secret: string): Promise<string> =>
        ((await grant(secret).expect(200)).body as { access_token: string }).access_token;
      const lastUsed = async (): Promise<string | null> => {
        const { body: shown } = await ask('get', `/admin/api-client/${machine.id}`, accessToken).expect(200);
        return (shown as { lastUsedAt: string | null }).lastUsedAt;
      };
      const seen = { profileId, kind: 'in_cab' };

      const token = await enter(machine.secret);
      expect(await lastUsed()).to.equal(null);
      await post('/fitness/signal', seen, token).expect(201);
      expect(Date.now() - Date.parse((await lastUsed())!)).to.be.lessThan(3_600_000);
      await post('/fitness/self-report', { profileId, kss: 3 }, token).expect(403);
      const { body: narrowed } = await grant(machine.secret, { scope: 'workforce:project:read' }).expect(200);
      expect(narrowed).to.include({ scope: 'workforce:project:read' });
      const reader = (narrowed as { access_token: string }).access_token;
      await ask('get', '/admin/project', reader).expect(200);
      await post('/fitness/signal', { ...seen, kind: 'peer' }, reader).expect(403);
      const { body: tooMuch } = await grant(machine.secret, { scope: 'gate:decision:ask' }).expect(400);
      expect(tooMuch).to.include({ error: 'invalid_scope' });
      const unended = await system.http.post('/angelis/auth/revoke').type('form').send({ token }).expect(400);
      expect(unended.body).to.include({ code: 'UNSUPPORTED_TOKEN_TYPE', error: 'unsupported_token_type' });
      await me(token).expect(403);
      const elsewhere = await system.addCompany();
      await post('/fitness/signal', seen, token).set({ 'x-company-id': elsewhere }).expect(403);

      const rotated = await post(`/admin/api-client/${machine.id}/rotate`, undefined, accessToken)
        .set('if-match', `"${machine.version}"`)
        .expect(200);
      await grant(machine.secret).expect(401);
      const { secret, version } = rotated.body as { secret: string; version: number };
      const next = await enter(secret);
      await post('/fitness/signal', { ...seen, kind: 'peer' }, next).expect(403);

      const edit = async (expiresAt: string | null, by: number): Promise<number> => {
        const path = `/admin/api-client/${machine.id}`;
        const edited = await ask('patch', path, accessToken).set('if-match', `"${by}"`).send({ expiresAt }).expect(200);
        return (edited.body as { version: number }).version;
      };
      const limited = await edit(new Date(Date.now() + 3_600_000).toISOString(), version);
      await post('/fitness/signal', seen, next).expect(201);
      const client = await system.database.superuser();
      await client.query('update session set expires_at = now() where sid = $1', [machine.clientId]);
      await post('/fitness/signal', seen, next).expect(401);
      await grant(secret).expect(401);
      const open = await edit(null, limited);
      await post('/fitness/signal', seen, next).expect(201);

      await post(`/admin/api-client/${machine.id}/revoke`, undefined, accessToken)
        .set('if-match', `"${open}"`)
        .expect(200);
      await post('/fitness/signal', seen, next).expect(401);
      await eventually(async () => (await grant(secret)).status === 401);
    });

    it('takes over a right password of an older system, once, and lifts no lock by it', async () => {
      const addVeteran = async (old: string): Promise<Somebody> => {
        const person = await visitors.addSomebody(companyId, ['worker']);
        await addLegacyPassword(system, person.personId, old);
        return person;
      };
      const stateOf = ({ keycloakId }: Somebody) => system.identityProvider.users.passwordState(keycloakId);
      const waits = ({ personId }: Somebody) => hasLegacyPassword(system, personId);
      const refuse = ({ email }: Somebody, password: string) =>
        post('/auth/sign-in', { identifier: email, password }).expect(401);

      const worker = await addVeteran(PASSWORD);
      const tokens = await signIn(worker);
      expect((await me(tokens.accessToken).expect(200)).body).to.include({ id: worker.personId });
      expect([await waits(worker), (await stateOf(worker)).isSet]).to.deep.equal([false, true]);

      const guessed = await addVeteran(PASSWORD);
      for (let failed = 0; failed < BRUTE_FORCE.failures; failed += 1) await refuse(guessed, 'not the password');
      await eventually(async () => (await stateOf(guessed)).isLocked);
      await refuse(guessed, PASSWORD);
      const locked = { isSet: false, isRequired: false, isLocked: true };
      expect([await waits(guessed), await stateOf(guessed)]).to.deep.equal([true, locked]);

      const weak = await addVeteran('corta');
      await refuse(weak, 'corta');
      expect([await waits(weak), (await stateOf(weak)).isSet]).to.deep.equal([false, false]);
      await eventually(async () => (await system.mailsOf(weak.email)).length > 0);
    });

    it('writes down when somebody signed in, as the provider says', async () => {
      const worker = await addWorker();
      await signIn(worker);
      await eventually(async () => {
        const [row] = await sql<{ at: Date | null }>('select last_login_at as at from person where id = $1', [
          worker.personId,
        ]);
        return row!.at !== null;
      });
      const attempts = await sql('select outcome from sign_in_attempt where person_id = $1', [worker.personId]);
      expect(attempts).to.deep.equal([{ outcome: 'succeeded' }]);
    });

    it('counts what failed at the provider, locks, and writes to whom it concerns', async () => {
      const worker = await addWorker();
      const fail = () => post('/auth/sign-in', { identifier: worker.email, password: 'not the password' }).expect(401);
      // Two at once lock as well, if the machine is quick enough: five do on any.
      for (let failed = 0; failed < BRUTE_FORCE.failures; failed += 1) await fail();
      await post('/auth/sign-in', { identifier: worker.email, password: PASSWORD }).expect(401);
      const client = await system.database.superuser();
      await eventually(async () => {
        const { rows } = await client.query('select status from person where id = $1', [worker.personId]);
        return (rows[0] as { status: string }).status === 'locked';
      });
      await eventually(async () => (await system.mailsOf(worker.email)).length > 0);
      const { rows } = await client.query<{ outcome: string }>(
        'select outcome from sign_in_attempt where person_id = $1 order by at',
        [worker.personId],
      );
      expect(rows.map(({ outcome }) => outcome)).to.include.members(['failed', 'locked']);
    });
  });
