import { expect } from 'chai';
import fc from 'fast-check';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany, scopeOf } from '../../../support/companies.ts';
import { addDepartmentHead, addPerson } from '../../../support/people.ts';
import { codeOf, itemsOf, rowOf } from '../../../support/workforce.ts';

const PASSWORD = 'grapas y caballos';
const DAY = 86_400_000;
const base = '/admin/invitation';

interface Sent {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly profileId: string;
  readonly departmentId: string | null;
  readonly sentCount: number;
  readonly expiresAt: string;
  readonly remindedAt: string | null;
  readonly roles: readonly string[];
}

describe('invitations that a company sends', () => {
  let app: TestApp;
  let companyId: string;
  let owner: Client;
  let n = 0;

  before(async () => {
    app = await startApp({ background: true });
    companyId = await addCompany(app.database);
    owner = await clientOf(app, await addPerson(app, { companyId, roles: ['owner'] }));
  });
  after(() => app.close());

  const fresh = (): string => `new${(n += 1)}@example.cl`;
  const as = async (...roles: string[]): Promise<Client> => clientOf(app, await addPerson(app, { companyId, roles }));
  const ask = (email: string, given: object = {}, client: Client = owner) =>
    client.post(base, { email, firstName: 'Luz', lastName: 'Vera', ...given });
  const send = (email: string, given: object = {}, client: Client = owner) =>
    rowOf<Sent>(ask(email, given, client), 201);
  const read = (id: string, client: Client = owner) => rowOf<Sent>(client.get(`${base}/${id}`));
  const move = (sent: Pick<Sent, 'id' | 'version'>, name: string, client: Client = owner) =>
    client.post(`${base}/${sent.id}/${name}`, name === 'resend' ? {} : undefined, version(sent.version));
  const profile = (id: string) =>
    rowOf<{ id: string; version: number; status: string }>(owner.get(`/admin/profile/${id}`));
  const mailsTo = (email: string) => app.messages.mails.filter(({ to }) => to === email);
  const tokenTo = async (email: string): Promise<string> => {
    await app.idle();
    return /token=(\S+)/.exec(mailsTo(email).at(-1)?.text ?? '')?.[1] ?? 'none';
  };
  const show = (token: string) => app.http.get('/angelis/auth/invitation').query({ token });
  const accept = (token: string) =>
    app.http.post('/angelis/auth/invitation/accept').send({ token, password: PASSWORD });
  const decline = (token: string) => app.http.post('/angelis/auth/invitation/decline').send({ token });
  /** What falls due `later` than now. */
  const fallDue = async (id: string, name: 'remind' | 'expire', later: number): Promise<void> => {
    app.clock.set(new Date(Date.now() + later));
    try {
      await app.platform.movers.get('invitation')!.fallDue({ scope: scopeOf(companyId) }, id, name);
      await app.idle();
    } finally {
      app.clock.set(undefined);
    }
  };
  const heldBy = async (profileId: string) =>
    (await itemsOf<{ roleCode: string }>(owner, `/admin/role/assignment?profileId=${profileId}`)).map(
      ({ roleCode }) => roleCode,
    );
  const department = async (): Promise<string> =>
    (await rowOf<{ id: string }>(owner.post('/admin/department', { code: `D${(n += 1)}`, name: 'D' }), 201)).id;

  it('make a draft of somebody new, who joins with the roles that came with it', async () => {
    const [email, departmentId] = [fresh(), await department()];
    const sent = await send(email.toUpperCase(), { departmentId, roles: [{ systemRole: 'supervisor' }], locale: 'fr' });
    expect(sent).to.include({ email, status: 'pending', departmentId, sentCount: 1, locale: 'fr' });
    expect((await profile(sent.profileId)).status).to.equal('invited');
    const [listed] = await itemsOf<Sent>(owner, `${base}?status=pending&email=${email}`);
    expect(listed).to.deep.include({
      id: sent.id,
      firstName: 'Luz',
      lastName: 'Vera',
      departmentName: 'D',
      roles: ['supervisor'],
    });
    const token = await tokenTo(email);
    expect(mailsTo(email)[0]!.subject).to.include('vous invite');
    await accept(token).expect(200);
    expect(await read(sent.id)).to.include({ status: 'accepted' });
    expect(await profile(sent.profileId)).to.include({ status: 'active' });
    expect(await heldBy(sent.profileId)).to.deep.equal(['supervisor']);
    expect(await codeOf(move(await read(sent.id), 'revoke'), 409)).to.equal('INVALID_TRANSITION');
  });

  it('offer nothing above what their sender may give, and leave nothing behind when they do', async () => {
    const email = fresh();
    const refused = [
      [await as('admin'), [{ systemRole: 'worker' }, { systemRole: 'owner' }], 'ROLE_ABOVE_OWN'],
      [await as('admin'), [{ systemRole: 'health_reader' }], 'ROLE_ABOVE_OWN'],
      [await as('institution_admin'), [{ systemRole: 'worker' }], 'ROLE_NOT_YOURS'],
      [await as('manager'), [], 'FORBIDDEN'],
    ] as const;
    for (const [client, roles, code] of refused)
      expect(await codeOf(ask(email, { roles }, client), 403)).to.equal(code);
    const unknown = await ask(email, { roles: [{ systemRole: 'worker' }, { systemRole: 'emperor' }] }).expect(422);
    expect((unknown.body as { errors: object[] }).errors[0]).to.include({ pointer: '/roles/1/systemRole' });
    expect(await itemsOf(owner, `/admin/profile?q=${email}`)).to.deep.equal([]);
    expect(mailsTo(email)).to.deep.equal([]);
    await send(email, {}, await as('institution_admin'));
  });

  it('stay within the reach of their sender, who sees and ends no others', async () => {
    const head = await addDepartmentHead(app, companyId);
    const [local, elsewhere] = [await clientOf(app, head), await send(fresh())];
    const { rows } = await (
      await app.database.superuser()
    ).query<{ id: string }>('select department_id as id from profile where id = $1', [head.profileId]);
    const mine = await send(fresh(), { departmentId: rows[0]!.id }, local);
    for (const departmentId of [null, await department()])
      expect(await codeOf(ask(fresh(), { departmentId }, local), 403)).to.equal('OUT_OF_REACH');
    const known = { firstName: 'Eva', lastName: 'Vera', kind: 'employee', contactEmail: fresh() };
    await rowOf(owner.post('/admin/profile', known), 201);
    expect(await codeOf(ask(known.contactEmail, {}, local), 403), 'a draft').to.equal('OUT_OF_REACH');
    expect((await itemsOf<Sent>(local, base)).map(({ id }) => id)).to.deep.equal([mine.id]);
    await local.get(`${base}/${elsewhere.id}`).expect(404);
    await move(elsewhere, 'revoke', local).expect(404);
    await move(mine, 'resend', local).expect(200);
  });

  it('are ended, and sent again, by nobody whom the invited will stand above', async () => {
    const sent = await send(fresh(), { roles: [{ systemRole: 'senior_admin' }] });
    for (const name of ['revoke', 'resend'])
      expect(await codeOf(move(sent, name, await as('institution_admin')), 403)).to.equal('ROLE_ABOVE_OWN');
  });

  it('are over to whoever accepts while they are taken back, however that was done', async () => {
    const ends: readonly ((sent: Sent, email: string) => PromiseLike<unknown>)[] = [
      (sent) => move(sent, 'revoke').expect(200),
      (sent) => move(sent, 'resend').expect(200),
      async (_sent, email) => decline(await tokenTo(email)).expect(204),
      async ({ profileId }) => {
        const at = version((await profile(profileId)).version);
        await owner.post(`/admin/profile/${profileId}/end`, { reason: 'x' }, at).expect(200);
      },
      async ({ profileId }) => {
        const at = version((await profile(profileId)).version);
        await owner.patch(`/admin/profile/${profileId}`, { contactEmail: fresh() }, at).expect(200);
      },
    ];
    const { users } = app.identityProvider;
    const create = users.create;
    for (const end of ends) {
      const email = fresh();
      const sent = await send(email);
      const token = await tokenTo(email);
      users.create = async (user) => {
        users.create = create;
        await end(sent, email);
        return create(user);
      };
      expect(await codeOf(accept(token), 410), String(end)).to.equal('LINK_OVER');
      expect((await profile(sent.profileId)).status).to.not.equal('active');
    }
  });

  it('are over once the time of a temporary profile is, before anything has ended it', async () => {
    const email = fresh();
    const { profileId } = await send(email);
    const expiresAt = new Date(Date.now() + 20 * DAY).toISOString();
    const at = version((await profile(profileId)).version);
    await owner.patch(`/admin/profile/${profileId}`, { kind: 'temporary', expiresAt }, at).expect(200);
    const token = await tokenTo(email);
    await show(token).expect(200);
    // Only this row knows that its time is over: no timer falls due.
    const past = new Date(Date.now() - 1_000);
    await app.database.sql('update profile set expires_at = $2 where id = $1 returning id', [profileId, past]);
    await show(token).expect(410);
    expect(await codeOf(accept(token), 410)).to.equal('LINK_OVER');
    expect((await profile(profileId)).status).to.equal('invited');
  });

  it('are pending once for each address in a department, however many are sent at once', async () => {
    const [email, departmentId] = [fresh(), await department()];
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(email)));
    expect(answers.map(({ status }) => status)).to.have.members([201, 409, 409, 409, 409]);
    expect(await codeOf(ask(email), 409)).to.equal('INVITATION_PENDING');
    await send(email, { departmentId });
    const twin = { firstName: 'Eva', lastName: 'Vera', kind: 'employee', contactEmail: email };
    const { id } = await rowOf<{ id: string }>(owner.post('/admin/profile', twin), 201);
    expect(await codeOf(owner.post(`/admin/profile/${id}/invite`, {}, version(1)), 409)).to.equal('INVITATION_PENDING');
  });

  it('go to nobody who is in the company already', async () => {
    const email = fresh();
    await send(email);
    await accept(await tokenTo(email)).expect(200);
    expect(await codeOf(ask(email), 409)).to.equal('EMAIL_OF_MEMBER');
  });

  it('end for good, take their roles with them, and never block another', async () => {
    const email = fresh();
    const endings: readonly (readonly [string, (sent: Sent) => PromiseLike<unknown>])[] = [
      ['declined', async () => decline(await tokenTo(email)).expect(204)],
      ['revoked', (sent) => move(sent, 'revoke').expect(200)],
      ['expired', ({ id }) => fallDue(id, 'expire', 8 * DAY)],
    ];
    const profiles = new Set<string>();
    for (const [status, end] of endings) {
      const sent = await send(email, { roles: [{ systemRole: 'admin' }] });
      profiles.add(sent.profileId);
      const token = await tokenTo(email);
      await end(sent);
      expect(await read(sent.id)).to.include({ status });
      expect(await profile(sent.profileId)).to.include({ status: 'draft' });
      expect(await heldBy(sent.profileId), status).to.deep.equal([]);
      await show(token).expect(410);
      await accept(token).expect(410);
    }
    await send(email, { roles: [{ systemRole: 'worker' }] });
    await accept(await tokenTo(email)).expect(200);
    const [profileId, ...others] = profiles;
    expect(others).to.deep.equal([]);
    expect(await heldBy(profileId!)).to.deep.equal(['worker']);
  });

  it('are declined by whoever has the link, once or twice, and by nobody else', async () => {
    const email = fresh();
    const sent = await send(email);
    const token = await tokenTo(email);
    await decline(`${token.slice(0, -4)}AAAA`).expect(410);
    expect(await read(sent.id)).to.include({ status: 'pending' });
    for (let again = 0; again < 2; again += 1) await decline(token).expect(204);
    const other = await send(email);
    const next = await tokenTo(email);
    await accept(next).expect(200);
    await decline(next).expect(410);
    expect(await read(other.id)).to.include({ status: 'accepted' });
  });

  it('are sent again five times, each with a link of its own and seven days more', async () => {
    const email = fresh();
    let sent = await send(email);
    const first = await tokenTo(email);
    await move(sent, 'resend').expect(200);
    await show(first).expect(410);
    await show(await tokenTo(email)).expect(200);
    expect(await codeOf(move(sent, 'resend'), 412)).to.equal('VERSION_MISMATCH');
    for (let count = 2; count < 6; count += 1) {
      sent = await rowOf<Sent>(move(await read(sent.id), 'resend'));
      expect(sent.sentCount).to.equal(count + 1);
    }
    expect(await codeOf(move(sent, 'resend'), 409)).to.equal('INVITATION_SENT_TOO_OFTEN');
    const profileVersion = version((await profile(sent.profileId)).version);
    const byProfile = owner.post(`/admin/profile/${sent.profileId}/resend`, {}, profileVersion);
    expect(await codeOf(byProfile, 409)).to.equal('INVITATION_SENT_TOO_OFTEN');
  });

  it('are mailed once more three days before their end, with a link that is good', async () => {
    const email = fresh();
    const sent = await send(email, { locale: 'en' });
    const first = await tokenTo(email);
    await fallDue(sent.id, 'remind', 4 * DAY - 60_000);
    expect(await read(sent.id)).to.include({ remindedAt: null });
    for (let again = 0; again < 2; again += 1) await fallDue(sent.id, 'remind', 4 * DAY + 60_000);
    const second = await tokenTo(email);
    expect(mailsTo(email).map(({ subject }) => subject.includes('waiting'))).to.deep.equal([false, true]);
    expect(await read(sent.id)).to.include({ sentCount: 1, expiresAt: sent.expiresAt });
    await show(first).expect(410);
    await accept(second).expect(200);
  });

  it('are pending while their profile is invited, and not else, whatever is done with either', async function run() {
    this.timeout(120_000);
    const NEXT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      pending: {
        resend: 'pending',
        revoke: 'revoked',
        accept: 'accepted',
        decline: 'declined',
        expire: 'expired',
        withdraw: 'revoked',
        readdress: 'revoked',
      },
    };
    const database = await app.database.superuser();
    const names = Object.keys(NEXT['pending']!);
    const steps: Readonly<Record<string, (sent: Sent, email: string) => Promise<unknown>>> = {
      resend: async (sent) => move(await read(sent.id), 'resend'),
      revoke: async (sent) => move(await read(sent.id), 'revoke'),
      accept: async (_sent, email) => accept(await tokenTo(email)),
      decline: async (_sent, email) => decline(await tokenTo(email)),
      expire: ({ id }) => fallDue(id, 'expire', 8 * DAY),
      withdraw: async ({ profileId }) =>
        owner.post(`/admin/profile/${profileId}/withdraw`, {}, version((await profile(profileId)).version)),
      readdress: async ({ profileId }) =>
        owner.patch(
          `/admin/profile/${profileId}`,
          { contactEmail: fresh() },
          version((await profile(profileId)).version),
        ),
    };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }), async (walk) => {
        const email = fresh();
        const sent = await send(email);
        let status = 'pending';
        for (const name of walk) {
          await steps[name]!(sent, email);
          status = NEXT[status]?.[name] ?? status;
          expect((await read(sent.id)).status, `${walk.join()}: ${name}`).to.equal(status);
          const { rows } = await database.query<{ astray: number }>(
            `select count(*)::int as astray from profile p
             where p.company_id = $1 and (p.status = 'invited') <> exists (
               select from invitation i where i.profile_id = p.id and i.status = 'pending')`,
            [companyId],
          );
          expect(rows[0]!.astray, name).to.equal(0);
        }
        const [due] = (
          await database.query<{ moves: number }>(
            `select count(*)::int as moves from due_move where entity = 'invitation' and entity_id = $1`,
            [sent.id],
          )
        ).rows;
        expect(due!.moves > 0, 'waits for its end').to.equal(status === 'pending');
      }),
      { numRuns: 12 },
    );
  });
});
