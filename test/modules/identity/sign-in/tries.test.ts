import { expect } from 'chai';
import { LIMITS } from '../../../../src/platform/settings/rates.ts';
import { startApp } from '../../../support/app.ts';
import type { TestApp } from '../../../support/app.ts';
import { addCompany } from '../../../support/companies.ts';
import { addPerson } from '../../../support/people.ts';
import type { TestLogin } from '../../../support/people.ts';

const PASSWORD = 'una clave larga y rara';
const POINTS = 4;

interface Answer {
  status: number;
  code: string | undefined;
  detail: string | undefined;
}

/** How often an account may be tried, by whichever of its names; and that this says nothing of whose names they are. */
describe('tries of one account by several names', () => {
  let app: TestApp;
  let company: string;
  let asked: string[];
  let addresses = 0;

  before(async () => {
    const generous = { points: 1_000, per: 60 };
    app = await startApp({ limits: { ...LIMITS, anonymous: generous, signIn: { points: POINTS, per: 60 } } });
    company = await addCompany(app.database);
    const { passwordGrant } = app.identityProvider;
    app.identityProvider.passwordGrant = (request) => {
      asked.push(request.username);
      return passwordGrant(request);
    };
  });
  beforeEach(() => {
    asked = [];
  });
  after(() => app.close());

  const add = (login: TestLogin) =>
    addPerson(app, { companyId: company, roles: ['worker'], login: { password: PASSWORD, ...login } });
  /** Each try comes from somewhere else. */
  const attempt = async (identifier: string, password = 'wrong password'): Promise<Answer> => {
    addresses += 1;
    const headers = { 'x-company-id': company, 'x-forwarded-for': `10.3.0.${addresses}`, 'accept-language': 'es' };
    const { status, body } = await app.http.post('/angelis/auth/sign-in').set(headers).send({ identifier, password });
    const { code, detail } = body as { code?: string; detail?: string };
    return { status, code, detail };
  };
  const attempts = async (identifiers: readonly string[], password?: string): Promise<Answer[]> => {
    const answers: Answer[] = [];
    for (const identifier of identifiers) answers.push(await attempt(identifier, password));
    return answers;
  };
  const times = (count: number, identifier: string): string[] => Array.from({ length: count }, () => identifier);

  it('end together: then the right password opens nothing either, by no name', async () => {
    const { personId } = await add({ email: 'walter@example.cl', rut: '11111111-1' });
    const half = POINTS / 2;
    await attempts([...times(half, 'walter@example.cl'), ...times(half, '11.111.111-1')]);
    expect(asked).to.deep.equal(times(POINTS, `u-${personId}`));
    asked = [];
    for (const identifier of ['walter@example.cl', '11111111-1'])
      expect(await attempt(identifier, PASSWORD)).to.include({ status: 401, code: 'INVALID_CREDENTIALS' });
    expect(asked, 'a name that nobody has is asked for').to.have.length(2).and.not.include(`u-${personId}`);
    for (const username of asked) expect(username).to.match(/^u-[0-9a-f-]{36}$/);
  });

  it('count as well when they succeed, and leave others alone', async () => {
    await add({ email: 'rosa@example.cl', rut: '14275836-9' });
    await add({ email: 'eva@example.cl', rut: '6123457-8' });
    const half = POINTS / 2;
    const names = [...times(half, 'rosa@example.cl'), ...times(half, '14275836-9')];
    const statuses = (await attempts(names, PASSWORD)).map(({ status }) => status);
    expect(statuses).to.deep.equal(names.map(() => 200));
    expect((await attempt('rosa@example.cl', PASSWORD)).status).to.equal(401);
    expect((await attempt('eva@example.cl', PASSWORD)).status).to.equal(200);
  });

  it('are answered alike whether both names are of one person, of two, or of nobody', async () => {
    await add({ email: 'one@example.cl', rut: '5126663-3' });
    await add({ email: 'first@example.cl' });
    await add({ email: 'second@example.cl', rut: '22222222-2' });
    const pairs = [
      ['one@example.cl', '5126663-3'],
      ['first@example.cl', '22222222-2'],
      ['nobody@example.cl', '12345678-5'],
    ] as const;
    const seen: Answer[][] = [];
    for (const [email, rut] of pairs)
      seen.push(await attempts([...times(POINTS + 1, email), ...times(POINTS + 1, rut)]));
    const [own, ...others] = seen;
    const each = [...times(POINTS, '401'), '429'].map(Number);
    expect(own!.map(({ status }) => status)).to.deep.equal([...each, ...each]);
    for (const other of others) expect(other).to.deep.equal(own);
  });
});
