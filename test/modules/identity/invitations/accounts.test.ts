import { expect } from 'chai';
import type { Beat } from '../../../../src/platform/http/beat.ts';
import { OPERATOR_COMPANY, systemScope } from '../../../../src/platform/db/scope.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { clientOf, version } from '../../../support/client.ts';
import type { Client } from '../../../support/client.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestPerson } from '../../../support/people.ts';

const PASSWORD = 'grapas y caballos';
const OTHER = 'otra cosa distinta';
const KNOWN = { email: 'known@example.cl', rut: '7654321-6', password: PASSWORD };
const REFUSED = [401, 'INVALID_CREDENTIALS'];

interface Invited {
  readonly profileId: string;
  readonly email: string;
  readonly token: string;
}
interface Place {
  readonly id: string;
  readonly admin: Client;
}

/** Who accepts is linked: by a mailbox and a password, whatever a company typed into the profile. */
describe('accounts that accept invitations', () => {
  let app: TestApp;
  let mine: Place;
  let theirs: Place;
  /** Somebody whom the other company knows. */
  let known: TestPerson;
  let n = 0;
  /** Refusals that waited for the beat. */
  let waited = 0;

  const place = async (): Promise<Place> => {
    const id = await addCompany(app.database);
    return { id, admin: await clientOf(app, await addPerson(app, { companyId: id, roles: ['owner'] })) };
  };
  before(async () => {
    const beat: Beat = async (work) => {
      try {
        return await work();
      } catch (error) {
        waited += 1;
        throw error;
      }
    };
    app = await startApp({ background: true, beat });
    [mine, theirs] = [await place(), await place()];
    known = await addPerson(app, { companyId: theirs.id, roles: ['worker'], login: KNOWN });
  });
  after(() => app.close());

  const tokenTo = (email: string): string =>
    /token=(\S+)/.exec(app.messages.mails.findLast(({ to }) => to === email)?.text ?? '')?.[1] ?? 'none';
  /** An admin types somebody in, with any RUT and a mailbox of their own choice, and invites them. */
  const invite = async ({ admin }: Place, rut?: string): Promise<Invited> => {
    n += 1;
    const email = `invited${n}@example.cl`;
    const nationalId = rut === undefined ? null : { kind: 'RUT', value: rut };
    const body = { firstName: 'Luz', lastName: 'Vera', kind: 'employee', contactEmail: email, nationalId };
    const { id } = (await admin.post('/admin/profile', body).expect(201)).body as { id: string };
    await admin.post(`/admin/profile/${id}/invite`, {}, version(1)).expect(200);
    await app.idle();
    return { profileId: id, email, token: tokenTo(email) };
  };
  const at = ({ id }: Place) => ({ 'x-company-id': id });
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    app.http
      .post(`/angelis/auth/${path}`)
      .set({ 'accept-language': 'en', ...headers })
      .send(body);
  const accept = (token: string, password = PASSWORD) => post('invitation/accept', { token, password });
  const acceptAs = (token: string, identifier: string, password = PASSWORD, headers: Record<string, string> = {}) =>
    post('invitation/accept', { token, identifier, password }, headers);
  const signIn = (identifier: string, password: string, where?: Place) =>
    post('sign-in', { identifier, password }, where === undefined ? {} : at(where));
  const linked = async (id: string) =>
    (
      await app.database.sql<{ status: string; personId: string | null }>(
        'select status, person_id as "personId" from profile where id = $1',
        [id],
      )
    )[0]!;
  /** A person's row without what counts sign-ins: a tick writes that in its own time. */
  const loginOf = (id: string): Promise<object[]> =>
    app.database.sql(`select to_jsonb(p) - 'failed_logins' - 'last_login_at' as login from person p where p.id = $1`, [
      id,
    ]);
  const code = ({ body }: { body: unknown }): string => (body as { code: string }).code;
  const refusal = (answer: { status: number; body: unknown }) => [answer.status, code(answer)];

  it('are made and linked alike whether the RUT of the profile is known elsewhere or not', async () => {
    const before = await loginOf(known.personId);
    const told: object[] = [];
    for (const rut of [KNOWN.rut, '9876543-3']) {
      const { token, profileId, email } = await invite(mine, rut);
      const { status, body } = await accept(token, OTHER);
      const { personId, status: became } = await linked(profileId);
      expect(personId).to.not.equal(known.personId);
      const entered = [await signIn(rut, OTHER, mine), await signIn(email, OTHER)];
      told.push({ status, body: body as object, became, entered: entered.map((answer) => answer.status) });
    }
    expect(told[0]).to.deep.include({ status: 200, became: 'active', entered: [200, 200] });
    expect(told[1]).to.deep.equal(told[0]);
    // Neither opens to the other, in either company.
    expect(refusal(await signIn(KNOWN.rut, OTHER, theirs))).to.deep.equal(REFUSED);
    expect(refusal(await signIn(KNOWN.rut, PASSWORD, mine))).to.deep.equal(REFUSED);
    await signIn(KNOWN.rut, PASSWORD, theirs).expect(200);
    expect(await loginOf(known.personId)).to.deep.equal(before);
  });

  it('keep a RUT from nobody: whoever is invited later, elsewhere, signs in with it there', async () => {
    const rut = '5126663-3';
    const squatted = await invite(mine, rut);
    await accept(squatted.token, OTHER).expect(200);
    const { token, profileId } = await invite(theirs, rut);
    await accept(token).expect(200);
    const { personId } = await linked(profileId);
    expect(personId).to.not.equal((await linked(squatted.profileId)).personId);
    const { accessToken } = (await signIn('5.126.663-3', PASSWORD, theirs).expect(200)).body as { accessToken: string };
    const me = await app.http.get('/angelis/auth/me').set({ authorization: `Bearer ${accessToken}` });
    expect(me.body).to.include({ id: personId, nationalIdMask: '*****663-3' });
    expect(refusal(await signIn(rut, OTHER, theirs))).to.deep.equal(REFUSED);
    expect(refusal(await signIn(rut, PASSWORD, mine))).to.deep.equal(REFUSED);
  });

  it('under another address say so, by email, or by RUT where they have it, and prove it by their own password', async () => {
    const before = await loginOf(known.personId);
    const { token, profileId, email } = await invite(mine, '10234567-3');
    await acceptAs(token, KNOWN.email).expect(200);
    expect(await linked(profileId)).to.deep.equal({ status: 'active', personId: known.personId });
    expect(await loginOf(known.personId)).to.deep.equal(before);
    expect(refusal(await signIn(email, PASSWORD))).to.deep.equal(REFUSED);
    await signIn('10234567-3', PASSWORD, mine).expect(200);
    await acceptAs(token, KNOWN.email).expect(200);
    expect(refusal(await acceptAs(token, KNOWN.email, OTHER))).to.deep.equal([410, 'LINK_OVER']);
    const third = await invite(await place());
    expect(refusal(await acceptAs(third.token, KNOWN.rut))).to.deep.equal([400, 'COMPANY_NEEDED']);
    await acceptAs(third.token, KNOWN.rut, PASSWORD, at(theirs)).expect(200);
    expect((await linked(third.profileId)).personId).to.equal(known.personId);
  });

  it('that are unknown, wrong, disabled, or of another company by RUT are refused alike, and nobody is linked', async () => {
    const { token, profileId, email } = await invite(mine);
    const shut = { email: 'shut@example.cl', password: PASSWORD };
    const { personId } = await addPerson(app, { companyId: theirs.id, roles: ['worker'], login: shut });
    await app.database.sql(`update person set status = 'disabled' where id = $1`, [personId]);
    const elsewhere = await place();
    const answers = [
      await acceptAs(token, 'nobody@example.cl'),
      await acceptAs(token, '¿?'),
      await acceptAs(token, email),
      await acceptAs(token, KNOWN.email, OTHER),
      await acceptAs(token, shut.email),
      await acceptAs(token, KNOWN.rut, PASSWORD, at(elsewhere)),
      await acceptAs(token, KNOWN.rut, OTHER, at(theirs)),
    ];
    for (const answer of answers) expect(refusal(answer)).to.deep.equal(REFUSED);
    expect(await linked(profileId)).to.deep.equal({ status: 'invited', personId: null });
    await accept(token).expect(200);
  });

  it('that are named count as tries to sign in to them, and are refused at the beat', async () => {
    const counted: string[] = [];
    const { rates } = app.platform;
    const count = rates.count.bind(rates);
    rates.count = (name, key) => {
      counted.push(`${name} ${key}`);
      return count(name, key);
    };
    waited = 0;
    try {
      const { token } = await invite(mine);
      for (const identifier of [KNOWN.email, 'nobody@example.cl']) {
        counted.length = 0;
        expect(refusal(await signIn(identifier, OTHER))).to.deep.equal(REFUSED);
        const [asSignIn] = counted;
        expect(refusal(await acceptAs(token, identifier, OTHER))).to.deep.equal(REFUSED);
        expect(counted.at(-1)).to.equal(asSignIn);
      }
    } finally {
      rates.count = count;
    }
    expect(waited).to.equal(4);
  });

  it('are linked in no other company than the one that the request names: by header, path or host', async () => {
    const slugOf = async ({ id }: Place) =>
      (await app.database.sql<{ slug: string }>('select slug from company where id = $1', [id]))[0]!.slug;
    const { token, profileId } = await invite(mine);
    const [own, other] = [await slugOf(mine), await slugOf(theirs)];
    const about = (headers: Record<string, string>, path = '') => ({
      show: () => app.http.get(`/angelis${path}/auth/invitation`).query({ token }).set(headers),
      post: (name: string, body: object) =>
        app.http
          .post(`/angelis${path}/auth/invitation/${name}`)
          .set(headers)
          .send({ token, ...body }),
    });
    for (const { show, post: send } of [
      about({ 'x-company-slug': other }),
      about(at(theirs)),
      about({}, `/c/${other}`),
      about({ host: `${other}.127.0.0.1` }),
      about({ host: 'turnos.example' }),
    ])
      for (const answer of [await show(), await send('accept', { password: PASSWORD }), await send('decline', {})])
        expect(refusal(answer)).to.deep.equal([403, 'OTHER_COMPANY']);
    expect(refusal(await about({ 'x-company-slug': own, ...at(theirs) }).show())).to.deep.equal([
      400,
      'COMPANY_HINTS_DIFFER',
    ]);
    expect((await linked(profileId)).status).to.equal('invited');
    const named = about({ 'x-company-slug': own.toUpperCase(), ...at(mine), host: `${own}.127.0.0.1` });
    await named.show().expect(200);
    await named.post('accept', { password: PASSWORD }).expect(200);
    expect(refusal(await about(at(theirs)).post('accept', { password: PASSWORD }))).to.deep.equal([
      403,
      'OTHER_COMPANY',
    ]);
  });

  it('that somebody has are none of the staff’s: they are invited to a login of their own', async () => {
    const email = 'own@angelis.example';
    const person = { firstName: 'Eva', lastName: 'Paz', email, locale: 'en', role: 'support' } as const;
    await app.identity.staff.create({ scope: systemScope(OPERATOR_COMPANY, 'test', 'a'.repeat(32)) }, person);
    await app.idle();
    const refused = await acceptAs(tokenTo(email), KNOWN.email).expect(422);
    expect((refused.body as { errors: { code: string }[] }).errors[0]!.code).to.equal('LOGIN_OF_ITS_OWN');
  });
});
