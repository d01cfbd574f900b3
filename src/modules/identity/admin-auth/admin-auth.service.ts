import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../../../platform/crypto/key-ring.ts';
import { open, seal, SealError } from '../../../platform/crypto/sealed.ts';
import { IdentityProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider, TokenSet } from '../../../platform/identity-provider/port.ts';
import { Problem } from '../../../platform/problem.ts';

interface AdminAuthDependencies {
  readonly identityProvider: Pick<IdentityProvider, 'authorizationUrl'>;
  readonly signIn: { redeem(request: Parameters<IdentityProvider['exchangeCode']>[0]): Promise<TokenSet> };
  readonly keys: { readonly data: KeyRing };
  readonly publicUrl: string;
  readonly adminRedirectUris: readonly string[];
  readonly now: () => Date;
}

export interface AdminAuth {
  /** Where the browser goes, and the cookie that binds the sign-in to it. 422 for an address to come back to that nobody set. */
  start(redirectUri: string | undefined): { readonly location: string; readonly cookie: string };
  /**
   * Tokens for the code; `cookie` to clear the one of the start. Throws 400 when this browser did not begin it, 403 NOT_ADMITTED
   * for somebody who lost their place meanwhile.
   */
  callback(
    answer: { readonly code: string | undefined; readonly state: string },
    cookies: string | undefined,
  ): Promise<{ readonly tokens: TokenSet; readonly cookie: string }>;
}

/** What the browser keeps, sealed, while its person is at the provider's page. */
interface Begun {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  /** Ms since 1970. */
  readonly until: number;
}

const COOKIE = 'angelis-sign-in';
const PLACE = 'admin-auth:begun';
const LIFE_S = 600;

const random = (): string => randomBytes(32).toString('base64url');
const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};
const readCookie = (header: string | undefined): string | undefined =>
  header
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1);

const elsewhere = (): Problem =>
  new Problem(422, 'INVALID', { errors: [{ pointer: '/redirectUri', code: 'REDIRECT_URI', in: 'query' }] });
const over = (cause?: unknown): Problem => new Problem(400, 'SIGN_IN_OVER', { cause });

/**
 * Sign-in on the admin client: authorization code with PKCE. State, nonce and verifier wait in a sealed cookie: it binds
 * the sign-in to the browser that began it, works on every instance, and nobody can fill a table with it.
 */
export const createAdminAuth = (dependencies: AdminAuthDependencies): AdminAuth => {
  const { identityProvider, signIn, keys, publicUrl, adminRedirectUris, now } = dependencies;
  const callback = `${publicUrl}/angelis/admin/auth/callback`;
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  const cookie = (value: string, maxAge: number): string =>
    `${COOKIE}=${value}; Path=/angelis/admin/auth; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`;

  const begunBy = (cookies: string | undefined): Begun => {
    const sealed = readCookie(cookies);
    if (sealed === undefined) throw over();
    try {
      return JSON.parse(open(sealed, keys.data, PLACE)) as Begun;
    } catch (error) {
      throw error instanceof SealError ? over(error) : error;
    }
  };

  return {
    start: (redirectUri = callback) => {
      if (redirectUri !== callback && !adminRedirectUris.includes(redirectUri)) throw elsewhere();
      const [state, nonce, verifier] = [random(), random(), random()];
      const begun: Begun = { state, nonce, verifier, redirectUri, until: now().getTime() + LIFE_S * 1000 };
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      return {
        location: identityProvider.authorizationUrl({ state, nonce, challenge, redirectUri }),
        cookie: cookie(seal(JSON.stringify(begun), keys.data, PLACE), LIFE_S),
      };
    },
    callback: async ({ code, state }, cookies) => {
      const begun = begunBy(cookies);
      if (!isSame(begun.state, state) || begun.until <= now().getTime() || code === undefined) throw over();
      const { verifier, redirectUri, nonce } = begun;
      try {
        const tokens = await signIn.redeem({ code, verifier, redirectUri, nonce });
        return { tokens, cookie: cookie('', 0) };
      } catch (error) {
        throw error instanceof IdentityProviderError && error.code === 'token_not_active' ? over(error) : error;
      }
    },
  };
};
