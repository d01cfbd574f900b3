import { decodeJwt, SignJWT } from 'jose';
import type { CryptoKey, JWTPayload } from 'jose';
import { IdentityProviderError } from './errors.ts';
import type { IdentityProvider, SignInClient, TokenSet } from './port.ts';

const ASSERTION_LIFE = 20;
/** Keycloak (26.7) refuses a longer parameter in no words of OAuth. None that it gave to anybody is so long. */
const LONGEST = 4_000;

/** Posts one form to an endpoint below `/protocol/openid-connect/`; throws `unavailable` when there is no answer. */
export type SendForm = (
  endpoint: 'token' | 'token/introspect' | 'logout',
  form: Record<string, string>,
  address?: string,
) => Promise<{ status: number; body?: unknown }>;

export interface TokenClientOptions {
  issuer: string;
  send: SendForm;
  /** Signs the assertions of `angelis-otp` (ES256): who holds it signs anyone in. */
  otpKey: CryptoKey;
  /** The service's own confidential client, which may introspect. */
  service: { clientId: string; clientSecret: string };
  now: () => Date;
}

type TokenCalls = Pick<
  IdentityProvider,
  | 'passwordGrant'
  | 'otpGrant'
  | 'authorizationUrl'
  | 'exchangeCode'
  | 'clientCredentials'
  | 'refresh'
  | 'logout'
  | 'introspect'
  | 'verifyPassword'
>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

const nonsense = (): IdentityProviderError =>
  new IdentityProviderError('unavailable', 'The identity provider gave an answer that cannot be read');

function text(value: unknown): string {
  if (typeof value !== 'string') throw nonsense();
  return value;
}

function amount(value: unknown): number {
  if (typeof value !== 'number') throw nonsense();
  return value;
}

function claimsOf(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch {
    throw nonsense();
  }
}

/** Of a token that the provider took. */
function sidOf(token: string): string | undefined {
  const { sid } = claimsOf(token);
  return typeof sid === 'string' ? sid : undefined;
}

function tokenSet(body: Record<string, unknown>): TokenSet {
  const accessToken = text(body['access_token']);
  const { sub, sid } = claimsOf(accessToken);
  return {
    accessToken,
    expiresIn: amount(body['expires_in']),
    refreshToken: text(body['refresh_token']),
    refreshExpiresIn: amount(body['refresh_expires_in']),
    ...(body['id_token'] === undefined ? {} : { idToken: text(body['id_token']) }),
    sid: text(sid),
    userId: text(sub),
  };
}

/** What a refused grant means, by OAuth's codes and, where those say too little, Keycloak's words (26.7). */
function refusal(status: number, body: Record<string, unknown>, grant: string): IdentityProviderError {
  const error = body['error'];
  const description = body['error_description'];
  if (status >= 500 || status === 429 || typeof error !== 'string') return nonsense();
  if (error === 'invalid_grant') {
    if (description === 'Account disabled' || description === 'User disabled') {
      return new IdentityProviderError('account_disabled', 'The account is disabled');
    }
    return grant === 'password'
      ? new IdentityProviderError('invalid_credentials', 'Unknown account, wrong credentials, or locked')
      : new IdentityProviderError('token_not_active', 'The token or code is not active');
  }
  if (grant === 'client_credentials' && (error === 'unauthorized_client' || error === 'invalid_client')) {
    return new IdentityProviderError('invalid_credentials', 'Unknown client or wrong secret');
  }
  if (error === 'invalid_scope')
    return new IdentityProviderError('scope_unknown', 'The client may not ask for this scope');
  const reason = typeof description === 'string' ? `${error}: ${description}` : error;
  return new IdentityProviderError('misconfigured', `The identity provider refuses this service (${reason})`);
}

/** The calls of the port that are plain OAuth, over whatever carries the forms. */
export function createTokenClient(options: TokenClientOptions): TokenCalls {
  const { issuer, send, otpKey, service, now } = options;

  const authentication = async (client: SignInClient): Promise<Record<string, string>> => {
    if (client !== 'angelis-otp') return { client_id: client };
    const seconds = Math.floor(now().getTime() / 1000);
    const assertion = await new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: client })
      .setIssuer(client)
      .setSubject(client)
      .setAudience(issuer)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + ASSERTION_LIFE)
      .sign(otpKey);
    return {
      client_id: client,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    };
  };
  /** Sends a form; one with a part that must be made up is answered here, as Keycloak answers what it does not know. */
  const post: SendForm = async (endpoint, form, address) => {
    if (Object.values(form).every(({ length }) => length <= LONGEST)) return send(endpoint, form, address);
    return {
      status: 400,
      body: { error: form['grant_type'] === 'client_credentials' ? 'invalid_client' : 'invalid_grant' },
    };
  };
  const grant = async (form: Record<string, string>, address?: string): Promise<Record<string, unknown>> => {
    const { status, body } = await post('token', form, address);
    if (status !== 200) throw refusal(status, record(body), form['grant_type'] ?? '');
    return record(body);
  };
  const passwordGrant: TokenCalls['passwordGrant'] = async ({ username, password, totp, address }) => {
    const factor: Record<string, string> = totp === undefined ? {} : { totp };
    const form = { grant_type: 'password', scope: 'openid', username, password, ...factor };
    return tokenSet(await grant({ ...form, ...(await authentication('angelis-worker')) }, address));
  };
  const logout: TokenCalls['logout'] = async ({ client, refreshToken }) => {
    const form = { ...(await authentication(client)), refresh_token: refreshToken };
    const { status, body } = await post('logout', form);
    if (status < 300) return sidOf(refreshToken);
    const error = refusal(status, record(body), 'logout');
    if (error.code !== 'token_not_active') throw error;
    return undefined;
  };

  return {
    passwordGrant,
    logout,
    otpGrant: async ({ username, address }) => {
      const form = { grant_type: 'password', scope: 'openid', username };
      return tokenSet(await grant({ ...form, ...(await authentication('angelis-otp')) }, address));
    },
    authorizationUrl: ({ state, nonce, challenge, redirectUri }) => {
      const url = new URL(`${issuer}/protocol/openid-connect/auth`);
      url.search = new URLSearchParams({
        client_id: 'angelis-admin',
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid',
        state,
        nonce,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }).toString();
      return url.toString();
    },
    exchangeCode: async ({ code, verifier, redirectUri, nonce }) => {
      const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri };
      const tokens = tokenSet(await grant({ ...form, ...(await authentication('angelis-admin')) }));
      if (nonce !== undefined && claimsOf(text(tokens.idToken))['nonce'] !== nonce) {
        throw new IdentityProviderError('token_not_active', 'The code belongs to another sign-in');
      }
      return tokens;
    },
    clientCredentials: async ({ clientId, clientSecret, scopes }) => {
      const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
      const body = await grant({ ...form, ...(scopes && { scope: scopes.join(' ') }) });
      return { accessToken: text(body['access_token']), expiresIn: amount(body['expires_in']) };
    },
    refresh: async ({ client, refreshToken }) => {
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
      return tokenSet(await grant({ ...form, ...(await authentication(client)) }));
    },
    introspect: async (token) => {
      const form = { token, client_id: service.clientId, client_secret: service.clientSecret };
      const { status, body: answer } = await send('token/introspect', form);
      const body = record(answer);
      if (status !== 200) throw refusal(status, body, 'introspect');
      if (body['active'] !== true) return { active: false };
      const expiresAt = new Date(amount(body['exp']) * 1000);
      const sid = body['sid'] === undefined ? {} : { sid: text(body['sid']) };
      return { active: true, userId: text(body['sub']), clientId: text(body['client_id']), expiresAt, ...sid };
    },
    verifyPassword: async (request) => {
      try {
        const { refreshToken } = await passwordGrant(request);
        await logout({ client: 'angelis-worker', refreshToken });
        return true;
      } catch (error) {
        const known = error instanceof IdentityProviderError;
        if (known && (error.code === 'invalid_credentials' || error.code === 'account_disabled')) return false;
        throw error;
      }
    },
  };
}
