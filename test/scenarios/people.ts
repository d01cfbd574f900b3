import { codeOf, openBrowser, totpSecretOf } from '../support/browser.ts';
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
