import { hash } from 'bcryptjs';
import { expect } from 'chai';
import type { Import } from '../../../../src/modules/identity/legacy/legacy.service.ts';
import type { LegacyRead } from '../../../../src/modules/identity/legacy/legacy.lines.ts';
import type { CompanyHint } from '../../../../src/platform/http/company-hints.ts';
import { BRUTE_FORCE } from '../../../../src/platform/identity-provider/realm.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { whileCommitsFail } from '../../../support/failing-commits.ts';
import { addLegacyPassword, hasLegacyPassword } from '../../../support/legacy.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestLogin, TestPerson } from '../../../support/people.ts';
import { until } from '../../../support/until.ts';

const OLD = 'la de antes, con ñandú';
const OWN = 'la propia y nueva 7';
const TRACE = 'a'.repeat(32);
const DAY = 86_400_000;

describe('passwords of an older system', () => {
  let app: TestApp;
  let companyId: string;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
  });
  after(() => app.close());

  /** A login without a password, as it is when people were brought over. */
  const addLogin = async (login: TestLogin = {}): Promise<TestPerson & { email: string }> => {
    n += 1;
    const email = `veteran${n}@example.cl`;
    return { ...(await addPerson(app, { companyId, roles: ['worker'], login: { email, ...login } })), email };
  };
  const addVeteran = async (password = OLD, login: TestLogin = {}): Promise<TestPerson & { email: string }> => {
    const person = await addLogin(login);
    await addLegacyPassword(app, person.personId, password);
    return person;
  };
  const post = (path: string, body: object) =>
    app.http.post(`/angelis${path}`).set({ 'accept-language': 'en' }).send(body);
  const signIn = (identifier: string, password: string) => post('/auth/sign-in', { identifier, password });
  const waits = ({ personId }: TestPerson): Promise<boolean> => hasLegacyPassword(app, personId);
  const stateOf = ({ keycloakId }: TestPerson) => app.identityProvider.users.passwordState(keycloakId);
  const actions = async ({ personId }: TestPerson): Promise<string[]> =>
    (
      await app.database.sql<{ action: string }>('select action from change where entity_id = $1 order by id', [
        personId,
      ])
    ).map(({ action }) => action);
  const subjectsTo = (email: string): string[] =>
    app.messages.mails.filter(({ to }) => to === email).map(({ subject }) => subject);

  describe('imported', () => {
    const of = (company: string): CompanyHint[] => [{ kind: 'id', value: company }];
    const take = (lines: readonly LegacyRead[], hints = of(companyId)): Promise<Import> =>
      app.identity.legacy.take(
        (async function* read() {
          for (const line of lines) yield await Promise.resolve(line);
        })(),
        hints,
        TRACE,
      );

    it('wait for people who have none here; the rest is told by line, and done again adds nothing', async () => {
      const hashed = await hash(OLD, 4);
      const [byRut, byEmail, own, asked] = [
        await addLogin({ rut: '9876543-3' }),
        await addLogin(),
        await addLogin({ password: OWN }),
        await addLogin(),
      ];
      await app.identityProvider.users.requireNewPassword(asked.keycloakId);
      const lines: LegacyRead[] = [
        { line: 1, identifier: '9.876.543-3', hash: hashed },
        { line: 2, fault: 'NO_BCRYPT' },
        { line: 3, identifier: byEmail.email.toUpperCase(), hash: hashed },
        { line: 4, identifier: own.email, hash: hashed },
        { line: 5, identifier: byRut.email, hash: hashed },
        { line: 6, identifier: 'nobody@example.cl', hash: hashed },
        { line: 7, identifier: '¿?', hash: hashed },
        { line: 8, identifier: asked.email, hash: hashed },
      ];
      const faults = [
        { line: 2, fault: 'NO_BCRYPT' },
        { line: 5, fault: 'TWICE' },
        { line: 6, fault: 'UNKNOWN' },
        { line: 7, fault: 'UNKNOWN' },
      ];
      // It broke off after the first line.
      const begun = await take(lines.slice(0, 1));
      expect(begun).to.include({ taken: 1, there: 0, own: 0 });
      const done = await take(lines);
      expect(done).to.deep.equal({ taken: 1, there: 1, own: 2, faults, waiting: begun.waiting + 1 });
      expect(await take(lines)).to.deep.equal({ ...done, taken: 0, there: 2 });
      expect([await waits(byRut), await waits(byEmail), await waits(own), await waits(asked)]).to.deep.equal([
        true,
        true,
        false,
        false,
      ]);
      expect(await actions(byRut)).to.deep.equal(['person.import_legacy_password']);
      const rows = await app.database.sql('select t::text from legacy_credential t');
      expect(JSON.stringify(rows)).to.not.include(hashed.slice(7));
      await signIn(byRut.email, OLD).expect(200);
      expect(await take(lines)).to.include({ taken: 0, there: 1, own: 3 });
    });

    it('by RUT wait for whoever has it in the company that is named; without one they are told', async () => {
      const rut = '7654321-6';
      const elsewhere = await addCompany(app.database);
      const [here, there] = [
        await addLogin({ rut }),
        await addPerson(app, {
          companyId: elsewhere,
          roles: ['worker'],
          login: { email: 'veteran@other.example', rut },
        }),
      ];
      const line = { line: 1, identifier: rut, hash: await hash(OLD, 4) };
      const waiting = async () => [await waits(here), await waits(there)];
      expect((await take([line], [])).faults).to.deep.equal([{ line: 1, fault: 'COMPANY_NEEDED' }]);
      const another = await addCompany(app.database);
      expect((await take([line], of(another))).faults).to.deep.equal([{ line: 1, fault: 'UNKNOWN' }]);
      expect(await waiting()).to.deep.equal([false, false]);
      expect(await take([line], of(elsewhere))).to.include({ taken: 1 });
      expect(await waiting()).to.deep.equal([false, true]);
    });

    it('are erased a year later when nobody came', async () => {
      const [late, early] = [await addVeteran(), await addVeteran()];
      await app.database.sql('update legacy_credential set imported_at = $2 where person_id = $1', [
        late.personId,
        new Date(Date.now() - 366 * DAY),
      ]);
      const tick = app.modules.flatMap(({ ticks = [] }) => ticks).find(({ name }) => name === 'identity.legacy.purge');
      const scope = await app.identity.persons.asSystem(TRACE, (tx) => Promise.resolve(tx.scope));
      await tick!.run(scope, { now: new Date(), signal: new AbortController().signal });
      expect([await waits(late), await waits(early)]).to.deep.equal([false, true]);
    });

    it('go with their person', async () => {
      const person = await addVeteran();
      await app.identity.persons.asSystem(TRACE, (tx) => app.identity.forget(tx, person.personId));
      expect(await waits(person)).to.equal(false);
    });
  });

  it('sign in once, are the provider’s own from then on, and leave no hash', async () => {
    const person = await addVeteran();
    expect(await stateOf(person)).to.deep.equal({ isSet: false, isRequired: false, isLocked: false });
    await signIn(person.email, OLD).expect(200);
    expect(await waits(person)).to.equal(false);
    expect(await stateOf(person)).to.include({ isSet: true });
    expect(await actions(person)).to.deep.equal(['person.take_legacy_password']);
    await signIn(person.email, OLD).expect(200);
    await signIn(person.email, `${OLD}.`).expect(401);
  });

  it('are proof where an invitation or a change of the password asks for one, too', async () => {
    const person = await addVeteran();
    const mine = await clientOf(app, { bearer: () => person.bearer('angelis-worker') });
    const change = (currentPassword: string) => mine.post('/auth/me/password', { currentPassword, newPassword: OWN });
    await change('not the one').expect(422);
    expect(await waits(person)).to.equal(true);
    await change(OLD).expect(204);
    expect(await waits(person)).to.equal(false);
    await signIn(person.email, OLD).expect(401);
    await signIn(person.email, OWN).expect(200);

    const invited = await addVeteran();
    const second = await addCompany(app.database);
    const owner = await clientOf(app, await addPerson(app, { companyId: second, roles: ['owner'] }));
    const body = { firstName: 'Ana', lastName: 'Rojas', kind: 'employee', contactEmail: invited.email };
    const { id } = (await owner.post('/admin/profile', body).expect(201)).body as { id: string };
    await owner.post(`/admin/profile/${id}/invite`, {}, version(1)).expect(200);
    await app.idle();
    const token = /token=(\S+)/.exec(app.messages.mails.findLast(({ to }) => to === invited.email)!.text)![1];
    await post('/auth/invitation/accept', { token, password: OWN }).expect(401);
    await post('/auth/invitation/accept', { token, password: OLD }).expect(200);
    expect([await waits(invited), (await stateOf(invited)).isSet]).to.deep.equal([false, true]);
  });

  it('lift no lock: wrong tries count as others do, and the right one waits until it is over', async () => {
    const person = await addVeteran();
    for (let failed = 0; failed < BRUTE_FORCE.failures; failed += 1) await signIn(person.email, 'wrong').expect(401);
    expect(await stateOf(person)).to.deep.equal({ isSet: false, isRequired: false, isLocked: true });
    await signIn(person.email, OLD).expect(401);
    expect([await waits(person), await stateOf(person)]).to.deep.equal([
      true,
      { isSet: false, isRequired: false, isLocked: true },
    ]);
    app.clock.set(new Date(Date.now() + BRUTE_FORCE.waitMax * 1000));
    try {
      await signIn(person.email, OLD).expect(200);
    } finally {
      app.clock.set(undefined);
    }
  });

  it('are tried one after the other, so that what failed is counted before the next is looked at', async () => {
    const person = await addVeteran();
    const { users } = app.identityProvider;
    const { passwordState } = users;
    const { passwordGrant } = app.identityProvider;
    const log: string[] = [];
    users.passwordState = (id) => {
      log.push('looked');
      return passwordState(id);
    };
    app.identityProvider.passwordGrant = async (request) => {
      try {
        return await passwordGrant(request);
      } finally {
        log.push('counted');
      }
    };
    try {
      await Promise.all(Array.from({ length: 4 }, (_, i) => signIn(person.email, `wrong ${i}`).expect(401)));
    } finally {
      users.passwordState = passwordState;
      app.identityProvider.passwordGrant = passwordGrant;
    }
    expect(log).to.deep.equal(Array.from({ length: 4 }, () => ['looked', 'counted']).flat());
    expect(await stateOf(person)).to.include({ isLocked: true });
  });

  it('lift no new password that is required at the same moment', async () => {
    const person = await addVeteran();
    const { users } = app.identityProvider;
    const { passwordState, setPassword, requireNewPassword } = users;
    const log: string[] = [];
    const looked = Promise.withResolvers<void>();
    users.passwordState = async (id) => {
      const state = await passwordState(id);
      log.push('looked');
      await looked.promise;
      return state;
    };
    users.setPassword = (id, password) => {
      log.push('set');
      return setPassword(id, password);
    };
    users.requireNewPassword = (id) => {
      log.push('required');
      return requireNewPassword(id);
    };
    const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
    try {
      const entering = signIn(person.email, OLD).then(({ status }) => status);
      await until(() => log.includes('looked'));
      await app.database.sql('update person set password_required_at = $2 where id = $1', [
        person.personId,
        new Date(),
      ]);
      const aligning = app.identity.alignment.align(person.personId, TRACE);
      await until(async () => log.includes('required') || (await app.database.sql(waiting)).length > 0);
      looked.resolve();
      await Promise.all([entering, aligning]);
    } finally {
      Object.assign(users, { passwordState, setPassword, requireNewPassword });
    }
    expect(log).to.deep.equal(['looked', 'set', 'required']);
    expect(await stateOf(person)).to.include({ isRequired: true });
  });

  for (const [what, weak] of [
    ['too short', 'corta 1'],
    ['common', 'Contraseña123'],
    ['the name of its owner', 'AnaRojas2026'],
  ] as const)
    it(`that are ${what} open nothing: their owner is told, and chooses another`, async () => {
      const person = await addVeteran(weak);
      const unknown = await signIn('nobody@example.cl', weak).expect(401);
      const refused = await signIn(person.email, weak).expect(401);
      expect((refused.body as { code: string }).code).to.equal((unknown.body as { code: string }).code);
      expect([await waits(person), (await stateOf(person)).isSet]).to.deep.equal([false, false]);
      await signIn(person.email, weak).expect(401);
      await app.idle();
      expect(subjectsTo(person.email).filter((subject) => subject === 'Choose a new password')).to.have.length(1);
      const asked = await post('/auth/password/forgotten', { identifier: person.email }).expect(202);
      await app.idle();
      const code = /\b\d{6}\b/.exec(app.messages.mails.findLast(({ to }) => to === person.email)!.text)![0];
      const { requestId } = asked.body as { requestId: string };
      const { ticket } = (await post('/otp/verify', { requestId, code }).expect(200)).body as { ticket: string };
      await post('/auth/password/reset', { ticket, password: OWN }).expect(204);
      await signIn(person.email, OWN).expect(200);
    });

  it('never take the place of a password that somebody chose, nor of one that they are to choose', async () => {
    const [chose, asked] = [await addVeteran(OLD, { password: OWN }), await addVeteran()];
    await app.identityProvider.users.requireNewPassword(asked.keycloakId);
    for (const person of [chose, asked]) {
      await signIn(person.email, OLD).expect(401);
      expect(await waits(person)).to.equal(false);
      expect(await actions(person)).to.deep.equal(['person.forget_legacy_password']);
    }
    await signIn(chose.email, OWN).expect(200);
    await signIn(asked.email, OLD).expect(401);
  });

  it('open nothing to who is shut out, or has no user at the provider, and are not tried', async () => {
    const [person, gone] = [await addVeteran(), await addVeteran()];
    await app.identityProvider.users.remove(gone.keycloakId);
    await signIn(gone.email, OLD).expect(401);
    expect(await waits(gone)).to.equal(true);
    await app.database.sql(`update person set status = 'disabled' where id = $1`, [person.personId]);
    await signIn(person.email, OLD).expect(401);
    expect([await waits(person), (await stateOf(person)).isSet]).to.deep.equal([true, false]);
  });

  it('that were set as the process died are erased with the next sign-in', async () => {
    const person = await addVeteran();
    await whileCommitsFail(app.database, 'change_pending', () => signIn(person.email, OLD).expect(500));
    expect([await waits(person), (await stateOf(person)).isSet]).to.deep.equal([true, true]);
    await signIn(person.email, OLD).expect(200);
    expect(await waits(person)).to.equal(false);
  });
});
