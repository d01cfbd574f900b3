import { randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { SignInClient } from '../port.ts';
import { ACCESS_TOKEN_LIFE, API_CLIENT } from '../realm.ts';
import type { IssuerKeys } from './keys.ts';
import { OAuthError } from './oauth-error.ts';
import { sessionEnd } from './state.ts';
import type { StateKeeper, StoredMachineClient, StoredSession, StoredUser } from './state.ts';

/** The token endpoint's answer, in OAuth's names; lifetimes in seconds. */
export interface TokenReply {
  access_token: string;
  expires_in: number;
  token_type: 'Bearer';
  scope: string;
  'not-before-policy': 0;
  refresh_expires_in: number;
  refresh_token?: string;
  id_token?: string;
  session_state?: string;
}

export interface Sessions {
  open: (user: StoredUser, clientId: SignInClient, scope: string, address: string | undefined) => StoredSession;
  /** A session of this name, where there is none, as if somebody had signed in. */
  list: (sid: string, user: StoredUser, clientId: SignInClient) => void;
  /** The session while it lives and its user is enabled. */
  live: (sid: unknown) => { session: StoredSession; user: StoredUser } | undefined;
  /** Fresh tokens; the refresh token before is spent from now on. */
  issue: (session: StoredSession, user: StoredUser, nonce?: string) => Promise<TokenReply>;
  refresh: (refreshToken: string, clientId: string, address: string | undefined) => Promise<TokenReply>;
  /** No refresh from now on, without telling the service: what Keycloak does when a token or code is used twice. */
  detach: (sid: string) => void;
  end: (sid: string, how: 'sign-out' | 'by-admin', address?: string) => void;
  endAll: (userId: string) => void;
  accessClaims: (user: StoredUser, clientId: SignInClient, sid: string) => JWTPayload;
  machineReply: (machine: Pick<StoredMachineClient, 'clientId' | 'userId'>, scope: string) => Promise<TokenReply>;
  /** Resolves when the logout notices on their way have been answered or given up. */
  settled: () => Promise<void>;
}

const NOTICE_TIMEOUT = 5000;
const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** Sessions, their refresh families, and the tokens made for them. */
export function createSessions(
  keeper: StateKeeper,
  keys: IssuerKeys,
  options: { now: () => Date; backchannelLogoutUrl?: string },
): Sessions {
  const { state } = keeper;
  const notices = new Set<Promise<void>>();
  const time = (): number => options.now().getTime();

  const live: Sessions['live'] = (sid) => {
    const session = typeof sid === 'string' ? state.sessions[sid] : undefined;
    const user = session && state.users[session.userId];
    return session && user?.enabled && sessionEnd(session) > time() ? { session, user } : undefined;
  };
  const accessClaims: Sessions['accessClaims'] = (user, clientId, sid) => ({
    aud: API_CLIENT,
    sub: user.id,
    typ: 'Bearer',
    azp: clientId,
    sid,
    acr: '1',
    scope: 'openid',
    exp: seconds(time()) + ACCESS_TOKEN_LIFE,
    ...(clientId === 'angelis-admin' && user.roles.length > 0 ? { realm_access: { roles: user.roles } } : {}),
  });
  const idToken = (session: StoredSession, nonce: string | undefined): Promise<string> =>
    keys.sign({
      aud: session.clientId,
      sub: session.userId,
      typ: 'ID',
      azp: session.clientId,
      sid: session.sid,
      exp: seconds(time()) + ACCESS_TOKEN_LIFE,
      ...(nonce === undefined ? {} : { nonce }),
    });
  const issue: Sessions['issue'] = async (session, user, nonce) => {
    const jti = randomBytes(18).toString('base64url');
    session.refreshId = jti;
    session.lastUsedAt = time();
    keeper.touch();
    const exp = seconds(sessionEnd(session));
    const { clientId, scope, sid } = session;
    const [access, refresh, id] = await Promise.all([
      keys.sign({ ...accessClaims(user, clientId, sid), scope }),
      keys.signRefresh({ typ: 'Refresh', azp: clientId, sid, sub: user.id, jti, exp, scope }),
      scope.split(' ').includes('openid') ? idToken(session, nonce) : undefined,
    ]);
    return {
      access_token: access,
      expires_in: ACCESS_TOKEN_LIFE,
      refresh_expires_in: exp - seconds(time()),
      refresh_token: refresh,
      token_type: 'Bearer',
      'not-before-policy': 0,
      session_state: sid,
      scope,
      ...(id === undefined ? {} : { id_token: id }),
    };
  };
  const detach: Sessions['detach'] = (sid) => {
    delete state.sessions[sid];
    keeper.touch();
  };
  const notify = async (session: StoredSession, url: string): Promise<void> => {
    const token = await keys.sign(
      {
        aud: session.clientId,
        sub: session.userId,
        sid: session.sid,
        typ: 'Logout',
        exp: seconds(time()) + 120,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {}, revoke_offline_access: true },
      },
      { typ: 'logout+jwt' },
    );
    const body = new URLSearchParams({ logout_token: token });
    await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(NOTICE_TIMEOUT) });
  };
  const end: Sessions['end'] = (sid, how, address) => {
    const session = state.sessions[sid];
    if (!session) return;
    detach(sid);
    const { userId, clientId } = session;
    keeper.record({ type: 'session_ended', userId, sid, ...(how === 'sign-out' ? { clientId } : {}), address });
    const url = options.backchannelLogoutUrl;
    if (url === undefined) return;
    // One try and no more, as Keycloak: a service that missed it learns from the events.
    const notice = notify(session, url)
      .catch(() => undefined)
      .finally(() => notices.delete(notice));
    notices.add(notice);
  };
  const refuse = (
    description: string,
    details: { userId?: string; sid?: string; clientId: string; address?: string },
  ) => {
    keeper.record({ type: 'refresh_failed', error: 'invalid_token', ...details });
    return new OAuthError(400, 'invalid_grant', description);
  };

  return {
    live,
    issue,
    detach,
    end,
    accessClaims,
    list: (sid, user, clientId) => {
      state.sessions[sid] ??= {
        sid,
        userId: user.id,
        clientId,
        scope: 'openid',
        startedAt: time(),
        lastUsedAt: time(),
      };
    },
    open: (user, clientId, scope, address) => {
      const sid = randomBytes(18).toString('base64url');
      const session = { sid, userId: user.id, clientId, scope, startedAt: time(), lastUsedAt: time() };
      state.sessions[sid] = session;
      keeper.record({ type: 'sign_in', userId: user.id, sid, clientId, address });
      return session;
    },
    refresh: async (refreshToken, clientId, address) => {
      const claims = await keys.verifyRefresh(refreshToken).catch(() => undefined);
      const sid = claims?.['sid'];
      if (!claims || typeof sid !== 'string') throw refuse('Invalid refresh token', { clientId, address });
      const details = { sid, clientId, address, ...(claims.sub === undefined ? {} : { userId: claims.sub }) };
      if (claims['azp'] !== clientId) {
        throw refuse("Invalid refresh token. Token client and authorized client don't match", details);
      }
      if (state.users[String(claims.sub)]?.enabled === false) throw refuse('User disabled', details);
      const found = live(sid);
      if (!found) throw refuse('Session not active', details);
      if (found.session.refreshId !== claims.jti) {
        detach(sid);
        throw refuse('Maximum allowed refresh token reuse exceeded', details);
      }
      return issue(found.session, found.user);
    },
    endAll: (userId) => {
      for (const session of Object.values(state.sessions)) {
        if (session.userId === userId) delete state.sessions[session.sid];
      }
      keeper.record({ type: 'sessions_ended', userId });
    },
    machineReply: async ({ clientId, userId }, scope) => ({
      access_token: await keys.sign({
        aud: clientId === API_CLIENT ? 'realm-management' : API_CLIENT,
        sub: userId,
        typ: 'Bearer',
        azp: clientId,
        acr: '1',
        scope,
        exp: seconds(time()) + ACCESS_TOKEN_LIFE,
      }),
      expires_in: ACCESS_TOKEN_LIFE,
      refresh_expires_in: 0,
      token_type: 'Bearer',
      'not-before-policy': 0,
      scope,
    }),
    settled: async () => {
      await Promise.all(notices);
    },
  };
}
