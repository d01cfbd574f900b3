import { expect } from 'chai';
import { LINK, eventually, mailedTo, PASSWORD, signInOnAdmin, visitorsOf } from '../scenarios/people.ts';
import type { Somebody, Tokens } from '../scenarios/people.ts';
import { codeOf } from '../support/browser.ts';
import { addLegacyPassword, hasLegacyPassword } from '../support/legacy.ts';
import { giveSecondFactor } from '../support/servers/second-factor.ts';
import { systemOnServers } from '../support/servers/system.ts';
import type { TestSystem } from '../support/system.ts';

const SECRET = 'abcdefghijklmnopqrst';

describe('whoever has a second factor, on real servers', () => {
  let system: TestSystem;
  let companyId: string;
  const visitors = visitorsOf(() => system);
  const { post, me, sql } = visitors;

  before(async () => {
    system = await systemOnServers(12)();
    companyId = await system.addCompany();
  });
  after(() => system.stop());

  /** A worker who has set one up. */
  const addWorker = async (hasPassword: boolean): Promise<Somebody> => {
    const worker = await visitors.addSomebody(companyId, ['worker']);
    return {
      ...worker,
      keycloakId: await giveSecondFactor(system, worker, SECRET, hasPassword ? PASSWORD : undefined),
    };
  };
  const signIn = ({ email }: Somebody, totp?: string) =>
    post('/auth/sign-in', { identifier: email, password: PASSWORD, ...(totp !== undefined && { totp }) });
  /** Keycloak takes nobody in while it still counts their try before, and spends no code by it. */
  const enter = async (worker: Somebody): Promise<Tokens> => {
    const tokens: Tokens[] = [];
    await eventually(async () => {
      const { status, body } = await signIn(worker, codeOf(SECRET));
      if (status === 200) tokens.push(body as Tokens);
      return status === 200;
    });
    return tokens[0]!;
  };

  it('signs in and changes their password with its code, and not without', async () => {
    const worker = await addWorker(true);
    await signIn(worker).expect(401);
    const { accessToken } = await enter(worker);
    await me(accessToken).expect(200);
    const body = { currentPassword: PASSWORD, newPassword: 'otra clave muy larga' };
    const refused = await post('/auth/me/password', body, accessToken).expect(422);
    expect((refused.body as { errors: { code: string }[] }).errors[0]).to.include({ code: 'SECOND_FACTOR_NEEDED' });
    await eventually(async () => {
      // A code is good once, and that of the next half minute is taken already.
      const totp = codeOf(SECRET, 1);
      return (await post('/auth/me/password', { ...body, totp }, accessToken)).status === 204;
    });
  });

  it('accepts an invitation of another company with its code, and not without', async () => {
    const worker = await addWorker(true);
    const owner = await visitors.addSomebody(await system.addCompany(), ['owner'], PASSWORD);
    const { accessToken } = await signInOnAdmin(system, owner.email);
    const profile = { firstName: 'Ana', lastName: 'Rojas', kind: 'contractor', contactEmail: worker.email };
    const made = await post('/admin/profile', profile, accessToken).expect(201);
    const { id, version } = made.body as { id: string; version: number };
    await post(`/admin/profile/${id}/invite`, {}, accessToken).set('if-match', `"${version}"`).expect(200);
    const token = await mailedTo(system, worker.email, LINK);
    const accept = (totp?: string) =>
      post('/auth/invitation/accept', { token, password: PASSWORD, ...(totp !== undefined && { totp }) });
    const stateOf = () => sql('select status, person_id as "personId" from profile where id = $1', [id]);
    await accept().expect(401);
    expect(await stateOf()).to.deep.equal([{ status: 'invited', personId: null }]);
    await eventually(async () => (await accept(codeOf(SECRET))).status === 200);
    expect(await stateOf()).to.deep.equal([{ status: 'active', personId: worker.personId }]);
    expect(await system.identityProvider.users.find({ email: worker.email })).to.include({ id: worker.keycloakId });
  });

  it('brings the password of an older system along, which opens nothing without the code', async () => {
    const worker = await addWorker(false);
    await addLegacyPassword(system, worker.personId, PASSWORD);
    await signIn(worker).expect(401);
    expect(await hasLegacyPassword(system, worker.personId)).to.equal(false);
    const { accessToken } = await enter(worker);
    expect((await me(accessToken).expect(200)).body).to.include({ id: worker.personId });
  });
});
