import { hash } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import Keycloak from 'keycloak-connect';
import { Problem } from '../problem.ts';
import { perRequest } from './per-request.ts';
import { createSigningKeys, KeysUnavailableError } from './signing-keys.ts';

/** What a verified access token says. Times are seconds since 1970. */
export interface Claims extends JWTPayload {
  sub: string;
  exp: number;
  iat: number;
  azp: string;
  /** The provider's session; machine clients have none. */
  sid?: string;
  /** What the token was asked for, apart by spaces. */
  scope?: string;
  realm_access?: { roles: string[] };
  resource_access?: Record<string, { roles: string[] }>;
}

/** What a back-channel logout notice says: the session that ended, or the person whose sessions all did. */
export type LogoutNotice = { sid: string; sub?: string } | { sid?: undefined; sub: string };

/** No bearer token where one is needed. */
const missing = (): Problem => new Problem(401, 'UNAUTHENTICATED');

/**
 * Every bad token gives the same answer; what was wrong with it is the `cause`, for the log only.
 * 503 when the keys to verify with cannot be had: the token may be good.
 */
const refusal = (error: unknown): Problem =>
  error instanceof KeysUnavailableError
    ? new Problem(503, 'IDENTITY_PROVIDER_UNAVAILABLE', { cause: error, retryAfter: 5 })
    : new Problem(401, 'INVALID_TOKEN', { cause: error });

export interface AuthenticationOptions {
  /** Base URL of the identity provider, without `/realms/…`. */
  url: string;
  realm: string;
  /** Exactly as tokens carry it. */
  issuer: string;
  audience: string;
  authorizedParties: (azp: string) => boolean;
  jwksUri: string;
  now: () => Date;
}

export interface Authentication {
  /** Verifies the bearer token, if any, and puts keycloak-connect's grant on the request. Answers nothing. */
  attach: RequestHandler[];
  /** Lets through requests with a grant; the others end in `next(Problem)`, 401 or 503. */
  protect: RequestHandler;
  /** The claims of the request's token, once `attach` has run and found it good. */
  claimsOf: (request: Request) => Claims | undefined;
  /** Why the request's token was found bad, once `attach` has run; the cause is what its verification threw. */
  refusalOf: (request: Request) => Problem | undefined;
  /** @throws Problem 401 INVALID_TOKEN, 503 IDENTITY_PROVIDER_UNAVAILABLE */
  verify: (token: string) => Promise<Claims>;
  /** The logout_token of OpenID Connect's back-channel logout. @throws Problem 401 INVALID_TOKEN, 503 IDENTITY_PROVIDER_UNAVAILABLE */
  verifyLogout: (token: string) => Promise<LogoutNotice>;
  /** Drops a session's tokens, or one token, from the cache of verified ones. It does not revoke: the session's row does. */
  forget: (sidOrToken: string) => void;
}

const ALGORITHMS = ['RS256', 'PS256', 'ES256'];
const MAX_TOKEN_LENGTH = 8192;
/** Seconds. */
const TOLERANCE = 5;
const MAX_LIFE = 3600;
const CACHE_LIFE = 60_000;
const CACHE_SIZE = 10_000;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Roles are lists of strings or absent: `"administrator"` would pass an indexOf for `"admin"`. */
function hasRoleList(access: unknown): boolean {
  if (!isRecord(access)) return false;
  const roles = access['roles'];
  return Array.isArray(roles) && roles.every((role) => typeof role === 'string');
}

function isClaims(payload: JWTPayload): payload is Claims {
  const { sub, azp, sid, scope, realm_access: realm, resource_access: resources, exp, iat } = payload;
  return (
    typeof sub === 'string' &&
    sub !== '' &&
    typeof azp === 'string' &&
    typeof exp === 'number' &&
    typeof iat === 'number' &&
    (sid === undefined || (typeof sid === 'string' && sid !== '')) &&
    (scope === undefined || typeof scope === 'string') &&
    (realm === undefined || hasRoleList(realm)) &&
    (resources === undefined || (isRecord(resources) && Object.values(resources).every(hasRoleList)))
  );
}

/** A token that was found good. */
interface Verified {
  readonly claims: Claims;
  readonly until: number;
  /** What keycloak-connect made of it: it says nothing of the request that brought it. */
  grant?: object | undefined;
}

/** A request as keycloak-connect keeps it. */
type Guarded = Request & { readonly kauth: { grant?: object } };

const keyOf = (token: string): string => hash('sha256', token, 'base64');

function bearerOf(request: Request): string | undefined {
  const header = request.headers.authorization;
  return header?.startsWith('Bearer ') || header?.startsWith('bearer ') ? header.slice(7) : undefined;
}

/**
 * keycloak-connect as the guard of routes, with everything in it that is not safe replaced: tokens are verified by jose
 * (issuer, audience, type, authorized party, pinned algorithms, life), and its logout, admin and code paths are off.
 */
export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { realm, issuer, audience, authorizedParties, now } = options;
  const keys = createSigningKeys(options.jwksUri, now);
  const verified = new Map<string, Verified>();
  const refused = perRequest<Problem>();
  const accepted = perRequest<Claims>();

  const signed = async (token: string, wantedAudience?: string): Promise<JWTPayload> => {
    if (token.length > MAX_TOKEN_LENGTH) throw new errors.JWTInvalid('The token is too long');
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'iat'],
      clockTolerance: TOLERANCE,
      currentDate: now(),
      ...(wantedAudience === undefined ? {} : { audience: wantedAudience }),
    });
    const { jwk, jku, x5c, x5u } = protectedHeader;
    if ([jwk, jku, x5c, x5u].some((value) => value !== undefined)) throw new Error('The token brings its own key');
    const latest = Math.floor(now().getTime() / 1000) + TOLERANCE;
    if (payload.iat === undefined || payload.iat > latest) throw new Error('The token is issued in the future');
    if (payload.exp === undefined || payload.exp > latest + MAX_LIFE) throw new Error('The token lives too long');
    return payload;
  };
  const check = async (token: string): Promise<Claims> => {
    const payload = await signed(token, audience);
    if (payload['typ'] !== 'Bearer') throw new Error('Not an access token');
    if (!isClaims(payload)) throw new Error('A claim is missing or malformed');
    if (!authorizedParties(payload.azp)) throw new Error('The authorized party is not ours');
    return payload;
  };
  const find = async (token: string): Promise<Verified> => {
    const key = keyOf(token);
    const time = now().getTime();
    const hit = verified.get(key);
    verified.delete(key);
    if (hit && hit.until > time) {
      verified.set(key, hit);
      return hit;
    }
    try {
      const claims = await check(token);
      const fresh: Verified = { claims, until: Math.min(claims.exp * 1000, time + CACHE_LIFE) };
      verified.set(key, fresh);
      const [oldest] = verified.keys();
      if (verified.size > CACHE_SIZE && oldest !== undefined) verified.delete(oldest);
      return fresh;
    } catch (error) {
      throw refusal(error);
    }
  };
  const verify: Authentication['verify'] = async (token) => (await find(token)).claims;
  const noticeOf = async (token: string): Promise<LogoutNotice> => {
    const { aud, sub, sid, events, nonce, typ } = await signed(token);
    const audiences = typeof aud === 'string' ? [aud] : (aud ?? []);
    if (!audiences.some(authorizedParties)) throw new Error('The audience is not ours');
    if (typ !== 'Logout' || nonce !== undefined || !isRecord(events) || !(LOGOUT_EVENT in events)) {
      throw new Error('Not a logout token');
    }
    const person = typeof sub === 'string' ? { sub } : {};
    if (typeof sid === 'string') return { sid, ...person };
    if (person.sub === undefined) throw new Error('The notice names no session and no person');
    return { sub: person.sub };
  };

  const config: Keycloak.KeycloakConfig = {
    realm,
    'auth-server-url': options.url,
    resource: audience,
    'bearer-only': true,
    'ssl-required': 'external',
    'confidential-port': 0,
  };
  const keycloak = new Keycloak({}, config);
  keycloak.grantManager.validateToken = async (token) => {
    if (!('token' in token) || typeof token.token !== 'string') throw new Error('There is no token to verify');
    // What it was verified by is of no more use, and kept it would hold memory for as long as a stream is open.
    return Object.assign(token, { content: await verify(token.token), signature: undefined, signed: undefined });
  };
  const deny = (request: Request, next: (error: Error) => void): void => {
    next(refused.of(request) ?? missing());
  };
  keycloak.accessDenied = (request: Request, _response: unknown, next?: (error: Error) => void) => {
    if (next) deny(request, next);
  };

  const [setup, , , attachGrant, , ...more] = keycloak.middleware();
  if (!setup || !attachGrant || more.length > 0) throw new Error('keycloak-connect has other middleware than expected');
  const attachVerified: RequestHandler = async (request, response, next) => {
    const token = bearerOf(request);
    if (token === undefined) {
      next();
      return;
    }
    let found: Verified;
    try {
      found = await find(token);
      accepted.keep(request, found.claims);
    } catch (error) {
      refused.keep(request, error instanceof Problem ? error : refusal(error));
      next();
      return;
    }
    const { kauth } = request as Guarded;
    if (found.grant !== undefined) {
      kauth.grant = found.grant;
      next();
      return;
    }
    await attachGrant(request, response, () => {
      // The token's text once more: kept for as long as the token, or a stream that it opened.
      found.grant = kauth.grant && Object.assign(kauth.grant, { __raw: undefined });
      next();
    });
  };

  return {
    verify,
    claimsOf: (request) => accepted.of(request),
    refusalOf: (request) => refused.of(request),
    attach: [setup, attachVerified],
    protect: keycloak.protect(),
    verifyLogout: async (token) => {
      try {
        return await noticeOf(token);
      } catch (error) {
        throw refusal(error);
      }
    },
    forget: (sidOrToken) => {
      verified.delete(keyOf(sidOrToken));
      for (const [key, { claims }] of verified) if (claims.sid === sidOrToken) verified.delete(key);
    },
  };
}
