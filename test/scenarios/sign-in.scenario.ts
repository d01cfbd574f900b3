import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { OPERATOR_COMPANY } from '../../src/platform/db/scope.ts';
import { BRUTE_FORCE } from '../../src/platform/identity-provider/realm.ts';
import { addLegacyPassword, hasLegacyPassword } from '../support/legacy.ts';
import { addLogin } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';
import type { TestSystem } from '../support/system.ts';
import { eventually, PASSWORD, signInByPassword, signInOnAdmin } from './people.ts';
import type { Tokens } from './people.ts';

type Surface = '/auth' | '/admin/auth';
type Somebody = Omit<TestPerson, 'bearer'> & { readonly email: string };

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

    const addWorker = async (): Promise<Somebody> => {
      const email = `${randomUUID()}@example.cl`;
      const login = { email, password: PASSWORD };
      return { ...(await addLogin(system, { companyId, roles: ['worker'], login })), email };
    };
    let requests = 0;
    /** Through a gateway that says who asks; each time from another address, since the limits are by address. */
    const nextAddress = () => `198.51.100.${(requests += 1)}`;
    const post = (path: string, body?: object, token?: string) =>
      system.http
        .post(`/angelis${path}`)
        .set({ 'x-forwarded-for': nextAddress(), ...(token && { authorization: `Bearer ${token}` }) })
        .send(body);
    const me = (token: string, surface: Surface = '/auth') =>
      system.http.get(`/angelis${surface}/me`).set({ authorization: `Bearer ${token}` });
    const refresh = (refreshToken: string, surface: Surface = '/auth') => post(`${surface}/refresh`, { refreshToken });
    const signIn = ({ email }: Somebody): Promise<Tokens> => signInByPassword(system, email, nextAddress());
    const refused = (token: string) => eventually(async () => (await me(token)).status === 401);

    const sql = async <Row extends object>(text: string, values: unknown[]): Promise<Row[]> =>
      (await (await system.database.superuser()).query<Row>(text, values)).rows;
    /** Compares the provider with what stands here, as is done each night. */
    const reconcile = () =>
      sql(
        `insert into outbox (company_id, id, job, payload, trace_id, run_at, state, created_at)
         values ($1, $2, 'identity.provider.reconcile', '{}', $3, $4, 'waiting', $4)`,
        [OPERATOR_COMPANY, uuidv7(), 'a'.repeat(32), new Date()],
      );
    const drift = async (subjects: readonly string[]): Promise<unknown[]> =>
      (
        await sql<{ kind: string; subject: string; mended: boolean }>(
          'select kind, subject, mended from provider_drift where subject = any($1)',
          [subjects],
        )
      ).map(({ kind, subject, mended }) => [kind, subject, mended]);

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
      await eventually(async () => (await system.mailsOf(worker.email)).length > 0);
      const [mail, ...more] = await system.mailsOf(worker.email);
      expect(more).to.deep.equal([]);
      const code = /\b\d{6}\b/.exec(mail!.text)?.[0];
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
      const email = `${randomUUID()}@example.cl`;
      await addLogin(system, { companyId, roles: ['admin'], login: { email, password: PASSWORD } });
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

    it('finds at night what a fault half-way left, and brings the provider in line', async () => {
      const { users, machineClients } = system.identityProvider;
      const [shut, moved, gone] = [await addWorker(), await addWorker(), await addWorker()];
      const client = await system.database.superuser();
      await client.query(`update person set status = 'disabled' where id = $1`, [shut.personId]);
      await users.update(moved.keycloakId, { email: `${randomUUID()}@example.cl`, firstName: 'Otra' });
      await users.remove(gone.keycloakId);
      const orphan = await users.create({ username: `u-${uuidv7()}`, enabled: true, emailVerified: true });
      const clientId = `angelis-machine-${uuidv7()}`;
      await machineClients.create({ clientId, name: 'Sin fila' });
      await reconcile();
      const subjects = [shut.personId, moved.personId, gone.personId, orphan.id, clientId];
      await eventually(async () => (await drift(subjects)).length > 0);
      const unknown = [
        ['client_not_ours', clientId, false],
        ['person_missing', orphan.id, false],
      ];
      expect(await drift(subjects)).to.have.deep.members([
        ...unknown,
        ['enabled_differs', shut.personId, true],
        ['email_differs', moved.personId, true],
        ['names_differ', moved.personId, true],
        ['user_missing', gone.personId, true],
      ]);
      await eventually(async () => {
        const waiting = `select 1 from outbox where job = 'identity.person.align' and state = 'waiting' and run_at <= now()`;
        return (await client.query(waiting)).rowCount === 0;
      });
      expect(await users.find({ id: shut.keycloakId })).to.include({ enabled: false });
      expect(await users.find({ id: moved.keycloakId })).to.include({ email: moved.email, firstName: 'Ana' });
      expect(await users.find({ email: gone.email })).to.include({ username: `u-${gone.personId}` });
      await signIn(moved);
      await reconcile();
      await eventually(async () => (await drift(subjects)).length === unknown.length);
      expect(await drift(subjects)).to.have.deep.members(unknown);
      expect(await users.find({ id: orphan.id })).to.include({ enabled: true });
    });

    it('has a machine client whose secret nobody got: it is reported at night, and works with a new one', async () => {
      const email = `${randomUUID()}@example.cl`;
      await addLogin(system, { companyId, roles: ['admin'], login: { email, password: PASSWORD } });
      const { accessToken } = await signInOnAdmin(system, email);
      const { machineClients } = system.identityProvider;
      const { create } = machineClients;
      machineClients.create = () => Promise.reject(new Error('the process is gone'));
      try {
        const body = { name: 'Torniquete', scopes: ['workforce:project:read'] };
        await post('/admin/api-client', body, accessToken).expect(500);
      } finally {
        machineClients.create = create;
      }
      const [half] = await sql<{ id: string; clientId: string }>(
        'select id, client_id as "clientId" from api_client where company_id = $1',
        [companyId],
      );
      const { id, clientId } = half!;
      await reconcile();
      await eventually(async () => (await drift([clientId])).length > 0);
      expect(await drift([clientId])).to.deep.equal([['client_missing', clientId, false]]);
      const rotated = await post(`/admin/api-client/${id}/rotate`, undefined, accessToken)
        .set('if-match', '"1"')
        .expect(200);
      const { secret } = rotated.body as { secret: string };
      const grant = { grant_type: 'client_credentials', client_id: clientId, client_secret: secret };
      const granted = await system.http.post('/angelis/auth/token').type('form').send(grant).expect(200);
      const { access_token: token } = granted.body as { access_token: string };
      const held = await system.http.get('/angelis/auth/me/permissions').set({ authorization: `Bearer ${token}` });
      expect(held.status).to.equal(200);
      await reconcile();
      await eventually(async () => (await drift([clientId])).length === 0);
    });

    it('lets a machine of the company in by its secret, as far as its scopes go, and says when it was used', async () => {
      const email = `${randomUUID()}@example.cl`;
      await addLogin(system, { companyId, roles: ['owner'], login: { email, password: PASSWORD } });
      const { accessToken } = await signInOnAdmin(system, email);
      const { profileId } = await addWorker();
      const body = { name: 'Cabina', scopes: ['fitness:signal:write'] };
      const made = await post('/admin/api-client', body, accessToken).expect(201);
      const machine = made.body as { id: string; clientId: string; secret: string; version: number };
      const grant = (client_secret: string) =>
        system.http
          .post('/angelis/auth/token')
          .type('form')
          .send({ grant_type: 'client_credentials', client_id: machine.clientId, client_secret });
      const enter = async (secret: string): Promise<string> =>
        ((await grant(secret).expect(200)).body as { access_token: string }).access_token;
      const lastUsed = async (): Promise<string | null> => {
        const path = `/angelis/admin/api-client/${machine.id}`;
        const { body: shown } = await system.http
          .get(path)
          .set({ authorization: `Bearer ${accessToken}` })
          .expect(200);
        return (shown as { lastUsedAt: string | null }).lastUsedAt;
      };
      const seen = { profileId, kind: 'in_cab' };

      const token = await enter(machine.secret);
      expect(await lastUsed()).to.equal(null);
      const client = await system.database.superuser();
      const earlier = `update session set created_at = created_at - interval '1 hour', last_seen_at = last_seen_at - interval '1 hour'`;
      await client.query(`${earlier} where sid = $1`, [machine.clientId]);
      await post('/fitness/signal', seen, token).expect(201);
      expect(Date.now() - Date.parse((await lastUsed())!)).to.be.lessThan(3_600_000);
      await post('/fitness/self-report', { profileId, kss: 3 }, token).expect(403);
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
      await post(`/admin/api-client/${machine.id}/revoke`, undefined, accessToken)
        .set('if-match', `"${version}"`)
        .expect(200);
      await post('/fitness/signal', seen, next).expect(401);
    });

    it('takes over a right password of an older system, once, and lifts no lock by it', async () => {
      const addVeteran = async (old: string): Promise<Somebody> => {
        const email = `${randomUUID()}@example.cl`;
        const person = { ...(await addLogin(system, { companyId, roles: ['worker'], login: { email } })), email };
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
