import type { UnitOfWork } from '../../../platform/db/unit-of-work.ts';
import type { Authentication, Claims } from '../../../platform/http/authentication.ts';
import type { Context } from '../../../platform/http/context.ts';
import type { Form } from '../../../platform/http/form.ts';
import type { RateLimits } from '../../../platform/http/rate-limits.ts';
import { isProviderError } from '../../../platform/identity-provider/errors.ts';
import type { IdentityProvider, SignInClient } from '../../../platform/identity-provider/port.ts';
import { MACHINE_PREFIX } from '../../../platform/identity-provider/realm.ts';
import { Problem } from '../../../platform/problem.ts';
import type { Persons } from '../persons/persons.service.ts';
import type { Endings } from '../sessions/endings.service.ts';
import type { Sessions } from '../sessions/sessions.service.ts';
import { clientProof, scopesAsked } from './oauth.ts';
import type { ClientProof } from './oauth.ts';
import { clientOfRefresh, toSignedIn } from './sign-in.service.ts';
import type { SignedIn, SignIn } from './sign-in.service.ts';

interface TokensDependencies {
  readonly identityProvider: Pick<IdentityProvider, 'clientCredentials' | 'introspect' | 'logout'>;
  readonly authentication: Pick<Authentication, 'verify' | 'verifyLogout'>;
  readonly signIn: Pick<SignIn, 'redeem' | 'refresh'>;
  readonly sessions: Pick<Sessions, 'companyOf' | 'scopesOf' | 'closedTo'>;
  readonly endings: Pick<Endings, 'endBySid' | 'followAll' | 'endAtProvider' | 'of' | 'end'>;
  readonly persons: Pick<Persons, 'byKeycloakId'>;
  readonly work: UnitOfWork;
  readonly now: () => Date;
  readonly rates: RateLimits;
}

/** In OAuth's own names (RFC 6749, 5.1). */
export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly refresh_expires_in?: number;
  /** Of a machine client: what it may do with the token. */
  readonly scope?: string;
}

/** RFC 7662, 2.2. */
export type IntrospectionAnswer =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly sub: string;
      readonly client_id: string;
      readonly exp: number;
      readonly sid?: string;
      readonly scope?: string;
    };

export interface Tokens {
  /**
   * The token endpoint: authorization_code, refresh_token, client_credentials. `authorization` is the request's header. Throws 400
   * INVALID_GRANT for a code or refresh token that is no good, INVALID_SCOPE for a scope that a machine client does not have, or
   * why its company is closed; 401 for a client that is not who it says.
   */
  token(form: Form, authorization: string | undefined): Promise<TokenAnswer>;
  /**
   * Says whether a request with an access token would be let in, to those of its company: of every other it says what it says of
   * one that nobody made. Reads the form once the caller's session is known to live.
   */
  introspect(read: () => Promise<Form>, context: Context): Promise<IntrospectionAnswer>;
  /**
   * RFC 7009: ends the session of an access or refresh token; a token that nobody knows is no error. A machine client's own
   * ends with its minutes, or the client: 400 UNSUPPORTED_TOKEN_TYPE.
   */
  revoke(form: Form, traceId: string): Promise<void>;
  /** Ends the caller's own session, here and at the provider. */
  logout(context: Context): Promise<void>;
  /** OpenID Connect back-channel logout. Throws 400 for a notice that is not the provider's. */
  backChannelLogout(form: Form, traceId: string): Promise<void>;
}

const SIGN_IN_CLIENTS: readonly SignInClient[] = ['angelis-worker', 'angelis-otp', 'angelis-admin'];

const toAnswer = (tokens: SignedIn): TokenAnswer => ({
  access_token: tokens.accessToken,
  token_type: 'Bearer',
  expires_in: tokens.expiresIn,
  refresh_token: tokens.refreshToken,
  refresh_expires_in: tokens.refreshExpiresIn,
});

/** The endpoints that speak OAuth, in front of the identity provider. */
export const createTokens = (dependencies: TokensDependencies): Tokens => {
  const { identityProvider, authentication, signIn, sessions, endings, persons, work, now, rates } = dependencies;

  const redeemCode = async (form: Form): Promise<TokenAnswer> => {
    const request = {
      code: form.need('code'),
      verifier: form.need('code_verifier'),
      redirectUri: form.need('redirect_uri'),
    };
    try {
      return toAnswer(toSignedIn(await signIn.redeem(request)));
    } catch (error) {
      const isRefused =
        isProviderError(error, 'token_not_active') || (error instanceof Problem && error.status === 403);
      throw isRefused ? new Problem(400, 'INVALID_GRANT', { cause: error }) : error;
    }
  };

  const refreshed = async (form: Form): Promise<TokenAnswer> => {
    try {
      return toAnswer(await signIn.refresh(form.need('refresh_token'), SIGN_IN_CLIENTS));
    } catch (error) {
      throw error instanceof Problem && error.status === 401
        ? new Problem(400, 'INVALID_GRANT', { cause: error })
        : error;
    }
  };

  /** A machine client's token, and what it may do with it; `scopes` narrow it. */
  const grantMachine = async (proof: ClientProof, scopes?: readonly string[]) => {
    const token = await identityProvider.clientCredentials({ ...proof, ...(scopes && { scopes }) });
    const claims = await authentication.verify(token.accessToken);
    const granted = await sessions.scopesOf(claims);
    // Its time may be over before the provider is told.
    if (granted === undefined) throw new Problem(401, 'INVALID_CREDENTIALS');
    const closed = await sessions.closedTo(claims);
    if (closed !== undefined) throw new Problem(400, closed);
    return { ...token, granted };
  };

  const machineToken = async (proof: ClientProof, scope: string | undefined): Promise<TokenAnswer> => {
    const { clientId } = proof;
    await rates.count('signIn', `account:${clientId}`);
    try {
      if (!clientId.startsWith(MACHINE_PREFIX)) throw new Problem(401, 'INVALID_CREDENTIALS');
      const whole = await grantMachine(proof);
      const asked = scopesAsked(scope, whole.granted);
      const { accessToken, expiresIn, granted } = asked === undefined ? whole : await grantMachine(proof, asked);
      return { access_token: accessToken, token_type: 'Bearer', expires_in: expiresIn, scope: granted.join(' ') };
    } catch (error) {
      throw isProviderError(error, 'invalid_credentials')
        ? new Problem(401, 'INVALID_CREDENTIALS', { cause: error })
        : error;
    }
  };

  /** What a good access token says; undefined for whatever else. */
  const claimsOf = (token: string): Promise<Claims | undefined> =>
    authentication.verify(token).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 401) return undefined;
      throw error;
    });

  return {
    token: async (form, authorization) => {
      const type = form.need('grant_type');
      if (type === 'authorization_code') return redeemCode(form);
      if (type === 'refresh_token') return refreshed(form);
      if (type === 'client_credentials') return machineToken(clientProof(form, authorization), form.get('scope'));
      throw new Problem(400, 'UNSUPPORTED_GRANT_TYPE');
    },
    introspect: async (read, context) => {
      await work.read(context, () => Promise.resolve());
      const form = await read();
      const token = form.need('token');
      const claims = await claimsOf(token);
      if (claims === undefined || (await sessions.companyOf(claims)) !== context.principal.companyId)
        return { active: false };
      const found = await identityProvider.introspect(token);
      if (!found.active) return found;
      const { userId, clientId, expiresAt, sid } = found;
      const exp = Math.floor(expiresAt.getTime() / 1000);
      const scopes = await sessions.scopesOf(claims);
      return {
        active: true,
        sub: userId,
        client_id: clientId,
        exp,
        ...(sid !== undefined && { sid }),
        ...(scopes && { scope: scopes.join(' ') }),
      };
    },
    revoke: async (form, traceId) => {
      const token = form.need('token');
      const ending = { because: 'token_revoked', traceId };
      const claims = await claimsOf(token);
      if (claims === undefined) {
        const client = clientOfRefresh(token, SIGN_IN_CLIENTS);
        const sid = await identityProvider.logout({ client, refreshToken: token });
        if (sid !== undefined) await endings.endBySid(sid, ending);
      } else if (claims.sid === undefined) {
        throw new Problem(400, 'UNSUPPORTED_TOKEN_TYPE');
      } else {
        await endings.endBySid(claims.sid, ending);
        await endings.endAtProvider(claims.sid);
      }
    },
    logout: async (context) => {
      await work.read(context, () => Promise.resolve());
      const { personId, sessionId } = context.principal;
      const mine = (await endings.of(personId)).find(({ id }) => id === sessionId);
      if (mine !== undefined) await endings.end(mine, { because: 'logout', traceId: context.traceId, by: 'self' });
    },
    backChannelLogout: async (form, traceId) => {
      const notice = await authentication.verifyLogout(form.need('logout_token')).catch((error: unknown) => {
        if (error instanceof Problem && error.status === 401) throw new Problem(400, 'INVALID_TOKEN', { cause: error });
        throw error;
      });
      const ending = { because: 'ended_at_provider', traceId };
      if (notice.sid !== undefined) {
        await endings.endBySid(notice.sid, ending);
        return;
      }
      const person = await persons.byKeycloakId(notice.sub, traceId);
      if (person !== undefined) await endings.followAll(person.id, ending, now());
    },
  };
};
