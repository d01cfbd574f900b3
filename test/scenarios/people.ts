import { randomUUID } from 'node:crypto';
import { OPERATOR_COMPANY, systemScope } from '../../src/platform/db/scope.ts';
import { codeOf, openBrowser, totpSecretOf } from '../support/browser.ts';
import { addLogin } from '../support/people.ts';
import type { TestPerson } from '../support/people.ts';
import type { TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

export const PASSWORD = 'puente y río largos';

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Waits as a client that looks again now and then: the limits of rate hold for tests too. */
export const eventually = (holds: () => Promise<boolean>): Promise<void> => until(holds, 250);

/** Signs somebody in on the workers' surfaces; each time from another address, since the limits are by address. */
export const signInByPassword = async ({ http }: TestSystem, email: string, from: string): Promise<Tokens> => {
  const request = http.post('/angelis/auth/sign-in').set({ 'x-forwarded-for': from });
  return (await request.send({ identifier: email, password: PASSWORD }).expect(200)).body as Tokens;
};

/**
 * Leads somebody's browser to the provider's page and back to the administration. Where they are asked for a second factor,
 * as staff are, they set it up now.
 */
export const signInOnAdmin = async ({ http, url }: TestSystem, email: string): Promise<Tokens> => {
  const away = await http.get('/angelis/admin/auth/start').expect(302);
  const [cookie] = away.headers['set-cookie'] as unknown as string[];
  const browser = openBrowser(`${url}/angelis/admin/auth/callback`);
  const page = await browser.signIn(String(away.headers['location']), email, PASSWORD);
  const totpSecret = totpSecretOf(page.html);
  const { back, html, query } =
    totpSecret === undefined
      ? page
      : await browser.send(page.html, { totpSecret, userLabel: 'phone', totp: codeOf(totpSecret) });
  if (!back) throw new Error(`The sign-in page did not lead on: ${html.slice(0, 2_000)}`);
  const entered = await http
    .get('/angelis/admin/auth/callback')
    .query(Object.fromEntries(query))
    .set({ cookie: cookie!.split(';')[0]! })
    .expect(200);
  return entered.body as Tokens;
};

export type Somebody = Omit<TestPerson, 'bearer'> & { readonly email: string };
type Surface = '/auth' | '/admin/auth';

/** What people do at a system, through a gateway that says who asks; each time from another address, since the limits are by address. */
export const visitorsOf = (get: () => TestSystem) => {
  let requests = 0;
  const nextAddress = (): string => {
    requests += 1;
    return `198.51.${requests >> 8}.${requests % 256}`;
  };
  const ask = (method: 'get' | 'post' | 'patch' | 'delete', path: string, token?: string) =>
    get()
      .http[method](`/angelis${path}`)
      .set({ 'x-forwarded-for': nextAddress(), ...(token !== undefined && { authorization: `Bearer ${token}` }) });
  const post = (path: string, body?: object, token?: string) => ask('post', path, token).send(body);
  return {
    ask,
    post,
    me: (token: string, surface: Surface = '/auth') => ask('get', `${surface}/me`, token),
    refresh: (refreshToken: string, surface: Surface = '/auth') => post(`${surface}/refresh`, { refreshToken }),
    signIn: ({ email }: Pick<Somebody, 'email'>): Promise<Tokens> => signInByPassword(get(), email, nextAddress()),
    addSomebody: async (companyId: string, roles: readonly string[], password?: string): Promise<Somebody> => {
      const email = `${randomUUID()}@example.cl`;
      const login = { email, ...(password !== undefined && { password }) };
      return { ...(await addLogin(get(), { companyId, roles, login })), email };
    },
    sql: async <Row extends object>(text: string, values: unknown[]): Promise<Row[]> =>
      (await (await get().database.superuser()).query<Row>(text, values)).rows,
  };
};

/** The newest of what this pattern finds in somebody's mails, once there are so many. */
export const mailedTo = async (system: TestSystem, email: string, pattern: RegExp, least = 1): Promise<string> => {
  const found = async (): Promise<string[]> =>
    (await system.mailsOf(email)).flatMap(({ text }) => pattern.exec(text)?.[1] ?? []);
  await eventually(async () => (await found()).length >= least);
  return (await found()).at(-1)!;
};
export const LINK = /token=(\S+)/;
export const CODE = /\b(\d{6})\b/;

/** Somebody of the staff, who came by the link that was mailed; their tokens. */
export const addStaffMember = async (system: TestSystem): Promise<Tokens> => {
  const email = `${randomUUID()}@example.cl`;
  const scope = systemScope(OPERATOR_COMPANY, 'test', 'f'.repeat(32));
  const chief = { firstName: 'Olga', lastName: 'Prado', email, locale: 'es' as const, role: 'superadmin' as const };
  await system.identity.staff.create({ scope }, chief);
  const token = await mailedTo(system, email, LINK);
  await system.http.post('/angelis/auth/invitation/accept').send({ token, password: PASSWORD }).expect(200);
  return signInOnAdmin(system, email);
};
