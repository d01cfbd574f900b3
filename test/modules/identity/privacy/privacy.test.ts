import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';
import { addStaff } from '../../../support/staff.ts';
import { leaveTraces, tracesOf } from '../../../support/traces.ts';
import { sweep } from '../../../support/workforce.ts';

interface Row {
  readonly id: string;
  readonly version: number;
  readonly status: string;
}
interface Request extends Row {
  readonly dueAt: string;
  readonly blockedBy: readonly string[];
}
interface Count {
  readonly of: string;
  readonly rows: number;
}
interface Report {
  readonly profileId: string;
  readonly askedBy: string;
  readonly cleared: readonly Count[];
  readonly kept: readonly Count[];
}

const DAY = 86_400_000;
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const PASSWORD = 'grapas y caballos';
const SECRETS = {
  firstName: 'Xiomara',
  lastName: 'Quilaqueo',
  rut: '14.275.836-9',
  email: 'xq77@example.cl',
  phone: '+56987651234',
  employeeNumber: 'FAENA-90417',
};

describe('privacy', () => {
  let app: TestApp;
  let companyId: string;
  let owner: Client;
  let chief: Client;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
    chief = await clientOf(app, await addStaff(app));
  });
  after(() => app.close());

  const code = ({ body }: { body: unknown }): string => (body as { code: string }).code;
  const profile = async (id: string) =>
    (await owner.get(`/admin/profile/${id}`).expect(200)).body as Row & {
      firstName: string;
      lastName: string;
      erasedAt: string | null;
    };
  const move = async (id: string, name: string, by = owner) =>
    by.post(`/admin/profile/${id}/${name}`, { reason: 'test' }, version((await profile(id)).version));
  const hold = async (profileId: string): Promise<Row> =>
    (await owner.post('/privacy/legal-hold', { profileId, reason: 'Labor court' }).expect(201)).body as Row;
  const lift = ({ id, version: seen }: Row) =>
    owner.post(`/privacy/legal-hold/${id}/lift`, { reason: 'Settled' }, version(seen));
  const reports = async (profileId: string): Promise<Report[]> =>
    ((await owner.get(`/privacy/erasure?profileId=${profileId}`).expect(200)).body as { items: Report[] }).items;
  const ofCount = (counts: readonly Count[]): string[] => counts.map(({ of }) => of);
  const ended = async (): Promise<TestPerson> => {
    const person = await addPerson(app, { companyId, roles: ['worker'] });
    expect((await move(person.profileId, 'end')).status).to.equal(200);
    return person;
  };
  /** Tables in which one of the words stands, in whatever column. */
  const tablesWith = async (words: readonly string[]): Promise<string[]> => {
    const tables = await app.database.sql<{ name: string }>(
      `select oid::regclass::text as name from pg_class where relkind in ('r', 'p') and not relispartition
         and relnamespace in (select oid from pg_namespace where nspname !~ '^(pg_|information_schema)')`,
    );
    // As text, and as the bytes that a `bytea` shows in hex.
    const parts = words.flatMap((word) => [word.toLowerCase(), Buffer.from(word).toString('hex')]);
    const found: string[] = [];
    for (const { name } of tables) {
      const [row] = await app.database.sql<{ count: number }>(
        `select count(*)::int as count from ${name} t, unnest($1::text[]) word where position(word in lower(t::text)) > 0`,
        [parts],
      );
      if (row!.count > 0) found.push(name);
    }
    return found;
  };
  const isWhole = async (by: Client, company: string): Promise<void> => {
    await app.sealed(company);
    const { body } = await by.get('/admin/auditLog/verify').expect(200);
    expect((body as { faults: object[] }).faults).to.deep.equal([]);
  };

  it('of every table that names a profile somebody says what becomes of it', async () => {
    const told = new Set(app.modules.flatMap(({ erasures = [] }) => erasures.map(({ of }) => of)));
    const tables = await app.database.sql<{ name: string }>(
      `select distinct c.conrelid::regclass::text as name from pg_constraint c join pg_class t on t.oid = c.conrelid
       where c.contype = 'f' and c.confrelid = 'profile'::regclass and not t.relispartition`,
    );
    expect(tables.map(({ name }) => name)).to.include.members(['session', 'test_result', 'delivery']);
    expect(tables.map(({ name }) => name).filter((name) => !told.has(name))).to.deep.equal([]);
  });

  it('who is here, is held, or has a case that nobody decided is not erased', async () => {
    const active = await addPerson(app, { companyId, roles: ['worker'] });
    expect(code(await move(active.profileId, 'erase'))).to.equal('INVALID_TRANSITION');
    const { profileId } = await ended();
    const [first, second] = [await hold(profileId), await hold(profileId)];
    expect(code(await move(profileId, 'erase'))).to.equal('LEGAL_HOLD');
    await owner.post(`/privacy/legal-hold/${first.id}/lift`, {}, version(1)).expect(422);
    await lift(first).expect(200);
    expect(code(await move(profileId, 'erase'))).to.equal('LEGAL_HOLD');
    await lift(second).expect(200);
    await app.database.sql(
      `insert into fitness_case (company_id, id, profile_id, trigger, level, status, high_risk, opened_at, terms, lapse_at,
         created_at, updated_at) values ($1, gen_random_uuid(), $2, 'result', 'red', 'open', false, $3, '{}', $3, $3, $3)`,
      [companyId, profileId, app.clock.now()],
    );
    expect(code(await move(profileId, 'erase'))).to.equal('OPEN_CASE');
    await app.database.sql(`update fitness_case set status = 'lapsed' where profile_id = $1`, [profileId]);
    expect((await move(profileId, 'erase')).status).to.equal(200);
    expect(code(await move(profileId, 'erase'))).to.equal('PROFILE_ERASED');
    const late = { system: 'SAFER', externalId: 'late' };
    expect(code(await owner.post(`/admin/profile/${profileId}/system-link`, late))).to.equal('PROFILE_ERASED');
    const again = await owner.post('/privacy/legal-hold', { profileId, reason: 'Late' });
    expect(code(again)).to.equal('PROFILE_ERASED');
    const [report] = await reports(profileId);
    expect(report).to.include({ profileId, askedBy: 'company' });
    expect(report!.kept).to.deep.include({ of: 'fitness_case', rows: 1 });
    expect(report!.cleared).to.deep.include({ of: 'legal_hold', rows: 2 });
    expect(JSON.stringify(await owner.get(`/privacy/legal-hold/${first.id}`).expect(200))).to.not.include('Labor');
  });

  it('rows of other systems that wait for somebody else under the same id go on waiting', async () => {
    const [gone, next] = [await addPerson(app, { companyId, roles: ['worker'] }), await ended()];
    const link = { system: 'SAFER', externalId: '1234' };
    await owner.post(`/admin/profile/${gone.profileId}/system-link`, link).expect(201);
    const old = { system: 'SAFER', externalId: '77' };
    const { body } = await owner.post(`/admin/profile/${gone.profileId}/system-link`, old).expect(201);
    const made = body as Row;
    await owner.del(`/admin/profile/${gone.profileId}/system-link/${made.id}`, version(made.version)).expect(204);
    await app.database.sql(
      `insert into system_link (company_id, id, system, external_id, profile_id, created_at, updated_at)
       values ($1, gen_random_uuid(), 'SAFER', '77', $2, $3, $3)`,
      [companyId, next.profileId, app.clock.now()],
    );
    for (const [source, person] of [
      ['SAFER', '1234'],
      ['FIT2000', '1234'],
      ['SAFER', '77'],
    ])
      await app.database.sql(
        `insert into ingest_quarantine (id, source, external_id, content_hash, company_code, person_code, company_id, reason,
           raw_sealed, status, tries, tried_at, version, created_at, updated_at)
         values (gen_random_uuid(), $1, $1 || $2, '\\x00', 'c', $2, $3, 'UNKNOWN_PERSON', 'sealed', 'waiting', 1, $4, 1, $4, $4)`,
        [source, person, companyId, app.clock.now()],
      );
    expect((await move(gone.profileId, 'end')).status).to.equal(200);
    expect((await move(gone.profileId, 'erase')).status).to.equal(200);
    const rows = await app.database.sql<{ row: string; status: string }>(
      'select external_id as row, status from ingest_quarantine where company_id = $1 order by external_id',
      [companyId],
    );
    expect(rows).to.deep.equal([
      { row: 'FIT20001234', status: 'waiting' },
      { row: 'SAFER1234', status: 'discarded' },
      { row: 'SAFER77', status: 'waiting' },
    ]);
  });

  it('nobody but owners and admins erases, or sets a hold', async () => {
    const { profileId } = await ended();
    for (const role of ['supervisor', 'manager', 'safety_admin', 'institution_admin', 'auditor']) {
      const other = await clientOf(app, await addPerson(app, { companyId, roles: [role] }));
      expect((await move(profileId, 'erase', other)).status, role).to.be.oneOf([403, 404]);
      expect((await other.post('/privacy/legal-hold', { profileId, reason: 'x' })).status, role).to.equal(403);
    }
    expect((await profile(profileId)).erasedAt).to.equal(null);
  });

  /** Somebody as they come to be: added with all that is known, invited, signed in, in two companies. */
  const newcomer = async () => {
    const { rut, email, phone, ...names } = SECRETS;
    const id = { nationalId: { kind: 'RUT', value: rut } };
    const body = { ...names, ...id, kind: 'employee', contactEmail: email, contactPhone: phone };
    const key = { 'idempotency-key': 'privacy-newcomer' };
    const made = (await owner.post('/admin/profile', body, key).expect(201)).body as Row;
    await owner
      .post(`/admin/profile/${made.id}/system-link`, { system: 'SAFER', externalId: '14275836-9' })
      .expect(201);
    await owner.post(`/admin/profile/${made.id}/invite`, {}, version(1)).expect(200);
    await app.idle();
    const token = /token=(\S+)/.exec(app.messages.mails.findLast(({ to }) => to === email)!.text)![1];
    await app.http.post('/angelis/auth/invitation/accept').send({ token, password: PASSWORD }).expect(200);
    const signIn = () =>
      app.http
        .post('/angelis/auth/sign-in')
        .set({ 'x-company-id': companyId })
        .send({ identifier: rut, password: PASSWORD });
    const { accessToken } = (await signIn().expect(200)).body as { accessToken: string };
    const [person] = await app.database.sql<{ personId: string; keycloakId: string }>(
      'select id as "personId", keycloak_id as "keycloakId" from person where id = (select person_id from profile where id = $1)',
      [made.id],
    );
    const elsewhere = await addCompany(app.database);
    const theirOwner = await clientOf(app, await addPerson(app, { companyId: elsewhere, roles: ['owner'] }));
    const second = await addPerson(app, { companyId: elsewhere, roles: ['worker'], person: person!, ...names });
    await theirOwner
      .patch(`/admin/profile/${second.profileId}`, { contactPhone: phone, ...id }, version(1))
      .expect(200);
    await app.http.post('/angelis/otp/request').send({ identifier: email, purpose: 'reset', channel: 'email' });
    await app.idle();
    const me = await clientOf(app, { bearer: () => Promise.resolve(`Bearer ${accessToken}`) });
    await me.patch('/auth/me', { locale: 'fr' }, version(((await me.get('/auth/me')).body as Row).version)).expect(200);
    await app.http
      .put('/angelis/auth/me/photo')
      .set({ authorization: `Bearer ${accessToken}`, 'content-type': 'image/png' })
      .send(PIXEL)
      .expect(200);
    return { ...person!, profileId: made.id, elsewhere, theirOwner, secondId: second.profileId, me, signIn };
  };

  it('a person has themselves erased: nowhere in the database are they found again, and the chains are whole', async function erased() {
    this.timeout(60_000);
    const her = await newcomer();
    const words = [...Object.values(SECRETS), '14275836', '14.275.836', '987651234'];
    expect(await tablesWith(words)).to.include.members([
      'profile',
      'person',
      'search_token',
      'idempotency',
      'system_link',
    ]);
    const entries = await app.database.sql<{ id: string }>(
      `select id from change where company_id = $1 and entity_id = $2 and action = 'profile.create'`,
      [companyId, her.profileId],
    );
    const entry = async () =>
      (await owner.get(`/admin/auditLog/${entries[0]!.id}/personal`).expect(200)).body as {
        personal: { state: string };
      };
    expect((await entry()).personal.state).to.equal('open');
    const photos = () => readdir(join(app.folder, 'photos', companyId, her.profileId)).catch((): string[] => []);
    expect(await photos()).to.have.length(1);

    for (const kind of ['pre_shift', 'random'])
      await app.database.sql(
        `insert into requirement (company_id, id, profile_id, shift_date, kind, definition_code, window_from, due_at, grace_until,
           status, high_risk, terms, miss_at, created_at, updated_at)
         values ($1, gen_random_uuid(), $2, '2027-01-01', $3, 'any', $4, $5, $5, 'excused', false, '{}', $5, $4, $4)`,
        [companyId, her.profileId, kind, new Date(Date.now() + DAY), new Date(Date.now() + 2 * DAY)],
      );
    const { body, headers } = await her.me.get('/privacy/export').expect(200);
    expect(headers['content-disposition']).to.include('attachment');
    const {
      person,
      profile: hers,
      data,
    } = body as Record<'person' | 'profile', object> & {
      data: Record<string, object[]>;
    };
    expect(person).to.include({ id: her.personId, lastName: SECRETS.lastName, email: SECRETS.email });
    expect(hers).to.include({ id: her.profileId, nationalId: '14275836-9', employeeNumber: SECRETS.employeeNumber });
    expect(data['system_link']).to.have.length(1);
    expect(data['session']).to.have.length(1);
    expect(data['requirement']).to.have.length(1);
    expect(data['requirement']![0]).to.include({ kind: 'pre_shift' });
    expect(JSON.stringify(body)).to.not.match(/"(?:sid|epoch|companyId|[a-zA-Z]*(?:Sealed|Hash))":/);
    const disclosed = `select actor_id as by from change where company_id = $1 and entity_id = $2 and action = 'profile.disclose'`;
    expect(await app.database.sql(disclosed, [companyId, her.profileId])).to.deep.equal([{ by: her.profileId }]);
    const elsewhere = await her.theirOwner.get('/privacy/export').expect(200);
    expect(JSON.stringify(elsewhere.body)).to.not.include(SECRETS.lastName);

    await leaveTraces(app.database, her.personId, app.clock.now());
    const traces = () => tracesOf(app.database, her.personId);
    expect(await traces()).to.deep.equal(['attempt', 'code', 'member', 'operator']);

    const asked = (await her.me.post('/privacy/erasure-request').expect(201)).body as Request;
    expect(Date.parse(asked.dueAt) - app.clock.now().getTime()).to.be.within(29.9 * DAY, 30 * DAY);
    expect(code(await her.me.post('/privacy/erasure-request').expect(409))).to.equal('ERASURE_ASKED');
    await app.idle();
    expect(app.messages.mails.findLast(({ to }) => to === SECRETS.email)!.subject).to.include('effacement');
    await her.me.post('/privacy/erasure-request/withdraw', undefined, version(asked.version)).expect(200);
    const second = (await her.me.post('/privacy/erasure-request').expect(201)).body as Request;
    expect(second.id).to.not.equal(asked.id);
    const held = (
      await her.theirOwner.post('/privacy/legal-hold', { profileId: her.secondId, reason: 'Court' }).expect(201)
    ).body as Row;
    const due = async () => {
      await app.database.sql(`update erasure_request set due_at = $2 where id = $1`, [second.id, app.clock.now()]);
      await sweep(app, OPERATOR_COMPANY, 'erasure_request', second.id, 'begin');
      await app.idle();
    };
    await due();
    const put = (await her.me.get('/privacy/erasure-request').expect(200)).body as Request;
    expect(put).to.deep.include({ status: 'waiting', blockedBy: ['LEGAL_HOLD'] });
    expect((await profile(her.profileId)).status).to.equal('active');
    await her.theirOwner.post(`/privacy/legal-hold/${held.id}/lift`, { reason: 'Over' }, version(1)).expect(200);
    await due();

    await her.me.get('/auth/me').expect(401);
    await her.signIn().expect(401);
    expect(await app.identityProvider.users.find({ username: `u-${her.personId}` })).to.equal(undefined);
    expect(await tablesWith(words)).to.deep.equal([]);
    expect(await photos()).to.deep.equal([]);
    expect(await traces()).to.deep.equal([]);
    const left = await profile(her.profileId);
    expect(left).to.include({ status: 'ended', firstName: '–', lastName: `P-${her.profileId.slice(-8)}` });
    const [report] = await reports(her.profileId);
    expect(report!.askedBy).to.equal('person');
    expect(ofCount(report!.cleared)).to.include.members(['session', 'invitation', 'system_link', 'idempotency']);
    const { items } = (await her.theirOwner.get('/privacy/erasure').expect(200)).body as { items: Report[] };
    expect(items.map(({ profileId }) => profileId)).to.deep.equal([her.secondId]);

    expect((await entry()).personal.state).to.equal('erased');
    const keys = await app.database.sql('select 1 from data_key where subject_id = any($1)', [
      [her.profileId, her.secondId, her.personId],
    ]);
    expect(keys).to.deep.equal([]);
    await isWhole(owner, companyId);
    await isWhole(her.theirOwner, her.elsewhere);
    await isWhole(chief, OPERATOR_COMPANY);
  });

  it('the login of somebody of the staff is not erased, nor the last owner of a company', async () => {
    expect(code(await chief.post('/privacy/erasure-request').expect(409))).to.equal('STAFF_LOGIN');
    const alone = await addCompany(app.database);
    const last = await addPerson(app, { companyId: alone, roles: ['owner'] });
    const me = await clientOf(app, last);
    await me.get('/privacy/erasure-request').expect(404);
    const { id } = (await me.post('/privacy/erasure-request').expect(201)).body as Request;
    await app.database.sql('update erasure_request set due_at = $2 where id = $1', [id, app.clock.now()]);
    await sweep(app, OPERATOR_COMPANY, 'erasure_request', id, 'begin');
    await app.idle();
    const { body } = await me.get('/privacy/erasure-request').expect(200);
    expect(body).to.deep.include({ status: 'waiting', blockedBy: ['LAST_OWNER'] });
  });

  it('wishes and holds, in whatever order: who is held stays, who took their wish back stays', async function walks() {
    this.timeout(60_000);
    const steps = fc.array(fc.constantFrom('ask', 'withdraw', 'due', 'hold', 'lift'), { minLength: 3, maxLength: 9 });
    const scope = systemScope(OPERATOR_COMPANY, 'test', 'a'.repeat(32));
    const run = async (walk: readonly string[]): Promise<void> => {
      const person = await addPerson(app, { companyId, roles: ['worker'] });
      const me = await clientOf(app, person);
      let [wish, held] = ['none', undefined as Row | undefined];
      let newest: Request | undefined;
      for (const step of walk) {
        if (wish === 'done') break;
        if (step === 'hold') held ??= await hold(person.profileId);
        if (step === 'lift' && held !== undefined) {
          await lift(held).expect(200);
          held = undefined;
        }
        if (step === 'ask') {
          const answer = await me.post('/privacy/erasure-request');
          expect(answer.status).to.equal(wish === 'waiting' ? 409 : 201);
          wish = 'waiting';
        }
        if (step === 'withdraw') {
          const answer = await me.post('/privacy/erasure-request/withdraw', undefined, version(newest?.version ?? 1));
          expect(answer.status).to.equal({ none: 404, waiting: 200 }[wish] ?? 409);
          if (wish === 'waiting') wish = 'withdrawn';
        }
        if (step === 'due' && newest !== undefined) {
          await app.database.sql('update erasure_request set due_at = $2 where id = $1', [newest.id, app.clock.now()]);
          await sweep(app, scope.companyId, 'erasure_request', newest.id, 'begin');
          await app.idle();
          if (wish === 'waiting' && held === undefined) wish = 'done';
        }
        if (wish === 'done') await me.get('/privacy/erasure-request').expect(401);
        else if (wish !== 'none') {
          newest = (await me.get('/privacy/erasure-request').expect(200)).body as Request;
          expect(newest.status).to.equal(wish);
        }
        expect((await profile(person.profileId)).erasedAt !== null).to.equal(wish === 'done');
      }
    };
    await fc.assert(fc.asyncProperty(steps, run), { numRuns: 10 });
  });
});
