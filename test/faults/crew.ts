import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { TokenSet } from '../../src/platform/identity-provider/port.ts';
import { signInByBrowser } from '../platform/identity-provider/browser.ts';
import { addLogin } from '../support/people.ts';
import type { Stage } from './stage.ts';

/** Somebody who is signed in on the workers' surfaces. */
export interface Hand {
  readonly companyId: string;
  readonly profileId: string;
  readonly personId: string;
  readonly keycloakId: string;
  readonly email: string;
  /** A token that lives for a while yet; the old one as long as Keycloak gives no other. */
  readonly bearer: () => Promise<string>;
}

export const PASSWORD = 'puente y río largos';
/** A token is good for five minutes; this many ms before its end another is asked for, at most this often. */
const RENEW_BEFORE = 200_000;
const ASK_EVERY = 2_000;

const signedIn = ({ identityProvider }: Stage, email: string, address: string): Hand['bearer'] => {
  let token = '';
  let refreshToken: string | undefined;
  let until = 0;
  let asked = -Infinity;
  let renewing: Promise<void> | undefined;
  const signIn = (): Promise<TokenSet> =>
    identityProvider.passwordGrant({ username: email, password: PASSWORD, address });
  // In the same session, as a browser does; where its answer was lost, the refresh token is spent.
  const renew = async (): Promise<void> => {
    asked = Date.now();
    const spent = refreshToken;
    refreshToken = undefined;
    const set = await (spent === undefined
      ? signIn()
      : identityProvider.refresh({ client: 'angelis-worker', refreshToken: spent }).catch(signIn));
    token = set.accessToken;
    ({ refreshToken } = set);
    until = Date.now() + set.expiresIn * 1_000;
  };
  return async () => {
    const left = until - Date.now();
    if (left < RENEW_BEFORE && Date.now() - asked > ASK_EVERY)
      renewing ??= renew().finally(() => {
        renewing = undefined;
      });
    await renewing?.catch((error: unknown) => {
      if (left <= 0) throw error;
    });
    return `Bearer ${token}`;
  };
};

/** Companies with managers, or others, who have a mail address, all signed in. */
export const addCrew = async (
  stage: Stage,
  companies: number,
  each: number,
  roles: readonly string[] = ['manager'],
): Promise<Hand[]> => {
  const hands: Hand[] = [];
  const client = await stage.database.superuser();
  for (let n = 0; n < companies; n += 1) {
    const companyId = await stage.addCompany();
    for (let m = 0; m < each; m += 1) {
      const email = `${randomUUID()}@example.cl`;
      const login = { email, password: PASSWORD };
      const { profileId, personId, keycloakId } = await addLogin(stage, { companyId, roles, login });
      await client.query('update profile set contact_email = $2 where id = $1', [profileId, email]);
      const bearer = signedIn(stage, email, `198.51.100.${(hands.length % 250) + 1}`);
      await bearer();
      hands.push({ companyId, profileId, personId, keycloakId, email, bearer });
    }
  }
  await client.end();
  return hands;
};

/** A token of the administration, by Keycloak's page, code and PKCE. */
export const signInAsAdmin = async ({ identityProvider, settings }: Stage, email: string): Promise<string> => {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const redirectUri = `${settings.PUBLIC_URL}/angelis/admin/auth/callback`;
  const page = identityProvider.authorizationUrl({ state: 's', nonce: 'n', challenge, redirectUri });
  const code = (await signInByBrowser(page, email, PASSWORD)).get('code');
  const { accessToken } = await identityProvider.exchangeCode({ code: code ?? '', verifier, redirectUri });
  return `Bearer ${accessToken}`;
};
