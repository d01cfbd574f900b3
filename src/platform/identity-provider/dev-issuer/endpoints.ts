import type { JWTPayload } from 'jose';
import { MACHINE_PREFIX } from '../realm.ts';
import type { Clients, Form } from './clients.ts';
import type { Grants } from './grants.ts';
import type { IssuerKeys } from './keys.ts';
import { OAuthError } from './oauth-error.ts';
import type { Sessions } from './sessions.ts';
import type { StateKeeper } from './state.ts';

export interface Reply {
  status: number;
  /** JSON, or nothing. */
  body?: object;
}

export type EndpointName = 'token' | 'token/introspect' | 'logout';

export interface Endpoints {
  /** One form post to an OAuth endpoint, answered as over HTTP. `address` is the caller's. */
  post: (name: EndpointName, form: Form, address?: string) => Promise<Reply>;
  /** The claims of an access token whose session lives, or of an enabled machine client. */
  activeClaims: (token: string) => Promise<JWTPayload | undefined>;
}

/** Token, introspection and logout, for the router and for callers in this process. */
export function createEndpoints(parts: {
  keeper: StateKeeper;
  keys: IssuerKeys;
  clients: Clients;
  sessions: Sessions;
  grants: Grants;
}): Endpoints {
  const { keeper, keys, clients, sessions, grants } = parts;

  const activeClaims: Endpoints['activeClaims'] = async (token) => {
    const claims = await keys.verify(token).catch(() => undefined);
    if (claims?.['typ'] !== 'Bearer') return undefined;
    const azp = String(claims['azp']);
    if (azp.startsWith(MACHINE_PREFIX)) return clients.find(azp) ? claims : undefined;
    return sessions.live(claims['sid']) ? claims : undefined;
  };
  const introspect = async (form: Form): Promise<Reply> => {
    const client = await clients.authenticate(form).catch(() => {
      throw new OAuthError(401, 'invalid_client', 'Client authentication failed.');
    });
    if (client.credential === 'none') throw new OAuthError(403, 'invalid_request', 'Client not allowed.');
    const claims = await activeClaims(form['token'] ?? '');
    if (!claims) return { status: 200, body: { active: false } };
    const username = keeper.state.users[String(claims.sub)]?.username;
    const more = { client_id: claims['azp'], username, token_type: 'Bearer', active: true };
    return { status: 200, body: { ...claims, ...more } };
  };
  const logout = async (form: Form, address: string | undefined): Promise<Reply> => {
    const client = await clients.authenticate(form);
    const claims = await keys.verifyRefresh(form['refresh_token'] ?? '').catch(() => undefined);
    const sid = claims?.['sid'];
    if (!claims || typeof sid !== 'string') throw new OAuthError(400, 'invalid_grant', 'Invalid refresh token');
    if (claims['azp'] !== client.id) {
      const description = "Invalid refresh token. Token client and authorized client don't match";
      throw new OAuthError(400, 'invalid_grant', description);
    }
    sessions.end(sid, 'sign-out', address);
    return { status: 204 };
  };
  const answer = async (name: EndpointName, form: Form, address: string | undefined): Promise<Reply> => {
    if (name === 'token') return { status: 200, body: await grants.token(form, address) };
    return name === 'logout' ? logout(form, address) : introspect(form);
  };

  return {
    activeClaims,
    post: async (name, form, address) => {
      try {
        return await answer(name, form, address);
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error;
        return { status: error.status, body: { error: error.error, error_description: error.message } };
      }
    },
  };
}
