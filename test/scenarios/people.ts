import { signInByBrowser } from '../platform/identity-provider/browser.ts';
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

/** Leads somebody's browser to the provider's page and back to the administration. */
export const signInOnAdmin = async ({ http }: TestSystem, email: string): Promise<Tokens> => {
  const away = await http.get('/angelis/admin/auth/start').expect(302);
  const [cookie] = away.headers['set-cookie'] as unknown as string[];
  const back = await signInByBrowser(String(away.headers['location']), email, PASSWORD);
  const entered = await http
    .get('/angelis/admin/auth/callback')
    .query(Object.fromEntries(back))
    .set({ cookie: cookie!.split(';')[0]! })
    .expect(200);
  return entered.body as Tokens;
};
