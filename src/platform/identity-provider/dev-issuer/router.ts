import express from 'express';
import type { Request, Response, Router } from 'express';
import type { Clients, Form } from './clients.ts';
import type { EndpointName, Endpoints } from './endpoints.ts';
import type { Grants } from './grants.ts';
import type { IssuerKeys } from './keys.ts';
import { OAuthError } from './oauth-error.ts';
import type { Sessions } from './sessions.ts';
import { errorPage, pagePolicy, signInPage } from './sign-in-page.ts';

const PROTOCOL = '/protocol/openid-connect';
const ENDPOINTS: readonly EndpointName[] = ['token', 'token/introspect', 'logout'];

export interface RouterParts {
  issuer: string;
  redirectUris: readonly string[];
  keys: IssuerKeys;
  clients: Clients;
  sessions: Sessions;
  grants: Grants;
  endpoints: Endpoints;
}

function formOf(values: object | undefined): Form {
  const form: Record<string, string> = {};
  for (const [name, value] of Object.entries(values ?? {})) {
    if (typeof value !== 'string') throw new OAuthError(400, 'invalid_request', 'duplicated parameter');
    form[name] = value;
  }
  return form;
}

/** A form post's body: express leaves it undefined where there was none. */
function bodyOf(request: Request): Form {
  const body: unknown = request.body;
  return formOf(typeof body === 'object' && body !== null ? body : undefined);
}

/** Client id and secret may come in the header, each percent-encoded (RFC 6749 2.3.1). */
function withBasic(form: Form, authorization: string | undefined): Form {
  if (!authorization?.startsWith('Basic ')) return form;
  const text = Buffer.from(authorization.slice(6), 'base64').toString();
  const colon = text.indexOf(':');
  try {
    return {
      ...form,
      client_id: decodeURIComponent(text.slice(0, colon)),
      client_secret: decodeURIComponent(text.slice(colon + 1)),
    };
  } catch {
    throw new OAuthError(401, 'invalid_client', 'Invalid client or Invalid client credentials');
  }
}

function discovery(issuer: string): object {
  const base = issuer + PROTOCOL;
  return {
    issuer,
    authorization_endpoint: `${base}/auth`,
    token_endpoint: `${base}/token`,
    introspection_endpoint: `${base}/token/introspect`,
    userinfo_endpoint: `${base}/userinfo`,
    end_session_endpoint: `${base}/logout`,
    jwks_uri: `${base}/certs`,
    grant_types_supported: ['authorization_code', 'refresh_token', 'password', 'client_credentials'],
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['ES256'],
    scopes_supported: ['openid'],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    authorization_response_iss_parameter_supported: true,
  };
}

function withQuery(uri: string, parameters: Record<string, string | undefined>): string {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return url.toString();
}

function sendPage(response: Response, status: number, policy: string, html: string): void {
  response.status(status).set('Content-Security-Policy', policy).set('X-Frame-Options', 'DENY').type('html').send(html);
}

function sendError(response: Response, message: string): void {
  sendPage(response, 400, pagePolicy(), errorPage(message));
}

/** Keycloak's URLs below `/realms/angelis`. */
export function createRouter(parts: RouterParts): Router {
  const { issuer, redirectUris, keys, clients, sessions, grants, endpoints } = parts;
  const router = express.Router();
  router.use(express.urlencoded({ extended: false, limit: '20kb' }));
  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  router.get('/.well-known/openid-configuration', (_request, response) => {
    response.json(discovery(issuer));
  });
  router.get(`${PROTOCOL}/certs`, (_request, response) => {
    response.json(keys.published());
  });

  for (const name of ENDPOINTS) {
    router.post(`${PROTOCOL}/${name}`, async (request, response) => {
      const form = withBasic(bodyOf(request), request.headers.authorization);
      const { status, body } = await endpoints.post(name, form, request.ip);
      response.status(status);
      if (body) response.json(body);
      else response.end();
    });
  }

  const userinfo = async (request: Request, response: Response): Promise<void> => {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const claims = await endpoints.activeClaims(token);
    if (!claims) {
      const challenge = 'Bearer realm="angelis", error="invalid_token", error_description="Token verification failed"';
      response.status(401).set('WWW-Authenticate', challenge).end();
    } else if (!String(claims['scope']).split(' ').includes('openid')) {
      throw new OAuthError(403, 'insufficient_scope', 'Missing openid scope');
    } else response.json({ sub: claims.sub });
  };
  router.get(`${PROTOCOL}/userinfo`, userinfo);
  router.post(`${PROTOCOL}/userinfo`, userinfo);

  router.get(`${PROTOCOL}/logout`, async (request, response) => {
    const query = formOf(request.query);
    const claims = await keys.verify(query['id_token_hint'] ?? '').catch(() => undefined);
    const target = query['post_logout_redirect_uri'];
    const allowed =
      target !== undefined &&
      URL.canParse(target) &&
      redirectUris.some((uri) => new URL(uri).origin === new URL(target).origin);
    if (claims?.['typ'] !== 'ID' || (target !== undefined && !allowed)) {
      sendError(response, 'Invalid parameter: id_token_hint or post_logout_redirect_uri');
      return;
    }
    sessions.end(String(claims['sid']), 'sign-out', request.ip);
    if (target === undefined) response.status(204).end();
    else response.redirect(302, withQuery(target, { state: query['state'] }));
  });

  /** The request when the page may be shown; otherwise it has been answered. */
  const authorization = (request: Request, response: Response): { query: Form; redirectUri: string } | undefined => {
    const query = formOf(request.query);
    const redirectUri = query['redirect_uri'] ?? '';
    const client = clients.find(query['client_id']);
    if (!client || !client.grants.includes('authorization_code') || !redirectUris.includes(redirectUri)) {
      sendError(response, client ? 'Invalid parameter: redirect_uri' : 'Client not found.');
      return undefined;
    }
    let problem: string | undefined;
    if (query['response_type'] !== 'code') problem = 'Missing parameter: response_type';
    else if (!query['code_challenge_method']) problem = 'Missing parameter: code_challenge_method';
    else if (query['code_challenge_method'] !== 'S256') {
      problem = 'Invalid parameter: code challenge method is not matching the configured one';
    } else if (!/^[\w-]{43}$/.test(query['code_challenge'] ?? '')) problem = 'Missing parameter: code_challenge';
    if (problem === undefined) return { query, redirectUri };
    const error = { error: 'invalid_request', error_description: problem, state: query['state'], iss: issuer };
    response.redirect(302, withQuery(redirectUri, error));
    return undefined;
  };
  const formAction = (query: Form): string => withQuery(`${issuer}/login-actions/authenticate`, query);

  router.get(`${PROTOCOL}/auth`, (request, response) => {
    const asked = authorization(request, response);
    if (!asked) return;
    const view = { action: formAction(asked.query), username: '', failed: false };
    sendPage(response, 200, pagePolicy(asked.redirectUri), signInPage(view));
  });
  router.post('/login-actions/authenticate', async (request, response) => {
    const asked = authorization(request, response);
    if (!asked) return;
    const { query, redirectUri } = asked;
    const form = bodyOf(request);
    const username = form['username'] ?? '';
    const attempt = { username, clientId: 'angelis-admin', address: request.ip } as const;
    const user = await grants.checkPassword(attempt, form['password'] ?? '').catch((error: unknown) => {
      if (error instanceof OAuthError) return undefined;
      throw error;
    });
    if (!user) {
      const view = { action: formAction(query), username, failed: true };
      sendPage(response, 200, pagePolicy(redirectUri), signInPage(view));
      return;
    }
    const { code, sid } = grants.issueCode(user, query, request.ip);
    response.redirect(302, withQuery(redirectUri, { state: query['state'], session_state: sid, iss: issuer, code }));
  });

  router.use((error: unknown, _request: Request, response: Response, next: (error: unknown) => void) => {
    if (!(error instanceof OAuthError)) {
      next(error);
      return;
    }
    response.status(error.status).json({ error: error.error, error_description: error.message });
  });
  return router;
}
